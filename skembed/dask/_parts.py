"""Parts of the data: what a caller may pass, and which worker gets which."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.utils.validation import check_is_fitted

from skembed.dask._on_worker import part_of_frame

_EXPECTED = (
    "expected a list of tuples (X, y) or (X, y, sample_weight), or of futures or delayed objects "
    "of such tuples; a Dask DataFrame; or the path or paths of Parquet files"
)


@dataclass(frozen=True)
class Parts:
    """Parts in their order: tuples, futures, or delayed objects."""

    values: list[Any]
    label: Any = None  # column with the labels, where parts are partitions of a DataFrame
    transformer: Any = None

    def __len__(self) -> int:
        return len(self.values)

    def delayed(self, number: int, transformer: Any) -> Any:
        """A delayed part, of which `transformer` makes the features where it is a partition."""
        import dask

        value = self.values[number]
        if self.label is None:
            return dask.delayed(value)
        make = dask.delayed(part_of_frame, pure=False)
        return make(value, self.label, transformer, number)


def parts_of(given: Any, label: Any, transformer: Any) -> Parts:
    """Read the arguments of a fit.

    Raises
    ------
    TypeError
        If the parts are of a kind that is not supported.
    ValueError
        If there are no parts, or they do not fit `label` and `transformer`.
    """
    if isinstance(given, str | os.PathLike) or (_is_list(given) and _are_paths(given)):
        given = _frame(given)
    if all(hasattr(given, name) for name in ("to_delayed", "columns", "npartitions")):
        check_frame(given, label, transformer)
        return Parts(list(given.to_delayed()), label, transformer)
    if not _is_list(given):
        raise TypeError(f"parts is of type {type(given).__name__}, {_EXPECTED}.")
    if not given:
        raise ValueError(f"parts is empty, {_EXPECTED}.")
    if label is not None or transformer is not None:
        raise ValueError(
            "label and transformer are for DataFrames and Parquet files; leave them out where "
            "parts is a list of tuples (X, y)."
        )
    return Parts(list(given))


def _is_list(given: Any) -> bool:
    return isinstance(given, list | tuple)


def _are_paths(given: Sequence[Any]) -> bool:
    return bool(given) and all(isinstance(path, str | os.PathLike) for path in given)


def _frame(paths: Any) -> Any:
    """Parquet files as a Dask DataFrame, whose partitions the workers read."""
    import dask.dataframe

    several = paths if _is_list(paths) else [paths]
    names = [os.fspath(path) for path in several]
    # workers may have another working folder
    names = [name if "://" in name else os.path.abspath(name) for name in names]
    return dask.dataframe.read_parquet(names if _is_list(paths) else names[0])


def check_frame(frame: Any, label: Any, transformer: Any) -> None:
    """Refuse a DataFrame of which no rows can be made.

    Raises
    ------
    ValueError
        If the column `label` is not there, or others are no numbers and nothing encodes them.
    NotFittedError
        If the transformer is not fitted.
    """
    columns = list(frame.columns)
    if label is None or columns.count(label) != 1:
        raise ValueError(
            f"label is {label!r}, expected the name of the column with the labels, one of "
            f"{columns}."
        )
    if transformer is not None:
        check_is_fitted(transformer)
        return
    features = frame._meta.drop(columns=[label])
    others = [name for name, kind in features.dtypes.items() if kind.kind not in "biuf"]
    if others:
        raise ValueError(
            f"The columns {others} do not hold numbers; pass a fitted transformer that encodes "
            "them, such as a FieldTransformer."
        )


def deal(homes: Sequence[frozenset[str]], addresses: Sequence[str]) -> list[list[int]]:
    """Numbers of the parts for each worker, in order; each worker gets one at least.

    A part goes to a worker that holds it (`homes`), else to the one with the fewest.
    """
    shares: list[list[int]] = [[] for _ in addresses]
    places = {address: index for index, address in enumerate(addresses)}
    for known in (True, False):
        for number, home in enumerate(homes):
            able = [places[address] for address in home if address in places]
            if bool(able) == known:
                least = min(able or range(len(shares)), key=lambda n: (len(shares[n]), n))
                shares[least].append(number)
    while not all(shares):
        fullest = max(shares, key=len)
        next(share for share in shares if not share).append(fullest.pop())
    return [sorted(share) for share in shares]
