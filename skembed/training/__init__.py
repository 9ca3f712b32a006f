"""From CSR rows and targets to a trained network, in numpy; TensorFlow is in `keras/` alone.

In: checked rows, a task (what the targets are), parameters. Out: a trained `Network`, its
history and, where it is asked for, the optimizer's state.

A fit goes through these files, in this order:

- `_parameters` : what the caller asks for, frozen.
- `_class_targets`, `_value_targets` : tasks, which check, count and encode the targets.
- `_survey`, `_sources`, `_stream` : a first pass over the rows, then rows for each epoch.
- `_held_out` : rows held out, and the loss on them.
- `_plan`, `_trials` : what "auto" stands for, number of epochs included; candidates tried.
- `_initial_network`, `_initial_weights` : what training starts from, or goes on from.
- `_settings`, `_run` : how to train; a run on its way, with its counters and history.
- `_batches` : rows packed and padded into chunks of fixed shapes.
- `_early_stopping` : when a run ends before its last epoch.
- `_optimizers` : what is known of Keras' optimizers without importing Keras.
"""

from skembed.training._stream import ChunkStream

__all__ = ["ChunkStream"]
