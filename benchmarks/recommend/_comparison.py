"""Every model on every split: means, and differences to ours with standard errors."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from benchmarks.recommend._problems import Problem, Split
from benchmarks.recommend._rivals import Rival, rivals
from skembed import EmbeddingRecommender
from skembed.metrics import ndcg_at_k, recall_at_k

OURS = "skembed, defaults"
METRICS: dict[str, Callable[..., float]] = {
    "recall@20": lambda *args, **seen: recall_at_k(*args, 20, **seen),
    "recall@50": lambda *args, **seen: recall_at_k(*args, 50, **seen),
    "NDCG@100": lambda *args, **seen: ndcg_at_k(*args, 100, **seen),
}
_TUNED_BY = "NDCG@100"
COLUMNS = ("data", "model", *METRICS, "ours better by (NDCG)", "ours better by (recall@20)", "fit")


@dataclass(frozen=True)
class Result:
    """Scores of a model on one split, and the seconds of its last fit."""

    scores: dict[str, float]
    seconds: float


def ours(split: Split, seed: int) -> Result:
    """Fit at the defaults."""
    start = time.perf_counter()
    model = EmbeddingRecommender(random_state=seed).fit(split.histories)
    seconds = time.perf_counter() - start
    return Result(_scores(model.decision_function, split.given, split.hidden), seconds)


def tuned(rival: Rival, split: Split) -> Result:
    """Choose the setting by the users to tune on, then fit all that ours is given."""
    setting = rival.grid[0]
    if len(rival.grid) > 1:
        values = [
            _scores(
                rival.fit(split.tuning_histories, one), split.tuning_given, split.tuning_hidden
            )[_TUNED_BY]
            for one in rival.grid
        ]
        setting = rival.grid[int(np.argmax(values))]
    start = time.perf_counter()
    fitted = rival.fit(split.histories, setting)
    seconds = time.perf_counter() - start
    return Result(_scores(fitted, split.given, split.hidden), seconds)


def compared(problem: Problem, cache: Path) -> Iterator[list[str]]:
    """Yield the lines of a problem; what rivals had before is in a file of the cache."""
    splits = problem.splits()
    of_ours = [ours(split, number) for number, split in enumerate(splits)]
    yield line(problem.title, OURS, of_ours, None)
    for rival in rivals():
        path = cache / f"{problem.title} {rival.title}.json"
        if not path.exists():
            results = [tuned(rival, split) for split in splits]
            path.write_text(json.dumps([asdict(result) for result in results]))
        results = [Result(**result) for result in json.loads(path.read_text())]
        yield line(problem.title, rival.title, results, of_ours)


def line(title: str, model: str, results: list[Result], of_ours: list[Result] | None) -> list[str]:
    """Return the cells of a line."""
    means = [f"{_values(results, name).mean():.4f}" for name in METRICS]
    gains = [
        "" if of_ours is None else gain(_values(of_ours, name) - _values(results, name))
        for name in ("NDCG@100", "recall@20")
    ]
    seconds = float(np.median([result.seconds for result in results]))
    return [title, model, *means, *gains, f"{seconds:.2g} s"]


def gain(differences: np.ndarray) -> str:
    """Return a mean difference with its standard error over the splits."""
    error = differences.std(ddof=1) / np.sqrt(len(differences))
    return f"{differences.mean():+.4f} ± {error:.4f}"


def _values(results: list[Result], name: str) -> np.ndarray:
    return np.array([result.scores[name] for result in results])


def _scores(
    scores_of: Callable[[sp.csr_matrix], np.ndarray], given: sp.csr_matrix, hidden: sp.csr_matrix
) -> dict[str, float]:
    scores = scores_of(given)
    return {name: metric(hidden, scores, seen=given) for name, metric in METRICS.items()}
