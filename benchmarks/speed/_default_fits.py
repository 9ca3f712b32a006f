"""Default fits on the sets of benchmarks.quality, against tuning a linear model."""

import time

from benchmarks.quality._models import MODELS
from benchmarks.shared._tables import Line, Section
from benchmarks.shared._timing import Ratio
from benchmarks.shared.data._movies import next_likes
from benchmarks.shared.data._sets import SETS
from benchmarks.speed._setting import Setting
from skembed import EmbeddingDNNClassifier

_FEW = 3  # turns
_MOVIES_SECONDS = 60.0


def defaults(setting: Setting) -> Section:
    """Time default fits and tuned linear models in turns."""
    lines = []
    repeats = setting.sized(min(setting.repeats, _FEW), 1)
    for name, data_set in SETS.items():
        if data_set.path is None or (setting.quick and name not in ("imdb50", "slashdot")):
            continue
        problem = data_set.make(data_set.path).learnable()
        seconds: dict[str, list[float]] = {"ours": [], "tuned": []}
        for turn in range(-1, repeats):  # the first does not count
            for side, found in seconds.items():
                if turn < 0 and side == "tuned":
                    continue
                outcome = MODELS[side].run(MODELS[side].estimator(problem.task, turn + 1), problem)
                if turn >= 0:
                    found.append(outcome.seconds)
        ratio = Ratio.of(seconds["ours"], seconds["tuned"])
        lines.append(Line(data_set.title, seconds["ours"], "s", ratio, 1.0))
    return Section(
        "Default fits: ours, and a linear model that is tuned",
        "ours / tuned",
        lines + _movies(setting),
        [
            "Sets, features and rivals as in quality.md: LogisticRegression (Ridge for a number) "
            "over 13 penalties on a fifth held out, until three in a row are worse, and a refit.",
            "MovieLens: 47,772 rows of all films liked before, 5,997 classes, the film liked "
            f"next; what is allowed is {_MOVIES_SECONDS:g} s.",
        ],
    )


def _movies(setting: Setting) -> list[Line]:
    """Time a default fit of thousands of classes."""
    rows = None if setting.quick else next_likes()
    if rows is None:
        return []
    start = time.perf_counter()
    EmbeddingDNNClassifier(random_state=0).fit(*rows)
    seconds = [time.perf_counter() - start]
    return [
        Line("MovieLens, the next film", seconds, "s", Ratio.of(seconds, [_MOVIES_SECONDS]), 1.0)
    ]
