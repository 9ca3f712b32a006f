"""Fitted attributes of a transformer: its vocabulary, and how often each term was seen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from skembed.vocabulary._counting import Tracked
from skembed.vocabulary._output_columns import Field


class FittedCounts:
    """What `VocabularyTransformer` knows of the terms that it has seen."""

    weighting: str
    n_samples_seen_: int
    _names: list[str] | None  # of the columns of two-dimensional input
    _fields: list[Field]
    _tracked: list[Tracked]

    @property
    def vocabulary_(self) -> Any:
        """Column of each term."""
        return self._of_columns([dict(field.index) for field in self._fitted_fields()])

    @property
    def document_counts_(self) -> Any:
        """Number of rows that hold each term."""
        fields = self._fitted_fields()
        return self._of_columns([field.vocabulary.document_counts for field in fields])

    @property
    def term_counts_(self) -> Any:
        """Occurrences of each term."""
        fields = self._fitted_fields()
        return self._of_columns([field.vocabulary.term_counts for field in fields])

    @property
    def undercount_(self) -> Any:
        """Maximum error of `document_counts_`, which can be too low."""
        self._fitted_fields()
        return self._of_columns([int(t.entered.max(initial=0)) for t in self._tracked])

    @property
    def idf_(self) -> NDArray[np.float64]:
        """Inverse document frequency of each column."""
        if self.weighting != "tfidf":
            raise AttributeError("idf_ is only available with weighting='tfidf'.")
        return np.concatenate([f.idf(self.n_samples_seen_) for f in self._fitted_fields()])

    def _fitted_fields(self) -> list[Field]:
        """Return the output columns, for attributes."""
        if not hasattr(self, "_fields"):
            raise NotFittedError("This VocabularyTransformer is not fitted yet; call fit first.")
        return self._fields

    def _of_columns(self, values: list[Any]) -> Any:
        """Return a value per column of the input, or the one of 1-D input."""
        return values[0] if self._names is None else values
