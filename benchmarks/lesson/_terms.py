"""The 50 terms of the lesson, read or chosen, and reviews as counts of them."""

import numpy as np
import pyarrow as pa
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from sklearn.feature_selection import chi2

from benchmarks.shared.data._reviews import Reviews
from benchmarks.shared.data._rows import Data
from skembed import VocabularyTransformer

_N_TERMS = 50


def features(reviews: Reviews) -> tuple[list[str], Data, Data]:
    """Counts of the 50 terms, as CSR, with the labels."""
    terms = reviews.terms or choose_terms(*reviews.train)
    vocabulary = VocabularyTransformer(terms, weighting="count").fit(reviews.train[0])
    train, test = (
        (vocabulary.transform(rows), labels) for rows, labels in (reviews.train, reviews.test)
    )
    return terms, train, test


def choose_terms(terms: pa.ListArray, labels: np.ndarray) -> list[str]:
    """Return 50 terms of the training reviews: half the most telling, half the most frequent.

    Telling by the chi-squared statistic; frequent among those that are no stop words.
    """
    vocabulary = VocabularyTransformer(weighting="binary")
    scores, _ = chi2(vocabulary.fit_transform(terms), labels)
    by_frequency = vocabulary.get_feature_names_out()
    telling = by_frequency[np.argsort(-scores, kind="stable")[: _N_TERMS // 2]]
    others = [t for t in by_frequency if t not in ENGLISH_STOP_WORDS and t not in set(telling)]
    return [*telling, *others[: _N_TERMS - len(telling)]]
