"""The flow of a fit: histories, held-out users, network, weights from item to item, attributes."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from skembed.distribution._cluster import Cluster
from skembed.network._item_item import ItemItem
from skembed.network._network import Network
from skembed.network._pooling import Pooling
from skembed.recommending._gram_matrix import GramMatrix
from skembed.recommending._hold_out import HeldOut, RankingObserver, choose_share, split_users
from skembed.recommending._item_weights import item_weights
from skembed.training._fit_checkpoint import split_callbacks
from skembed.training._item_targets import ItemTargets, ItemTask
from skembed.training._joint_keeper import JointKeeper
from skembed.training._keeper import Keeper
from skembed.training._parameters import Parameters, drawn_seed
from skembed.training._plan import Plan
from skembed.training._run import TrainingRun
from skembed.training._run_setup import new_run
from skembed.training._sources import Source, array_source, stream_source

# With "auto" and None. How they were chosen is in the decisions on recommending.
_MOST_DIM, _LARGE_CATALOGUE, _DIM_OF_LARGE = 200, 20_000, 64
_ADAM, _LEARNING_RATE = ("adam", "adamw", "nadam"), 0.001
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
_POOLING = Pooling("sqrtn", None)


@dataclass(frozen=True)
class Settings:
    """What the caller asks of a fit; `parameters` resolves "auto" and None."""

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
    keeper: Keeper | JointKeeper | None = None  # writes the fit down
    cluster: Cluster | None = None  # workers that share the fit

    def parameters(self, n_items: int, n_users: int) -> Parameters:
        """The same for an embedding network whose outputs are the items."""
        rate = self.learning_rate
        if rate is None and self.optimizer in _ADAM:
            rate = _LEARNING_RATE
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
            callbacks=split_callbacks(self.callbacks)[0],
            random_state=self.random_state if self.keeper is None else self.keeper.seed,
            verbose=self.verbose,
            keeper=self.keeper,
            cluster=self.cluster,
        ).with_seed()

    def seed(self) -> int:
        """Seed of the fit, drawn where `random_state` is none."""
        return drawn_seed(self.random_state)

    def kept(self, fitted: "Fitted") -> "Fitted":
        """Return the fitted result, after its checkpoint is closed."""
        if self.keeper is not None:
            self.keeper.close()
        return fitted

    def _dim(self, n_items: int) -> int:
        if not isinstance(self.embedding_dim, str):
            return self.embedding_dim
        return min(_MOST_DIM if n_items <= _LARGE_CATALOGUE else _DIM_OF_LARGE, max(n_items, 1))

    def _batch_size(self, n_users: int, n_items: int) -> int:
        if not isinstance(self.batch_size, str):
            return self.batch_size
        wanted = max(n_users // 1000, _BATCH_SIZE)
        most = max(min(_MOST_ROWS_A_STEP, _MOST_SCORES // n_items), _LEAST_ROWS_A_STEP)
        size = 1 << (min(wanted, most).bit_length() - 1)
        n_workers = 1 if self.cluster is None else self.cluster.n_workers
        return -(-size // n_workers) * n_workers


Pairs = Iterable[tuple[sp.csr_matrix, sp.csr_matrix]]  # histories, and what is to be found
Passes = Callable[[np.random.Generator | None], Pairs]  # in the order that is drawn, if any


@dataclass(frozen=True)
class Data:
    """Histories to learn from, in memory or read anew each epoch."""

    source: Source
    targets: ItemTargets
    pairs: Passes

    @classmethod
    def of_rows(cls, X: sp.csr_matrix, Y: sp.csr_matrix) -> "Data":
        """Survey rows in memory; Y is X itself if no items that follow are given."""
        rows = X, Y, np.ones(X.shape[0], X.dtype)
        source, targets = array_source(rows, ItemTask(), _POOLING)
        assert isinstance(targets, ItemTargets)
        return cls(source, targets, lambda _: [(X, Y)])

    @classmethod
    def of_stream(cls, pairs: Passes) -> "Data":
        """Survey a stream; `pairs` starts a pass over it."""

        def read(dtype: np.dtype | None, rng: np.random.Generator | None) -> Iterator[Any]:
            for X, Y in pairs(rng):
                X = X if dtype is None else X.astype(dtype, copy=False)
                yield X, Y, np.ones(X.shape[0], X.dtype)

        source, targets = stream_source(read, ItemTask(), lambda: _POOLING)
        assert isinstance(targets, ItemTargets)
        return cls(source, targets, pairs)

    def gram_matrix(self) -> GramMatrix:
        """Pass over the histories: how often items come together."""
        return GramMatrix.of(self.pairs(None), self.targets.totals)


@dataclass(frozen=True)
class Chosen:
    """Weights from item to item: their penalty, their multiple, and the NDCG with them."""

    penalty: float
    share: float
    ndcg: float | None = None  # of users held out

    def weights(self, gram: GramMatrix | None, dtype: np.dtype) -> ItemItem | None:
        """The weights, times their multiple; None where that is zero."""
        if gram is None or not self.share:
            return None
        return item_weights(gram, self.penalty, dtype).scaled(self.share)


@dataclass(frozen=True)
class Fitted:
    """What a fit has found."""

    run: TrainingRun
    network: Network  # its table has the rows of `columns.used` of the run's source
    weights: ItemItem | None
    plan: dict[str, Any]
    n_epochs: int


def fit_rows(X: sp.csr_matrix, Y: sp.csr_matrix, settings: Settings) -> Fitted:
    """Fit rows in memory; Y is X itself if no items that follow are given."""
    parameters = settings.parameters(Y.shape[1], X.shape[0])
    seed = parameters.draw_seed()
    held_out = None
    if settings.early_stopping is not False and X.shape[0] >= _LEAST_USERS:
        train, others = split_users(X.shape[0], X.shape[1], settings.validation_fraction, seed)
        held_out = HeldOut.of(X[others], None if Y is X else Y[others], seed)
    if held_out is None:
        return _fit_all(Data.of_rows(X, Y), settings, parameters)
    X_train = X[train]
    data = Data.of_rows(X_train, X_train if Y is X else Y[train])
    if settings.early_stopping is True:
        return _fit_to_best(data, held_out, settings, parameters)
    trial = replace(parameters, callbacks=None)
    found = _fit_to_best(data, held_out, settings, trial, label="held-out users")
    data = Data.of_rows(X, Y)
    run = _run(data, parameters, found.n_epochs, "fit")
    _train(run)
    chosen = Chosen(found.plan.get("item_item_l2", 0.0), found.plan["item_item_share"])
    weights = chosen.weights(data.gram_matrix() if chosen.share else None, X.dtype)
    return replace(found, run=run, network=run.network, weights=weights)


def fit_stream(
    pairs: Passes,
    held_out: HeldOut | None,
    n_items: int,
    n_users: int,
    settings: Settings,
) -> Fitted:
    """Fit rows that are read again in each epoch, with early stopping if users are held out."""
    parameters = settings.parameters(n_items, n_users)
    data = Data.of_stream(pairs)
    if held_out is None:
        return _fit_all(data, settings, parameters)
    return _fit_to_best(data, held_out, settings, parameters)


def _fit_all(data: Data, settings: Settings, parameters: Parameters) -> Fitted:
    """Fit without users held out, by the usual numbers."""
    n_epochs = settings.max_epochs or _USUAL_EPOCHS
    run = _run(data, parameters, n_epochs, "fit")
    _train(run)
    chosen = Chosen(_penalty(settings), 0.0 if settings.item_item is False else _USUAL_SHARE)
    weights = chosen.weights(data.gram_matrix() if chosen.share else None, data.source.dtype)
    return Fitted(run, run.network, weights, _plan(parameters, n_epochs, chosen), n_epochs)


def _fit_to_best(
    data: Data,
    held_out: HeldOut,
    settings: Settings,
    parameters: Parameters,
    label: str = "fit",
) -> Fitted:
    """Fit with early stopping on held-out users, and choose the item-to-item weights by them."""
    run = _run(data, parameters, settings.max_epochs or _MOST_EPOCHS, label)
    observer = RankingObserver(held_out, settings.n_iter_no_change, settings.tol)
    run.observers.append(observer)
    _train(run)
    best, dtype = observer.best, data.source.dtype
    gram = None if settings.item_item is False else data.gram_matrix()
    chosen = _choose_weights(settings, gram, held_out, best.scores, dtype)
    plan = _plan(parameters, best.epoch, chosen)
    return Fitted(run, best.network, chosen.weights(gram, dtype), plan, best.epoch)


def _penalty(settings: Settings) -> float:
    given = settings.item_item_l2
    return _USUAL_PENALTY if isinstance(given, str) else float(given)


def _choose_weights(
    settings: Settings,
    gram: GramMatrix | None,
    held_out: HeldOut,
    scores: np.ndarray,
    dtype: np.dtype,
) -> Chosen:
    """Choose penalty and multiple of the item-to-item weights by the NDCG of held-out users."""
    alone = held_out.ndcg(scores)
    chosen = Chosen(_penalty(settings), 0.0, alone)
    if gram is None:
        return chosen
    penalties: tuple[float, ...] = (chosen.penalty,)
    if isinstance(settings.item_item_l2, str) and len(gram.products) <= _MOST_TRIED:
        penalties = _PENALTIES
    best = alone
    for penalty in penalties:
        share, ndcg = choose_share(held_out, scores, item_weights(gram, penalty, dtype), alone)
        if ndcg > best:
            chosen, best = Chosen(penalty, share, ndcg), ndcg
    if settings.item_item is True and not chosen.share:  # asked for, though it ranks no better
        return replace(chosen, share=1.0, ndcg=None)
    return chosen


def _plan(parameters: Parameters, n_epochs: int, chosen: Chosen) -> dict[str, Any]:
    """What "auto" and None have become."""
    plan: dict[str, Any] = {
        "embedding_dim": int(parameters.embedding_dim),
        "batch_size": int(parameters.batch_size),
        "n_epochs": int(n_epochs),
        "item_item_share": float(chosen.share),
    }
    if chosen.share:
        plan["item_item_l2"] = float(chosen.penalty)
    if chosen.ndcg is not None:
        plan["ndcg"] = float(chosen.ndcg)
    return plan


def _run(data: Data, parameters: Parameters, n_epochs: int, label: str) -> TrainingRun:
    """Make the run of a network from small embeddings."""
    plan = Plan(
        embedding_init="random",
        hidden_units=(),
        term_dropout=float(parameters.term_dropout),
        embedding_l2=float(parameters.embedding_l2),
        batch_size=int(parameters.batch_size),
        n_epochs=n_epochs,
    )
    run, _ = new_run(data.source, data.targets, plan, parameters, label=label)
    network, dtype = run.network, run.network.table.dtype.type
    run.network = replace(
        network,
        table=network.table * dtype(_EMBEDDING_SCALE),
        kernels=[network.kernels[0] * dtype(_OUTPUT_SCALE)],
    )
    return run


def _train(run: TrainingRun) -> None:
    """Train a run to its end; TensorFlow is imported here, not before."""
    from skembed.training.keras._trainer import train

    train(run)
