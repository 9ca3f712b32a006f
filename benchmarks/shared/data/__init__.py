"""Data that benchmarks run on.

- `_folder` : where real data is: below the folder that the variable SKEMBED_DATA names.
- `_sets` : the named data sets, each with its file and how its features are made.
- `_problem` : `Problem`, training and test rows of a set; splits and assembly of features.
- `_bins` : numbers to bins between quantiles.
- `_reviews` : IMDB reviews as text and as terms, or made reviews where there are none.
- `_movies` : what users of MovieLens liked before a film, and that film.
- `_made_rows` : made rows of any size.
- `_rows` : rows with their targets, files that hand them to another process, draws of a few.
"""
