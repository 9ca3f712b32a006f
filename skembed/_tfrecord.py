"""Read and write the lesson's data format: TFRecord files of ``tf.train.Example``.

TensorFlow is imported when a function runs, never when this module is imported.
"""

import gzip
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any, Literal, overload
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

PathArg = str | os.PathLike[str]

_BATCH = 1024
_BUFFER = 1 << 20
_FRAME = 16  # bytes around a record's data: length 8, its checksum 4, the data's checksum 4
_GZIP_MAGIC = b"\x1f\x8b\x08"
_INT32_MAX = 2**31 - 1
_RETRY = "fetch or write the file again"


@overload
def read_tfrecord(
    paths: PathArg | Iterable[PathArg],
    *,
    terms: str = ...,
    label: str = ...,
    compression: Literal["auto", "gzip", "none"] = ...,
) -> tuple[pa.ListArray, np.ndarray]: ...


@overload
def read_tfrecord(
    paths: PathArg | Iterable[PathArg],
    *,
    terms: str = ...,
    label: None,
    compression: Literal["auto", "gzip", "none"] = ...,
) -> tuple[pa.ListArray, None]: ...


def read_tfrecord(
    paths: PathArg | Iterable[PathArg],
    *,
    terms: str = "terms",
    label: str | None = "labels",
    compression: Literal["auto", "gzip", "none"] = "auto",
) -> tuple[pa.ListArray, np.ndarray | None]:
    """Read terms and labels from TFRecord files.

    Records are parsed by TensorFlow in batches, and each batch's terms become an
    Arrow array from one block of bytes and its offsets; no Python object is made per
    term. Every byte of a file must belong to a complete record, so a damaged or
    truncated file is an error, never a shorter result. (A plain file cut exactly
    between two records is a complete file of fewer records.)

    Parameters
    ----------
    paths : str, path-like or iterable of them
        The files, read in the given order.
    terms : str, default="terms"
        Key of the feature with a row's terms: a bytes list of UTF-8 strings. It may be
        empty but not absent.
    label : str or None, default="labels"
        Key of the feature with a row's label: a float list of length 1. ``None`` reads
        no labels.
    compression : {"auto", "gzip", "none"}, default="auto"
        ``"auto"`` recognises gzip in each file by its content, whatever its name. A gzip
        file is unpacked to a temporary file (in ``tempfile.gettempdir()``) first.

    Returns
    -------
    terms : pyarrow.ListArray of string, length n_rows
        The terms of each row, in file order. A ``LargeListArray`` of ``large_string`` if
        there are more than 2**31 - 1 terms or bytes.
    labels : ndarray of shape (n_rows,), float32, or None
        The labels; None if ``label=None``.

    Raises
    ------
    ValueError
        If a file is damaged or its records are not as described; the message names the
        file and the first faulty record, counted from 0.
    FileNotFoundError
        If a file does not exist.

    See Also
    --------
    write_tfrecord : Write such a file.

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
    if compression not in ("auto", "gzip", "none"):
        raise ValueError(f"compression must be 'auto', 'gzip' or 'none', got {compression!r}")
    _check_keys(terms, label)
    names = [os.fsdecode(path) for path in _path_list(paths)]
    parts = [(pa.array([], pa.large_list(pa.large_string())), np.empty(0, np.float32))]
    for name in names:
        with _plain_copy(name, compression) as plain:
            parts += _read_plain(name, plain, terms, label)
    lists, labels = zip(*parts, strict=True)
    joined = _smallest_lists(pa.concat_arrays(lists))
    return joined, None if label is None else np.concatenate(labels)


def write_tfrecord(
    path: PathArg,
    terms: Any,
    labels: Any = None,
    *,
    terms_name: str = "terms",
    label_name: str = "labels",
    compression: Literal["gzip"] | None = None,
) -> None:
    """Write terms and labels to a TFRecord file.

    Each row becomes one ``tf.train.Example`` with its terms as a bytes list (UTF-8) and
    its label as a float list of length 1. The file appears under its name, replacing any
    other, only when it is complete.

    Parameters
    ----------
    path : str or path-like
        The file to write.
    terms : sequence of sequences of str
        The terms of each row: lists, a pandas Series or NumPy object array of lists, or an
        Arrow list array. Rows may be empty, not missing.
    labels : array-like of shape (n_rows,) or None, default=None
        Finite numbers, stored as float32. ``None`` writes no labels.
    terms_name : str, default="terms"
        Key of the feature that holds the terms.
    label_name : str, default="labels"
        Key of the feature that holds the label.
    compression : {"gzip"} or None, default=None
        How to compress the file.

    Raises
    ------
    TypeError
        If ``terms`` or a row is a string, or a term is not one; the message names the row.
    ValueError
        If labels are not one finite number per row, or a term is not valid Unicode.

    See Also
    --------
    read_tfrecord : Read such a file.

    Examples
    --------
    >>> import os, tempfile
    >>> from skembed import read_tfrecord, write_tfrecord
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "movies.tfrecord.gz")
    ...     write_tfrecord(path, [["Alien", "Brazil"], []], compression="gzip")
    ...     read_tfrecord(path, label=None)[0].to_pylist()
    [['Alien', 'Brazil'], []]
    """
    import tensorflow as tf

    if compression not in (None, "gzip"):
        raise ValueError(f"compression must be None or 'gzip', got {compression!r}")
    _check_keys(terms_name, label_name)
    if isinstance(terms, str | bytes | Mapping):
        raise TypeError(f"terms must be a list of rows, each a list of str; got {terms!r:.80}")
    rows = terms if hasattr(terms, "__len__") else list(terms)
    targets = None if labels is None else _check_labels(labels, len(rows))
    with _replacing(path) as partial:
        with tf.io.TFRecordWriter(partial, "GZIP" if compression else "") as writer:
            for number, row in enumerate(_rows(rows)):
                example = tf.train.Example()
                feature = example.features.feature
                feature[terms_name].bytes_list.value.extend(_encode(row, number))
                if targets is not None:
                    feature[label_name].float_list.value.append(targets[number])
                writer.write(example.SerializeToString(deterministic=True))


def _check_keys(terms: str, label: str | None) -> None:
    """Raise unless the two feature keys are different strings."""
    if not isinstance(terms, str) or not isinstance(label, str | None):
        raise TypeError(f"feature keys must be str, got {terms!r} and {label!r}")
    if terms == label:
        raise ValueError(f"terms and label must be different features, both are {terms!r}")


def _path_list(paths: PathArg | Iterable[PathArg]) -> list[PathArg]:
    """One path or many, as a list that is not empty."""
    listed = [paths] if isinstance(paths, str | bytes | os.PathLike) else list(paths)
    if not listed:
        raise ValueError("paths is empty; give at least one TFRecord file")
    return listed


@contextmanager
def _plain_copy(name: str, compression: str) -> Iterator[str]:
    """Path of the file without compression: itself, or a temporary unpacked copy."""
    with open(name, "rb") as file:
        head = file.read(12)
    if compression == "none" or (compression == "auto" and not _is_gzip(head)):
        yield os.path.abspath(name)
        return
    with tempfile.TemporaryDirectory(prefix="skembed-") as folder:
        plain = os.path.join(folder, "plain.tfrecord")
        _unpack(name, plain)
        yield plain


def _is_gzip(head: bytes) -> bool:
    """Whether a file's first 12 bytes start gzip data, not a record whose length looks like it."""
    return head.startswith(_GZIP_MAGIC) and _masked_crc32c(head[:8]) != head[8:]


def _masked_crc32c(data: bytes) -> bytes:
    """TFRecord's checksum of a few bytes, as 4 little-endian bytes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    masked = (crc >> 15 | crc << 17) + 0xA282EAD8
    return (masked & 0xFFFFFFFF).to_bytes(4, "little")


def _unpack(name: str, plain: str) -> None:
    """Unpack a gzip file; TensorFlow reads truncated gzip as complete, Python does not."""
    try:
        with gzip.open(name) as source, open(plain, "wb") as target:
            # read1 hands over what was unpacked before an error; read would lose it
            while chunk := source.read1(_BUFFER):
                target.write(chunk)
    except EOFError as error:
        fault = f"the gzip data end here; {_RETRY}"
        raise _record_error(name, _count_intact(plain), fault) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        fault = f"not gzip data, or damaged ({error}); {_RETRY}, or pass compression='none'"
        raise _record_error(name, _count_intact(plain), fault) from error


def _record_error(name: str, number: int, fault: str) -> ValueError:
    """Error that names the file and the record."""
    return ValueError(f"{name}, record {number}: {fault}")


def _count_intact(plain: str) -> int:
    """Count the complete records before the first damage."""
    import tensorflow as tf

    number = 0
    try:
        for _ in tf.data.TFRecordDataset(plain, buffer_size=_BUFFER):
            number += 1
    except tf.errors.DataLossError:
        pass
    return number


def _read_plain(
    name: str, plain: str, terms: str, label: str | None
) -> list[tuple[pa.LargeListArray, np.ndarray]]:
    """Terms and labels of each batch of a file that is not compressed."""
    import tensorflow as tf

    parts = []
    number = consumed = 0
    try:
        records = tf.data.TFRecordDataset(plain, buffer_size=_BUFFER).batch(_BATCH)
        for batch in records.map(_parser(terms, label)).as_numpy_iterator():
            parts.append(_to_arrow(batch, terms))
            number += len(batch["counts"])
            consumed += int(batch["size"])
    except (tf.errors.DataLossError, tf.errors.InvalidArgumentError, ValueError) as error:
        found = _find_fault(plain, number, terms, label)
        if found is None:
            raise
        raise _record_error(name, *found) from error
    if consumed != os.path.getsize(plain):
        fault = f"the file ends inside this record's header; {_RETRY}"
        raise _record_error(name, number, fault)
    return parts


@lru_cache(maxsize=16)
def _parser(terms: str, label: str | None) -> Any:
    """Make a TensorFlow function from records to their terms' bytes, widths and counts.

    It is kept because tracing it takes longer than reading a small file. Features may
    have any length in it, so that a record without one parses and can be told apart.
    """
    import tensorflow as tf

    schema = {terms: tf.io.RaggedFeature(tf.string)}
    if label is not None:
        schema[label] = tf.io.RaggedFeature(tf.float32)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def parse(records: Any) -> dict[str, Any]:
        row = tf.io.parse_example(records, schema)
        counts = row[terms].row_lengths()
        batch = {
            "size": tf.reduce_sum(tf.cast(tf.strings.length(records), tf.int64) + _FRAME),
            "counts": counts,
            "widths": tf.strings.length(row[terms].values),
            "data": tf.strings.reduce_join(row[terms].values),
            "empty": tf.boolean_mask(records, counts == 0),
        }
        if label is not None:
            batch |= {"labels": row[label].values, "label_counts": row[label].row_lengths()}
        return batch

    return parse


def _to_arrow(batch: dict[str, Any], terms: str) -> tuple[pa.LargeListArray, np.ndarray]:
    """Check a batch and turn its terms into Arrow; on ValueError the caller finds the record."""
    if any(terms not in (_features(record) or {}) for record in batch["empty"]):
        raise ValueError(f"a record has no feature {terms!r}")
    labels = batch.get("labels", np.empty(0, np.float32))
    if not np.all(batch.get("label_counts", 1) == 1):
        raise ValueError("a record has no label, or several")
    widths = batch["widths"]
    buffers = [None, pa.py_buffer(_offsets(widths)), pa.py_buffer(batch["data"])]
    values = pa.Array.from_buffers(pa.large_string(), len(widths), buffers)
    values.validate(full=True)
    return pa.LargeListArray.from_arrays(_offsets(batch["counts"]), values), labels


def _offsets(lengths: np.ndarray) -> np.ndarray:
    """Where each item starts and the last one ends: shape (n + 1,), int64."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def _smallest_lists(lists: pa.LargeListArray) -> pa.ListArray:
    """Narrow the offsets to int32, unless there are too many terms or bytes."""
    values = lists.values
    if max(len(values), pc.sum(pc.binary_length(values), min_count=0).as_py()) > _INT32_MAX:
        return lists
    offsets = lists.offsets.cast(pa.int32())
    return pa.ListArray.from_arrays(offsets, values.cast(pa.string()))


def _find_fault(plain: str, start: int, terms: str, label: str | None) -> tuple[int, str] | None:
    """Find the first faulty record, and its fault, in the batch that begins at ``start``."""
    import tensorflow as tf

    records = tf.data.TFRecordDataset(plain, buffer_size=_BUFFER).skip(start).take(_BATCH)
    number = start
    try:
        for record in records.as_numpy_iterator():
            if fault := _fault(record, terms, label):
                return number, fault
            number += 1
    except tf.errors.DataLossError as error:
        return number, _damage(plain, number, str(error))
    return None


def _damage(plain: str, number: int, message: str) -> str:
    """Describe a record that TensorFlow cannot read."""
    what = "is cut short" if "truncated" in message else "fails its checksum"
    if number > 0:
        return f"{what}; {_RETRY}"
    with open(plain, "rb") as file:
        if _is_gzip(file.read(12)):
            return f"{what}; the file looks like gzip, pass compression='auto'"
    return f"{what}; the file is damaged, or not a TFRecord file"


def _fault(record: bytes, terms: str, label: str | None) -> str | None:
    """Describe what is wrong with a record's content, if anything."""
    import tensorflow as tf

    features = _features(record)
    if features is None:
        return "not a tf.train.Example; read such a file with TensorFlow itself"
    fault = _terms_fault(features, terms)
    if fault is None and label is not None:
        fault = _label_fault(features, label)
    if fault is None:
        # UnicodeDecodeError: TensorFlow's message may quote bytes of the record
        try:
            _parser(terms, label)(tf.constant([record]))
        except (tf.errors.InvalidArgumentError, UnicodeDecodeError):
            return f"TensorFlow cannot parse this tf.train.Example; {_RETRY}"
    return fault


def _features(record: bytes) -> Mapping[str, Any] | None:
    """Features of a serialized ``tf.train.Example``; None if it is not one."""
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    try:
        return tf.train.Example.FromString(record).features.feature
    except DecodeError:
        return None


def _terms_fault(features: Mapping[str, Any], key: str) -> str | None:
    """Describe what is wrong with the terms: absent, not bytes or not UTF-8."""
    if key not in features:
        return f"no terms feature {key!r}, only {sorted(features)}; name it with terms="
    kind = features[key].WhichOneof("kind")
    if kind not in (None, "bytes_list"):
        return f"terms feature {key!r} is {kind}, not bytes_list; name another with terms="
    for position, value in enumerate(features[key].bytes_list.value):
        try:
            value.decode()
        except UnicodeDecodeError as error:
            return f"term {position} is not UTF-8 ({error}); write the file with UTF-8 terms"
    return None


def _label_fault(features: Mapping[str, Any], key: str) -> str | None:
    """Describe what is wrong with the label: absent, not float or not exactly one."""
    if key not in features:
        known = sorted(features)
        return f"no label feature {key!r}, only {known}; name it with label=, or pass label=None"
    kind = features[key].WhichOneof("kind")
    if kind not in (None, "float_list"):
        return f"label feature {key!r} is {kind}, not float_list; name another with label="
    length = len(features[key].float_list.value)
    if length != 1:
        return f"label feature {key!r} has {length} values, not 1; pass label=None to skip labels"
    return None


def _check_labels(labels: Any, n_rows: int) -> list[float]:
    """Labels as float32 numbers: one per row, finite."""
    try:
        with np.errstate(over="ignore"):
            values = np.asarray(labels, dtype=np.float64).astype(np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"labels must be numbers ({error}); encode classes as 0. and 1."
        ) from error
    if values.shape != (n_rows,):
        raise ValueError(
            f"labels have shape {values.shape}, terms have {n_rows} rows; give one label per row"
        )
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        raise ValueError(
            f"the label of row {wrong[0]} is not a finite float32; drop or correct the row"
        )
    return values.tolist()


def _rows(terms: Any) -> Iterator[Any]:
    """Yield the rows one by one; those of an Arrow array as lists."""
    if not isinstance(terms, pa.Array | pa.ChunkedArray):
        yield from terms
        return
    for start in range(0, len(terms), _BATCH):
        yield from terms.slice(start, _BATCH).to_pylist()


def _encode(row: Any, number: int) -> list[bytes]:
    """Encode a row's terms as UTF-8."""
    if isinstance(row, str | bytes | Mapping) or not isinstance(row, Iterable):
        raise TypeError(f"row {number} of terms must be a list of str, got {row!r:.80}")
    tokens = list(row)
    try:
        return list(map(str.encode, tokens))
    except TypeError as error:
        wrong = next(token for token in tokens if not isinstance(token, str))
        raise TypeError(
            f"row {number} of terms holds {wrong!r:.80}; every term must be str"
        ) from error
    except UnicodeEncodeError as error:
        raise ValueError(f"row {number} of terms is not valid Unicode: {error}") from error


@contextmanager
def _replacing(path: PathArg) -> Iterator[str]:
    """Name of a new file in the same folder, which replaces ``path`` if all goes well."""
    final = os.path.realpath(os.fsdecode(path))
    if os.path.isdir(final):
        raise IsADirectoryError(f"{final} is a folder; give the name of a file")
    partial = f"{final}.{uuid4().hex}.tmp"
    open(partial, "xb").close()  # Python's own error if the folder is missing or read-only
    try:
        yield partial
        os.replace(partial, final)
    finally:
        with suppress(FileNotFoundError):
            os.remove(partial)
