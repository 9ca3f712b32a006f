"""Initial weights: what a network starts from."""

from collections.abc import Sequence
from itertools import repeat
from numbers import Integral
from typing import Any

import numpy as np
import scipy.sparse as sp

from skembed.network._mixed_rows import MixedRows, terms_of
from skembed.parallel._worker_threads import workers
from skembed.training._sources import ArraySource, Source
from skembed.training._targets import term_sums

# Values that one generator draws; larger tables are drawn on two threads.
_DRAW_BLOCK = 2**20
# Standard deviation of the scores in an initial table, and of the noise upon them.
_SCORE_DEVIATION = 0.5
_NOISE_DEVIATION = 0.1
# Outputs beyond which a score of each term and output would fill the memory.
MAX_SCORED_OUTPUTS = 256


def layer_units(hidden_units: Any) -> list[int]:
    """Units of the hidden layers, checked."""
    # as objects: a boolean beside integers would become one of them
    units = np.atleast_1d(np.asarray(hidden_units, dtype=object)).tolist()
    for n_units in units:
        whole = isinstance(n_units, Integral) and not isinstance(n_units, bool)
        if not whole or n_units < 1:
            raise ValueError(
                f"hidden_units must be positive integers, one per layer; got {n_units!r} in "
                f"{hidden_units!r}."
            )
    return [int(n_units) for n_units in units]


def initial_dense_layers(
    sizes: Sequence[int], rng: np.random.Generator, dtype: np.dtype
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Kernels drawn as Glorot and Bengio (2010) have it (uniform) and zero biases."""
    kernels, biases = [], []
    for n_inputs, n_units in zip(sizes[:-1], sizes[1:], strict=True):
        limit = np.sqrt(6 / (n_inputs + n_units))
        kernels.append(rng.uniform(-limit, limit, (n_inputs, n_units)).astype(dtype))
        biases.append(np.zeros(n_units, dtype))
    return kernels, biases


def random_table(
    n_rows: int, embedding_dim: int, rng: np.random.Generator, dtype: np.dtype
) -> np.ndarray:
    """Normal values cut off at two deviations, the deviation being 1 / sqrt(embedding_dim)."""
    table = np.empty(n_rows * embedding_dim, dtype)
    blocks = [table[start : start + _DRAW_BLOCK] for start in range(0, len(table), _DRAW_BLOCK)]
    scale = dtype.type(1 / np.sqrt(embedding_dim))
    if len(blocks) <= 1:
        _draw(table, rng, scale)
        return table.reshape(n_rows, embedding_dim)
    with workers(2) as threads:
        list(threads.map(_draw, blocks, rng.spawn(len(blocks)), repeat(scale)))
    return table.reshape(n_rows, embedding_dim)


def _draw(out: np.ndarray, rng: np.random.Generator, scale: np.floating) -> None:
    """Fill a block with values of its own generator: the same on any number of threads."""
    rng.standard_normal(out=out, dtype=out.dtype)
    outside = np.flatnonzero(np.abs(out) > 2)
    while len(outside):
        out[outside] = rng.standard_normal(len(outside), dtype=out.dtype)
        outside = outside[np.abs(out[outside]) > 2]
    out *= scale


def score_table(
    source: Source,
    targets: Any,
    embedding_dim: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Initial embeddings (n_used, embedding_dim) that tell what each term says of the targets.

    The first columns hold the terms' scores (`term_scores` of the targets), scaled to a
    standard deviation of 0.5; where there are more outputs than columns, the scores'
    principal directions. Normal noise of deviation 0.1 is added to all columns. Where the
    pooling makes more of a row than its mean square (a pooled size above 1), both are that
    many times smaller.
    """
    table = random_table(len(source.columns.used), embedding_dim, rng, source.dtype)
    if targets.n_outputs > MAX_SCORED_OUTPUTS or not len(table):
        return table
    scores = targets.term_scores(*_target_sums(source, targets))
    if source.pooling.layout is not None:
        scores[source.pooling.layout.numeric[source.columns.used]] = 0
    if scores.shape[1] > embedding_dim:
        directions = np.linalg.eigh(scores.T @ scores)[1][:, ::-1]
        scores = scores @ directions[:, :embedding_dim]
    deviation = scores.std()
    table *= _NOISE_DEVIATION * np.sqrt(embedding_dim)
    if deviation > np.finfo(table.dtype).eps:
        table[:, : scores.shape[1]] += scores * (_SCORE_DEVIATION / deviation)
    table /= max(source.pooled_size, 1.0)
    return _with_random_numbers(table, source, rng)


def _with_random_numbers(table: np.ndarray, source: Source, rng: np.random.Generator) -> np.ndarray:
    """Table (n_used, embedding_dim) whose rows of features that are numbers are random.

    Scores describe the presence of a feature, which says nothing about the value of a number.
    """
    if source.pooling.layout is not None:
        numeric = np.flatnonzero(source.pooling.layout.numeric[source.columns.used])
        table[numeric] = random_table(len(numeric), table.shape[1], rng, table.dtype)
    return table


def _target_sums(source: Source, targets: Any) -> tuple[np.ndarray, np.ndarray]:
    """Sum of the indicators (n_used, n_outputs), and weight (n_used, 1), of each term's rows.

    A row of weight 2 counts as two rows.
    """
    sums: Any = 0.0
    counts: Any = 0.0
    for rows, encoded, weights in source.parts():
        X = terms_of(rows)
        arrays = X.data, source.columns.compact(X.indices), X.indptr
        X = sp.csr_matrix(arrays, shape=(X.shape[0], len(source.columns.used)))
        weights = weights.astype(np.float64) * targets.mean_weight
        of_part = term_sums(X, targets.indicators(encoded), weights)
        sums, counts = sums + of_part[0], counts + of_part[1]
    return sums, counts


def svd_table(source: Source, embedding_dim: int, rng: np.random.Generator) -> np.ndarray:
    """Right singular vectors of X times the singular values, scaled as a random table is.

    Directions that X does not have stay random.
    """
    from sklearn.decomposition import TruncatedSVD

    if not isinstance(source, ArraySource):
        raise ValueError(
            "embedding_init='svd' needs X in memory; with a ChunkStream, use 'log_odds'."
        )
    table = random_table(len(source.columns.used), embedding_dim, rng, source.dtype)
    X = next(source.parts())[0]
    X = X.joined() if isinstance(X, MixedRows) else X
    X = X if source.columns.numbers is None else X[:, source.columns.used]
    n_directions = min(embedding_dim, *X.shape)
    svd = TruncatedSVD(n_directions, random_state=int(rng.integers(2**31))).fit(X)
    vectors = svd.components_.T * svd.singular_values_
    table[:, :n_directions] = vectors / (vectors.std() * np.sqrt(embedding_dim) or 1)
    return table


def given_table(
    vectors: np.ndarray, known: np.ndarray, used: np.ndarray, rng: np.random.Generator, dtype: Any
) -> np.ndarray:
    """Rows of given vectors (n_features, embedding_dim); random ones where none is `known`."""
    table = np.ascontiguousarray(vectors[used], dtype)
    unknown = np.flatnonzero(~known[used])
    if len(unknown):
        deviation = vectors[known].std() if known.any() else 1 / np.sqrt(vectors.shape[1])
        noise = random_table(len(unknown), vectors.shape[1], rng, table.dtype)
        table[unknown] = noise * (deviation * np.sqrt(vectors.shape[1]))
    return table


def vectors_of_features(
    given: Any, n_features: int, names: Sequence[str] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Vectors (n_features, embedding_dim), and which features have one, of what was given.

    Parameters
    ----------
    given : array-like, mapping, KeyedVectors or TermEmbeddings
        A row for each feature; or vectors by name: anything with ``keys()`` and items, or
        with a list of names (``index_to_key`` or ``terms``) and an array ``vectors``.
    n_features : int
        Features of X.
    names : sequence of str or None
        Their names, for vectors by name.
    """
    lookup = _by_name(given)
    values = np.asarray(given if lookup is None else lookup[1])
    if values.dtype.kind == "f" and values.ndim == 2 and not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values).all(axis=1)))
        raise ValueError(
            f"embedding_init has NaN or infinity in row {row}; fill in finite numbers."
        )
    if lookup is None:
        vectors = np.asarray(given)
        if vectors.ndim != 2 or len(vectors) != n_features or vectors.dtype.kind not in "iuf":
            raise ValueError(
                f"embedding_init has shape {vectors.shape} and type {vectors.dtype}, expected a "
                f"numeric array with one row for each of the {n_features} features."
            )
        return vectors, np.ones(n_features, bool)
    if names is None:
        raise ValueError(
            "embedding_init has vectors by name, but the features have no names; pass "
            "feature_names (vocabulary.get_feature_names_out()), or X as a DataFrame."
        )
    if len(names) != n_features:
        raise ValueError(
            f"feature_names has {len(names)} names, but X has {n_features} features; pass one "
            "name per feature."
        )
    places, rows = lookup
    found = np.array([places.get(str(name), -1) for name in names])
    if (found < 0).all():
        raise ValueError(
            "embedding_init has no vector for any of the feature_names; check that both use the "
            "same names."
        )
    return np.asarray(rows)[found], found >= 0


def _by_name(given: Any) -> tuple[dict[str, int], Any] | None:
    """Row of each name, and the rows; None where vectors are given by place."""
    for attribute in "index_to_key", "terms":
        if hasattr(given, attribute):
            terms = [str(term) for term in getattr(given, attribute)]
            return {term: row for row, term in enumerate(terms)}, given.vectors
    if not hasattr(given, "keys"):
        return None
    keys = list(given.keys())
    return {str(key): row for row, key in enumerate(keys)}, np.stack([given[k] for k in keys])
