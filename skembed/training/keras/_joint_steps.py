"""Steps that several workers make together, and steps of their own that are averaged."""

from typing import Any

import numpy as np

from skembed.distribution._cluster import Cluster
from skembed.training._batches import Chunk
from skembed.training.keras._loop import RowPlaces, TrainingLoop
from skembed.training.keras._tensorflow import tf


class JointSteps:
    """Trains as `TrainingLoop` does, on a chunk of which each worker has a part.

    With `sync_steps=1` the gradients of each step are summed over the workers. With more, each
    worker makes so many steps of its own, then weights and the optimizer's state are averaged,
    each worker's by its rows (local SGD; McMahan et al., 2017, "Communication-efficient learning
    of deep networks from decentralized data").

    Parameters
    ----------
    loop : TrainingLoop
        The programs of this worker.
    cluster : Cluster
        The workers.
    tables : list of tf.Variable
        The table and its slots, whole.
    others : list of keras.Variable
        All further variables.
    """

    def __init__(
        self,
        loop: TrainingLoop,
        cluster: Cluster,
        tables: list[tf.Variable],
        others: list[Any],
    ) -> None:
        self._loop = loop
        self._cluster = cluster
        self._tables = tables
        variables = [variable.value for variable in others]
        self._floats = [variable for variable in variables if variable.dtype.is_floating]
        self._counters = [variable for variable in variables if not variable.dtype.is_floating]
        assert cluster.collectives is not None
        self._sum = cluster.collectives.sum
        self._places = RowPlaces(cluster.n_workers, cluster.index)

    @property
    def is_ready(self) -> bool:
        """Whether a program has been compiled."""
        return self._loop.is_ready

    def __call__(
        self,
        chunk: Chunk,
        tables: list[tf.Variable],
        *,
        batches: slice,
        first_step: int,
        seed: int,
        rates: tf.Tensor,
    ) -> np.ndarray:
        """Train on some batches; returns the losses (n_batches,) of all workers' rows."""
        how = {"first_step": first_step, "seed": seed, "rates": rates}
        if self._cluster.sync_steps == 1:
            return self._together(chunk, tables, batches, how)
        return self._averaged(chunk, tables, batches, how)

    def _together(
        self, chunk: Chunk, tables: list[tf.Variable], batches: slice, how: dict[str, Any]
    ) -> np.ndarray:
        losses = []
        for batch in range(batches.start, batches.stop):
            own = self._loop.gradients(chunk, tables, batch=batch, places=self._places, **how)
            whole = self._sum(own)
            loss = self._loop.update(whole, chunk, tables, batch=batch, rates=how["rates"])
            losses.append(loss)
        return tf.stack(losses).numpy()

    def _averaged(
        self, chunk: Chunk, tables: list[tf.Variable], batches: slice, how: dict[str, Any]
    ) -> np.ndarray:
        assert chunk.own_rows is not None
        losses = np.zeros(batches.stop - batches.start)
        for start in range(batches.start, batches.stop, self._cluster.sync_steps):
            stop = min(start + self._cluster.sync_steps, batches.stop)
            counted = [counter.numpy() + (stop - start) for counter in self._counters]
            mine = slice(start, min(stop, start + int((chunk.own_rows[start:stop] > 0).sum())))
            if mine.stop > mine.start:
                own = self._loop(chunk, tables, batches=mine, places=self._places, **how)
                place = slice(start - batches.start, mine.stop - batches.start)
                losses[place] = own * chunk.own_rows[mine]
            window = slice(start, stop)
            touched = chunk.touched[window]
            rows = np.unique(np.concatenate(touched)) if touched else None
            share = chunk.own_rows[window].sum() / chunk.batch_rows[window].sum()
            self._average(rows, share)
            for counter, count in zip(self._counters, counted, strict=True):
                counter.assign(count)  # a worker may have made fewer steps
        return self._cluster.total(losses) / chunk.batch_rows[batches]

    def _average(self, rows: np.ndarray | None, share: float) -> None:
        """Average all variables; of the tables only `rows`, where these are all that differ."""
        dtype = self._tables[0].dtype
        own = [
            tf.convert_to_tensor(table) if rows is None else tf.gather(table, rows)
            for table in self._tables
        ]
        own += [tf.cast(variable, dtype) for variable in self._floats]
        flat = tf.concat([tf.reshape(values, [-1]) for values in own], axis=0)
        whole = self._sum(flat * tf.constant(share, dtype))
        parts = tf.split(whole, [values.shape.num_elements() for values in own])
        means = [tf.reshape(part, values.shape) for part, values in zip(parts, own, strict=True)]
        n_tables = len(self._tables)
        for table, mean in zip(self._tables, means[:n_tables], strict=True):
            if rows is None:
                table.assign(mean)
            else:
                table.scatter_nd_update(rows[:, None], mean)
        for variable, mean in zip(self._floats, means[n_tables:], strict=True):
            variable.assign(tf.cast(mean, variable.dtype))
