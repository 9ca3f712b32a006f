"""Cells as tokens: per row, codes into a dictionary of distinct terms."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from skembed.parallel._map_ahead import map_ahead
from skembed.vocabulary._cells import Where
from skembed.vocabulary._lists import Numbered
from skembed.vocabulary._tokenizer import Tokenizer

MISSING = -1
_LARGEST = float(np.finfo(np.float32).max)
_STRING = pa.large_string()


class Tokens(NamedTuple):
    """A block of rows: row i holds ``terms[codes[offsets[i]:offsets[i + 1]]]``."""

    offsets: NDArray[np.int64]  # (n_rows + 1,), starts at 0
    codes: NDArray[np.int32]  # (n_tokens,), MISSING where a value is missing
    terms: pa.LargeStringArray  # (n_distinct,), no two alike
    weights: NDArray[np.float64] | None  # (n_tokens,), of dict cells
    kind: str | None  # "str", "int" or "bool"; None without any term
    where: Where

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.offsets) - 1

    def row_of(self, token: int) -> str:
        """Name the row that holds the token at this position."""
        return self.where.row(int(np.searchsorted(self.offsets, token, side="right")) - 1)

    def rows(self, start: int, stop: int) -> Tokens:
        """Return some of the rows."""
        first, last = self.offsets[start], self.offsets[stop]
        return self._replace(
            offsets=self.offsets[start : stop + 1] - first,
            codes=self.codes[first:last],
            weights=None if self.weights is None else self.weights[first:last],
            where=self.where._replace(start=self.where.start + start),
        )

    def keep(self, mask: NDArray[np.bool_]) -> Tokens:
        """Drop the tokens that are not in the mask."""
        if mask.all():
            return self
        return self._replace(
            offsets=np.concatenate([[0], np.cumsum(mask)])[self.offsets],
            codes=np.compress(mask, self.codes),
            weights=None if self.weights is None else np.compress(mask, self.weights),
        )

    def without(self, terms: pa.Array) -> Tokens:
        """Drop the tokens whose term is one of these."""
        unwanted = pc.is_in(self.terms, terms).to_numpy(zero_copy_only=False)
        # MISSING picks the last entry, which keeps it.
        return self.keep(~np.append(unwanted, False)[self.codes]) if unwanted.any() else self


def read_tokens(cells: pa.Array | Numbered, tokenizer: Tokenizer | None, where: Where) -> Tokens:
    """Turn the cells of one column into tokens."""
    if isinstance(cells, Numbered):
        if tokenizer is not None:
            raise _no_text(f"{where.row(0)} is a list")
        offsets = np.concatenate([[0], np.cumsum(cells.lengths)])
        return Tokens(offsets, cells.codes, cells.terms, None, "str", where)
    return _encode(cells if tokenizer is None else tokenizer(_as_text(cells, where)), where)


def share_dictionary(blocks: list[Tokens]) -> list[Tokens]:
    """Recode blocks so that all have the same terms; the given list is emptied."""
    check_one_kind(blocks)
    if len(blocks) == 1:
        return [blocks.pop()]
    encoded = pa.concat_arrays([block.terms for block in blocks]).dictionary_encode()
    splits = np.cumsum([len(block.terms) for block in blocks])[:-1]

    def recode(pair: tuple[NDArray[np.int32], Tokens]) -> Tokens:
        codes, block = pair
        # In place: what threads have allocated is seldom used again by other threads.
        block.codes[...] = take(codes, block.codes)
        return block._replace(terms=encoded.dictionary)

    parts = np.split(encoded.indices.to_numpy(), splits)
    shared = list(map_ahead(recode, zip(parts, blocks, strict=True)))
    blocks.clear()
    return shared


def take(table: NDArray[np.int32], codes: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return ``table[codes]``, and -1 where the code is -1."""
    return with_none(table)[codes]


def with_none(table: NDArray[np.int32]) -> NDArray[np.int32]:
    """Append a -1 that the code -1 picks."""
    return np.append(table, np.int32(-1))


def check_one_kind(blocks: list[Tokens]) -> None:
    """Raise if one block holds str terms and another int, say."""
    known = [block for block in blocks if block.kind is not None]
    for block in known[1:]:
        if block.kind != known[0].kind:
            raise TypeError(
                f"{block.where.rows(block.n_rows)} hold terms of type {block.kind}, but earlier "
                f"rows have type {known[0].kind}; use one type for all terms, for example str."
            )


def _encode(array: pa.Array, where: Where) -> Tokens:
    """Dictionary-encode an array of terms, of lists of terms or of maps to weights."""
    weights = None
    if not _is_nested(array.type):
        lengths, values = np.ones(len(array), np.int64), array
    else:
        lengths, values = _flatten(array)
        if pa.types.is_struct(values.type):
            weights = _weights(values)
            values = pc.struct_field(values, [0])
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    codes, terms, kind = _distinct(values, offsets, where)
    tokens = Tokens(offsets, codes, terms, weights, kind, where)
    if weights is not None:
        _check_finite(tokens)
        tokens = tokens.keep(weights != 0)
    return _mark_missing_rows(tokens, array) if _is_nested(array.type) else tokens


def _is_nested(kind: pa.DataType) -> bool:
    return pa.types.is_nested(kind) and not pa.types.is_struct(kind)


def _flatten(array: pa.Array) -> tuple[NDArray[np.int64], pa.Array]:
    """Return the number of values of each row, and all values."""
    if pa.types.is_map(array.type):
        entry = pa.struct([("term", array.type.key_type), ("weight", array.type.item_type)])
        array = array.cast(pa.list_(entry))
    lengths = pc.list_value_length(array)
    if array.null_count:
        lengths = lengths.fill_null(0)
    return lengths.to_numpy().astype(np.int64), array.flatten()


def _weights(entries: pa.StructArray) -> NDArray[np.float64]:
    """Return the weights of dict entries; NaN where there is none."""
    return pc.struct_field(entries, [1]).cast(pa.float64()).to_numpy(zero_copy_only=False)


def _check_finite(tokens: Tokens) -> None:
    assert tokens.weights is not None
    finite = np.abs(tokens.weights) <= _LARGEST  # False for NaN
    if not finite.all():
        bad = int(np.argmin(finite))
        row, term = tokens.row_of(bad), tokens.terms[int(tokens.codes[bad])]
        raise ValueError(
            f"{row} gives {term} the weight {tokens.weights[bad]}, expected a finite number that "
            "float32 can hold, below 3.4e38."
        )


def _mark_missing_rows(tokens: Tokens, array: pa.Array) -> Tokens:
    """Give each row that is missing as a whole one missing token."""
    if not array.null_count:
        return tokens
    missing = array.is_null().to_numpy(zero_copy_only=False)
    at = tokens.offsets[:-1][missing]
    return tokens._replace(
        offsets=tokens.offsets + np.concatenate([[0], np.cumsum(missing)]),
        codes=np.insert(tokens.codes, at, MISSING),
        weights=None if tokens.weights is None else np.insert(tokens.weights, at, 1.0),
    )


def _distinct(
    values: pa.Array, offsets: NDArray[np.int64], where: Where
) -> tuple[NDArray[np.int32], pa.LargeStringArray, str | None]:
    """Return codes, distinct terms as strings and their kind."""
    kind = values.type
    if pa.types.is_null(kind) or (not len(values) and not pa.types.is_dictionary(kind)):
        return np.full(len(values), MISSING, np.int32), pa.array([], _STRING), None
    if pa.types.is_dictionary(kind):
        inner, terms, name = _distinct(values.dictionary, np.array([0]), where)
        return take(inner, _codes(values.indices)), terms, name
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        values = _whole_numbers(values, offsets, where)
    name = _kind_name(values, offsets, where)
    encoded = values.dictionary_encode()
    terms = encoded.dictionary.cast(_STRING)
    if name == "bool":
        terms = pc.utf8_capitalize(terms)
    return _codes(encoded.indices), terms, name


def _codes(indices: pa.Array) -> NDArray[np.int32]:
    """Return dictionary indices, MISSING where null.

    They are copied: they are kept for long, and Arrow's allocator would keep what was
    next to them in memory too.
    """
    if indices.null_count:
        indices = indices.cast(pa.int64()).fill_null(MISSING)
    return indices.to_numpy().astype(np.int32)


def _kind_name(values: pa.Array, offsets: NDArray[np.int64], where: Where) -> str:
    """Return "str", "int" or "bool", or raise for what cannot be a term."""
    kind = values.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "str"
    if pa.types.is_integer(kind):
        return "int"
    if pa.types.is_boolean(kind):
        return "bool"
    first = int(np.argmax(values.is_valid().to_numpy(zero_copy_only=False)))
    row = where.row(max(int(np.searchsorted(offsets, first, side="right")) - 1, 0))
    remedy = "convert the column to str, or pass the table to make_embedding_pipeline"
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        remedy = "decode it to str"
    elif pa.types.is_nested(kind):
        remedy = "flatten it: a cell must be a term or a flat list of terms"
    raise TypeError(f"{row} holds {values[first]} ({kind}), expected str, int or bool; {remedy}.")


def _whole_numbers(values: pa.Array, offsets: NDArray[np.int64], where: Where) -> pa.Array:
    """Convert floats, as pandas makes of integers with missing values, and decimals.

    NaN is missing.
    """
    if pa.types.is_decimal(values.type):
        try:
            return values.cast(pa.int64())  # not by float64, which rounds long ids
        except pa.ArrowInvalid:
            values = values.cast(pa.float64())
    numbers = values.to_numpy(zero_copy_only=False)
    broken = np.isfinite(numbers) & (numbers != np.floor(numbers)) | np.isinf(numbers)
    if broken.any():
        first = int(np.argmax(broken))
        row = where.row(max(int(np.searchsorted(offsets, first, side="right")) - 1, 0))
        raise TypeError(
            f"{row} holds the number {numbers[first]}, expected str, int or bool; "
            "bin numbers with KBinsDiscretizer, or convert them with str()."
        )
    return pa.array(numbers, from_pandas=True).cast(pa.int64())


def _as_text(array: pa.Array, where: Where) -> pa.Array:
    """Return texts as plain strings, or raise."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_null(array.type):
        return array.cast(pa.string())
    if pa.types.is_string_view(array.type):
        return array.cast(_STRING)
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        first = int(np.argmax(array.is_valid().to_numpy(zero_copy_only=False)))
        raise _no_text(f"{where.row(first)} is {array[first]} ({array.type})")
    return array


def _no_text(what: str) -> TypeError:
    return TypeError(
        f"{what}, expected a text; set tokenizer=None for cells that are terms or lists of terms."
    )
