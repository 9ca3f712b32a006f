"""Terms, their vectors and their neighbours as data frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from skembed.inspection._neighbours import Neighbours
from skembed.inspection._term_index import TermIndex

if TYPE_CHECKING:
    import pandas as pd


def term_frame(
    terms: npt.NDArray[np.object_],
    vectors: npt.NDArray[np.floating[Any]],
    columns: Mapping[str, npt.NDArray[np.number[Any]]],
) -> pd.DataFrame:
    """Return a frame with one row a term: further columns, then one for each dimension."""
    import pandas as pd

    names = [f"dimension_{i}" for i in range(1, vectors.shape[1] + 1)]
    frame = pd.DataFrame(vectors, pd.Index(terms.tolist(), name="term"), names, copy=True)
    for place, (name, numbers) in enumerate(columns.items()):
        frame.insert(place, name, numbers)
    return frame


def neighbour_frame(
    found: Neighbours,
    index: TermIndex,
    columns: Mapping[str, npt.NDArray[np.number[Any]]],
) -> pd.DataFrame:
    """Return a frame with one row a neighbour: its cosine, and what is known of the term."""
    import pandas as pd

    terms = [term for term, _ in found]
    rows = index.rows(terms)
    cosines = np.array([cosine for _, cosine in found], np.float64)
    known = {name: numbers[rows] for name, numbers in columns.items()}
    values = {"similarity": cosines, **known}
    return pd.DataFrame(values, pd.Index(terms, name="term", dtype=object))
