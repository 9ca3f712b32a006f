"""Which terms to keep: counts of terms, merged over batches in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from skembed.parallel._map_ahead import map_ahead
from skembed.vocabulary._csr import Entries, repeated_columns
from skembed.vocabulary._ngrams import Grams, cut_blocks

Integers = NDArray[np.int64]


class Vocabulary(NamedTuple):
    """Terms in column order, and how often they were seen."""

    terms: pa.LargeStringArray  # (n_terms,)
    document_counts: Integers  # (n_terms,), rows that hold the term
    term_counts: NDArray  # (n_terms,), occurrences, or the sum of weights

    def flat(self) -> tuple[NDArray, ...]:
        """Terms as bytes and offsets, and the counts: numpy arrays alone."""
        offsets = np.zeros(len(self.terms) + 1, np.int64)
        np.cumsum(pc.binary_length(self.terms).to_numpy(zero_copy_only=False), out=offsets[1:])
        joined = "".join(self.terms.to_pylist()).encode()
        return np.frombuffer(joined, np.uint8), offsets, self.document_counts, self.term_counts

    @classmethod
    def from_flat(
        cls, text: NDArray, offsets: NDArray, documents: NDArray, occurrences: NDArray
    ) -> Vocabulary:
        """Put together what `flat` took apart."""
        buffers = pa.py_buffer(np.ascontiguousarray(offsets)), pa.py_buffer(text.tobytes())
        terms = pa.LargeStringArray.from_buffers(len(offsets) - 1, *buffers)
        return cls(terms, documents, occurrences)


class Tracked(NamedTuple):
    """Counts of the terms of a stream, none more than ``error`` rows too low.

    Terms are dropped, and counts learned apart put together, as in mergeable Misra-Gries
    summaries (Agarwal et al., "Mergeable summaries", PODS 2012): with at most k terms kept,
    ``error`` is at most N / (k + 1), N being the number of distinct terms of a row, summed
    over all rows. A counter there is ``document_counts + entered - error`` here, so that
    terms which were never dropped keep their exact counts.
    """

    counts: Vocabulary
    entered: Integers  # (n_terms,), the error when the term entered
    error: int


def count_grams(grams: list[Grams], n_names: int) -> tuple[Integers, NDArray]:
    """Return in how many rows, and how often, each n-gram occurs."""
    weighted = any(of_block.tokens.weights is not None for of_block in grams)
    if weighted or any(of_block.subwords is not None for of_block in grams):
        return _count_entries(grams, n_names, weighted)

    def find_repeated(of_block: Grams) -> NDArray[np.int32]:
        return repeated_columns(of_block.parts(), n_names)

    occurrences, repeated = np.zeros((2, n_names + 1), np.int64)  # -1 counts at the end
    for of_block, again in zip(grams, map_ahead(find_repeated, grams), strict=True):
        for codes in of_block.codes:
            np.add.at(occurrences, codes, 1)
        np.add.at(repeated, again, 1)
    return (occurrences - repeated)[:-1], occurrences[:-1]


def _count_entries(grams: list[Grams], n_names: int, weighted: bool) -> tuple[Integers, NDArray]:
    """Count the entries of the matrix of all n-grams; weights of a term can add up to 0."""

    def find(block: list[Grams]) -> tuple[Entries, Entries]:
        sums = block[0].entries(n_names)
        return sums, block[0].entries(n_names, counted=False) if weighted else sums

    documents = np.zeros(n_names, np.int64)
    total = np.zeros(n_names, np.float64 if weighted else np.int64)
    for sums, found in map_ahead(find, cut_blocks([of_block] for of_block in grams)):
        np.add.at(documents, found.columns, 1)
        np.add.at(total, sums.columns, sums.values.astype(total.dtype))  # fast for one type alone
    return documents, total


def kept_terms(documents: Integers, least: float, max_terms: int | None) -> Integers:
    """Return the numbers of the terms that at least so many rows hold, ascending.

    More than `max_terms` are returned if the last of them are equally frequent.
    """
    kept = np.flatnonzero(documents >= max(least, 1))
    if max_terms is not None and len(kept) > max_terms:
        frequency = documents[kept]
        bound = np.partition(frequency, len(kept) - max_terms)[len(kept) - max_terms]
        kept = kept[frequency >= bound]
    return kept


def column_order(terms: pa.LargeStringArray, documents: Integers) -> Integers:
    """Return the order of columns: the most frequent first, ties by term."""
    table = pa.table({"documents": documents, "term": terms})
    keys = [("documents", "descending"), ("term", "ascending")]
    return pc.sort_indices(table, sort_keys=keys).to_numpy().astype(np.int64)


def track(old: Tracked | None, new: Vocabulary, max_tracked: int | None) -> Tracked:
    """Add the counts of a batch, then drop the rarest terms beyond `max_tracked`."""
    batch = Tracked(new, np.zeros(len(new.terms), np.int64), 0)
    return bounded(batch if old is None else merge_tracked(old, batch), max_tracked)


def merge_tracked(a: Tracked, b: Tracked) -> Tracked:
    """Add counts of which none is more than the sum of both errors too low.

    The terms of `a` come first. A term that one side does not have may have been dropped
    there: its count is up to that side's error too low.
    """
    terms, places = _union(a.counts.terms, b.counts.terms)
    n_a, n_terms = len(a.counts.terms), len(terms)

    def added(of_a: NDArray, of_b: NDArray, missing_a: int = 0, missing_b: int = 0) -> NDArray:
        total = np.full(n_terms, missing_b, np.result_type(of_a, of_b))
        total[:n_a] += of_a
        total[n_a:] += missing_a
        total[places] += of_b - of_b.dtype.type(missing_b)
        return total

    counts = Vocabulary(
        terms,
        added(a.counts.document_counts, b.counts.document_counts),
        added(a.counts.term_counts, b.counts.term_counts),
    )
    entered = added(a.entered, b.entered, a.error, b.error)
    return Tracked(counts, entered, a.error + b.error)


def bounded(tracked: Tracked, max_tracked: int | None) -> Tracked:
    """Drop the rarest terms beyond `max_tracked`."""
    counts, entered, error = tracked
    if max_tracked is None or len(counts.terms) <= max_tracked:
        return tracked
    counters = counts.document_counts + entered - error
    drop = int(np.partition(counters, len(counters) - max_tracked - 1)[-max_tracked - 1])
    kept = np.flatnonzero(counters > drop)
    return Tracked(_take(counts, kept), entered[kept], error + drop)


def _union(
    a: pa.LargeStringArray, b: pa.LargeStringArray
) -> tuple[pa.LargeStringArray, NDArray[np.int32]]:
    """Distinct terms, those of `a` first, and the places (n_b,) of those of `b` among them."""
    encoded = pa.concat_arrays([a, b]).dictionary_encode()
    return encoded.dictionary, encoded.indices.to_numpy()[len(a) :]


def choose(
    terms_of: Callable[[Integers], pa.LargeStringArray],
    documents: Integers,
    occurrences: NDArray,
    least: float,
    max_terms: int | None,
) -> tuple[Vocabulary, Integers]:
    """Return the terms to keep in column order, and their numbers."""
    kept = kept_terms(documents, least, max_terms)
    terms = terms_of(kept)
    order = column_order(terms, documents[kept])[:max_terms]
    numbers = kept[order]
    terms = terms.take(pa.array(order))
    return Vocabulary(terms, documents[numbers], occurrences[numbers]), numbers


def _take(counts: Vocabulary, numbers: Integers) -> Vocabulary:
    terms = counts.terms.take(pa.array(numbers))
    return Vocabulary(terms, counts.document_counts[numbers], counts.term_counts[numbers])
