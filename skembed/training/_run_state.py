"""The whole state of a run as plain values and arrays, and back."""

from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from skembed.network._network import Network
from skembed.training._batch_shape import BatchShape
from skembed.training._checkpoint import OptimizerState
from skembed.training._run import Place, TrainingRun

Values = dict[str, Any]
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Trained:
    """What a trainer's variables hold."""

    network: Network
    optimizer_state: OptimizerState | None


class RunState(NamedTuple):
    """Numbers and texts of a run, and its arrays."""

    values: Values
    arrays: Arrays


def state_of(run: TrainingRun, place: Place | None, trained: Trained) -> RunState:
    """Take down a run that has come as far as `place`."""
    values: Values = {
        "n_steps": run.n_steps,
        "finished": run.finished,
        "shape": asdict(run.shape),
        "place": None if place is None else asdict(place),
        "epoch": run.epoch_so_far(),
        "history": sorted(run.history),
    }
    arrays = _of_network("network", trained.network)
    for name, numbers in run.history.items():
        arrays[f"history/{name}"] = np.array(numbers, np.float64)
    if run.average is not None:
        arrays |= _of_network("average", run.average)
    state = trained.optimizer_state
    if state is not None:
        values["fills"] = list(map(float, state.fills))
        arrays |= {f"slot/{number}": slot for number, slot in enumerate(state.table_slots)}
        arrays |= {f"other/{number}": other for number, other in enumerate(state.others)}
    for number, observer in enumerate(run.observers):
        if hasattr(observer, "state"):
            numbers, networks = observer.state()
            values[f"observer/{number}"] = numbers
            for name, network in networks.items():
                arrays |= _of_network(f"observer/{number}/{name}", network)
    return RunState(values, arrays)


def restore(run: TrainingRun, state: RunState) -> None:
    """Bring a new run to a state; its table must be as large.

    Raises
    ------
    ValueError
        If the state is of a run of other sizes.
    """
    values, arrays = state
    network = _network(run.network, "network", arrays)
    run.network = network
    run.average = _network(network, "average", arrays) if "average/table" in arrays else None
    run.n_steps, run.finished = values["n_steps"], values["finished"]
    run.history = {name: arrays[f"history/{name}"].tolist() for name in values["history"]}
    run.shape = BatchShape(**values["shape"])
    run.place = None if values["place"] is None else Place(**values["place"])
    run.restore_epoch(values["epoch"])
    if "fills" in values:
        slots, others = (_numbered(arrays, kind) for kind in ("slot", "other"))
        run.optimizer_state = OptimizerState(slots, values["fills"], others)
    for number, observer in enumerate(run.observers):
        if hasattr(observer, "state"):

            def network_of(name: str, number: int = number) -> Network | None:
                prefix = f"observer/{number}/{name}"
                return _network(network, prefix, arrays) if f"{prefix}/table" in arrays else None

            observer.restore(run, values[f"observer/{number}"], network_of)


def _of_network(prefix: str, network: Network) -> Arrays:
    arrays = {f"{prefix}/table": network.table}
    arrays |= {f"{prefix}/kernel/{n}": kernel for n, kernel in enumerate(network.kernels)}
    return arrays | {f"{prefix}/bias/{n}": bias for n, bias in enumerate(network.biases)}


def _network(like: Network, prefix: str, arrays: Arrays) -> Network:
    """A network whose weights are arrays, of the same sizes as another."""

    def taken(name: str, given: np.ndarray) -> np.ndarray:
        array = arrays[f"{prefix}/{name}"]
        if array.shape != given.shape or array.dtype != given.dtype:
            raise ValueError(f"{prefix}/{name} has shape {array.shape}, {given.shape} was expected")
        return array

    return replace(
        like,
        table=taken("table", like.table),
        kernels=[taken(f"kernel/{n}", kernel) for n, kernel in enumerate(like.kernels)],
        biases=[taken(f"bias/{n}", bias) for n, bias in enumerate(like.biases)],
    )


def _numbered(arrays: Arrays, kind: str) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    while f"{kind}/{len(found)}" in arrays:
        found.append(arrays[f"{kind}/{len(found)}"])
    return found
