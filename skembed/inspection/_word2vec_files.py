"""The file formats of word2vec, text and binary, to numpy arrays and back."""

from __future__ import annotations

import gzip
import re
import warnings
from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skembed._replaced_file import replacing

Floats = npt.NDArray[np.floating[Any]]

# What the C program splits at; other spaces may be part of a term.
_SEPARATORS = re.compile(r"[ \t\n\v\f\r]")


def read_word2vec(path: str | PathLike[str], binary: bool) -> tuple[list[str], Floats]:
    """Read terms and their vectors (n_terms, embedding_dim), float32; ".gz" is unpacked."""
    path = Path(path)
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        header, content = file.readline(), file.read()
    n_terms, dim = _shape_in(header, path)
    read = _read_binary if binary else _read_text
    try:
        names, vectors = read(content, n_terms, dim)
        return [name.decode() for name in names], vectors
    except UnicodeDecodeError as error:
        kind = "text" if binary else "binary"
        raise ValueError(
            f"{path} holds terms that are not UTF-8; convert the file to UTF-8, or, if it is a "
            f"{kind} file, pass binary={not binary}."
        ) from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def writable_terms(terms: Iterable[str], space: str | None) -> list[str]:
    """Return terms without the white space that ends a term in these formats."""
    written = list(terms)
    if space is not None:
        written = [_SEPARATORS.sub(lambda _: space, term) for term in written]
    for term in written:
        _check_unicode(term)
        if not term or _SEPARATORS.search(term):
            raise ValueError(
                f"The term {term!r} is empty or holds white space, which ends a term in "
                "word2vec's formats; pass a replacement as space, such as space='_'."
            )
    if len(set(written)) < len(written):
        raise ValueError(
            f"Terms become equal if white space is replaced by {space!r}; "
            "pass a space that no term contains."
        )
    return written


def _check_unicode(term: str) -> None:
    """Refuse a term with a lone surrogate, which no encoding has bytes for."""
    try:
        term.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"The term {term!r} is not valid Unicode ({error.reason}): correct or remove it."
        ) from error


def write_word2vec(
    path: str | PathLike[str], terms: Sequence[str], vectors: Floats, binary: bool
) -> None:
    """Write terms and vectors; text has all the digits that the vectors' type needs."""
    header = f"{len(terms)} {vectors.shape[1]}\n".encode()
    rows = _binary_rows(terms, vectors) if binary else _text_rows(terms, vectors)
    with replacing(path) as partial, open(partial, "wb") as file:
        file.write(header)
        file.writelines(rows)


def _binary_rows(terms: Sequence[str], vectors: Floats) -> Iterable[bytes]:
    rows = vectors.astype("<f4")
    return (term.encode() + b" " + row.tobytes() for term, row in zip(terms, rows, strict=True))


def _text_rows(terms: Sequence[str], vectors: Floats) -> Iterable[bytes]:
    digits = 9 if vectors.dtype == np.float32 else 17
    row = "%s" + f" %.{digits}g" * vectors.shape[1] + "\n"
    values = map(np.ndarray.tolist, vectors)
    return ((row % (term, *v)).encode() for term, v in zip(terms, values, strict=True))


def _shape_in(header: bytes, path: Path) -> tuple[int, int]:
    """Return number of terms and dimension, which the first line holds."""
    parts = header.split()
    if len(parts) != 2 or not all(part.isdigit() and int(part) > 0 for part in parts):
        raise ValueError(
            f"The first line of {path} is {header[:60]!r}, expected the number of terms and the "
            "dimension, such as '400000 50'; add this line if it is missing, as in GloVe's files."
        )
    return int(parts[0]), int(parts[1])


def _read_text(content: bytes, n_terms: int, dim: int) -> tuple[list[bytes], Floats]:
    lines = content.rstrip().split(b"\n")
    if len(lines) != n_terms:
        raise ValueError(
            f"the first line announces {n_terms} terms, but {len(lines)} follow; the file is "
            "damaged, or it is binary: then pass binary=True."
        )
    parts = [line.rstrip().partition(b" ") for line in lines]
    for number, (_, _, values) in enumerate(parts, start=2):
        if values.count(b" ") != dim - 1 or not values:
            raise ValueError(
                f"line {number} does not have {dim} values, as the first line announces, each "
                "after one space; correct or remove that line."
            )
    vectors = _parse_floats(b" ".join([values for _, _, values in parts]))
    return [term for term, _, _ in parts], vectors.reshape(n_terms, dim)


def _parse_floats(text: bytes) -> Floats:
    """Return the numbers of a text."""
    with warnings.catch_warnings():
        # Older numpy warns, and returns the numbers up to the first word that is none.
        warnings.simplefilter("error", DeprecationWarning)
        try:
            return np.fromstring(text, dtype=np.float32, sep=" ")
        except (ValueError, DeprecationWarning) as error:
            raise ValueError("some values are not numbers; correct or remove them.") from error


def _read_binary(content: bytes, n_terms: int, dim: int) -> tuple[list[bytes], Floats]:
    terms: list[bytes] = []
    vectors, start = np.empty((n_terms, dim), "<f4"), 0
    for row in vectors:
        end = content.find(b" ", start)
        if end < 0 or len(content) < end + 1 + row.nbytes:
            raise ValueError(
                f"the file ends after {len(terms)} of the {n_terms} terms that its first line "
                "announces; it is damaged, or it is text: then pass binary=False."
            )
        terms.append(content[start:end].lstrip(b"\n"))
        row[:] = np.frombuffer(content, "<f4", dim, end + 1)
        start = end + 1 + row.nbytes
    return terms, vectors.astype(np.float32, copy=False)
