"""How a prediction falls as the terms that speak for it are removed."""

from typing import Any

import numpy as np
import scipy.sparse as sp

from benchmarks.explain._shapley import outputs_of
from skembed import Explanation

ORDERS = ("contributions", "linear weights", "random")


def falls(
    model: Any, X: sp.csr_matrix, explanation: Explanation, numbers: list[int]
) -> dict[str, list[float]]:
    """Return the mean fall of the logit of the predicted class of two, by the order of removal.

    After so many terms as `numbers` tell are removed.
    """
    rng = np.random.default_rng(0)
    logits = outputs_of(model, X)[:, 0]
    signs = np.where(logits >= 0, 1, -1)
    parts = explanation.contributions.tocsr()
    weights = model.linear_coef_[0] + model.linear_model_coef_[0]
    found: dict[str, list[float]] = {}
    for order in ORDERS:
        ranked = []
        for row, sign in enumerate(signs):
            terms = X[row].indices
            if order == "contributions":
                values = sign * parts[row, terms].toarray().ravel()
            elif order == "linear weights":
                values = sign * weights[terms]
            else:
                values = rng.random(len(terms))
            ranked.append(terms[np.argsort(-values, kind="stable")])
        found[order] = []
        for number in numbers:
            left = X.tolil(copy=True)
            for row, terms in enumerate(ranked):
                left[row, terms[:number]] = 0
            rows = left.tocsr()
            rows.eliminate_zeros()
            found[order].append(float(np.mean(signs * (logits - outputs_of(model, rows)[:, 0]))))
    return found
