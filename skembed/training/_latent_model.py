"""The linear model of coordinates in a latent space: how many, and its penalty."""

from dataclasses import dataclass
from threading import Event

import numpy as np
import scipy.sparse as sp

from skembed.parallel._one_blas_thread import one_blas_thread
from skembed.training._latent_space import LatentSpace
from skembed.training._linear_path import PLAIN, LinearRows, choose_penalty, mean_loss
from skembed.training._sources import Rows
from skembed.training._targets import Targets

# Numbers of coordinates that are tried, and the rows with a label that there are for each, at
# least, but for the first.
_DIRECTIONS = (25, 50, 100, 200)
_ROWS_PER_DIRECTION = 5
# Coordinates of all rows with a label, beyond which the model is not tried for given vectors: its
# path of penalties would take longer than the network does.
MOST_COORDINATES = 2**23
# Root mean square length of a row's coordinates, so that penalties mean the same everywhere.
_LENGTH = 10.0


@dataclass(frozen=True)
class LatentChoice:
    """How many coordinates, the penalty, and the outputs for the rows held out."""

    n_directions: int
    penalty: float
    outputs: np.ndarray  # (n_held_out, n_outputs)


def most_directions(n_rows: int) -> int:
    """Directions that may be of use for so many rows with a label."""
    useful = [number for number in _DIRECTIONS if number * _ROWS_PER_DIRECTION <= n_rows]
    return max(useful, default=_DIRECTIONS[0])


def choose_latent_model(
    parts: list[tuple[Rows, Rows, Targets]], space: LatentSpace, cancelled: Event | None = None
) -> LatentChoice | None:
    """Try numbers of coordinates and penalties on rows to train on, judged by those held out.

    Parameters
    ----------
    parts : list of tuple
        Rows to train on, rows held out, and the targets of the former.
    space : LatentSpace
        What gives rows coordinates.
    cancelled : Event, default=None
        Breaks the search off, by `RunCancelled`, once it is set.

    Returns
    -------
    LatentChoice or None
        Of the lowest loss; None where the space has no directions, or no loss is finite.
    """
    best, lowest = None, np.inf
    coordinates = [
        (space.coordinates(_csr(train)), space.coordinates(_csr(held_out)))
        for train, held_out, _ in parts
    ]
    numbers = [space.n_directions]
    if space.ordered:
        numbers = sorted({min(number, space.n_directions) for number in _DIRECTIONS} - {0})
    for number in numbers:
        pairs = []
        for (train, held_out, targets), both in zip(parts, coordinates, strict=True):
            inside, outside = (values[:, :number] for values in both)
            unit = _unit(inside)
            rows = LinearRows.of_numbers(inside * unit, *train[1:], targets, cancelled)
            pairs.append((rows, LinearRows.of_numbers(outside * unit, *held_out[1:], targets)))
        with one_blas_thread():
            found = choose_penalty(pairs, PLAIN)
        if found is None:
            continue
        loss = mean_loss([judges for _, judges in pairs], found.outputs)
        if loss < lowest:
            best, lowest = LatentChoice(number, found.penalty, found.outputs), loss
    return best


def latent_model(
    rows: Rows, targets: Targets, space: LatentSpace, n_directions: int, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    """Fit the model on all rows; weights (n_features, n_outputs) of pooled features, intercept."""
    vectors = space.vectors[:, :n_directions]
    values = space.coordinates(_csr(rows))[:, :n_directions]
    unit = _unit(values)
    with one_blas_thread():
        fitted = (
            LinearRows.of_numbers(values * unit, *rows[1:], targets).solver(PLAIN).fitted(penalty)
        )
    return vectors @ (fitted.weights * unit), fitted.intercept


def _unit(coordinates: np.ndarray) -> np.floating:
    """What coordinates are multiplied by, for rows of the usual length."""
    mean = np.sqrt(np.square(coordinates).sum(axis=1).mean())
    return coordinates.dtype.type(_LENGTH / mean if mean > 0 else 0)


def _csr(rows: Rows) -> sp.csr_matrix:
    assert sp.issparse(rows[0])
    return rows[0]
