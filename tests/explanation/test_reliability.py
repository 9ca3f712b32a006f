"""Calibration, the parts of the log loss and drift of terms are what they are said to be."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline

from skembed import (
    EmbeddingDNNClassifier,
    VocabularyTransformer,
    make_embedding_pipeline,
    reliability,
)
from skembed.datasets import make_listings, make_reviews
from skembed.explanation._drift import stability_index


class Given:
    """A classifier of two classes whose inputs are its probabilities."""

    def __init__(self, classes=(0, 1)):
        self.classes_ = np.array(classes)

    def predict_proba(self, X):
        return np.column_stack([1 - X, X])


def drawn(n=4000, seed=0):
    rng = np.random.default_rng(seed)
    chance = rng.random(n)
    return chance, (rng.random(n) < chance).astype(int)


def test_the_parts_add_up_to_the_log_loss():
    chance, y = drawn()
    for predicted in (chance, chance**2, np.full(len(y), 0.3)):
        parts = reliability(Given(), predicted, y).losses.loc[1]
        assert np.isclose(parts["log_loss"], log_loss(y, predicted))
        together = parts["miscalibration"] - parts["discrimination"] + parts["uncertainty"]
        assert np.isclose(parts["log_loss"], together)
        assert parts["miscalibration"] >= -1e-9
        assert parts["discrimination"] >= -1e-9


def test_probabilities_that_are_too_sure_are_miscalibrated():
    chance, y = drawn()
    logit = np.log(chance / (1 - chance))
    true = reliability(Given(), chance, y)
    sure = reliability(Given(), 1 / (1 + np.exp(-3 * logit)), y)
    assert true.losses["miscalibration"][1] < 0.01
    assert sure.losses["miscalibration"][1] > 0.1
    # recalibration undoes what keeps the order
    assert np.isclose(true.losses["discrimination"][1], sure.losses["discrimination"][1])
    far = np.abs(true.calibration["mean_predicted"] - true.calibration["share"])
    assert (far < 4 * true.calibration["standard_error"]).all()


def test_groups_have_like_numbers_of_rows():
    chance, y = drawn(1000)
    curve = reliability(Given(["no", "yes"]), chance, np.array(["no", "yes"])[y], n_bins=8)
    assert curve.calibration["n_rows"].tolist() == [125] * 8
    assert set(curve.calibration["class"]) == {"yes"}
    same = reliability(Given(), np.full(1000, 0.5), y).calibration
    assert same["n_rows"].tolist() == [1000]
    assert np.isclose(same["share"][0], y.mean())


def test_each_of_several_classes_has_a_curve():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = np.array(list("abc"))[(X + rng.normal(size=X.shape)).argmax(axis=1)]
    found = reliability(LogisticRegression().fit(X, y), X, y, n_bins=5)
    assert found.losses.index.tolist() == ["a", "b", "c"]
    assert found.calibration.groupby("class")["n_rows"].sum().tolist() == [300] * 3
    assert found.drift.empty


@settings(max_examples=40)
@given(st.integers(2, 40), st.integers(0, 2**16))
def test_without_drift_the_index_is_about_that_of_chance(n_terms, seed):
    rng = np.random.default_rng(seed)
    chance = rng.dirichlet(np.ones(n_terms))
    indices, expected = zip(
        *(
            stability_index(*(rng.multinomial(n, chance).astype(float) for n in (4000, 2000)))
            for _ in range(20)
        ),
        strict=True,
    )
    assert np.mean(indices) < 1.6 * np.mean(expected) + 1e-3


def test_an_index_of_two_kinds_is_that_of_its_definition():
    index, by_chance = stability_index(np.array([700.0, 300.0]), np.array([400.0, 600.0]))
    assert np.isclose(index, 0.3 * np.log(7 / 4) + 0.3 * np.log(6 / 3), rtol=0.01)
    assert np.isclose(by_chance, 2 / 1000)
    assert np.isnan(stability_index(np.zeros(2), np.ones(2))).all()


def test_drift_of_a_column_and_unknown_terms_are_told():
    ads = make_listings(1500, random_state=0)
    table, y = ads.drop(columns="price"), (ads["price"] > ads["price"].median()).astype(int)
    network = EmbeddingDNNClassifier(max_epochs=2, random_state=0)
    model = make_embedding_pipeline(network).fit(table[:1000], y[:1000])
    later = table[1000:].copy()
    same = reliability(model, later, y[1000:])
    assert {"district", "room_type", "amenities"} <= set(same.drift.index)
    assert (same.drift["stability_index"] < 4 * same.drift["stability_index_by_chance"]).all()
    common = later["room_type"].value_counts().index
    later["room_type"] = later["room_type"].replace(common[0], common[1])
    later["district"] = "new " + later["district"]
    with pytest.warns(UserWarning, match="column 'district'"):
        moved = reliability(model, later, y[1000:])
    assert moved.drift["stability_index"]["room_type"] > 0.25
    assert moved.drift["unknown"]["district"] == 1
    assert np.isnan(moved.drift["stability_index"]["district"])
    assert np.isclose(
        moved.drift["stability_index"]["amenities"], same.drift["stability_index"]["amenities"]
    )


def test_the_picture_has_a_curve_and_a_bar_a_column(tmp_path):
    import matplotlib.pyplot as plt

    reviews, liked = make_reviews(600, random_state=0)
    network = EmbeddingDNNClassifier(max_epochs=5, random_state=0)
    model = make_pipeline(VocabularyTransformer(), network).fit(reviews[:400], liked[:400])
    axes = reliability(model, reviews[400:], liked[400:]).plot()
    assert len(axes) == 2
    assert len(axes[1].patches) == 1
    axes[0].figure.savefig(tmp_path / "reliability.png")
    plt.close(axes[0].figure)
    chance, y = drawn(500)
    (ax,) = reliability(Given(), chance, y).plot()
    assert "miscalibration" in ax.get_legend().get_texts()[0].get_text()
    plt.close(ax.figure)


def test_what_is_wrong_is_told():
    chance, y = drawn(50)
    labels = pd.Series(y.astype(object))
    labels[7] = "zz"
    with pytest.raises(ValueError, match="Row 7 of y is 'zz', expected one of the model's classes"):
        reliability(Given(), chance, labels)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        reliability(Given(), chance, y[:40])
    with pytest.raises(ValueError, match="n_bins is 0"):
        reliability(Given(), chance, y, n_bins=0)
    with pytest.raises(TypeError, match="got str"):
        reliability("model", chance, y)
