"""The only place that imports TensorFlow, Keras and scikeras.

In: a `TrainingRun`. Out: the same run, trained. Import its modules inside functions: the
first import of any takes seconds.

Training:

- `_tensorflow` : TensorFlow, set up before its first import. A module that imports keras
  imports this one first.
- `_strategy` : collectives between processes; `_joint_steps` trains by them.
- `_log` : what of TensorFlow's log is written.
- `_trainer` : `train`, and the scikeras wrapper that owns variables and optimizer.
- `_program_key` : all that a compiled program depends on.
- `_embedding_network` : the Keras model that is trained.
- `_table_padding` : small embedding dimensions, trained as larger ones so that programs are shared.
- `_loop` : the compiled loop over the batches of a chunk.
- `_compiled_program` : the loop as a program that XLA compiles once for all processes of a user.
- `_program_graph` : a traced function as data, `_traced` one that lives in the process.
- `_cache_folder` : the user's folder of programs.
- `_batch_hooks` : Keras callbacks that want to be told of each batch.

For training and export:

- `_losses` : the losses of logits, and Keras' names for them.
- `_optimizers` : Keras optimizers, made from a name or after an instance.

Export:

- `_export` : the models of `to_keras` and `to_scikeras`.
- `_layers` : the Keras layers of these models.
- `_saved_model` : the functions of `to_saved_model`, from strings to predictions.
"""
