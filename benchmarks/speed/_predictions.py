"""Predictions of one row and of many, against logistic regression."""

from functools import partial
from typing import Any

import scipy.sparse as sp

from benchmarks.shared._tables import Section, versus
from benchmarks.shared._timing import Contender, race
from benchmarks.speed import _models
from benchmarks.speed._setting import Setting


def predict(setting: Setting) -> Section:
    """Time predictions of one row and of many."""
    X, y = setting.data.unigrams
    many = setting.data.test_unigrams[0]
    one = many[:1]
    ours, theirs = _models.sparse_network(0).fit(X, y), _models.linear().fit(X, y)
    lines = []
    for name, rows, calls in (("one row", one, 200), (f"{many.shape[0]:,} rows", many, 1)):
        contenders = [
            Contender(f"{who}, {name}", partial(_predict, model, rows), calls=calls)
            for who, model in (("ours", ours), ("LogisticRegression", theirs))
        ]
        timings = race(contenders, setting.repeats, "predict")
        lines += versus(timings, {} if calls > 1 else {"LogisticRegression": 4.0})
    return Section(
        f"predict_proba: {many.shape[1]:,} columns, binary",
        "ours / rival",
        lines,
        ["Ours: dim 16, hidden 20. A call of one row is the mean of 200 calls."],
    )


def _predict(model: Any, rows: sp.csr_matrix, _: None) -> None:
    model.predict_proba(rows)
