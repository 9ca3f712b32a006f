"""Classes of one row or two, as titles and ids have them: never fatal, never listed at length."""

import numpy as np
import pytest
import scipy.sparse as sp

from skembed import EmbeddingDNNClassifier

FAST = {"embedding_dim": 4, "hidden_units": 8, "max_epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def titles():
    """500 rows of 200 classes, most of them of one row."""
    rng = np.random.default_rng(0)
    y = np.array([f"title {n}" for n in np.r_[np.arange(200), rng.integers(0, 20, 300)]])
    X = sp.random(500, 50, 0.2, "csr", random_state=0)
    X.data[:] = 1
    return X, y


def test_early_stopping_keeps_a_row_of_each_class_to_train_on(titles):
    X, y = titles
    model = EmbeddingDNNClassifier(early_stopping=True, **FAST).fit(X, y)
    assert model.classes_.tolist() == np.unique(y).tolist()
    assert np.isfinite(model.history_["val_loss"]).all()


def test_so_does_partial_fit_go_on(titles):
    X, y = titles
    model = EmbeddingDNNClassifier(early_stopping=True, **FAST).fit(X, y)
    model.partial_fit(X[:10], y[:10])
    assert model.predict(X).shape == (500,)


def test_trials_of_a_default_fit_survive_rare_classes():
    rng = np.random.default_rng(1)
    y = np.r_[np.arange(150), rng.integers(0, 10, 950)]
    X = sp.csr_matrix((rng.random((1100, 12)) < 0.3).astype(np.float32))
    model = EmbeddingDNNClassifier(embedding_dim=4, hidden_units=8, random_state=0).fit(X, y)
    assert len(model.classes_) == 150
    assert np.isfinite(model.plan_["loss"])


@pytest.mark.filterwarnings("ignore:The number of unique classes")
def test_where_each_row_is_a_class_of_its_own_none_can_be_held_out(titles):
    X, _ = titles
    with pytest.raises(ValueError, match="each of the 500 rows .* early_stopping=False"):
        EmbeddingDNNClassifier(early_stopping=True, **FAST).fit(X, np.arange(500))


@pytest.mark.filterwarnings("ignore:The number of unique classes")
def test_rows_for_validation_of_classes_that_training_lacks_are_left_out(titles):
    X, y = titles
    model = EmbeddingDNNClassifier(early_stopping=True, **FAST)
    with pytest.warns(
        UserWarning, match=r"80 rows of y_val .* not occur in y, such as 'title 20' in row 20"
    ):
        model.fit(X[200:], y[200:], X_val=X[:100], y_val=y[:100])
    assert np.isfinite(model.history_["val_loss"]).all()
    with pytest.raises(ValueError, match="All 80 rows of y_val have classes that do not occur"):
        model.fit(X[200:], y[200:], X_val=X[20:100], y_val=y[20:100])


@pytest.mark.parametrize("fault", ["label", "class_weight", "classes"])
def test_messages_name_a_few_classes(titles, fault):
    X, y = titles
    model = EmbeddingDNNClassifier(**FAST).partial_fit(X, y, classes=np.unique(y))
    with pytest.raises(ValueError, match=r"\.\.\. 200 in all\]") as error:
        if fault == "label":
            model.partial_fit(X[:1], ["another"])
        elif fault == "classes":
            model.partial_fit(X, y, classes=["a", "b"])
        else:
            EmbeddingDNNClassifier(class_weight={"another": 2.0}, **FAST).fit(X, y)
    assert len(str(error.value)) < 400
