"""Terms and their vectors as a data frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

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
