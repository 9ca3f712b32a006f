"""From CSR rows and targets to a trained network, in numpy; TensorFlow is in `keras/` alone.

In: checked rows, a task (what the targets are), parameters. Out: a trained `Network`, its
history and, where it is asked for, the optimizer's state.

A fit goes through these files, in this order:

- `_parameters` : what the caller asks for, frozen.
- `_class_targets`, `_value_targets`, `_item_targets` : tasks, which check, count and encode the
  targets; `_targets` is what they share, `_label_sets` what a matrix of label sets may hold.
- `_first_pass`, `_sources`, `_stream` : a first pass over the rows, then the rows of each epoch.
- `_part_stream` : streams of files, whose parts are shuffled and shared out among workers.
- `_held_out` : rows held out, and the loss on them.
- `_plan` : what "auto" stands for, the number of epochs and the batch size included.
- `_trials` : candidates, trained on most of the rows and judged by the others.
- `_side_by_side`, `_turns` : candidates on several cores, with the same result.
- `_folds`, `_fold_trials` : few rows, that are held out in turn, and candidates on them.
- `_linear_fit`, `_linear_path` : linear models, and the penalty of the one beside the network.
- `_latent_space`, `_latent_model` : directions of all rows, or of given vectors, and a linear model
  of coordinates in them.
- `_blend` : the shares of network and linear models in the outputs.
- `_derived_features` : numbers that a fit derives from X and y; `_field_codes` finds the columns
  of categories, `_target_statistics` has their mean targets.
- `_run_setup` : from a source and a plan to a run, by way of
  `_initial_network`, `_initial_weights` (what training starts from),
  `_checkpoint` (what an earlier fit has left) and `_settings` (how to train).
- `_run` : a run on its way, with its counters and history.
- `_batch_shape` : shapes of batches, by which programs are shared.
- `_batches` : rows packed and padded into chunks of fixed shapes.
- `_early_stopping` : when a run ends before its last epoch.
- `_fit_checkpoint`, `_keeper`, `_run_state` : a callback that writes runs down, the folder that it
  writes to, and the state of a run.
- `_distributed` : the context in which several processes share fits; `_joint_fit` (what they
  agree on), `_joint_first_pass`, `_joint_batches`, `_joint_validation` and `_joint_keeper` do
  together what a single process does alone.
- `_optimizer_traits` : what is known of Keras' optimizers without importing Keras.
"""

from skembed.training._distributed import distributed
from skembed.training._fit_checkpoint import FitCheckpoint
from skembed.training._stream import ChunkStream

__all__ = ["ChunkStream", "FitCheckpoint", "distributed"]
