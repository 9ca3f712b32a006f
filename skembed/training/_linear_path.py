"""The linear model that stands beside a network: its penalty, chosen by rows held out."""

from dataclasses import dataclass
from threading import Event

import numpy as np
import scipy.sparse as sp

from skembed.network._linear_model import LinearModel
from skembed.network._network import Table
from skembed.network._used_columns import Columns
from skembed.parallel._one_blas_thread import one_blas_thread
from skembed.training._linear_fit import LinearFit, fit_linear
from skembed.training._run import RunCancelled
from skembed.training._sources import Rows
from skembed.training._targets import Targets

# Penalties that are tried, from strong to weak.
_PENALTIES = tuple(np.logspace(3, -3, 13).tolist())
# Penalties of a higher loss, in a row, after which weaker ones are not tried; and the share by
# which a loss is so much higher that one is enough.
_PATIENCE, _MUCH = 2, 0.01
# Products in a pass, from which on the path is followed on two of several folds alone: the
# others take the penalty as it is.
_FEW_PRODUCTS = 2**17
# Products of an entry and a weight in a pass over the rows, beyond which there is no linear
# model: its path of penalties would take longer than the network does.
_MOST_PRODUCTS = 2**21


@dataclass(frozen=True)
class LinearChoice:
    """The penalty of the lowest loss, and the outputs for the rows held out."""

    penalty: float
    outputs: np.ndarray  # (n_held_out, n_outputs)


@dataclass(frozen=True)
class LinearRows:
    """Rows as a linear model takes them: their used columns alone, and encoded targets."""

    X: sp.csr_matrix
    encoded: np.ndarray
    weights: np.ndarray
    columns: Columns
    targets: Targets
    cancelled: Event | None = None  # whether nobody wants the model any more

    @classmethod
    def of(
        cls,
        rows: Rows,
        targets: Targets,
        columns: Columns | None = None,
        cancelled: Event | None = None,
    ) -> "LinearRows":
        """Encode checked rows; `columns` are those of other rows, that train the model."""
        X, y, weights = rows
        assert sp.issparse(X)
        columns = columns or Columns.of(X)
        if columns.numbers is not None:
            X = X[:, columns.used]
        encoded = targets.encode(y, X.dtype)
        return cls(X, encoded, targets.weights(y, weights), columns, targets, cancelled)

    def fitted(self, penalty: float, start: LinearFit | None = None) -> LinearFit:
        """Fit the model, from the start or from another penalty's."""
        targets = self.targets
        if start is None:
            n_outputs, dtype = targets.n_outputs, self.X.dtype
            weights = np.zeros((self.X.shape[1], n_outputs), dtype)
            start = LinearFit(weights, targets.base_outputs.astype(dtype))

        def losses(outputs: np.ndarray, encoded: np.ndarray) -> np.ndarray:
            if self.cancelled is not None and self.cancelled.is_set():
                raise RunCancelled
            return targets.losses(outputs, encoded)

        return fit_linear(self.X, self.encoded, self.weights, losses, targets.loss, penalty, start)


def is_affordable(X: sp.csr_matrix, n_outputs: int) -> bool:
    """Whether a linear model takes no longer than the network."""
    return X.nnz * n_outputs <= _MOST_PRODUCTS


def choose_penalty(
    parts: list[tuple[Rows, Rows, Targets]], cancelled: Event | None = None
) -> LinearChoice | None:
    """Try penalties on rows to train on, judged by the rows held out, of each part.

    Parameters
    ----------
    parts : list of tuple
        Rows to train on, rows held out, and the targets of the former.
    cancelled : Event, default=None
        Breaks the search off, by `RunCancelled`, once it is set.

    Returns
    -------
    LinearChoice or None
        With the outputs of the parts' rows held out, one part after the other; None where no
        penalty has a finite loss.
    """
    pairs = []
    for train, held_out, targets in parts:
        rows = LinearRows.of(train, targets, cancelled=cancelled)
        pairs.append((rows, LinearRows.of(held_out, targets, rows.columns)))
    n_products = sum(rows.X.nnz * rows.targets.n_outputs for rows, _ in pairs) / len(pairs)
    n_on_path = len(pairs) if n_products <= _FEW_PRODUCTS else 2
    with one_blas_thread():
        found = _lowest(pairs[:n_on_path])
        if found is None:
            return None
        penalty, outputs = found
        for rows, judges in pairs[n_on_path:]:
            outputs.append(rows.fitted(penalty).outputs(judges.X))
    return LinearChoice(penalty, np.concatenate(outputs))


def _lowest(pairs: list[tuple[LinearRows, LinearRows]]) -> tuple[float, list[np.ndarray]] | None:
    """The penalty of the lowest loss, and the outputs for the rows held out of each part."""
    models: list[LinearFit | None] = [None] * len(pairs)
    best, lowest, waited = None, np.inf, 0
    for penalty in _PENALTIES:
        fitted = [
            rows.fitted(penalty, model) for (rows, _), model in zip(pairs, models, strict=True)
        ]
        models = [*fitted]
        outputs = [
            model.outputs(judges.X) for (_, judges), model in zip(pairs, fitted, strict=True)
        ]
        loss = _mean_loss([judges for _, judges in pairs], outputs)
        waited = 0 if loss < lowest else waited + 1
        if loss < lowest:
            best, lowest = (penalty, outputs), loss
        elif waited == _PATIENCE or loss > lowest + _MUCH * abs(lowest):
            break
    return best


def _mean_loss(parts: list[LinearRows], outputs: list[np.ndarray]) -> float:
    """Weighted mean of the losses of all parts' rows."""
    losses = [
        part.targets.losses(values, part.encoded)
        for part, values in zip(parts, outputs, strict=True)
    ]
    weights = np.concatenate([part.weights for part in parts])
    return float(np.average(np.concatenate(losses), weights=weights))


def linear_model(rows: Rows, targets: Targets, penalty: float) -> tuple[LinearModel, np.ndarray]:
    """Fit the model on all rows; its weights, and its intercept (n_outputs,)."""
    rows_of = LinearRows.of(rows, targets)
    with one_blas_thread():
        fitted = rows_of.fitted(penalty)
    columns = rows_of.columns
    if columns.numbers is None:
        return LinearModel(Table(fitted.weights)), fitted.intercept
    return LinearModel(Table.compact(fitted.weights, columns)), fitted.intercept
