"""Seconds and memory of fits and predictions, against rivals that take turns with ours.

Each section of the report is a function from a `Setting` to a `Section`:

- `_fits` : the lesson's network, an epoch on words, an epoch on words and pairs.
- `_predictions` : one row and many.
- `_scaling` : an epoch against the number of columns and of rows, ours only.
- `_fresh_processes` : imports, a first fit and a grid search, compiling included.
- `_starting_up` : first fits of processes, without and with the programs of earlier ones.
- `_default_fits` : default fits on many sets, against tuning a linear model.
- `_memory` : peaks of fits and streams, growth over many fits.

They share:

- `_rivals` : logistic regression, PyTorch and fastText as contenders.
- `_models` : our networks and their settings; scikit-learn's and scikeras' models.
- `_features` : features of the IMDB reviews, made once a run.
- `_setting` : size of a run, its data, questions to other processes.
- `_probe` : what is measured in a process of its own.

`__main__` lists the sections, and has the options.
"""
