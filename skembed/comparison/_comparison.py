"""Scores of an embedding network and of its rivals on the same folds."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from skembed.comparison._rivals import OURS
from skembed.comparison._standard_error import check_level, corrected_standard_error

COLUMNS = (
    "scoring",
    "fold",
    "model",
    "score",
    "difference",
    "n_train",
    "n_test",
    "fit_time",
    "predict_time",
    "chosen",
)


@dataclass(frozen=True, repr=False)
class Comparison:
    """Scores of an embedding network and of its rivals on the same folds.

    :func:`compare` returns it, and :class:`ComparisonDisplay` plots it.

    Parameters
    ----------
    folds : DataFrame
        One row per scorer, fold and model, with the columns "scoring"; "fold", from 0;
        "model", which is "embedding" for the network; "score"; "difference", the network's
        score minus this model's, positive if the network is better and NaN for the network
        itself; "n_train" and "n_test", the numbers of training and test rows; "fit_time" and
        "predict_time" in seconds; and "chosen", the penalty of the linear rival.

    See Also
    --------
    compare : Runs the comparison.

    Examples
    --------
    >>> import pandas as pd
    >>> from skembed import Comparison
    >>> folds = pd.DataFrame(
    ...     {
    ...         "scoring": "accuracy",
    ...         "fold": [0, 0, 1, 1],
    ...         "model": ["embedding", "trees"] * 2,
    ...         "score": [0.9, 0.7, 0.8, 0.7],
    ...         "difference": [float("nan"), 0.2, float("nan"), 0.1],
    ...         "n_train": 80,
    ...         "n_test": 40,
    ...         "fit_time": 2.0,
    ...         "predict_time": 0.01,
    ...         "chosen": "",
    ...     }
    ... )
    >>> Comparison(folds)
    Comparison on 2 folds; differences are embedding less rival, ± standard error
    accuracy    score      difference    fit  predict
    embedding  0.8500                  2.0 s  10.0 ms
    trees      0.7000  +0.150 ± 0.071  2.0 s  10.0 ms
    """

    folds: pd.DataFrame

    def __post_init__(self) -> None:
        missing = [name for name in COLUMNS if name not in self.folds.columns]
        if missing:
            raise ValueError(
                f"folds lacks the columns {missing}; pass the attribute folds of the result of "
                "compare."
            )

    def summary(self, confidence_level: float = 0.95) -> pd.DataFrame:
        """Return means over the folds, with standard errors and confidence intervals.

        The standard error of a mean difference is that of the corrected resampled t-test, see
        :meth:`LinearComparison.summary`. The interval uses Student's t distribution.

        Parameters
        ----------
        confidence_level : float, default=0.95
            Level of the intervals of the mean differences, between 0 and 1.

        Returns
        -------
        DataFrame
            One row per scorer and model, with the columns "score", the mean score;
            "difference", the mean of the network's score minus this model's; its
            "standard_error" and confidence interval from "ci_low" to "ci_high"; "n_folds";
            and the mean "fit_time" and "predict_time" in seconds. Values are NaN if the score
            of a fold is NaN, and for differences of the network itself.

        Raises
        ------
        ValueError
            If `confidence_level` is not between 0 and 1.
        """
        check_level(confidence_level)
        groups = self.folds.groupby(["scoring", "model"], sort=False)
        rows = {key: _summary_row(folds, confidence_level) for key, folds in groups}
        index = pd.MultiIndex.from_tuples(list(rows), names=["scoring", "model"])
        return pd.DataFrame(list(rows.values()), index=index)

    def __repr__(self) -> str:
        summary = self.summary()
        n_folds = int(summary["n_folds"].iloc[0])
        heading = (
            f"{type(self).__name__} on {n_folds} folds; differences are {OURS} less rival, "
            "± standard error"
        )
        scorings = summary.index.get_level_values("scoring").unique()
        return "\n".join([heading, *(_table(name, summary.loc[name]) for name in scorings)])

    def _repr_html_(self) -> str:
        return self.summary().to_html()


def _summary_row(folds: pd.DataFrame, confidence_level: float) -> dict[str, float]:
    names = ["score", "difference", "fit_time", "predict_time"]
    means = folds[names].mean(skipna=False)
    error = corrected_standard_error(folds)
    reach = stats.t.ppf((1 + confidence_level) / 2, len(folds) - 1) * error
    return {
        **means[["score", "difference"]],
        "standard_error": error,
        "ci_low": means["difference"] - reach,
        "ci_high": means["difference"] + reach,
        "n_folds": len(folds),
        **means[["fit_time", "predict_time"]],
    }


def _table(scoring: str, summary: pd.DataFrame) -> str:
    """Lines of one scorer."""
    header = [scoring, "score", "difference", "fit", "predict"]
    lines = [header, *(_cells(str(name), row) for name, row in summary.iterrows())]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
        for line in lines
    )


def _cells(name: str, row: pd.Series) -> list[str]:
    times = (_seconds(row[time]) for time in ("fit_time", "predict_time"))
    return [name, f"{row['score']:.4f}", "" if name == OURS else difference_text(row), *times]


def difference_text(row: pd.Series) -> str:
    """A mean difference with its standard error, to two digits of the latter."""
    error = row["standard_error"]
    known = np.isfinite(error) and error > 0
    digits = max(0, 1 - int(np.floor(np.log10(error)))) if known else 4
    return f"{row['difference']:+.{digits}f} ± {error:.{digits}f}"


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 1 else f"{1000 * value:.1f} ms"
