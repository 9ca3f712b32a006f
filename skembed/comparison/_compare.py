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

    All models are fitted on the training part of each fold, and scored on its test part.
    Each rival gets the raw columns and is prepared in its own way, on the training part.

    "linear" is logistic regression for classes, one logistic regression a label for a label
    indicator, or ridge regression for numbers. Its penalty is chosen on rows of the training
    part: C or alpha from 0.01 to 100, two a decade. Categories are one-hot; numbers are
    standardised and in bins between 4, 16 or 64 quantiles (the finest two that 200 rows a bin
    fill); texts are tf-idf of words, from 10,000 rows on also of pairs of words; lists are
    multi-hot; dates become their parts.

    "trees" is histogram gradient boosting at its defaults. Categories are categories of its
    own, or target-encoded where a column has more than 255; numbers stay as they are; texts
    and lists become 64 components of a truncated SVD.

    Parameters
    ----------
    estimator : EmbeddingDNNClassifier, EmbeddingDNNRegressor or Pipeline
        The network, fitted or not, or a pipeline that ends in one. It is cloned and not
        changed. `class_weight` of a classifier is that of the named rivals too.

    X : DataFrame, array-like, sparse matrix or list of length n_samples
        What the estimator is fitted on.

    y : array-like of shape (n_samples,), (n_samples, n_labels) or (n_samples, n_outputs)
        Classes, a label indicator or numbers. "trees" takes one output only.

    rivals : str, estimator, list, tuple or dict, default=("linear", "trees")
        Names, "linear" or "trees", and estimators of your own; a dict has your names for
        them. An estimator of your own is cloned and gets X as you gave it: put what prepares
        the columns into a pipeline. Where its `random_state` is None, it gets a seed.

    cv : int, splitter or iterable, default=None
        The folds, two or more, as in `sklearn.model_selection.cross_validate`: None means
        5, stratified for classes.

    scoring : str, callable, list, tuple, set or dict, default=None
        One or several scorers, as in `cross_validate`; larger must mean better. "linear" is
        tuned for the first one. None means "neg_log_loss" for classifiers and "r2" for
        regressors. "neg_log_loss" of a label indicator is the mean over the labels.

    groups : array-like of shape (n_samples,), default=None
        Groups of rows for `cv`, and for the splits by which "linear" is tuned.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the fits of all models and in all scores. Steps of a pipeline
        before the last, and the preparation of rivals, are not given them.

    n_jobs : int, default=None
        Fits of "linear" to run at a time while it is tuned. None means 1, unless in a
        `joblib.parallel_config`.

    random_state : int, RandomState instance or None, default=None
        Seed of the shuffled inner folds, of the rivals, and of the network where that has
        `random_state=None`. An int gives the same comparison again.

    Returns
    -------
    Comparison
        The frame `folds` of scores, paired differences and seconds of each fit and
        prediction; `summary()` has their means and the standard errors.

    Raises
    ------
    TypeError
        If the estimator is another, X is a stream, a rival is no estimator, or `scoring` is
        of no such form.
    ValueError
        If lengths differ, `cv` makes fewer than two folds, a training part lacks a class, a
        scorer or rival is not known, a rival takes no weights or not this y, or two rivals
        have one name.

    See Also
    --------
    ComparisonDisplay : Picture of the differences.
    compare_with_linear : Against the linear model alone, with a grid of your own.

    Notes
    -----
    The kinds of columns are found from the training part: strings, categories, booleans and
    integers of at most 20 values are categories, strings of several words texts. Where the
    estimator is a pipeline that begins with a ColumnTransformer, such as `FieldTransformer`,
    "linear" and "trees" get the columns that it uses, and what it hands to a transformer of
    categories are categories for them, too.

    A sparse matrix has been prepared already: "linear" takes it as it is, without the steps
    of a pipeline, and "trees" as a dense array, by a truncated SVD with 64 components if it
    has more than 128 columns.

    The seconds of a fit include the preparation, and all that a fit chooses: the search for
    the penalty as well as what the network tries on rows it holds out. The import of
    TensorFlow is not counted.

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
