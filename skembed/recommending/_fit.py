"""The flow of a fit: histories, held-out users, network, weights from item to item, attributes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from skembed.network._item_item import ItemItem
from skembed.network._network import Network
from skembed.network._pooling import Pooling
from skembed.recommending._gram_matrix import GramMatrix
from skembed.recommending._hold_out import HeldOut, RankingObserver, choose_share, split_users
from skembed.recommending._item_weights import item_weights
from skembed.training._item_targets import ItemTargets, ItemTask
from skembed.training._parameters import Parameters
from skembed.training._plan import Plan
from skembed.training._run import TrainingRun
from skembed.training._run_setup import new_run
from skembed.training._sources import Source, array_source, stream_source

# With "auto" and None. How they were chosen is in the decisions on recommending.
_MOST_DIM, _LARGE_CATALOGUE, _DIM_OF_LARGE = 200, 20_000, 64
_LEARNING_RATE = 0.001
_BATCH_SIZE, _LEAST_ROWS_A_STEP, _MOST_ROWS_A_STEP = 128, 32, 1024
# Scores of a step at most, by which it has fewer rows for large catalogues: 128 MB.
_MOST_SCORES = 2**25
_MOST_EPOCHS, _USUAL_EPOCHS = 200, 50
_PENALTIES, _USUAL_PENALTY = (30.0, 100.0, 300.0), 100.0
_USUAL_SHARE = 4.0
# Items up to which the penalties are tried: each takes time by the third power of their number.
_MOST_TRIED = 5000
# Users from which some can be held out.
_LEAST_USERS = 20
# Factors of the usual initial embeddings, and of the weights of the scores.
_EMBEDDING_SCALE, _OUTPUT_SCALE = 0.3, 2.5


@dataclass(frozen=True)
class Settings:
    """What the caller asks of a fit, with "auto" and None resolved as far as possible."""

    embedding_dim: int | str
    term_dropout: float
    embedding_l2: float
    item_item: bool | str
    item_item_l2: float | str
    optimizer: Any
    learning_rate: float | None
    batch_size: int | str
    max_epochs: int | None
    early_stopping: bool | str
    validation_fraction: float
    n_iter_no_change: int
    tol: float
    callbacks: Any
    random_state: Any
    verbose: int

    def parameters(self, n_items: int, n_users: int) -> Parameters:
        """The same for an embedding network whose outputs are the items."""
        rate = self.learning_rate
        if rate is None and isinstance(self.optimizer, str) and "ada" in self.optimizer:
            rate = None if self.optimizer.startswith("adag") else _LEARNING_RATE
        return Parameters(
            embedding_dim=self._dim(n_items),
            hidden_units=(),
            combiner="sqrtn",
            fields=None,
            activation="linear",
            linear=False,
            embedding_init="random",
            trainable_embeddings=True,
            feature_names=None,
            dropout=0.0,
            term_dropout=self.term_dropout,
            embedding_l2=self.embedding_l2,
            linear_l2=0.0,
            row_size=False,
            target_statistics=0,
            n_members=1,
            optimizer=self.optimizer,
            learning_rate=rate,
            loss_reduction="auto",
            clip_norm=None,
            batch_size=self._batch_size(n_users, n_items),
            max_epochs=self.max_epochs,
            max_steps=None,
            early_stopping=False,
            validation_fraction=self.validation_fraction,
            n_iter_no_change=self.n_iter_no_change,
            tol=self.tol,
            warm_start=False,
            callbacks=self.callbacks,
            random_state=self.random_state,
            verbose=self.verbose,
        ).with_seed()

    def _dim(self, n_items: int) -> int:
        if not isinstance(self.embedding_dim, str):
            return self.embedding_dim
        return min(_MOST_DIM if n_items <= _LARGE_CATALOGUE else _DIM_OF_LARGE, max(n_items, 1))

    def _batch_size(self, n_users: int, n_items: int) -> int:
        if not isinstance(self.batch_size, str):
            return self.batch_size
        wanted = max(n_users // 1000, _BATCH_SIZE)
        most = max(min(_MOST_ROWS_A_STEP, _MOST_SCORES // n_items), _LEAST_ROWS_A_STEP)
        return 1 << (min(wanted, most).bit_length() - 1)


@dataclass(frozen=True)
class Fitted:
    """What a fit has found."""

    run: TrainingRun
    network: Network  # its table has the rows of `columns.used` of the run's source
    weights: ItemItem | None
    plan: dict[str, Any]
    n_epochs: int


@dataclass(frozen=True)
class Trial:
    """A network that has not seen the users held out, and what they chose."""

    run: TrainingRun
    observer: RankingObserver

    @property
    def n_epochs(self) -> int:
        """The best number of epochs."""
        return self.observer.best_epoch

    @property
    def scores(self) -> np.ndarray:
        """Scores (n_users, n_items) of the best epoch for the users held out."""
        if self.observer.best_scores is None:
            raise FloatingPointError(
                "No epoch ranked the items of users held out: make learning_rate smaller, or set "
                "early_stopping=False."
            )
        return self.observer.best_scores


def fit_rows(X: sp.csr_matrix, Y: sp.csr_matrix, settings: Settings) -> Fitted:
    """Fit rows in memory; Y is X itself where nothing is known to follow."""
    parameters = settings.parameters(Y.shape[1], X.shape[0])
    seed = parameters.draw_seed()
    if settings.early_stopping is False or X.shape[0] < _LEAST_USERS:
        return _without_users_held_out(X, Y, settings, parameters)
    train, others = split_users(X.shape[0], X.shape[1], settings.validation_fraction, seed)
    held_out = HeldOut.of(X[others], None if Y is X else Y[others], seed)
    if held_out is None:
        return _without_users_held_out(X, Y, settings, parameters)
    X_train = X[train]
    Y_train = X_train if Y is X else Y[train]
    epochs = settings.max_epochs or _MOST_EPOCHS
    refits = settings.early_stopping is not True
    trial = _trial(
        _array_source(X_train, Y_train),
        replace(parameters, callbacks=None) if refits else parameters,
        epochs,
        held_out,
        "held-out users" if refits else "fit",
    )
    gram = _gram(settings, [(X_train, Y_train)], Y_train)
    penalty, share, ndcg = _choose_weights(settings, gram, held_out, trial, X.dtype)
    plan = _plan(parameters, trial.n_epochs, share, penalty, ndcg)
    if not refits:
        assert trial.observer.best_network is not None
        weights = _weights(gram, penalty, share, X.dtype)
        return Fitted(trial.run, trial.observer.best_network, weights, plan, trial.n_epochs)
    run = _run(_array_source(X, Y), parameters, trial.n_epochs, "fit")
    _train(run)
    weights = None
    if share:
        weights = _weights(GramMatrix.of([(X, Y)], _counts(Y)), penalty, share, X.dtype)
    return Fitted(run, run.network, weights, plan, trial.n_epochs)


def fit_stream(
    parts: "Parts", held_out: HeldOut | None, n_items: int, n_users: int, settings: Settings
) -> Fitted:
    """Fit rows that are read anew each epoch; users held out say when to end, if there are some."""
    parameters = settings.parameters(n_items, n_users)
    stream, targets = stream_source(parts.read, ItemTask(), lambda: Pooling("sqrtn", None))
    assert isinstance(targets, ItemTargets)
    source = stream, targets
    if held_out is None:
        epochs = settings.max_epochs or _USUAL_EPOCHS
        run = _run(source, parameters, epochs, "fit")
        _train(run)
        network, n_epochs, penalty, share, ndcg = run.network, epochs, _penalty(settings), 0.0, None
        if settings.item_item is True:
            share = _USUAL_SHARE
        gram = None
    else:
        epochs = settings.max_epochs or _MOST_EPOCHS
        trial = _trial(source, parameters, epochs, held_out, "fit")
        run, n_epochs = trial.run, trial.n_epochs
        assert trial.observer.best_network is not None
        network = trial.observer.best_network
        gram = None
        if settings.item_item is not False:
            gram = GramMatrix.of(parts.pairs(), targets.totals)
        penalty, share, ndcg = _choose_weights(settings, gram, held_out, trial, stream.dtype)
    if share and gram is None:
        gram = GramMatrix.of(parts.pairs(), targets.totals)
    weights = _weights(gram, penalty, share, stream.dtype)
    plan = _plan(parameters, n_epochs, share, penalty, ndcg)
    return Fitted(run, network, weights, plan, n_epochs)


class Parts:
    """Chunks of rows and targets, as a stream is read: canonical CSR."""

    def __init__(self, read: Any) -> None:
        self._read = read

    def pairs(self) -> Iterator[tuple[sp.csr_matrix, sp.csr_matrix]]:
        """Yield rows and targets."""
        return self._read()

    def read(self, dtype: np.dtype | None) -> Iterator[Any]:
        """Yield rows, targets and weights, of a type."""
        for X, Y in self._read():
            X = X if dtype is None else X.astype(dtype, copy=False)
            yield X, Y, np.ones(X.shape[0], X.dtype)


def _without_users_held_out(
    X: sp.csr_matrix, Y: sp.csr_matrix, settings: Settings, parameters: Parameters
) -> Fitted:
    n_epochs = settings.max_epochs or _USUAL_EPOCHS
    run = _run(_array_source(X, Y), parameters, n_epochs, "fit")
    _train(run)
    share = 0.0 if settings.item_item is False else _USUAL_SHARE
    gram = _gram(settings, [(X, Y)], Y)
    penalty = _penalty(settings)
    weights = _weights(gram, penalty, share, X.dtype)
    return Fitted(
        run, run.network, weights, _plan(parameters, n_epochs, share, penalty, None), n_epochs
    )


def _penalty(settings: Settings) -> float:
    given = settings.item_item_l2
    return _USUAL_PENALTY if isinstance(given, str) else float(given)


def _gram(settings: Settings, parts: Any, Y: sp.csr_matrix) -> GramMatrix | None:
    return None if settings.item_item is False else GramMatrix.of(parts, _counts(Y))


def _counts(Y: sp.csr_matrix) -> np.ndarray:
    return np.bincount(Y.indices, minlength=Y.shape[1])


def _choose_weights(
    settings: Settings,
    gram: GramMatrix | None,
    held_out: HeldOut,
    trial: Trial,
    dtype: np.dtype,
) -> tuple[float, float, float]:
    """Penalty and multiple of the weights from item to item, and the NDCG with them."""
    alone = held_out.ndcg(trial.scores)
    if gram is None:
        return _penalty(settings), 0.0, alone
    penalties: tuple[float, ...] = (_penalty(settings),)
    if isinstance(settings.item_item_l2, str) and len(gram.products) <= _MOST_TRIED:
        penalties = _PENALTIES
    chosen = penalties[0], 0.0, alone
    for penalty in penalties:
        weights = item_weights(gram, penalty, dtype)
        share, ndcg = choose_share(held_out, trial.scores, weights, alone)
        if ndcg > chosen[2]:
            chosen = penalty, share, ndcg
    if settings.item_item is True and not chosen[1]:
        return penalties[0], 1.0, alone
    return chosen


def _weights(
    gram: GramMatrix | None, penalty: float, share: float, dtype: np.dtype
) -> ItemItem | None:
    if gram is None or not share:
        return None
    return item_weights(gram, penalty, dtype).scaled(share)


def _plan(
    parameters: Parameters, n_epochs: int, share: float, penalty: float, ndcg: float | None
) -> dict[str, Any]:
    """What "auto" and None have become."""
    plan: dict[str, Any] = {
        "embedding_dim": int(parameters.embedding_dim),
        "batch_size": int(parameters.batch_size),
        "n_epochs": int(n_epochs),
        "item_item_share": float(share),
    }
    if share:
        plan["item_item_l2"] = float(penalty)
    if ndcg is not None:
        plan["ndcg"] = float(ndcg)
    return plan


def _array_source(X: sp.csr_matrix, Y: sp.csr_matrix) -> tuple[Source, ItemTargets]:
    weights = np.ones(X.shape[0], X.dtype)
    source, targets = array_source((X, Y, weights), ItemTask(), Pooling("sqrtn", None))
    assert isinstance(targets, ItemTargets)
    return source, targets


def _run(
    source: tuple[Source, ItemTargets], parameters: Parameters, n_epochs: int, label: str
) -> TrainingRun:
    plan = Plan(
        embedding_init="random",
        hidden_units=(),
        term_dropout=float(parameters.term_dropout),
        embedding_l2=float(parameters.embedding_l2),
        batch_size=int(parameters.batch_size),
        n_epochs=n_epochs,
    )
    run, _ = new_run(*source, plan, parameters, label=label)
    network = run.network
    scales = map(network.table.dtype.type, (_EMBEDDING_SCALE, _OUTPUT_SCALE))
    for_table, for_kernel = scales
    run.network = replace(
        network, table=network.table * for_table, kernels=[network.kernels[0] * for_kernel]
    )
    return run


def _trial(
    source: tuple[Source, ItemTargets],
    parameters: Parameters,
    n_epochs: int,
    held_out: HeldOut,
    label: str,
) -> Trial:
    run = _run(source, parameters, n_epochs, label)
    observer = RankingObserver(held_out, parameters.n_iter_no_change, parameters.tol)
    run.observers.append(observer)
    _train(run)
    return Trial(run, observer)


def _train(run: TrainingRun) -> None:
    """Train a run to its end; TensorFlow is imported here, not before."""
    from skembed.training.keras._trainer import train

    train(run)
