"""How the embeddings of a row's terms become one vector: the combiners."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from skembed.network._field_layout import FieldLayout
from skembed.network._quantized_rows import Rows, product_of

COMBINERS = ("mean", "sum", "sqrtn")


@dataclass(frozen=True)
class Pooling:
    """How the features of a row are pooled: all of them into one vector, or field by field.

    What is pooled are segments: the rows, or the rows split by their fields.
    """

    combiner: str
    layout: FieldLayout | None = None

    @property
    def n_fields(self) -> int:
        """Segments of a row."""
        return 1 if self.layout is None else self.layout.n_fields

    @property
    def of_terms(self) -> "Pooling":
        """Pooling of rows whose numbers are apart: the fields of terms alone."""
        layout = self.layout
        if layout is None or not layout.summed.any() or layout.summed.all():
            return self
        return replace(self, layout=layout.of_terms())

    def segments(self, X: sp.csr_matrix) -> sp.csr_matrix:
        """Segments (n_samples * n_fields, n_features) of canonical rows."""
        return X if self.layout is None else self.layout.split(X)

    def scales(self, segments: sp.csr_matrix) -> np.ndarray | None:
        """Factor (n_segments,) of the sum of each segment's vectors; None for no factors."""
        scales = row_scales(segments, self.combiner)
        if scales is not None and self.layout is not None and self.layout.summed.any():
            scales.reshape(-1, self.n_fields)[:, self.layout.summed] = 1
        return scales

    def sizes(self, segments: sp.csr_matrix) -> np.ndarray:
        """Sizes (n_segments,) as the dense layers get them: log(1 + the combiner's divisor).

        Pooling divides by it, so that long and short rows look alike; zeros where it does not.
        """
        scales = row_scales(segments, self.combiner)
        if scales is None:
            return np.zeros(segments.shape[0], segments.dtype)
        sizes = np.log1p(np.divide(1, scales, out=np.zeros_like(scales), where=scales > 0))
        if self.layout is not None:
            sizes.reshape(-1, self.n_fields)[:, self.layout.summed] = 0
        return sizes

    def entry_weights(self, segments: sp.csr_matrix) -> np.ndarray:
        """Weight (nnz,) of each entry in its segment's pooled embedding.

        With entry values v the weights are v ("sum", and numbers), v / sum(|v|) ("mean")
        or v / sqrt(sum(v ** 2)) ("sqrtn"), the sums being over the segment.
        """
        scales = self.scales(segments)
        if scales is None:
            return segments.data
        return segments.data * np.repeat(scales, np.diff(segments.indptr))

    def uniform_weights(self, segments: sp.csr_matrix) -> np.ndarray:
        """Weight (n_segments,) of every entry of a segment, where all entries are equal."""
        value = segments.data[0] if segments.nnz else segments.dtype.type(0)
        scales = self.scales(segments)
        return np.full(segments.shape[0], value) if scales is None else scales * value

    def square_lengths(self, X: sp.csr_matrix) -> np.ndarray:
        """Sum (n_samples,) of the squared weights of each row's entries in the pooling."""
        if self.layout is None and self.combiner == "sqrtn":
            return (np.diff(X.indptr) > 0).astype(np.float64)
        segments = self.segments(X)
        if has_uniform_values(X):
            squares = np.square(self.uniform_weights(segments), dtype=np.float64)
            lengths = np.diff(segments.indptr) * squares
        else:
            lengths = _row_totals(self.matrix(segments), np.square)
        return lengths.reshape(-1, self.n_fields).sum(axis=1)

    def matrix(self, segments: sp.csr_matrix) -> sp.csr_matrix:
        """Matrix (n_segments, n_features) by which the table is multiplied."""
        arrays = self.entry_weights(segments), segments.indices, segments.indptr
        return sp.csr_matrix(arrays, shape=segments.shape)

    def pool(self, segments: sp.csr_matrix, table: Rows) -> np.ndarray:
        """Pooled rows (n_segments, width) of a table: the lesson's sparse-dense product."""
        sums = product_of(segments, table)
        scales = self.scales(segments)
        if scales is not None:
            sums *= scales[:, None]
        return sums


def has_uniform_values(X: sp.csr_matrix) -> bool:
    """Whether all stored entries are equal, as in binary features."""
    return X.nnz == 0 or bool(X.data.min() == X.data.max())


def row_scales(X: sp.csr_matrix, combiner: str) -> np.ndarray | None:
    """Factor (n_samples,) of the sum of each row's vectors; None for the combiner "sum"."""
    if combiner == "sum":
        return None
    totals = _row_totals(X, np.abs if combiner == "mean" else np.square)
    if combiner == "sqrtn":
        totals = np.sqrt(totals)
    scales = np.divide(1, totals, out=np.zeros_like(totals), where=totals > 0)
    return scales.astype(X.dtype)


def _row_totals(X: sp.csr_matrix, size: np.ufunc) -> np.ndarray:
    """Sum (n_samples,), float64, of the sizes of each row's values.

    The same bits for a row whatever rows come with it: sums of equal float32 are exact.
    """
    lengths = np.diff(X.indptr)
    if X.nnz and X.dtype == np.float32 and has_uniform_values(X):  # no need to add up
        return lengths * float(size(X.data[0]))
    totals = np.zeros(X.shape[0])
    filled = lengths > 0
    if filled.any():
        starts = X.indptr[:-1][filled]
        totals[filled] = np.add.reduceat(size(X.data), starts, dtype=np.float64)
    return totals
