"""Fits on the workers of a Dask cluster.

In: an estimator, and parts of the data on the cluster. Out: the estimator, fitted.

- `_fit` : the public function, and how the steps follow each other
- `_parts` : what the parts of lists, DataFrames and Parquet files are; which worker gets which
- `_placing` : parts to the disks of their workers
- `_watching` : tasks that belong to a worker, and waiting for them while workers may be lost
- `_joint_run` : training on all workers at once
- `_on_worker` : what runs in Dask's own processes
- `_worker` : the program of a training process
- `_port` : where a training process can be reached
- `_told_errors` : errors from one process to another

Dask is imported in functions only, so that the package can be imported without it.
"""

from skembed.dask._fit import fit

__all__ = ["fit"]
