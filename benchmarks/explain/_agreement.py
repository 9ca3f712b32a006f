"""Correlations with exact Shapley values, and seconds, on the data sets."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from benchmarks.explain._shapley import exact, has_shap, outputs_of, sampled
from skembed import explain

_LEAST_TERMS = 3
_N_TIMES = 5
N_SAMPLES = 1000


@dataclass(frozen=True)
class Agreement:
    """Mean rank correlation with exact Shapley values, and seconds a row, of a method."""

    correlation: float
    seconds: float


def agreement(
    model: Any, X: Any, most_terms: int, n_rows: int, n_sampled: int
) -> dict[str, Agreement]:
    """Compare contributions to the predicted class on rows of 3 to `most_terms` terms."""
    lengths = np.diff(X.indptr)
    fitting = np.flatnonzero((lengths >= _LEAST_TERMS) & (lengths <= most_terms))[:n_rows]
    X = X[fitting]
    outputs = outputs_of(model, X)
    chosen = outputs.argmax(axis=1)
    times = []
    for _ in range(_N_TIMES):
        start = time.perf_counter()
        parts = explain(model, X).contributions
        times.append(time.perf_counter() - start)
    seconds = float(np.median(times)) / len(fitting)
    parts = parts if isinstance(parts, list) else [parts]
    ours, theirs, spent = [], [], 0.0
    for row, output in enumerate(chosen):
        truth = exact(model, X[row], output)
        own = parts[output][row, X[row].indices].toarray().ravel()
        ours.append(_ranks(own, truth))
        if has_shap() and row < n_sampled:
            start = time.perf_counter()
            values = sampled(model, X[row], N_SAMPLES)[:, output]
            spent += time.perf_counter() - start
            theirs.append(_ranks(values, truth))
    found = {"explain": Agreement(float(np.mean(ours)), seconds)}
    if theirs:
        found["KernelExplainer"] = Agreement(float(np.mean(theirs)), spent / len(theirs))
    return found


def _ranks(one: np.ndarray, other: np.ndarray) -> float:
    return float(spearmanr(one, other).statistic)
