"""The only place that imports TensorFlow, Keras and scikeras.

In: a `TrainingRun`. Out: the same run, trained. Import its modules inside functions: the
first import of any takes seconds.

- `_tensorflow` : TensorFlow, set up before its first import.
- `_trainer` : `train`, and the scikeras wrapper that owns variables and optimizer.
- `_loop` : the compiled loop over the batches of a chunk.
- `_layers`, `_export` : layers and models for `to_keras` and `to_scikeras`.
"""
