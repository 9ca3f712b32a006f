import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.utils.class_weight import compute_sample_weight
from small_estimators import small

from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor


def with_copies(X, y, weights):
    """The rows, each as often as its weight says."""
    rows = np.repeat(np.arange(len(y)), weights)
    return X[rows], y[rows]


@pytest.mark.parametrize(
    "params",
    [
        dict(cls=EmbeddingDNNClassifier),
        dict(cls=EmbeddingDNNClassifier, combiner="mean", class_weight={0: 3.0}),
        dict(cls=EmbeddingDNNClassifier, class_weight="balanced"),
        dict(cls=EmbeddingDNNRegressor),
        dict(cls=EmbeddingDNNRegressor, loss="absolute_error"),
        dict(cls=EmbeddingDNNRegressor, loss="poisson", learning_rate=1e-3),
    ],
)
def test_weights_equal_repetition(params, number_problem):
    X, y = number_problem
    X = X.astype(np.float64)
    if params["cls"] is EmbeddingDNNClassifier:
        y = (y > np.median(y)).astype(int) * 2
        if isinstance(params.get("class_weight"), dict):
            y //= 2
    weights = np.random.default_rng(0).integers(0, 4, 400)
    params = {"max_epochs": 5, "batch_size": 1000, "optimizer": "sgd", **params}
    weighted = small(**params).fit(X, y, sample_weight=weights)
    repeated = small(**params).fit(*with_copies(X, y, weights))
    assert_allclose(weighted.embeddings_, repeated.embeddings_, rtol=1e-6, atol=1e-9)
    assert_allclose(weighted.history_["loss"], repeated.history_["loss"], rtol=1e-6)
    # where the start does not depend on them, only the weights' ratios count
    params["embedding_init"] = "random"
    plain, scaled = (small(**params).fit(X, y, sample_weight=w * weights) for w in (1, 7.5))
    assert_allclose(plain.embeddings_, scaled.embeddings_, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("class_weight", ["balanced", "given"])
def test_class_weights_are_sample_weights(class_weight, n_classes, number_problem):
    X, y = number_problem
    labels = np.array(["low", "mid", "top"])[np.digitize(y, [4.5, 8.0][: n_classes - 1])]
    if class_weight == "given":
        class_weight = {"low": 0.5, "mid": 2.0, "top": 3.0}
        class_weight = {k: v for k, v in class_weight.items() if k in labels}
    by_row = compute_sample_weight(class_weight, labels)
    params = {"max_epochs": 3}
    X = X.astype(np.float64)
    model = small(class_weight=class_weight, **params).fit(X, labels)
    expected = small(**params).fit(X, labels, sample_weight=by_row)
    assert_allclose(model.embeddings_, expected.embeddings_, rtol=1e-6, atol=1e-9)
    assert_allclose(model.history_["loss"], expected.history_["loss"], rtol=1e-6)
    plain = small(**params).fit(X, labels)
    assert not np.allclose(model.embeddings_, plain.embeddings_, rtol=1e-3)


def test_class_weights_must_name_classes(number_problem):
    X, y = number_problem
    model = small(class_weight={"maybe": 2.0})
    with pytest.raises(ValueError, match=r"labels \['maybe'\], expected only classes of y"):
        model.fit(X, np.where(y > 6, "yes", "no"))
    model = small(class_weight={0: 2.0})
    with pytest.raises(ValueError, match="needs one class per row, but y has label sets"):
        model.fit(X, np.stack([y > 6, y > 7], 1))
