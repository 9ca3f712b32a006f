"""How the terms of some rows differ from those of the fit, column by column."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn import config_context

from skembed.explanation._encoders import fitted_encoders
from skembed.vocabulary import VocabularyTransformer
from skembed.vocabulary._coverage import coverage_report, covered_by

# Occurrences below which terms are taken together.
_FEW = 5


def term_drift(steps: Any, X: Any) -> pd.DataFrame:
    """A row for each column that a vocabulary of the steps encodes: coverage, stability."""
    try:
        n_features = len(steps.get_feature_names_out())
    except (AttributeError, ValueError):
        n_features = 0
    tables = []
    for encoder in fitted_encoders(steps, n_features):
        if isinstance(encoder.transformer, VocabularyTransformer):
            rows = encoder.table(X)
            covered = covered_by(encoder.transformer, rows)
            named = zip(covered, encoder.columns, strict=True)
            report = coverage_report([part._replace(name=name) for part, name in named])
            report = report.drop(index="all columns", errors="ignore")
            stability = _stability(encoder.transformer, rows)
            index, by_chance = zip(*stability, strict=True)
            tables.append(report.assign(stability_index=index, stability_index_by_chance=by_chance))
    return pd.concat(tables) if tables else pd.DataFrame()


def _stability(transformer: VocabularyTransformer, X: Any) -> list[tuple[float, float]]:
    """Stability index of each column, and what it is about without drift."""
    with config_context(transform_output="default"), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the prediction has told of unknown terms
        features = sp.csc_matrix(transformer.transform(X))
    found, start = [], 0
    for part in transformer._fitted_fields():
        own = np.diff(features.indptr[start : start + part.n_terms + 1])
        counts = np.asarray(part.vocabulary.document_counts, np.float64)
        found.append(stability_index(counts[: part.n_terms], own.astype(np.float64)))
        start += part.width
    return found


def stability_index(fitted: np.ndarray, given: np.ndarray) -> tuple[float, float]:
    """Compare two distributions of occurrences over terms.

    Parameters
    ----------
    fitted : ndarray of shape (n_terms,)
        Occurrences in the fit.
    given : ndarray of shape (n_terms,)
        Occurrences in other rows.

    Returns
    -------
    index, by_chance : float
        Sum of (q - p) ln(q / p), and its mean where both are drawn from one distribution:
        (n - 1) (1 / N + 1 / M) for n kinds of terms and N and M occurrences. NaN where one has
        no occurrences.
    """
    n_fitted, n_given = fitted.sum(), given.sum()
    if not n_fitted or not n_given:
        return np.nan, np.nan
    # where the two are one distribution, what either is expected to hold
    both = (fitted + given) / (n_fitted + n_given)
    rare = both * min(n_fitted, n_given) < _FEW
    kinds = np.array(
        [
            np.append(counts[~rare], counts[rare].sum() if rare.any() else [])
            for counts in (fitted, given)
        ]
    )
    kinds += 0.5  # so that a kind that one does not have has a logarithm
    p, q = kinds / kinds.sum(axis=1, keepdims=True)
    by_chance = (kinds.shape[1] - 1) * (1 / n_fitted + 1 / n_given)
    return float(((q - p) * np.log(q / p)).sum()), float(by_chance)
