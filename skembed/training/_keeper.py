"""States of a fit in a folder: what fit it is, and each of its runs."""

import numbers
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import version
from typing import Any

import joblib
import numpy as np
import scipy.sparse as sp

from skembed._checked_file import ModelFormatError, read_archive, write_archive
from skembed._version import __version__
from skembed.training._batches import Chunk
from skembed.training._fit_checkpoint import FitCheckpoint
from skembed.training._run import TrainingRun
from skembed.training._run_state import RunState, Trained, restore, state_of

_FIT = "fit.skembed"
# States after epochs take at most this share of the time.
_SHARE = 0.1
# Parameters that do not change what is trained.
_NO_MATTER = {"callbacks", "verbose", "random_state"}


class Keeper:
    """Writes the runs of a fit down, one after the other, and finds those of an earlier one.

    Parameters
    ----------
    checkpoint : FitCheckpoint
        Where, and how often.
    identity : dict
        Text for each thing that makes the fit what it is, its seed aside.
    seed : int
        Seed of the fit; `seed` is that of the earlier one where there is one.
    """

    def __init__(self, checkpoint: FitCheckpoint, identity: dict[str, str], seed: int) -> None:
        self._folder = checkpoint.folder
        self._seconds = 60 * checkpoint.minutes
        self._number = -1  # of the present run
        self._written = time.monotonic()
        self._took = 0.0
        os.makedirs(self._folder, exist_ok=True)
        path = os.path.join(self._folder, _FIT)
        if os.path.exists(path):
            values, _ = read_archive(path)
            self._check(values["identity"], identity)
            self.seed: int = values["seed"]
        else:
            write_archive(path, {"identity": identity, "seed": seed}, {})
            self.seed = seed

    def begin(self, run: TrainingRun) -> bool:
        """Bring a run to where it was broken off, if it was; whether nothing is left of it."""
        state = self.begin_next()
        return state is not None and restored(run, state, self._path)

    def begin_next(self) -> RunState | None:
        """Go on to the next run; its state, if it was written down."""
        self._number += 1
        self._written = time.monotonic()
        if not os.path.exists(self._path):
            return None
        with _told_as_damage(self._path):
            return _read(self._path)

    def after_chunk(self, run: TrainingRun, chunk: Chunk, trained: Callable[[], Trained]) -> None:
        """Write the run down if it is time to."""
        if self.is_due(chunk):
            self.write(run, chunk, trained())

    def is_due(self, chunk: Chunk) -> bool:
        """Whether it is time to write."""
        wait = self._took / _SHARE if chunk.ends_epoch else self._seconds
        return time.monotonic() - self._written >= min(wait, self._seconds)

    def end(self, run: TrainingRun) -> None:
        """Write down a run that has ended."""
        self.write(run, None, Trained(run.network, run.optimizer_state))

    def close(self) -> None:
        """Remove the files of a fit that has ended."""
        for name in os.listdir(self._folder):
            if name == _FIT or (name.startswith("run-") and name.endswith(".skembed")):
                os.remove(os.path.join(self._folder, name))

    @property
    def _path(self) -> str:
        return os.path.join(self._folder, f"run-{self._number:04}.skembed")

    def write(
        self,
        run: TrainingRun,
        chunk: Chunk | None,
        trained: Trained,
        more: dict[str, Any] | None = None,
    ) -> None:
        """Write a run down as it is behind a chunk, or at its end, with `more` values."""
        start = time.monotonic()
        values, arrays = state_of(run, None if chunk is None else chunk.place, trained)
        described = [
            {"name": name, "dtype": array.dtype.str, "shape": list(array.shape)}
            for name, array in arrays.items()
        ]
        members = {name: np.ascontiguousarray(array).tobytes() for name, array in arrays.items()}
        values |= more or {}
        write_archive(self._path, {"run": values, "arrays": described}, members)
        self._written = time.monotonic()
        self._took = self._written - start

    def _check(self, known: dict[str, str], given: dict[str, str]) -> None:
        told = []
        for name in sorted(known.keys() | given.keys()):
            one, other = (texts.get(name, "not given") for texts in (known, given))
            if one != other:
                short = len(one) + len(other) < 120 and not name.startswith("data: ")
                told.append(f"{name} (was {one}, is {other})" if short else name)
        if told:
            raise ValueError(
                f"The folder {self._folder!r} holds an interrupted fit with different "
                f"{', '.join(told)}. Fit with the same parameters and data to resume it, pass "
                "another folder, or delete this one."
            )


def restored(run: TrainingRun, state: RunState, name: str) -> bool:
    """Bring a run to a state of the file of this name; whether nothing is left of it."""
    with _told_as_damage(name):
        restore(run, state)
    return run.finished


@contextmanager
def _told_as_damage(name: str) -> Iterator[None]:
    """Turn errors at what a file holds into one that names the file."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, ModelFormatError):
            raise
        fault = (
            f"{name} does not contain a state of this fit: {type(error).__name__}: {error}. Delete "
            "the folder to start a new fit."
        )
        raise ModelFormatError(fault) from error


def identity_of(estimator: Any, data: Mapping[str, Any]) -> dict[str, str]:
    """Texts that tell a fit from others: parameters, data and versions."""
    identity = {
        "estimator": type(estimator).__name__,
        "skembed": __version__,
        "tensorflow": version("tensorflow"),
    }
    parameters = estimator.get_params(deep=False)
    identity |= {name: _text(value) for name, value in parameters.items() if name not in _NO_MATTER}
    seed = parameters["random_state"]
    identity["random_state"] = str(seed) if isinstance(seed, numbers.Integral) else "drawn"
    return identity | {f"data: {name}": _digest(value) for name, value in data.items()}


def _read(path: str) -> RunState:
    manifest, members = read_archive(path)
    arrays = {}
    for entry in manifest["arrays"]:
        dtype = np.dtype(entry["dtype"])
        if dtype.kind not in "fiub":
            raise ValueError(f"{path} has an array of {dtype}.")
        # a copy, as those of a buffer cannot be written to
        array = np.frombuffer(members[entry["name"]], dtype).reshape(entry["shape"]).copy()
        arrays[entry["name"]] = array
    return RunState(manifest["run"], arrays)


def _text(value: Any) -> str:
    """A parameter as a text: itself where it is short, else a digest."""
    plain = isinstance(value, str | int | float | bool | None | list | tuple | np.number)
    if plain and len(repr(value)) < 80:
        return repr(value)
    if hasattr(value, "get_config"):
        return f"{type(value).__name__}({value.get_config()!r})"
    return _digest(value)


class StreamDigest:
    """Digest of the chunks of a stream's first pass."""

    def __init__(self) -> None:
        self._hash = sha256()
        self._first = True  # whether it is the first pass

    def begin(self, order_key: list[int] | None = None) -> None:
        """A pass begins, of a stream whose random orders depend on `order_key`, if it has any."""
        self._first = self._first and self._hash.digest() == sha256().digest()
        if order_key is not None:
            self.add(order_key)

    def add(self, *parts: Any) -> None:
        """A chunk of the pass, in its parts."""
        if self._first:
            self._hash.update("".join(map(_digest, parts)).encode())

    def text(self) -> str:
        """The digest."""
        return self._hash.hexdigest()


def _digest(value: Any) -> str:
    if sp.issparse(value):
        value = value.tocsr()
        value = (value.shape, value.data, value.indices, value.indptr)
    return joblib.hash(value)
