"""A folder of Parquet files of made rows: columns of ids, a column of lists and a label."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

# Columns of ids, and how many there are of each.
IDS = {
    "user": 1_000_000,
    "item": 300_000,
    "page": 100_000,
    "seller": 30_000,
    "city": 3_000,
    "device": 300,
}
N_TAGS, TAGS_PER_ROW = 200_000, 8
LABEL = "clicked"
ROWS_PER_GROUP, ROWS_PER_FILE = 16_384, 1_048_576
_SKEW = 1.5  # the number of an id is a uniform number to this power: low ones are frequent
_ID_BYTES = 12  # which are 16 characters
_EFFECT = 0.7


def make_folder(folder: Path, n_bytes: float, seed: int = 0) -> int:
    """Write files until they have so many bytes; returns the number of rows."""
    rng = np.random.default_rng(seed)
    names = {column: _names(rng, n) for column, n in [*IDS.items(), ("tags", N_TAGS)]}
    effects = {column: rng.normal(0, _EFFECT, n) for column, n in IDS.items()}
    written, n_rows = 0.0, 0
    while written < n_bytes:
        path = folder / f"part-{n_rows // ROWS_PER_FILE:05}.parquet"
        rows = ROWS_PER_FILE
        if n_rows:  # the last file is as long as the bytes that are missing
            rows = min(rows, int((n_bytes - written) / (written / n_rows)) + 1)
        table = _rows(rng, rows, names, effects)
        pq.write_table(table, path, row_group_size=ROWS_PER_GROUP)
        written += path.stat().st_size
        n_rows += rows
    return n_rows


def _names(rng: np.random.Generator, n: int) -> pa.StringArray:
    """Names of n ids: 16 hexadecimal digits each, of half as many random bytes."""
    digits = rng.bytes(n * _ID_BYTES * 2 // 3).hex()
    size = len(digits) // n
    return pa.array([digits[i : i + size] for i in range(0, n * size, size)])


def _rows(
    rng: np.random.Generator,
    n_rows: int,
    names: dict[str, pa.StringArray],
    effects: dict[str, np.ndarray],
) -> pa.Table:
    """Make rows, whose label depends on their ids."""
    columns, logits = {}, np.zeros(n_rows)
    for column, n in IDS.items():
        ids = _drawn(rng, n, n_rows)
        columns[column] = names[column].take(pa.array(ids))
        logits += effects[column][ids]
    tags = names["tags"].take(pa.array(_drawn(rng, N_TAGS, n_rows * TAGS_PER_ROW)))
    offsets = pa.array(np.arange(n_rows + 1, dtype=np.int32) * TAGS_PER_ROW)
    columns["tags"] = pa.ListArray.from_arrays(offsets, tags)
    columns[LABEL] = pa.array((rng.random(n_rows) < 1 / (1 + np.exp(-logits))).astype(np.int8))
    return pa.table(columns)


def _drawn(rng: np.random.Generator, n: int, size: int) -> np.ndarray:
    return (n * rng.random(size) ** _SKEW).astype(np.int64)
