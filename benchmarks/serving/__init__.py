"""Fitted models in production: agreement, size, start, latency and memory of each way to serve.

- `_models` : the pipelines, their test rows, and the files that each way reads.
- `_worker` : one way in a process of its own, without skembed where it needs none.
- `_small_files` : size and loss of quantized files.

`__main__` has the options.
"""
