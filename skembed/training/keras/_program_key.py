"""What a compiled program depends on: runs with equal keys share a trainer."""

from dataclasses import dataclass

from skembed.training._batch_shape import BatchShape
from skembed.training._optimizer_traits import is_known, optimizer_identity
from skembed.training._run import TrainingRun
from skembed.training.keras._table_padding import padded_dim


@dataclass(frozen=True)
class ProgramKey:
    """All that a compiled program depends on; the rest are its arguments."""

    shape: BatchShape
    embedding_dim: int  # padded, see `padded_dim`
    n_linear: int
    layer_units: tuple[int, ...]
    activation: str
    dtype: str
    loss: str
    optimizer: str
    clips: bool
    drops: bool
    sums: bool
    decays: bool
    freezes: bool

    @property
    def text(self) -> str | None:
        """The key as text; None where the caller's own code is part of the program."""
        return repr(self) if is_known(self.optimizer) else None

    @classmethod
    def of(cls, run: TrainingRun) -> "ProgramKey":
        """Key of the program that trains `run` now."""
        network, settings = run.network, run.settings
        return cls(
            shape=run.shape,
            embedding_dim=padded_dim(network, settings),
            n_linear=len(network.linear_scale),
            layer_units=tuple(len(bias) for bias in network.biases),
            activation=network.activation,
            dtype=network.table.dtype.name,
            loss=settings.loss,
            optimizer=optimizer_identity(settings.optimizer),
            clips=settings.clip_norm is not None,
            drops=settings.dropout > 0,
            sums=settings.loss_reduction == "sum",
            decays=run.decays,
            freezes=not settings.trains_embeddings,
        )
