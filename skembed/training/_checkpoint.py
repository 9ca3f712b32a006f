"""Trained state that a later fit goes on from: network, optimizer, counters."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skembed.network._field_layout import FieldLayout
from skembed.network._linear_model import LinearModel
from skembed.network._network import Network
from skembed.training._derived_features import DerivedFeatures
from skembed.training._initial_weights import layer_units
from skembed.training._optimizer_traits import optimizer_identity
from skembed.training._parameters import Parameters, is_auto


@dataclass
class OptimizerState:
    """The optimizer's variables, in its order, as arrays."""

    table_slots: list[np.ndarray]  # those of the table's shape
    fills: list[float]  # their initial values
    others: list[np.ndarray]

    def of_rows(self, used: np.ndarray) -> "OptimizerState":
        """State for the table's rows `used` alone."""
        return replace(self, table_slots=[slot[used] for slot in self.table_slots])

    def spread(self, used: np.ndarray, n_rows: int, before: Any) -> "OptimizerState":
        """State for a table of `n_rows`: these rows at `used`, the others as `before`."""
        slots = []
        for number, (rows, fill) in enumerate(zip(self.table_slots, self.fills, strict=True)):
            if before is None:
                slots.append(np.full((n_rows, rows.shape[1]), fill, rows.dtype))
            else:
                slots.append(np.array(before.table_slots[number]))
            slots[-1][used] = rows
        return replace(self, table_slots=slots)


@dataclass(frozen=True)
class Checkpoint:
    """What earlier fits have left."""

    network: Network  # its table has a row for each feature
    optimizer_state: OptimizerState | None
    optimizer_kind: str | None  # identity of its optimizer; None: not told
    n_steps: int
    n_epochs: int
    history: dict[str, list[float]]
    derived: DerivedFeatures | None = None
    n_members: int = 1  # networks that were merged
    linear: LinearModel | None = None  # beside the network: what it says stays as it is

    @property
    def dtype(self) -> np.dtype:
        """Type of the weights, in which training goes on."""
        return self.network.kernels[0].dtype

    def state_for(self, optimizer: Any) -> OptimizerState | None:
        """State to go on with, unless it is of another optimizer."""
        kind = optimizer_identity(optimizer)
        # the first saved models did not tell
        return self.optimizer_state if self.optimizer_kind in (None, kind) else None


def check_resumable(
    checkpoint: Checkpoint, parameters: Parameters, layout: FieldLayout | None
) -> None:
    """Refuse to go on with another architecture than the fitted one.

    `layout` is that of the parameter `fields`, None where it does not tell.
    """
    network, n_members = checkpoint.network, checkpoint.n_members
    units = [len(bias) // n_members for bias in network.biases[:-1]]
    fitted: dict[str, Any] = {"hidden_units": units}
    fitted["embedding_dim"] = network.embedding_dim // n_members
    given: dict[str, Any] = {}
    if not is_auto(parameters.hidden_units):
        given["hidden_units"] = layer_units(parameters.hidden_units)
    if isinstance(parameters.embedding_init, str) and not is_auto(parameters.embedding_dim):
        given["embedding_dim"] = parameters.embedding_dim
    for name, value in given.items():
        if value != fitted[name]:
            raise ValueError(
                f"{name} is {value} but the fitted network has {fitted[name]}, so training cannot "
                f"continue. Set {name} back, or fit anew with warm_start=False or a clone."
            )
    present = network.pooling.layout
    if layout is None:
        return
    n_features = len(layout.numbers)  # derived ones are behind
    if present is None or (layout.numbers != present.numbers[:n_features]).any():
        raise ValueError(
            "fields differ from those of the fitted network, so training cannot continue. Set "
            "fields back, or fit anew with warm_start=False or a clone."
        )
