"""The rivals, unfitted, by task: classes, labels or values. No setting depends on the data set."""

from importlib.util import find_spec
from typing import Any

from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.quality._fasttext import FastText
from benchmarks.quality._naive_bayes import NaiveBayesLogistic
from benchmarks.quality._wide_mlp import WideMLP
from benchmarks.shared._tuned_linear import GRID, Tuned


def linear(task: str) -> Any:
    """Ridge or logistic regression, its penalty as it is by default."""
    if task == "values":
        return Ridge()
    logistic = LogisticRegression(max_iter=1000)
    return OneVsRestClassifier(logistic) if task == "labels" else logistic


def tuned(task: str) -> Any:
    """The same with the penalty chosen on held-out rows."""
    parameter = {"values": "alpha", "labels": "estimator__C"}.get(task, "C")
    return Tuned(linear(task), parameter, GRID, task)


def naive_bayes(task: str) -> Any:
    """Logistic regression on features scaled by log-count ratios, C tuned; none for values."""
    if task == "values":
        return None
    # one class against the others, where there are more than two
    each = OneVsRestClassifier(NaiveBayesLogistic())
    return Tuned(each, "estimator__C", GRID, task)


def mlp(task: str) -> Any:
    """scikit-learn's network."""
    network = MLPRegressor if task == "values" else MLPClassifier
    return network(hidden_layer_sizes=(64,), early_stopping=True)


def wide_mlp(task: str) -> Any:
    """A wide hidden layer on tf-idf; none for values."""
    return None if task == "values" else WideMLP(labels=task == "labels")


def fasttext(task: str) -> Any:
    """fastText, where it is installed; none for values."""
    if task == "values" or find_spec("fasttext") is None:
        return None
    return FastText("ova" if task == "labels" else "softmax")


def cross_validated(task: str) -> Any:
    """Logistic regression with C chosen by cross-validation; none for values."""
    if task == "values":
        return None
    logistic = LogisticRegressionCV()
    return OneVsRestClassifier(logistic) if task == "labels" else logistic
