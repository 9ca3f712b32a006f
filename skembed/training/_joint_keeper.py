"""Checkpoints of a fit by several workers: the chief writes them."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from skembed.distribution._agreement import gathered, of_chief, together
from skembed.distribution._cluster import Cluster
from skembed.distribution._messages import from_bytes, to_bytes
from skembed.training._batches import Chunk
from skembed.training._fit_checkpoint import FitCheckpoint
from skembed.training._keeper import Keeper, restored
from skembed.training._run import TrainingRun
from skembed.training._run_state import RunState, Trained


class JointKeeper:
    """Writes runs down as `Keeper` does, with the place of each worker in its rows.

    Only the chief needs the folder; the others get a state from it.
    """

    def __init__(
        self, cluster: Cluster, checkpoint: FitCheckpoint, identity: dict[str, str], seed: int
    ) -> None:
        self._cluster = cluster
        shared = {
            "n_workers": str(cluster.n_workers),
            "rows": cluster.rows,
            "sync_steps": str(cluster.sync_steps),
        }

        def opened() -> Keeper | None:
            return Keeper(checkpoint, identity | shared, seed) if cluster.is_chief else None

        self._keeper = together(cluster, opened)
        self.seed: int = of_chief(cluster, None if self._keeper is None else self._keeper.seed)

    def begin(self, run: TrainingRun) -> bool:
        """Bring a run to where it was broken off, if it was; whether nothing is left of it."""
        keeper = self._keeper
        state = together(self._cluster, lambda: None if keeper is None else keeper.begin_next())
        message = to_bytes(None) if state is None else to_bytes(state.values, state.arrays)
        values, arrays = from_bytes(self._cluster.gather(message)[0])
        if values is None:
            return False
        own = values["workers"][self._cluster.index]
        return together(
            self._cluster, lambda: restored(run, RunState(values | own, arrays), "The checkpoint")
        )

    def after_chunk(self, run: TrainingRun, chunk: Chunk, trained: Callable[[], Trained]) -> None:
        """Write the run down if it is time to, and no worker waits for the end of an epoch."""
        if chunk.waits:
            return
        due = of_chief(self._cluster, self._keeper is not None and self._keeper.is_due(chunk))
        if due:
            self._write(run, chunk, trained())

    def end(self, run: TrainingRun) -> None:
        """Write down a run that has ended."""
        self._write(run, None, Trained(run.network, run.optimizer_state))

    def close(self) -> None:
        """Remove the files of a fit that has ended, when it has ended on all workers."""
        gathered(self._cluster, None)
        if self._keeper is not None:
            self._keeper.close()

    def _write(self, run: TrainingRun, chunk: Chunk | None, trained: Trained) -> None:
        place = None if chunk is None else asdict(chunk.place)
        own: dict[str, Any] = {"place": place, "shape": asdict(run.shape)}
        workers = gathered(self._cluster, own)

        def written() -> None:
            if self._keeper is not None:
                self._keeper.write(run, chunk, trained, {"workers": workers})

        together(self._cluster, written)
