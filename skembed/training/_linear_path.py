"""Linear models that may stand beside a network: their penalties, chosen by rows held out.

There are two kinds. The features of one are as they are. Those of the other are scaled by naive
Bayes' log-count ratios (Wang and Manning, 2012): features that the classes differ by are penalized
less.
"""

from dataclasses import dataclass
from threading import Event

import numpy as np
import scipy.sparse as sp

from skembed.network._linear_model import LinearModel
from skembed.network._network import Table
from skembed.network._used_columns import Columns
from skembed.parallel._one_blas_thread import one_blas_thread
from skembed.training._linear_fit import MAX_STEPS, LinearFit, fit_linear
from skembed.training._run import RunCancelled
from skembed.training._sources import Rows
from skembed.training._targets import Targets, term_sums

# Penalties that are tried, from strong to weak.
_PENALTIES = tuple(np.logspace(3, -3, 13).tolist())
# Penalties of a higher loss, in a row, after which weaker ones are not tried; and the share by
# which a loss is so much higher that one is enough.
_PATIENCE, _MUCH = 2, 0.01
# Products in a pass, from which on the path is followed on two of several folds alone: the
# others take the penalty as it is.
_FEW_PRODUCTS = 2**17
# Rows with the usual share of a class that a feature's ratio counts in, beside its own; and the
# least size of a ratio, as a share of their root mean square.
_RATIO_PSEUDO_ROWS = 1.0
_LEAST_RATIO = 0.1


@dataclass(frozen=True)
class LinearKind:
    """How the features of a linear model are scaled, and how far it is solved."""

    log_ratios: bool
    # Products of an entry and a weight in a pass over the rows, beyond which it is not tried: its
    # path of penalties would take longer than the network does.
    most_products: int
    # Of the solver, for each penalty. A few lead along the path, which ends at the penalty.
    max_steps: int

    @property
    def follows_path(self) -> bool:
        """Whether the model of a penalty depends on the stronger ones before it."""
        return self.max_steps < MAX_STEPS


PLAIN = LinearKind(log_ratios=False, most_products=2**21, max_steps=MAX_STEPS)
LOG_RATIOS = LinearKind(log_ratios=True, most_products=2**26, max_steps=5)


def affordable_kinds(X: sp.csr_matrix, targets: Targets) -> list[LinearKind]:
    """Kinds of models that take no longer than the network; numbers have no log-count ratios."""
    kinds = [PLAIN, LOG_RATIOS] if targets.link in ("sigmoid", "softmax") else [PLAIN]
    return [kind for kind in kinds if X.nnz * targets.n_outputs <= kind.most_products]


@dataclass(frozen=True)
class LinearChoice:
    """The penalty of the lowest loss, and the outputs for the rows held out."""

    kind: LinearKind
    penalty: float
    outputs: np.ndarray  # (n_held_out, n_outputs)


@dataclass(frozen=True)
class LinearRows:
    """Rows as a linear model takes them: their used columns alone, and encoded targets."""

    X: sp.csr_matrix | np.ndarray
    encoded: np.ndarray
    weights: np.ndarray
    columns: Columns | None  # None for numbers, of which all columns are used
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

    @classmethod
    def of_numbers(
        cls,
        X: np.ndarray,
        y: np.ndarray,
        weights: np.ndarray,
        targets: Targets,
        cancelled: Event | None = None,
    ) -> "LinearRows":
        """Encode rows of numbers (n_samples, n_columns)."""
        encoded = targets.encode(y, X.dtype)
        return cls(X, encoded, targets.weights(y, weights), None, targets, cancelled)

    def scale(self, kind: LinearKind) -> np.ndarray | None:
        """Factors (n_columns, n_outputs) of the features, 1 in the root mean square; None for 1.

        The sizes of the log-count ratios, of which those near zero are raised: a feature that all
        rows have tells nothing by being there, but its values may.
        """
        if not kind.log_ratios or not sp.issparse(self.X):
            return None
        targets = self.targets
        weights = self.weights * targets.mean_weight
        sums = term_sums(self.X, targets.indicators(self.encoded), weights)
        ratios = np.abs(targets.term_scores(*sums, pseudo_rows=_RATIO_PSEUDO_ROWS))
        mean = np.sqrt(np.square(ratios).mean()) if ratios.size else 0.0
        if not mean:
            return None
        return np.maximum(ratios / mean, _LEAST_RATIO).astype(self.X.dtype)

    @property
    def n_products(self) -> int:
        """Products of an entry and a weight in a pass."""
        n_entries = self.X.size if isinstance(self.X, np.ndarray) else self.X.nnz
        return n_entries * self.targets.n_outputs

    def solver(self, kind: LinearKind) -> "LinearSolver":
        """What fits models of a kind."""
        return LinearSolver(self, kind, self.scale(kind))


@dataclass(frozen=True)
class LinearSolver:
    """Fits the models of one kind to rows."""

    rows: LinearRows
    kind: LinearKind
    scale: np.ndarray | None

    def step(self, penalty: float, before: LinearFit | None) -> LinearFit:
        """Fit the model of a penalty, from the start or from that of a stronger one."""
        rows, targets = self.rows, self.rows.targets
        if before is None:
            n_outputs, dtype = targets.n_outputs, rows.X.dtype
            weights = np.zeros((rows.X.shape[1], n_outputs), dtype)
            before = LinearFit(weights, targets.base_outputs.astype(dtype))

        def losses(outputs: np.ndarray, encoded: np.ndarray) -> np.ndarray:
            if rows.cancelled is not None and rows.cancelled.is_set():
                raise RunCancelled
            return targets.losses(outputs, encoded)

        return fit_linear(
            rows.X,
            rows.encoded,
            rows.weights,
            losses,
            targets.loss,
            penalty,
            before,
            self.scale,
            self.kind.max_steps,
        )

    def fitted(self, penalty: float) -> LinearFit:
        """Fit the model of a penalty, by way of the stronger ones where it depends on them."""
        model = None
        for stronger in _PENALTIES if self.kind.follows_path else ():
            if stronger <= penalty:
                break
            model = self.step(stronger, model)
        return self.step(penalty, model)


def choose_penalties(
    parts: list[tuple[Rows, Rows, Targets]],
    kinds: list[LinearKind],
    cancelled: Event | None = None,
) -> list[LinearChoice]:
    """Try the penalties of each kind on rows to train on, judged by those held out, of each part.

    Parameters
    ----------
    parts : list of tuple
        Rows to train on, rows held out, and the targets of the former.
    kinds : list of LinearKind
        Kinds of models.
    cancelled : Event, default=None
        Breaks the search off, by `RunCancelled`, once it is set.

    Returns
    -------
    list of LinearChoice
        With the outputs of the parts' rows held out, one part after the other; without kinds
        of which no penalty has a finite loss.
    """
    pairs = []
    for train, held_out, targets in parts:
        rows = LinearRows.of(train, targets, cancelled=cancelled)
        pairs.append((rows, LinearRows.of(held_out, targets, rows.columns)))
    with one_blas_thread():
        found = [choose_penalty(pairs, kind) for kind in kinds]
    return [choice for choice in found if choice is not None]


def choose_penalty(
    pairs: list[tuple[LinearRows, LinearRows]], kind: LinearKind
) -> LinearChoice | None:
    """The penalty of a kind that has the lowest loss; None where no loss is finite."""
    n_products = sum(rows.n_products for rows, _ in pairs) / len(pairs)
    n_on_path = len(pairs) if n_products <= _FEW_PRODUCTS else 2
    solvers = [(rows.solver(kind), judges) for rows, judges in pairs]
    found = _lowest(solvers[:n_on_path])
    if found is None:
        return None
    penalty, outputs = found
    for solver, judges in solvers[n_on_path:]:
        outputs.append(solver.fitted(penalty).outputs(judges.X))
    return LinearChoice(kind, penalty, np.concatenate(outputs))


def _lowest(
    solvers: list[tuple[LinearSolver, LinearRows]],
) -> tuple[float, list[np.ndarray]] | None:
    """The penalty of the lowest loss, and the outputs for the rows held out of each part."""
    models: list[LinearFit | None] = [None] * len(solvers)
    best, lowest, waited = None, np.inf, 0
    for penalty in _PENALTIES:
        fitted = [
            solver.step(penalty, model) for (solver, _), model in zip(solvers, models, strict=True)
        ]
        models = [*fitted]
        outputs = [
            model.outputs(judges.X) for (_, judges), model in zip(solvers, fitted, strict=True)
        ]
        loss = mean_loss([judges for _, judges in solvers], np.concatenate(outputs))
        waited = 0 if loss < lowest else waited + 1
        if loss < lowest:
            best, lowest = (penalty, outputs), loss
        elif waited == _PATIENCE or loss > lowest + _MUCH * abs(lowest):
            break
    return best


def mean_loss(parts: list[LinearRows], outputs: np.ndarray) -> float:
    """Weighted mean of the losses of rows; `outputs` are those of one part after the other."""
    encoded = np.concatenate([part.encoded for part in parts])
    weights = np.concatenate([part.weights for part in parts])
    return float(np.average(parts[0].targets.losses(outputs, encoded), weights=weights))


def linear_model(
    rows: Rows, targets: Targets, penalty: float, kind: LinearKind = PLAIN
) -> tuple[LinearModel, np.ndarray]:
    """Fit the model on all rows; its weights, and its intercept (n_outputs,)."""
    rows_of = LinearRows.of(rows, targets)
    with one_blas_thread():
        fitted = rows_of.solver(kind).fitted(penalty)
    columns = rows_of.columns
    if columns is None or columns.numbers is None:
        return LinearModel(Table(fitted.weights)), fitted.intercept
    return LinearModel(Table.compact(fitted.weights, columns)), fitted.intercept
