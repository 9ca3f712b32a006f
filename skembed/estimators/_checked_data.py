"""X, y and sample weights as a caller gives them, to checked rows, whether arrays or a stream."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_consistent_length, validate_data

from skembed._compat import check_frame, check_sample_weight
from skembed.distribution._agreement import check_alike
from skembed.estimators._csr_checks import (
    as_array_like,
    canonical_rows,
    check_finite,
    check_size,
    check_structure,
    strings_explained,
)
from skembed.estimators._data_warnings import warn_of_data
from skembed.estimators._unlabeled_rows import split_unlabeled
from skembed.network._field_layout import DEFAULT_DIM, FieldLayout, checked_fields
from skembed.network._linear_model import LinearModel
from skembed.network._mixed_rows import terms_of
from skembed.network._one_hot_fields import one_hot_fields
from skembed.network._pooling import Pooling
from skembed.training._checkpoint import Checkpoint
from skembed.training._joint_fit import is_shared_out
from skembed.training._keeper import StreamDigest
from skembed.training._latent_space import LatentSpace
from skembed.training._parameters import Parameters, is_auto
from skembed.training._sources import Rows, Source, array_source, stream_source
from skembed.training._stream import ChunkStream
from skembed.training._targets import Targets, Task

_STRINGS = (
    "encode the strings as features first, with make_embedding_pipeline(network, "
    "categorical=[...]) or a VocabularyTransformer before the network"
)


@dataclass(frozen=True)
class ArrayData:
    """Rows in memory, checked."""

    rows: Rows
    pooling: Pooling
    feature_names: np.ndarray | None  # (n_features,), where X has names
    linear: LinearModel | None = None  # beside the network that a fit goes on with
    given: sp.csr_matrix | None = None  # the rows of X where `rows` have other features
    unlabeled: sp.csr_matrix | None = None  # rows without a label
    space: LatentSpace | None = None  # of all rows, where some have no label

    @property
    def n_rows(self) -> int:
        """Rows that have a weight, and a label."""
        return self.rows[0].shape[0]

    def source(self, task: Task) -> tuple[Source, Targets]:
        """Survey the rows; what training reads, and the targets."""
        X = self.rows[0] if self.given is None else self.given
        offsets = None if self.linear is None else self.linear.outputs(X)
        return array_source(self.rows, task, self.pooling, offsets)


class StreamData:
    """Chunks of a stream, checked as they come; the first one tells what the features are."""

    def __init__(
        self,
        estimator: Any,
        stream: ChunkStream,
        task: Task,
        parameters: Parameters,
        checkpoint: Checkpoint | None,
    ) -> None:
        self._estimator = estimator
        self._stream = stream
        self._task = task
        self._parameters = parameters
        self._checkpoint = checkpoint
        self._pooling: Pooling | None = None
        # of the first pass, for a fit that is written down
        digested = parameters.fit_checkpoint is not None or parameters.cluster is not None
        self.digest = StreamDigest() if digested else None

    @property
    def feature_names(self) -> np.ndarray | None:
        """Names (n_features,) of the features, where the first chunk has any."""
        return getattr(self._estimator, "feature_names_in_", None)

    @property
    def surveyed(self) -> bool:
        """Whether there has been a first pass."""
        return self._pooling is not None

    def source(self, task: Task) -> tuple[Source, Targets]:
        """Survey the stream; what training reads each epoch, and the targets."""
        linear = None if self._checkpoint is None else self._checkpoint.linear
        cluster = self._parameters.cluster
        shared_out = is_shared_out(cluster, self._stream)
        found = stream_source(
            self._read, task, self._first_pooling, linear, cluster=cluster, shared_out=shared_out
        )
        if cluster is not None:
            check_alike(cluster, self._kind(shared_out=shared_out))
        return found

    def _kind(self, *, shared_out: bool) -> dict[str, str]:
        """What workers must have alike."""
        layout = self._first_pooling().layout
        fields = None if layout is None else sha256(layout.numbers.tobytes()).hexdigest()
        names = self.feature_names
        kind = {
            "fields of X": str(fields),
            "feature names": "" if names is None else sha256("\n".join(names).encode()).hexdigest(),
        }
        if not shared_out and self.digest is not None:
            kind["stream"] = self.digest.text()
        return kind

    def _first_pooling(self) -> Pooling:
        assert self._pooling is not None  # the survey asks for it after the first chunk
        return self._pooling

    def _warn(self, X: Any, rows: Rows) -> None:
        layout = self._first_pooling().layout
        warn_of_data(X, rows, self._task, self._parameters, layout, whole=False)

    def _read(self, dtype: np.dtype | None, rng: np.random.Generator | None) -> Iterator[Rows]:
        """Pass over the chunks, all of the type of the first, or of `dtype`.

        The generator draws their order, where the stream can shuffle.
        """
        if dtype is None and self._checkpoint is not None:
            dtype = self._checkpoint.dtype
        if self.digest is not None:
            self.digest.begin(self._stream.order_key)
        for number, chunk in enumerate(self._stream.chunks(rng)):
            if not isinstance(chunk, tuple) or len(chunk) not in (2, 3):
                raise ValueError(
                    f"Chunk {number} of the stream is not a tuple (X, y) or (X, y, sample_weight); "
                    "yield such tuples from the function of the ChunkStream."
                )
            X, y, weights = chunk if len(chunk) == 3 else (*chunk, None)
            if getattr(X, "shape", (1,))[0] == 0:  # nothing was left of it, by a filter perhaps
                continue
            first = self._pooling is None
            reset = first and self._checkpoint is None
            try:
                rows = check_rows(
                    self._estimator, X, y, weights, self._task, reset=reset, dtype=dtype
                )
                if first:
                    self._pooling = pooling_of(X, rows, self._parameters, self._checkpoint)
                    if reset:
                        self._warn(X, rows)
            except (TypeError, ValueError) as error:
                error.add_note(f"That is chunk {number} of the stream.")
                raise
            dtype = rows[0].dtype
            if self.digest is not None:
                self.digest.add(*rows)
            yield rows


def check_training_data(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    task: Task,
    parameters: Parameters,
    checkpoint: Checkpoint | None = None,
    *,
    whole: bool = True,
) -> ArrayData | StreamData:
    """Check what a fit is given; rows in memory at once, a stream as it is read.

    `whole` tells that these are all rows of a new network, and not the first of many. Of the
    estimator only scikit-learn's `n_features_in_` and `feature_names_in_` are set, or, where
    a fit goes on from a checkpoint, compared.
    """
    if isinstance(X, ChunkStream):
        if y is not None or sample_weight is not None:
            raise ValueError("A ChunkStream already contains y and sample_weight; pass X only.")
        return StreamData(estimator, X, task, parameters, checkpoint)
    dtype = None if checkpoint is None else checkpoint.dtype
    reset = checkpoint is None
    rows = check_rows(estimator, X, y, sample_weight, task, reset=reset, dtype=dtype)
    rows, unlabeled = split_unlabeled(rows, task)
    pooling = pooling_of(X, rows, parameters, checkpoint, whole=whole)
    if checkpoint is None:
        warn_of_data(X, rows, task, parameters, pooling.layout, whole=whole)
    linear = None if checkpoint is None else checkpoint.linear
    names = getattr(estimator, "feature_names_in_", None)
    return ArrayData(rows, pooling, names, linear, unlabeled=unlabeled)


def check_rows(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    task: Task,
    *,
    reset: bool,
    dtype: np.dtype | None = None,
) -> Rows:
    """Validate features, targets and weights; leave out rows of weight zero."""
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y "
            "is None."
        )
    rows = check_features(estimator, X, reset=reset, dtype=dtype)
    y = task.checked(y)
    check_consistent_length(rows, y)
    if sample_weight is None:
        return rows, y, np.ones(rows.shape[0], rows.dtype)
    given = np.asarray(sample_weight)
    if given.dtype.kind == "f" and not np.isfinite(given).all():
        place = tuple(np.argwhere(~np.isfinite(given))[0])
        kind = "NaN" if np.isnan(given[place]) else "infinity"
        raise ValueError(f"Input sample_weight contains {kind} in row {place[0]}.")
    weights = check_sample_weight(sample_weight, rows, dtype=rows.dtype)
    if (weights < 0).any():
        row = int(np.flatnonzero(weights < 0)[0])
        raise ValueError(f"Negative values in sample_weight: row {row} has {weights[row]}.")
    positive = weights > 0
    if not positive.any():
        raise ValueError("sample_weight is zero for all rows; at least one must be positive.")
    if positive.all():
        return rows, y, weights
    return rows[positive], y[positive], weights[positive]


def check_features(
    estimator: Any,
    X: Any,
    *,
    reset: bool,
    dtype: np.dtype | None = None,
    remedy_of_strings: str = _STRINGS,
) -> sp.csr_matrix:
    """Validate features: canonical CSR, of type `dtype` or float32 or float64 as given."""
    check_structure(X)
    check_frame(X)
    X, single = as_array_like(X)
    floats = [np.float32, np.float64] if single else [np.float64, np.float32]
    if reset or not _passes(estimator, X, floats):
        X = _validated(estimator, X, floats, reset, remedy_of_strings)
    check_finite(X)
    with np.errstate(over="ignore"):  # told below
        rows = canonical_rows(X, dtype)
    check_size(rows)
    return rows


def _passes(estimator: Any, X: Any, floats: Sequence[type]) -> bool:
    """Whether rows are what `validate_data` would leave them, which takes a while to find out."""
    return (
        sp.issparse(X)
        and X.format == "csr"
        and X.dtype in floats
        and X.shape[0] > 0
        and X.shape[1] == getattr(estimator, "n_features_in_", None)
        and not hasattr(estimator, "feature_names_in_")
    )


def _validated(
    estimator: Any, X: Any, floats: Sequence[type], reset: bool, remedy_of_strings: str
) -> Any:
    with strings_explained(X, None, remedy_of_strings):
        return validate_data(
            estimator, X, accept_sparse="csr", dtype=floats, ensure_all_finite=False, reset=reset
        )


def pooling_of(
    X: Any,
    rows: Rows,
    parameters: Parameters,
    checkpoint: Checkpoint | None,
    *,
    whole: bool = False,
) -> Pooling:
    """How rows are pooled: as in the checkpoint, or in the fields that X brings or are given.

    The `whole` of a table in one-hot code has fields that nobody has to bring.
    """
    n_features = rows[0].shape[1]
    if checkpoint is not None:
        return replace(checkpoint.network.pooling, combiner=parameters.combiner)
    brought = getattr(X, "fields", None) if sp.issparse(X) else None
    if brought is None and whole and is_auto(parameters.fields):
        brought = one_hot_fields(terms_of(rows[0]))
    return Pooling(parameters.combiner, field_layout(parameters, brought, n_features))


def field_layout(parameters: Parameters, brought: Any, n_features: int) -> FieldLayout | None:
    """Lay out the fields that the parameter tells, or those that X has brought."""
    given = parameters.fields
    if isinstance(given, str):
        given = brought
    if given is None:
        return None
    dim = parameters.embedding_dim
    dim = DEFAULT_DIM if isinstance(dim, str) else dim
    return FieldLayout.of(checked_fields(given, n_features), dim)
