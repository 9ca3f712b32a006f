"""Explanations of default fits: agreement with exact Shapley values, what removal does, time.

``python -m benchmarks.explain`` needs $SKEMBED_DATA and takes about five minutes. shap's
KernelExplainer is compared where the package shap is installed.
"""

import argparse
import time
from collections.abc import Sequence
from statistics import median

import numpy as np
from sklearn.pipeline import make_pipeline

from benchmarks.explain._agreement import N_SAMPLES, agreement
from benchmarks.explain._neighbours import N_VERDICTS, N_WORDS, Truth
from benchmarks.explain._removal import falls
from benchmarks.explain._shapley import outputs_of
from benchmarks.explain._sums import largest_error
from benchmarks.shared import _results
from benchmarks.shared._tables import table
from benchmarks.shared._warnings import silenced
from benchmarks.shared.data._reviews import read_imdb, without_breaks
from benchmarks.shared.data._sets import SETS
from skembed import EmbeddingDNNClassifier, TermEmbeddings, VocabularyTransformer, explain

RESULTS = _results.RESULTS / "explain.md"
_MOST_TERMS = {"cooking": 12, "imdb50": 12, "adult": 14}
_REVIEWS, _N_ROWS, _N_SAMPLED = "imdb-words", 200, 20
_NUMBERS = [1, 2, 5, 10, 20]
_PACKAGES = ("numpy", "scipy", "scikit-learn", "tensorflow", "shap")
_METHOD = """\
Networks at their defaults, rows of the test part. Agreement: the mean rank correlation of the
contributions to the predicted class (of two, to the second) with exact Shapley values, of {} rows
of 3 to 12 terms (Adult: 14, one a column), where an absent term is no entry. KernelExplainer
explains {} of these rows, all outputs at once, with {:,} samples; of a row of few terms it takes
all sets. Seconds: of five calls of `explain` for all rows the median, of KernelExplainer the mean
over its rows. "Error": the largest difference of base value and contributions to the decision
function."""
_REMOVAL = """\
Fall of the logit of the predicted class, a mean over 500 reviews, after the terms that speak most
for it are removed: by their contributions, by the sum of `linear_coef_` and `linear_model_coef_`,
and at random."""

_SUMS = """\
Sums on all data sets of `python -m benchmarks.quality`: the largest difference of base value and
contributions to the output, of 1,000 test rows, after three epochs. What float32 has rounded off
the output is shared out among the contributions; more than rounding would show here."""
_NEIGHBOURS = """\
Neighbours of IMDB's words, among the 10,000 most frequent. Near: of the ten neighbours of {}
frequent words the share that is among the 100 nearest by PPMI of the 25,000 training reviews; by
chance 0.01. Same sign: of the ten neighbours of {} verdict words the share whose odds in the two
classes point the same way."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.explain", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the tables")
    options = parser.parse_args(arguments)
    missing = {SETS[name].file for name in (*_MOST_TERMS, _REVIEWS) if SETS[name].path is None}
    if missing:
        parser.error(f"wants {', '.join(sorted(missing))} below $SKEMBED_DATA.")
    with silenced():
        lines = [line for name in _MOST_TERMS for line in _agreement_lines(name)]
        first = table(lines, ["data", "method", "rank correlation", "a row", "error"])
        print(first, flush=True)
        seconds, second = _reviews()
        print(second, flush=True)
        third = _neighbours()
        print(third, flush=True)
        fourth = _sums()
        print(fourth)
    told = f"1,000 reviews, IMDB, words: explained in {seconds:.2f} s."
    print(told)
    if options.write:
        head = _results.heading("Explanations", "explain --write", _PACKAGES)
        method = _METHOD.format(_N_ROWS, _N_SAMPLED, N_SAMPLES)
        neighbours = _NEIGHBOURS.format(N_WORDS, N_VERDICTS)
        parts = [head, method, first, told, _REMOVAL, second, neighbours, third, _SUMS, fourth]
        _results.write(RESULTS, "\n\n".join(parts) + "\n")


def _fitted(name: str) -> tuple[EmbeddingDNNClassifier, object]:
    path = SETS[name].path
    assert path is not None
    data = SETS[name].make(path)
    return EmbeddingDNNClassifier(random_state=0).fit(data.X_train, data.y_train), data.X_test


def _agreement_lines(name: str) -> list[list[str]]:
    model, X = _fitted(name)
    error = np.abs(explain(model, X[:1000]).outputs() - model.decision_function(X[:1000])).max()
    return [
        [
            SETS[name].title,
            method,
            f"{found.correlation:.4f}",
            f"{1e3 * found.seconds:.2g} ms",
            f"{error:.0e}" if method == "explain" else "",
        ]
        for method, found in agreement(model, X, _MOST_TERMS[name], _N_ROWS, _N_SAMPLED).items()
    ]


def _reviews() -> tuple[float, str]:
    model, X = _fitted(_REVIEWS)
    reviews, times = X[:1000], []
    for _ in range(5):
        start = time.perf_counter()
        explanation = explain(model, reviews)
        times.append(time.perf_counter() - start)
    assert np.allclose(explanation.outputs(), outputs_of(model, reviews)[:, 0], atol=1e-4)
    some = reviews[:500]
    found = falls(model, some, explain(model, some), _NUMBERS)
    lines = [[order, *(f"{value:.2f}" for value in values)] for order, values in found.items()]
    return median(times), table(lines, ["order", *(f"{number} removed" for number in _NUMBERS)])


def _neighbours() -> str:
    path = SETS[_REVIEWS].path
    assert path is not None
    frame = read_imdb(path)
    train = frame[frame["split"] == "train"]
    texts = without_breaks(train["text"]).tolist()
    words = VocabularyTransformer(tokenizer="word", max_terms=30_000)
    model = make_pipeline(words, EmbeddingDNNClassifier(random_state=0)).fit(texts, train["label"])
    X, names = words.transform(texts), words.get_feature_names_out().tolist()
    truth = Truth(X, train["label"].to_numpy(), names)
    kinds = {
        "from_estimator(model): alike in effect": TermEmbeddings.from_estimator(model),
        "from_svd(X, names)": TermEmbeddings.from_svd(X, names, random_state=0),
        "from_estimator(model, texts): alike in use": TermEmbeddings.from_estimator(model, texts),
    }
    scores = {name: truth.scores(embeddings) for name, embeddings in kinds.items()}
    lines = [[name, f"{near:.3f}", f"{same:.3f}"] for name, (near, same) in scores.items()]
    return table(lines, ["vectors", "near", "same sign"])


def _sums() -> str:
    lines = []
    for data in SETS.values():
        if data.path is not None:
            error, largest = largest_error(data.make(data.path).learnable())
            lines.append([data.title, f"{error:.0e}", f"{largest:.1f}"])
    return table(lines, ["data", "error", "largest output"])


if __name__ == "__main__":
    main()
