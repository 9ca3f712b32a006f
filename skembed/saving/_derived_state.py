"""Whether derived features of a file can be used: no index in them leads out of their arrays."""

from typing import Any

import numpy as np

from skembed.training._derived_features import DerivedFeatures
from skembed.training._field_codes import FieldCodes
from skembed.training._target_statistics import TargetStatistics


def is_derived_features(value: Any) -> bool:
    """Whether a value is None or derived features that fit together."""
    if value is None:
        return True
    if not isinstance(value, DerivedFeatures) or type(value.keeps_categories) is not bool:
        return False
    return _are_codes(value.codes) and _are_statistics(value.statistics, value.codes.sizes)


def _are_codes(value: Any) -> bool:
    if not isinstance(value, FieldCodes):
        return False
    columns, codes, sizes = value.columns, value.codes, value.sizes
    if not (_is(columns, np.int32, 1) and _is(codes, np.int32, 1) and _is(sizes, np.int64, 1)):
        return False
    if columns.shape != codes.shape or not len(sizes) or sizes.min() < 1:
        return False
    if columns.min(initial=-1) < -1 or columns.max(initial=-1) >= len(sizes):
        return False
    coded = columns >= 0
    return bool(codes.min(initial=0) >= 0 and (codes[coded] < sizes[columns[coded]]).all())


def _are_statistics(value: Any, sizes: np.ndarray) -> bool:
    if not isinstance(value, TargetStatistics) or not _is(value.sizes, np.int64, 1):
        return False
    members, offsets, keys = value.members, value.offsets, value.keys
    arrays = _is(members, np.int64, 2) and _is(offsets, np.int64, 1) and _is(keys, np.int64, 1)
    weights = _is(value.values, np.float32, 2) and _is(value.unknown, np.float32, 2)
    if not arrays or not weights or not np.array_equal(value.sizes, sizes):
        return False
    if not members.size or members.min() < -1 or members.max() >= len(sizes):
        return False
    if (members[:, 0] < 0).any() or (np.diff((members < 0).astype(int), axis=1) < 0).any():
        return False
    laid_out = len(offsets) == len(members) + 1 and offsets[0] == 0 and offsets[-1] == len(keys)
    if not laid_out or (np.diff(offsets) < 1).any():
        return False
    n_outputs = value.values.shape[1]
    shapes = len(value.values) == len(keys) and value.unknown.shape == (len(members), n_outputs)
    finite = np.isfinite(value.values).all() and np.isfinite(value.unknown).all()
    return bool(shapes and n_outputs and finite)


def _is(value: Any, dtype: type, ndim: int) -> bool:
    """Whether a value is an array of a type and a number of axes."""
    return isinstance(value, np.ndarray) and value.dtype == dtype and value.ndim == ndim
