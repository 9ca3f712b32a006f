"""Users of whom items are hidden, and how well a network ranks these."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from skembed.metrics import hide_items, ndcg_at_k
from skembed.network._item_item import ItemItem
from skembed.network._network import Network
from skembed.parallel._one_blas_thread import one_blas_thread
from skembed.training._early_stopping import as_json
from skembed.training._run import TrainingRun

# Length of the list by which a ranking is judged.
RANKED = 100
# Share of a history that is hidden, and how often anew where few users are held out.
_SHARE = 0.2
_MOST_DRAWS, _USERS_OF_ONE_DRAW = 3, 400
# Users that are held out whatever the share, but a quarter of all; and at most.
_LEAST_USERS, _MOST_USERS = 150, 2000
# Scores of users held out at most, by which these are fewer for large catalogues: 128 MB.
_MOST_SCORES = 2**25
# Multiples of the weights from item to item that are tried, beside none.
_SHARES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
# How much higher, as a share, the NDCG must be with them: less is as often chance.
_LEAST_GAIN = 0.003


@dataclass(frozen=True)
class HeldOut:
    """Histories of users that no network was trained on, and the items to be found."""

    given: sp.csr_matrix
    hidden: sp.csr_matrix

    @classmethod
    def of(cls, X: sp.csr_matrix, Y: sp.csr_matrix | None, seed: int) -> "HeldOut | None":
        """Hide items of each history, or use the targets Y if given.

        None if no user has an item to predict.
        """
        if Y is not None:
            held_out = cls(X, Y)
        else:
            n_draws = min(max(_USERS_OF_ONE_DRAW // max(X.shape[0], 1), 1), _MOST_DRAWS)
            draws = [hide_items(X, _SHARE, random_state=seed + draw) for draw in range(n_draws)]
            given, hidden = (sp.vstack(parts, "csr") for parts in zip(*draws, strict=True))
            held_out = cls(given, hidden)
        return held_out if held_out.hidden.nnz else None

    def ndcg(self, scores: np.ndarray) -> float:
        """NDCG of the ranking by scores (n_users, n_items) of what is not given."""
        return ndcg_at_k(self.hidden, scores, RANKED, seen=self.given)


def split_users(
    n_users: int, n_items: int, share: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the users to train on, and of those held out, sorted."""
    least = min(_LEAST_USERS, n_users // 4)
    most = min(_MOST_USERS, max(_MOST_SCORES // n_items, least))
    number = min(max(int(np.ceil(share * n_users)), least, 1), most)
    order = np.random.default_rng([seed, 2]).permutation(n_users)
    return np.sort(order[number:]), np.sort(order[:number])


@dataclass(frozen=True)
class Best:
    """The network of the best epoch, and its scores (n_users, n_items) for the users held out."""

    epoch: int
    scores: np.ndarray
    network: Network


class RankingObserver:
    """Records the NDCG of held-out users after each epoch, for early stopping.

    The weights of the best epoch are kept. Epochs are compared by the mean of their NDCG and
    that of the neighbouring epochs, because the NDCG of a single epoch is noisy.
    """

    def __init__(self, held_out: HeldOut, patience: int, tol: float) -> None:
        self._held_out = held_out
        self._patience = patience
        self._tol = tol
        self._to_beat = -np.inf
        self._waited = 0
        self._matrix: sp.csr_matrix | None = None
        self._highest = -np.inf
        self._last_two: list[Best] = []
        self.best: Best  # from the first epoch on

    def begin_epoch(self, run: TrainingRun) -> None:
        """Nothing to do."""

    def end_epoch(self, run: TrainingRun, network: Callable[[], Network]) -> bool:
        """Record the NDCG of the network; True if it has not improved for `patience` epochs."""
        current = network()
        scores = self._scores(run, current)
        values = run.history.setdefault("val_ndcg", [])
        values.append(self._held_out.ndcg(scores))
        self._last_two = [*self._last_two[-1:], Best(len(values), scores, current)]
        smooth = float(np.mean(values[-3:]))
        if smooth > self._highest:
            self._highest = smooth
            self.best = self._last_two[0]  # the one in the middle of the last three
        if smooth > self._to_beat + self._tol:
            self._to_beat, self._waited = smooth, 0
        else:
            self._waited += 1
        return self._waited >= self._patience

    def state(self) -> tuple[dict[str, Any], dict[str, Network]]:
        """Numbers and networks that the observer has noted."""
        numbers = {
            "to_beat": as_json(self._to_beat),
            "waited": self._waited,
            "highest": as_json(self._highest),
            "last": [noted.epoch for noted in self._last_two],
            "best": self.best.epoch if self._last_two else None,
        }
        networks = {f"last/{n}": noted.network for n, noted in enumerate(self._last_two)}
        return numbers, networks | ({"best": self.best.network} if self._last_two else {})

    def restore(
        self, run: TrainingRun, numbers: dict[str, Any], network: Callable[[str], Network | None]
    ) -> None:
        """Go on from what `state` has taken down."""

        def noted(epoch: int, name: str) -> Best:
            found = network(name)
            if found is None:
                raise ValueError(f"the state has no network {name}")
            return Best(epoch, self._scores(run, found), found)

        self._to_beat, self._highest = (
            -np.inf if numbers[name] is None else numbers[name] for name in ("to_beat", "highest")
        )
        self._waited = numbers["waited"]
        self._last_two = [noted(epoch, f"last/{n}") for n, epoch in enumerate(numbers["last"])]
        if numbers["best"] is not None:
            self.best = noted(numbers["best"], "best")

    def _scores(self, run: TrainingRun, network: Network) -> np.ndarray:
        """Scores (n_users, n_items) of the given histories."""
        columns, pooling = run.source.columns, network.pooling
        if self._matrix is None:
            matrix = pooling.matrix(pooling.segments(self._held_out.given))
            self._matrix = matrix if columns.numbers is None else matrix[:, columns.used]
        with one_blas_thread():  # the next chunk is being packed
            return (self._matrix @ network.table) @ network.kernels[0] + network.biases[0]


def choose_share(
    held_out: HeldOut, scores: np.ndarray, weights: ItemItem, to_beat: float
) -> tuple[float, float]:
    """Multiple of the weights from item to item of the best ranking, and its NDCG.

    0 where no multiple ranks clearly better than `to_beat`.
    """
    beside = weights.scores(held_out.given)
    chosen, best = 0.0, to_beat
    for share in _SHARES:
        blended = scores.copy()
        weights.add(blended, share * beside)
        value = held_out.ndcg(blended)
        if value > best and value > to_beat * (1 + _LEAST_GAIN):
            chosen, best = share, value
    return chosen, best
