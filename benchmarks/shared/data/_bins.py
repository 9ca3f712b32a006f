"""Numbers to bins between quantiles of the training rows."""

import numpy as np
import pandas as pd

_N_BINS = 16


def binned(frame: pd.DataFrame, train: np.ndarray) -> pd.DataFrame:
    """Numbers to the numbers of bins, whose edges are learned on the training rows.

    A bin holds values up to and with its upper edge; missing ones have their own.
    """
    codes = {}
    for name, column in frame.items():
        values = column.to_numpy(float)
        edges = bin_edges(values[train])
        missing = len(edges) + 1
        bins = np.searchsorted(edges, values, side="left")
        codes[name] = np.where(np.isnan(values), missing, bins)
    return pd.DataFrame(codes, index=frame.index)


def bin_edges(values: np.ndarray) -> np.ndarray:
    """Inner edges at quantiles, also at those of the values that are no more than a bin's worth.

    Where most rows have the same value, the others would share a bin otherwise.
    """
    values = values[~np.isnan(values)]
    distinct, counts = np.unique(values, return_counts=True)
    common = distinct[counts > len(values) / _N_BINS]
    rare = values[~np.isin(values, common)]
    inner = np.linspace(0, 1, _N_BINS + 1)[1:-1]
    return np.unique([np.quantile(part, inner) for part in (values, rare) if len(part)])
