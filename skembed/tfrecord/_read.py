"""Read TFRecord files of ``tf.train.Example``, whole or in chunks of rows.

TensorFlow is imported when a function runs, never when this module is imported.
"""

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from numbers import Integral
from typing import Literal, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skembed.tfrecord._files import PathArg, check_keys, path_names, plain_copy
from skembed.tfrecord._parse import LARGE_LISTS, LISTS, Rows, list_type, read_plain

_BATCH = 1024  # records parsed at one time


@overload
def read_tfrecord(
    paths: PathArg | Iterable[PathArg],
    *,
    terms: str = ...,
    label: str = ...,
    compression: Literal["auto", "gzip", "zlib", "none"] = ...,
    expected_records: int | Sequence[int] | None = ...,
) -> tuple[pa.ListArray, np.ndarray]: ...


@overload
def read_tfrecord(
    paths: PathArg | Iterable[PathArg],
    *,
    terms: str = ...,
    label: None,
    compression: Literal["auto", "gzip", "zlib", "none"] = ...,
    expected_records: int | Sequence[int] | None = ...,
) -> tuple[pa.ListArray, None]: ...


def read_tfrecord(
    paths: PathArg | Iterable[PathArg],
    *,
    terms: str = "terms",
    label: str | None = "labels",
    compression: Literal["auto", "gzip", "zlib", "none"] = "auto",
    expected_records: int | Sequence[int] | None = None,
) -> tuple[pa.ListArray, np.ndarray | None]:
    """Read all terms and labels from TFRecord files into memory.

    A damaged or truncated file raises an error, never a shorter result: every byte of a file
    must belong to a complete record. The exception is a plain file that was cut off exactly
    between two records. Pass `expected_records` to detect it.

    Parameters
    ----------
    paths : str, path-like or iterable of them
        One or more files, read in the given order.
    terms : str, default="terms"
        Name of the feature that holds the terms of a row: a bytes list of UTF-8 strings, or
        an int64 list of ids, which are converted to strings. A record without this feature is
        read as a row without terms, unless no record of the file has it, which is an error.
    label : str or None, default="labels"
        Name of the feature that holds the label of a row: a float or int64 list of length 1.
        ``None`` reads no labels.
    compression : {"auto", "gzip", "zlib", "none"}, default="auto"
        Compression of the files. ``"auto"`` detects gzip and zlib by the content of each file,
        regardless of its name. A compressed file is first unpacked to a temporary file in
        ``tempfile.gettempdir()``.
    expected_records : int or list of int, default=None
        Number of records in the file, or in each file; another number is an error. Pass it
        to detect plain files that were cut off between two records. None accepts any number.

    Returns
    -------
    terms : pyarrow.ListArray of string, length n_rows
        Terms of each row, in file order. A ``LargeListArray`` of ``large_string`` if there
        are more than 2**31 - 1 terms or bytes.
    labels : ndarray of shape (n_rows,), float32 or int64 as in the files, or None
        Labels of the rows; None if ``label=None``.

    Raises
    ------
    ValueError
        If a file is damaged or its records do not match the description above. The message
        names the file and the first faulty record, counted from 0.
    FileNotFoundError
        If a file does not exist.

    See Also
    --------
    iter_tfrecord : Read files that are too large for memory.
    write_tfrecord : Write such a file.

    Notes
    -----
    TensorFlow parses the records in batches. The terms of a batch become an Arrow array
    directly from one block of bytes and its offsets, without a Python object per term.

    Examples
    --------
    >>> import os, tempfile
    >>> from skembed import read_tfrecord, write_tfrecord
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "reviews.tfrecord")
    ...     write_tfrecord(path, [["a", "great", "film"], ["awful"]], [1.0, 0.0])
    ...     terms, labels = read_tfrecord(path)
    >>> terms.to_pylist()
    [['a', 'great', 'film'], ['awful']]
    >>> labels
    array([1., 0.], dtype=float32)
    """
    names = _check_arguments(paths, terms, label, compression)
    counts = expected_counts(names, expected_records)
    batches = _read_files(names, counts, terms, label, compression, _BATCH)
    return _join(list(batches), label)


@overload
def iter_tfrecord(
    paths: PathArg | Iterable[PathArg],
    *,
    rows_per_chunk: int = ...,
    terms: str = ...,
    label: str = ...,
    compression: Literal["auto", "gzip", "zlib", "none"] = ...,
    expected_records: int | Sequence[int] | None = ...,
) -> Generator[tuple[pa.ListArray, np.ndarray]]: ...


@overload
def iter_tfrecord(
    paths: PathArg | Iterable[PathArg],
    *,
    rows_per_chunk: int = ...,
    terms: str = ...,
    label: None,
    compression: Literal["auto", "gzip", "zlib", "none"] = ...,
    expected_records: int | Sequence[int] | None = ...,
) -> Generator[tuple[pa.ListArray, None]]: ...


def iter_tfrecord(
    paths: PathArg | Iterable[PathArg],
    *,
    rows_per_chunk: int = 8192,
    terms: str = "terms",
    label: str | None = "labels",
    compression: Literal["auto", "gzip", "zlib", "none"] = "auto",
    expected_records: int | Sequence[int] | None = None,
) -> Generator[tuple[pa.ListArray, np.ndarray | None]]:
    """Iterate over terms and labels from TFRecord files in chunks of equal size.

    Use it for files that do not fit in memory: about two chunks are held in memory besides
    the one in use. The rows and their order are the same as with :func:`read_tfrecord`, and a
    chunk may span two files. The arguments are checked when you call the function. Each file
    is checked when it is reached, so valid chunks may precede an error.

    Parameters
    ----------
    paths : str, path-like or iterable of them
        One or more files, read in the given order.
    rows_per_chunk : int, default=8192
        Number of rows in each chunk, at least 1. The last chunk may have fewer.
    terms : str, default="terms"
        Name of the feature that holds the terms of a row: a bytes list of UTF-8 strings, or
        an int64 list of ids, which are converted to strings. A record without this feature is
        read as a row without terms, unless no record of the file has it, which is an error.
    label : str or None, default="labels"
        Name of the feature that holds the label of a row: a float or int64 list of length 1.
        ``None`` reads no labels.
    compression : {"auto", "gzip", "zlib", "none"}, default="auto"
        Compression of the files. ``"auto"`` detects gzip and zlib by the content of each file,
        regardless of its name. A compressed file is unpacked to a temporary file in
        ``tempfile.gettempdir()`` when it is reached. The temporary file is deleted when its
        rows have been read or the generator is closed.
    expected_records : int or list of int, default=None
        Number of records in the file, or in each file; another number is an error, raised
        when the last rows of a file are read. None accepts any number.

    Yields
    ------
    terms : pyarrow.ListArray of string, length rows_per_chunk
        Terms of each row. A ``LargeListArray`` of ``large_string`` if the chunk has more
        than 2**31 - 1 terms or bytes.
    labels : ndarray of shape (rows_per_chunk,), float32 or int64 as in the files, or None
        Labels of the rows; None if ``label=None``.

    Raises
    ------
    TypeError
        If ``rows_per_chunk`` is not an integer, or a feature key not a string.
    ValueError
        If ``rows_per_chunk`` is less than 1. While you iterate: if a file is damaged or its
        records do not match the description above. The message names the file and the first
        faulty record, counted from 0.
    FileNotFoundError
        If a file does not exist.

    See Also
    --------
    read_tfrecord : Read all rows at once.
    write_tfrecord : Write such a file.

    Examples
    --------
    >>> import os, tempfile
    >>> from skembed import iter_tfrecord, write_tfrecord
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "reviews.tfrecord")
    ...     write_tfrecord(path, [["great", "film"], [], ["awful"]], [1.0, 1.0, 0.0])
    ...     for terms, labels in iter_tfrecord(path, rows_per_chunk=2):
    ...         print(terms.to_pylist(), labels)
    [['great', 'film'], []] [1. 1.]
    [['awful']] [0.]
    """
    if not isinstance(rows_per_chunk, Integral) or isinstance(rows_per_chunk, bool):
        raise TypeError(f"rows_per_chunk must be an integer, got {rows_per_chunk!r}")
    if rows_per_chunk < 1:
        raise ValueError(f"rows_per_chunk must be at least 1, got {rows_per_chunk}")
    names = _check_arguments(paths, terms, label, compression)
    counts = expected_counts(names, expected_records)
    # smaller batches than chunks: a batch of long rows would exceed two chunks by far
    batches = _read_files(
        names, counts, terms, label, compression, min(_BATCH, int(rows_per_chunk))
    )
    return _rechunk(batches, int(rows_per_chunk), label)


def _check_arguments(
    paths: PathArg | Iterable[PathArg], terms: str, label: str | None, compression: str
) -> list[str]:
    """Check what both functions take; the names of the files."""
    if compression not in ("auto", "gzip", "zlib", "none"):
        raise ValueError(
            f"compression must be 'auto', 'gzip', 'zlib' or 'none', got {compression!r}"
        )
    check_keys(terms, label)
    return path_names(paths)


def _read_files(
    names: list[str],
    counts: Sequence[int | None],
    terms: str,
    label: str | None,
    compression: str,
    size: int,
) -> Generator[Rows]:
    """Yield the rows of the files, at most ``size`` of one file at a time."""
    for name, expected in zip(names, counts, strict=True):
        n_records = 0
        with plain_copy(name, compression) as plain:
            for rows in read_plain(name, plain, terms, label, size):
                n_records += len(rows[0])
                yield rows
        if expected is not None and n_records != expected:
            raise ValueError(
                f"{name} holds {n_records} records, but {expected} were expected; fetch or write "
                "the file again, or correct expected_records."
            )


def expected_counts(names: list[str], expected: int | Sequence[int] | None) -> Sequence[int | None]:
    """Expected number of records in each file; None where the caller gives no number."""
    if expected is None:
        return [None] * len(names)
    counts = list(expected) if isinstance(expected, Sequence) else [expected]
    if len(counts) != len(names):
        raise ValueError(
            f"expected_records has {len(counts)} numbers for {len(names)} files; pass one number "
            "for each file."
        )
    for count in counts:
        if not isinstance(count, Integral) or isinstance(count, bool) or count < 0:
            raise ValueError(f"expected_records holds {count!r}; pass integers of 0 or more.")
    return counts


def _rechunk(
    batches: Generator[Rows], n_rows: int, label: str | None
) -> Generator[tuple[pa.ListArray, np.ndarray | None]]:
    """Yield the rows of the batches ``n_rows`` at a time, then the rest."""
    parts: list[Rows] = []
    missing = n_rows
    # closed here, not when it is collected: its temporary file goes at once
    with closing(batches):
        for lists, labels in batches:
            while len(lists) >= missing:
                parts.append((lists[:missing], labels[:missing]))
                lists, labels = lists[missing:], labels[missing:]
                chunk, parts, missing = _join(parts, label), [], n_rows
                yield chunk
                del chunk  # the next one is collected without it
            if len(lists):
                parts.append((lists, labels))
                missing -= len(lists)
    if parts:
        yield _join(parts, label)


def _join(parts: list[Rows], label: str | None) -> tuple[pa.ListArray, np.ndarray | None]:
    """Copy parts into one array of terms and one of labels."""
    lists, labels = zip(*parts, strict=True) if parts else ((), ())
    lists = (pa.array([], LISTS), *lists)
    if label is None:
        return _join_lists(lists), None
    return _join_lists(lists), np.concatenate(labels or [np.empty(0, np.float32)])


def _join_lists(lists: Sequence[pa.ListArray]) -> pa.ListArray:
    """Copy list arrays, which may be slices, into one of the type that its size asks for."""
    values = [part.flatten() for part in lists]
    n_bytes = sum(pc.sum(pc.binary_length(part), min_count=0).as_py() for part in values)
    needed = list_type(sum(map(len, values)), n_bytes)
    # a small slice far into a large part has large offsets until it is copied
    common = LARGE_LISTS if LARGE_LISTS in [needed, *(part.type for part in lists)] else LISTS
    return pa.concat_arrays([part.cast(common) for part in lists]).cast(needed)
