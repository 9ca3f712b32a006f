"""From what the caller gives to checked rows, and to the source that training reads."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length, validate_data

from skembed._compat import check_sample_weight
from skembed.estimators._checked_rows import (
    as_array_like,
    canonical_rows,
    check_finite,
    check_structure,
    strings_explained,
)
from skembed.network._field_layout import DEFAULT_DIM, FieldLayout, checked_fields
from skembed.network._pooling import Pooling
from skembed.training._sources import ArraySource, ChunkSource, Rows, Source
from skembed.training._stream import ChunkStream
from skembed.training._survey import Survey, Tally

_STRINGS = (
    "make features of it first, by make_embedding_pipeline(network, categorical=[...]) or a "
    "VocabularyTransformer before the network"
)


class IntakeMixin:
    """Validation of features, targets and weights, whether arrays or a stream."""

    coefs_: list[np.ndarray]
    combiner: str
    embedding_dim: int | str
    fields: Any
    random_state: Any
    validation_fraction: float

    # What a subclass knows of its targets.

    @abstractmethod
    def _checked_targets(self, y: Any) -> np.ndarray:
        """Validate y."""

    @abstractmethod
    def _tally(self) -> Tally:
        """Make what gathers the targets in the first pass."""

    @abstractmethod
    def _make_targets(
        self, survey: Survey, tally: Any, *, resume: bool, classes: np.ndarray | None = None
    ) -> Any:
        """Make the encoder of the targets, with the present one's classes on resuming."""

    @abstractmethod
    def _target_attributes(self, targets: Any) -> dict[str, Any]:
        """Fitted attributes that come from the targets."""

    # From what the caller gives to a source of rows.

    def _check_rows(self, X: Any, *, reset: bool, dtype: np.dtype | None = None) -> sp.csr_matrix:
        """Validate features: canonical CSR, of type `dtype` or float32 or float64 as given."""
        check_structure(X)
        brought = getattr(X, "fields", None) if sp.issparse(X) else None
        X, single = as_array_like(X)
        floats = [np.float32, np.float64] if single else [np.float64, np.float32]
        with strings_explained(X, None, _STRINGS):
            X = validate_data(
                self, X, accept_sparse="csr", dtype=floats, ensure_all_finite=False, reset=reset
            )
        check_finite(X)
        rows = canonical_rows(X, dtype)
        if reset:
            self._field_layout_ = self._layout(brought, rows.shape[1])
        return rows

    def _layout(self, brought: Any, n_features: int) -> FieldLayout | None:
        """Lay out the fields that the parameter tells or that X has brought."""
        fields = self.fields
        if isinstance(fields, str):
            fields = brought
        if fields is None:
            return None
        dim = DEFAULT_DIM if isinstance(self.embedding_dim, str) else self.embedding_dim
        return FieldLayout.of(checked_fields(fields, n_features), dim)

    @property
    def _pooling(self) -> Pooling:
        """How rows are pooled."""
        # the first saved models have no fields
        return Pooling(self.combiner, getattr(self, "_field_layout_", None))

    def _checked_part(
        self, X: Any, y: Any, sample_weight: Any, *, reset: bool, dtype: np.dtype | None = None
    ) -> Rows:
        """Validate features, targets and weights; leave out rows of weight zero."""
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y "
                "is None."
            )
        rows = self._check_rows(X, reset=reset, dtype=dtype)
        y = self._checked_targets(y)
        check_consistent_length(rows, y)
        if sample_weight is None:
            return rows, y, np.ones(rows.shape[0], rows.dtype)
        weights = check_sample_weight(sample_weight, rows, dtype=rows.dtype)
        if (weights < 0).any():
            row = int(np.flatnonzero(weights < 0)[0])
            raise ValueError(f"Negative values in sample_weight: row {row} has {weights[row]}.")
        positive = weights > 0
        if not positive.any():
            raise ValueError("sample_weight is zero for all rows: there is nothing to train on.")
        if positive.all():
            return rows, y, weights
        return rows[positive], y[positive], weights[positive]

    def _parts(self, stream: ChunkStream, *, reset: bool, dtype: np.dtype | None) -> Iterator[Rows]:
        """Validate the chunks of a stream as they come."""
        for number, chunk in enumerate(stream):
            if not isinstance(chunk, tuple) or len(chunk) not in (2, 3):
                raise ValueError(
                    f"Chunk {number} of the stream is no tuple (X, y) or (X, y, sample_weight)."
                )
            X, y, weights = chunk if len(chunk) == 3 else (*chunk, None)
            try:
                part = self._checked_part(X, y, weights, reset=reset, dtype=dtype)
            except (TypeError, ValueError) as error:
                error.add_note(f"That is chunk {number} of the stream.")
                raise
            reset, dtype = False, part[0].dtype
            yield part

    def _stream_source(self, stream: ChunkStream, *, resume: bool) -> tuple[Source, Any]:
        """Survey a stream, and make the source that reads it each epoch."""
        tally, dtype = self._tally(), self.coefs_[0].dtype if resume else None
        parts = self._parts(stream, reset=not resume, dtype=dtype)
        survey = Survey(parts, tally, lambda: self._pooling)
        targets = self._make_targets(survey, tally, resume=resume)

        def read() -> Iterator[Rows]:
            for rows, y, weights in self._parts(stream, reset=False, dtype=survey.dtype):
                yield rows, targets.encode(y, rows.dtype), targets.weights(y, weights)

        source = ChunkSource(
            read,
            survey.columns,
            survey.row_lengths,
            survey.dtype,
            weighted=survey.weighted,
            pooled_size=survey.pooled_size,
            pooling=self._pooling,
        )
        return source, targets

    def _array_source(
        self, part: Rows, *, resume: bool, classes: np.ndarray | None = None
    ) -> tuple[Source, Any]:
        tally = self._tally()
        survey = Survey([part], tally)  # the source tells the pooled size where it is wanted
        targets = self._make_targets(survey, tally, resume=resume, classes=classes)
        rows, y, weights = part
        encoded, weights = targets.encode(y, rows.dtype), targets.weights(y, weights)
        found = survey.columns, survey.row_lengths, self._pooling
        source = ArraySource(rows, encoded, weights, *found, weighted=survey.weighted)
        return source, targets

    def _split(self, part: Rows) -> tuple[Rows, Rows]:
        """Hold rows out for validation, stratified where the targets are classes."""
        rows, y, weights = part
        held_out = StratifiedShuffleSplit if self._is_stratifiable(y) else ShuffleSplit
        split = held_out(
            1,
            test_size=self.validation_fraction,
            random_state=check_random_state(self.random_state).randint(np.iinfo(np.int32).max),
        )
        chosen = next(split.split(np.empty((rows.shape[0], 1)), y))
        train, held = ((rows[i], y[i], weights[i]) for i in map(np.sort, chosen))
        return train, held

    def _labels(self, part: Rows) -> np.ndarray | None:
        """All classes of the rows, where there are classes."""
        return None

    def _is_stratifiable(self, y: np.ndarray) -> bool:
        """Whether rows can be held out in the proportions of their classes."""
        return False
