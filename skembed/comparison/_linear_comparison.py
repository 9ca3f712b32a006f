"""An embedding network against a tuned linear model, on the same rows of the same folds."""

import warnings
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pandas as pd
from scipy import stats
from sklearn.base import is_classifier
from sklearn.utils import check_random_state

from skembed.comparison._folds import (
    FoldRunner,
    check_inner_cv,
    checked_data,
    checked_groups,
    linear_model,
    outer_splits,
    split_off_network,
)
from skembed.comparison._scores import Scoring
from skembed.comparison._standard_error import check_level, corrected_standard_error
from skembed.comparison._tuned_linear import LinearModel

_COLUMNS = ("scoring", "fold", "n_train", "n_test", "embedding", "linear", "difference")
_TIMES = ("embedding_fit_time", "linear_fit_time")


@dataclass(frozen=True, repr=False)
class LinearComparison:
    """Scores of an embedding network and of a tuned linear model on the same folds.

    :func:`compare_with_linear` returns it, and :class:`LinearComparisonDisplay` plots it.

    Parameters
    ----------
    folds : DataFrame
        One row per scorer and fold, with the columns "scoring"; "fold", from 0; "n_train" and
        "n_test", the numbers of training and test rows; "embedding" and "linear", the scores of
        the two models; "difference", the network's score minus the linear model's, positive if
        the network is better; "embedding_fit_time" and "linear_fit_time" in seconds; and "C" or
        "alpha", the value chosen for the linear model.

    See Also
    --------
    compare_with_linear : Runs the comparison.

    Examples
    --------
    >>> import pandas as pd
    >>> from skembed import LinearComparison
    >>> folds = pd.DataFrame(
    ...     {
    ...         "scoring": "accuracy",
    ...         "fold": [0, 1],
    ...         "n_train": 80,
    ...         "n_test": 40,
    ...         "embedding": [0.9, 0.8],
    ...         "linear": [0.7, 0.7],
    ...         "difference": [0.2, 0.1],
    ...         "embedding_fit_time": 2.0,
    ...         "linear_fit_time": 1.0,
    ...         "C": 1.0,
    ...     }
    ... )
    >>> LinearComparison(folds).summary()["difference"].round(2).tolist()
    [0.15]
    """

    folds: pd.DataFrame

    def __post_init__(self) -> None:
        columns = self.folds.columns
        missing = [name for name in (*_COLUMNS, *_TIMES) if name not in columns]
        if not {"C", "alpha"} & set(columns):
            missing.append("C (or alpha)")
        if missing:
            raise ValueError(
                f"folds lacks the columns {missing}; pass the attribute folds of the result of "
                "compare_with_linear."
            )

    @property
    def parameter(self) -> str:
        """Name of the tuned parameter: "C" (logistic regression) or "alpha" (ridge regression)."""
        return "C" if "C" in self.folds.columns else "alpha"

    def summary(self, confidence_level: float = 0.95) -> pd.DataFrame:
        """Return means over the folds, with standard errors and confidence intervals.

        Parameters
        ----------
        confidence_level : float, default=0.95
            Level of the confidence interval of the mean difference, between 0 and 1.

        Returns
        -------
        DataFrame
            One row per scorer, with the columns "embedding" and "linear", the mean scores;
            "difference", the mean difference; its "standard_error" and confidence interval
            from "ci_low" to "ci_high"; "n_folds"; the mean "embedding_fit_time" and
            "linear_fit_time" in seconds; and the smallest and largest chosen value, "C_min"
            and "C_max" or "alpha_min" and "alpha_max". Values are NaN if the score of a fold
            is NaN.

        Raises
        ------
        ValueError
            If `confidence_level` is not between 0 and 1.

        Notes
        -----
        The training sets of folds overlap. The differences d of J folds are therefore not
        independent, and the usual standard error of their mean is too small. The corrected
        resampled t-test [1]_ uses ``sqrt((1 / J + n_test / n_train) * var(d))``, with the
        sample variance (denominator J - 1) and the mean numbers of test and training rows.
        The interval uses Student's t distribution with J - 1 degrees of freedom.

        References
        ----------
        .. [1] Nadeau and Bengio, "Inference for the generalization error", Machine
           Learning 52, 2003.

        Examples
        --------
        >>> import pandas as pd
        >>> from skembed import LinearComparison
        >>> folds = pd.DataFrame({
        ...     "scoring": "accuracy", "fold": [0, 1], "n_train": 50, "n_test": 50,
        ...     "embedding": [0.75, 0.8], "linear": [0.7, 0.7], "difference": [0.05, 0.1],
        ...     "embedding_fit_time": 1.0, "linear_fit_time": 0.5, "C": [0.1, 1.0],
        ... })
        >>> summary = LinearComparison(folds).summary()
        >>> summary.loc["accuracy", ["difference", "standard_error"]].round(4).tolist()
        [0.075, 0.0433]
        """
        check_level(confidence_level)
        groups = self.folds.groupby("scoring", sort=False)
        rows = {name: self._summary_row(folds, confidence_level) for name, folds in groups}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("scoring")

    def _summary_row(self, folds: pd.DataFrame, confidence_level: float) -> dict[str, float]:
        means = folds.mean(numeric_only=True, skipna=False)
        difference, error = means["difference"], corrected_standard_error(folds)
        reach = stats.t.ppf((1 + confidence_level) / 2, len(folds) - 1) * error
        chosen = folds[self.parameter]
        return {
            **means[["embedding", "linear", "difference"]],
            "standard_error": error,
            "ci_low": difference - reach,
            "ci_high": difference + reach,
            "n_folds": len(folds),
            **means[list(_TIMES)],
            f"{self.parameter}_min": chosen.min(),
            f"{self.parameter}_max": chosen.max(),
        }

    def __repr__(self) -> str:
        return f"{type(self).__name__} with the summary\n{self.summary().T.to_string()}"

    def _repr_html_(self) -> str:
        return self.summary().to_html()


def compare_with_linear(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    cv: Any = None,
    scoring: Any = None,
    groups: Any = None,
    sample_weight: Any = None,
    grid: Any = None,
    inner_cv: Any = None,
    n_jobs: int | None = None,
    random_state: Any = None,
) -> LinearComparison:
    """Compare an embedding network with a tuned linear model by cross-validation.

    In each fold, a clone of the estimator and a linear model are fitted on the training rows and
    scored on the test rows. The linear model is logistic regression for classes, one logistic
    regression per label (one-vs-rest, all with the same C) for a label indicator, or ridge
    regression for numbers. Its penalty is tuned on the training rows only.

    The steps of a pipeline before the network are fitted once per fold, on the training rows, and
    both models get the matrix that they return. There is one exception: if X is a table and the
    steps begin with a transformer of columns, such as that of `make_embedding_pipeline`, the
    linear model gets the raw columns, prepared as described in :func:`compare`.

    Parameters
    ----------
    estimator : EmbeddingDNNClassifier, EmbeddingDNNRegressor or Pipeline
        The network, fitted or not, or a pipeline that ends in one. It is cloned and not
        changed. The logistic regression uses the `class_weight` of a classifier, too.

    X : array-like, sparse matrix, DataFrame or list of length n_samples
        Input that the estimator can be fitted on.

    y : array-like of shape (n_samples,), (n_samples, n_labels) or (n_samples, n_outputs)
        Classes, a label indicator or numbers.

    cv : int, splitter or iterable, default=None
        At least two folds, as in `sklearn.model_selection.cross_validate`. None means 5,
        stratified for classes.

    scoring : str, callable, list, tuple, set or dict, default=None
        One or several scorers, as in `cross_validate`; larger must mean better. The linear
        model is tuned for the first one, which can only favour the linear model. None means
        "neg_log_loss" for classifiers and "r2" for regressors. "neg_log_loss" of a label
        indicator is the mean over the labels.

    groups : array-like of shape (n_samples,), default=None
        Groups of rows for `cv`, and for the inner splits that tune the linear model.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the fits of both models and in all scores. Steps of a pipeline
        before the last do not use them.

    grid : array-like of float, default=None
        Candidate values of C or alpha. If several have the best score, the one with the
        strongest penalty is chosen. None means 15 values, two per decade: C from 1e-4 to
        1e3, or alpha from 1e-3 to 1e4.

    inner_cv : int or splitter, default=None
        Splits of the training rows for tuning C or alpha. None means 5 shuffled folds,
        stratified for classes; with `groups`, all rows of a group are in the same fold. With
        5,000 training rows or more, only the first fold, a fifth of the rows, is scored.

    n_jobs : int, default=None
        Number of fits to run in parallel while the linear model is tuned. None means 1,
        unless in a `joblib.parallel_config`.

    random_state : int, RandomState instance or None, default=None
        Seed of the shuffled inner folds, and of the network if its `random_state` is None.
        Pass an int for reproducible results.

    Returns
    -------
    LinearComparison
        Its data frame `folds` has the scores, paired differences, times of fitting in
        seconds, and chosen values. `summary()` has their means and the standard errors.

    Raises
    ------
    TypeError
        If the estimator is not an embedding network, X is a stream, or `scoring` has an
        unsupported type.
    ValueError
        If lengths differ, `cv` makes fewer than two folds, a training part lacks a class,
        a scorer is unknown, or `grid` or `inner_cv` is invalid.

    Warns
    -----
    UserWarning
        If the smallest or largest value of the grid was chosen: a wider grid may improve the
        linear model.

    See Also
    --------
    LinearComparisonDisplay : Plots the differences.
    compare : Compares with any rivals, each with its own preparation.

    Notes
    -----
    The times of fitting include every choice made in the fit: the search for C or alpha, and
    the settings that the network tries on held-out rows. They do not include the steps of a
    pipeline before the last, the preparation of columns, and the import of TensorFlow. They
    include compiling the network, which later folds may share.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from skembed import EmbeddingDNNClassifier, VocabularyTransformer, compare_with_linear
    >>> from skembed.datasets import make_reviews
    >>> reviews, liked = make_reviews(600, random_state=0)
    >>> model = make_pipeline(VocabularyTransformer(), EmbeddingDNNClassifier(max_epochs=3))
    >>> comparison = compare_with_linear(model, reviews, liked, cv=3, random_state=0)
    >>> comparison.folds[["fold", "n_train", "n_test"]].values.tolist()
    [[0, 400, 200], [1, 400, 200], [2, 400, 200]]
    >>> comparison.summary().index.tolist()
    ['neg_log_loss']
    """
    steps, network = split_off_network(estimator)
    data = checked_data(network, X, y, sample_weight, bare=steps is None)
    groups, classifier = checked_groups(groups, data.X), is_classifier(network)
    scores = Scoring.of(
        scoring,
        default="neg_log_loss" if classifier else "r2",
        weighted=sample_weight is not None,
    )
    linear = linear_model(network, data.y, grid)
    check_inner_cv(inner_cv)
    splits = outer_splits(cv, data, groups, classifier=classifier)
    runner = FoldRunner(steps, network, linear, scores, inner_cv, n_jobs)
    rng = check_random_state(random_state)
    # the import of TensorFlow is no part of the first fit
    import_module("skembed.training.keras._trainer")
    rows = [
        {"fold": fold, **row}
        for fold, split in enumerate(splits)
        for row in runner.rows(data, groups, split, rng)
    ]
    frame = _by_scoring(rows, linear.parameter)
    _warn_of_grid_ends(frame, linear)
    return LinearComparison(frame)


def _by_scoring(rows: list[dict[str, Any]], parameter: str) -> pd.DataFrame:
    """Frame of the rows of all folds, those of the first scorer first."""
    frame = pd.DataFrame(rows)[[*_COLUMNS, *_TIMES, parameter]]
    parts = [part for _, part in frame.groupby("scoring", sort=False)]
    return pd.concat(parts, ignore_index=True)


def _warn_of_grid_ends(frame: pd.DataFrame, linear: LinearModel) -> None:
    ends = {linear.values[0], linear.values[-1]}
    chosen = frame.drop_duplicates("fold")[linear.parameter]
    at_ends = chosen[chosen.isin(ends)]
    if len(at_ends) and len(linear.values) > 1:
        warnings.warn(
            f"{linear.parameter}={at_ends.iloc[0]:g}, an end of the grid, was chosen in "
            f"{len(at_ends)} of {len(chosen)} folds; pass a wider grid, which may improve the "
            "linear model.",
            UserWarning,
            stacklevel=3,
        )
