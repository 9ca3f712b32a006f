"""Files for TensorFlow's Embedding Projector, https://projector.tensorflow.org."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skembed._replaced_file import replacing
from skembed.inspection._escapes import escaped

# What a formula begins with, and what it needs one of to do something.
_FORMULA, _CALLS = ("=", "+", "-", "@"), set("(|!")


def write_projector(
    folder: str | PathLike[str],
    terms: Sequence[str],
    vectors: npt.NDArray[np.floating[Any]],
    columns: Mapping[str, npt.NDArray[np.number[Any]]],
) -> None:
    """Write vectors.tsv, and metadata.tsv with the terms and further columns."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    row = "\t".join(["%.9g"] * vectors.shape[1])
    _write_lines(folder / "vectors.tsv", (row % tuple(vector.tolist()) for vector in vectors))
    rows = zip(map(_as_cell, terms), *map(_as_texts, columns.values()), strict=True)
    # The projector takes the first line for a term where there is only one column.
    header = [("term", *columns)] if columns else []
    _write_lines(folder / "metadata.tsv", map("\t".join, [*header, *rows]))


def _as_cell(term: str) -> str:
    """A term on one line, behind an apostrophe where a spreadsheet would take it for a formula."""
    shown = escaped(term)
    return f"'{shown}" if shown[:1] in _FORMULA and _CALLS & set(shown) else shown


def _as_texts(numbers: npt.NDArray[np.number[Any]]) -> list[str]:
    return [f"{number:.9g}" for number in numbers.tolist()]


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with replacing(path) as partial, open(partial, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)
