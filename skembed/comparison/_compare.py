"""`compare`: an embedding network against any rivals, on the same rows of the same folds."""

from importlib import import_module
from typing import Any

import pandas as pd
import scipy.sparse as sp
from sklearn.base import is_classifier
from sklearn.utils import check_random_state

from skembed.comparison._column_kinds import as_table
from skembed.comparison._comparison import COLUMNS, Comparison
from skembed.comparison._folds import (
    checked_data,
    checked_groups,
    linear_model,
    outer_splits,
    split_off_network,
)
from skembed.comparison._rival_folds import RivalRunner
from skembed.comparison._rivals import checked_rivals
from skembed.comparison._scores import Scoring
from skembed.comparison._tuned_linear import TABLE_GRID


def compare(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    rivals: Any = ("linear", "trees"),
    cv: Any = None,
    scoring: Any = None,
    groups: Any = None,
    sample_weight: Any = None,
    n_jobs: int | None = None,
    random_state: Any = None,
) -> Comparison:
    """Compare an embedding network with rivals by cross-validation.

    In each fold, all models are fitted on the training rows and scored on the test rows. Named
    rivals get the raw columns, with a preparation that suits them and is fitted on the training
    rows.

    "linear" is logistic regression for classes, one logistic regression per label for a label
    indicator, or ridge regression for numbers. Its penalty is tuned on the training rows: C or
    alpha from 0.01 to 100, two values per decade. Categories are one-hot encoded. Numbers are
    standardised and also split into 4, 16 or 64 quantile bins (the finest two resolutions with
    at least 200 rows per bin). Texts become tf-idf of words and, from 10,000 rows on, of pairs
    of words. Lists are multi-hot encoded. Dates are split into their parts.

    "trees" is histogram gradient boosting with default parameters. It handles categories
    natively; columns with more than 255 categories are target-encoded. Numbers are unchanged.
    Texts and lists become 64 components of a truncated SVD.

    Parameters
    ----------
    estimator : EmbeddingDNNClassifier, EmbeddingDNNRegressor or Pipeline
        The network, fitted or not, or a pipeline that ends in one. It is cloned and not
        changed. The named rivals use the `class_weight` of a classifier, too.

    X : DataFrame, array-like, sparse matrix or list of length n_samples
        Input that the estimator can be fitted on.

    y : array-like of shape (n_samples,), (n_samples, n_labels) or (n_samples, n_outputs)
        Classes, a label indicator or numbers. "trees" supports only one output.

    rivals : str, estimator, list, tuple or dict, default=("linear", "trees")
        The names "linear" and "trees", or other estimators; a dict maps names that you choose
        to either. An estimator is cloned and fitted on X as you passed it: if columns need
        preparation, pass a pipeline. If its `random_state` is None, it gets a seed.

    cv : int, splitter or iterable, default=None
        At least two folds, as in `sklearn.model_selection.cross_validate`. None means 5,
        stratified for classes.

    scoring : str, callable, list, tuple, set or dict, default=None
        One or several scorers, as in `cross_validate`; larger must mean better. "linear" is
        tuned for the first one. None means "neg_log_loss" for classifiers and "r2" for
        regressors. "neg_log_loss" of a label indicator is the mean over the labels.

    groups : array-like of shape (n_samples,), default=None
        Groups of rows for `cv`, and for the inner splits that tune "linear".

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the fits of all models and in all scores. Steps of a pipeline
        before the last, and the preparation of rivals, do not use them.

    n_jobs : int, default=None
        Number of fits to run in parallel while "linear" is tuned. None means 1, unless in a
        `joblib.parallel_config`.

    random_state : int, RandomState instance or None, default=None
        Seed of the shuffled inner folds, of the rivals, and of the network if its
        `random_state` is None. Pass an int for reproducible results.

    Returns
    -------
    Comparison
        Its data frame `folds` has the scores, paired differences, and times of fitting and
        predicting in seconds. `summary()` has their means and the standard errors.

    Raises
    ------
    TypeError
        If the estimator is not an embedding network, X is a stream, a rival is not an
        estimator, or `scoring` has an unsupported type.
    ValueError
        If lengths differ, `cv` makes fewer than two folds, a training part lacks a class, a
        scorer or rival is unknown, a rival does not support weights or this y, or two rivals
        have the same name.

    See Also
    --------
    ComparisonDisplay : Plots the differences.
    compare_with_linear : Compares with the linear model only, with a grid that you choose.

    Notes
    -----
    The kinds of columns are detected on the training rows: strings, categories, booleans and
    integers with at most 20 distinct values are categories; strings of several words are texts.
    If the estimator is a pipeline that begins with a ColumnTransformer, such as
    `FieldTransformer`, "linear" and "trees" get only the columns that it uses. Columns that it
    passes to a transformer of categories are then categories for the rivals, too.

    A sparse matrix is considered prepared: "linear" uses it unchanged, without the steps of a
    pipeline. "trees" uses it as a dense array, reduced by a truncated SVD to 64 components if it
    has more than 128 columns.

    The time of a fit includes the preparation and every choice made in the fit: the search for
    the penalty, and the settings that the network tries on held-out rows. It does not include
    the import of TensorFlow.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from skembed import EmbeddingDNNClassifier, compare, make_embedding_pipeline
    >>> from skembed.datasets import make_reviews
    >>> import pandas as pd
    >>> reviews, liked = make_reviews(600, random_state=0)
    >>> table = pd.DataFrame({"terms": reviews})
    >>> model = make_embedding_pipeline(
    ...     EmbeddingDNNClassifier(max_epochs=3), categorical=["terms"]
    ... )
    >>> comparison = compare(
    ...     model, table, liked, rivals=["linear", DummyClassifier()], cv=3, random_state=0
    ... )
    >>> comparison.summary().index.tolist()  # doctest: +NORMALIZE_WHITESPACE
    [('neg_log_loss', 'embedding'), ('neg_log_loss', 'linear'),
     ('neg_log_loss', 'DummyClassifier')]
    """
    steps, network = split_off_network(estimator)
    data = checked_data(network, X, y, sample_weight, bare=steps is None)
    groups, classifier = checked_groups(groups, data.X), is_classifier(network)
    scores = Scoring.of(
        scoring,
        default="neg_log_loss" if classifier else "r2",
        weighted=sample_weight is not None,
    )
    linear = linear_model(network, data.y, None if sp.issparse(data.X) else TABLE_GRID)
    chosen = checked_rivals(rivals, network, data, linear=linear, scoring=scores, n_jobs=n_jobs)
    needs_table = any(rival.named for rival in chosen.values()) and not sp.issparse(data.X)
    table = as_table(data.X) if needs_table else None
    splits = outer_splits(cv, data, groups, classifier=classifier)
    runner = RivalRunner(steps, network, chosen, scores, table)
    rng = check_random_state(random_state)
    # the import of TensorFlow is no part of the first fit
    import_module("skembed.training.keras._trainer")
    rows = [
        {"fold": fold, **row}
        for fold, split in enumerate(splits)
        for row in runner.rows(data, groups, split, rng)
    ]
    frame = pd.DataFrame(rows)[[*COLUMNS]]
    parts = [part for _, part in frame.groupby("scoring", sort=False)]
    return Comparison(pd.concat(parts, ignore_index=True))
