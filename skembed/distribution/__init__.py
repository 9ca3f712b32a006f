"""Several processes that train together: what they tell each other, and agree on.

- `_cluster` : the processes as a fit sees them; which ones share the fits of a context
- `_messages` : values and arrays as bytes
- `_agreement` : errors that all learn of, and what must be alike on all of them

How rows, steps and checkpoints are shared is in `training`; TensorFlow's collectives are in
`training.keras._strategy`.
"""
