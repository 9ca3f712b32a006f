"""Standard error of a mean difference over the folds of a cross-validation."""

import numpy as np
import pandas as pd


def corrected_standard_error(folds: pd.DataFrame) -> float:
    """Standard error of the mean difference, as of Nadeau and Bengio (2003)."""
    overlap = folds["n_test"].mean() / folds["n_train"].mean()
    variance = folds["difference"].var(ddof=1, skipna=False)
    return float(np.sqrt((1 / len(folds) + overlap) * variance))


def check_level(confidence_level: float) -> None:
    """Refuse a level of an interval that is not a share."""
    if not 0 < confidence_level < 1:
        raise ValueError(f"confidence_level must be between 0 and 1; got {confidence_level!r}.")
