"""Write terms and labels to a TFRecord file of ``tf.train.Example``."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from skembed._replaced_file import replacing
from skembed.tfrecord._files import PathArg, check_keys

_SLICE = 1024  # rows of an Arrow array that are Python lists at one time


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

    Each row becomes one ``tf.train.Example``, with the terms as a bytes list (UTF-8) and the
    label as a float list of length 1. An existing file is replaced only when the new file is
    complete.

    Parameters
    ----------
    path : str or path-like
        File to write.
    terms : sequence of sequences of str
        Terms of each row: lists, a pandas Series or NumPy object array of lists, or an Arrow
        list array. Rows may be empty but not missing.
    labels : array-like of shape (n_rows,) or None, default=None
        Label of each row: a finite number, stored as float32. ``None`` writes no labels.
    terms_name : str, default="terms"
        Name of the feature that holds the terms.
    label_name : str, default="labels"
        Name of the feature that holds the label.
    compression : {"gzip"} or None, default=None
        Compression of the file. None writes a plain file.

    Raises
    ------
    TypeError
        If ``terms`` or a row is a string, or if a term is not a string. The message names the
        row.
    ValueError
        If ``labels`` is not one finite number per row, or if a term is not valid Unicode.

    See Also
    --------
    read_tfrecord : Read such a file.
    iter_tfrecord : Read it in chunks of rows.

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
    from skembed.training.keras._tensorflow import tensorflow

    tf = tensorflow()

    if compression not in (None, "gzip"):
        raise ValueError(f"compression must be None or 'gzip', got {compression!r}")
    check_keys(terms_name, label_name)
    if isinstance(terms, str | bytes | Mapping):
        raise TypeError(f"terms must be a list of rows, each a list of str; got {terms!r:.80}")
    rows = terms if hasattr(terms, "__len__") else list(terms)
    targets = None if labels is None else _check_labels(labels, len(rows))
    with replacing(path) as partial:
        with tf.io.TFRecordWriter(partial, "GZIP" if compression else "") as writer:
            for number, row in enumerate(_rows(rows)):
                example = tf.train.Example()
                feature = example.features.feature
                feature[terms_name].bytes_list.value.extend(_encode(row, number))
                if targets is not None:
                    feature[label_name].float_list.value.append(targets[number])
                writer.write(example.SerializeToString(deterministic=True))


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
    given = np.asarray(labels)
    rounded = np.flatnonzero((values != given) & (given.dtype.kind in "iu"))
    if rounded.size:
        raise ValueError(
            f"the label of row {rounded[0]}, {given[rounded[0]]}, is not exact in float32, the "
            "type of labels in the file; number the classes from 0"
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
    for start in range(0, len(terms), _SLICE):
        yield from terms.slice(start, _SLICE).to_pylist()


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
