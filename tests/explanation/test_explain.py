"""Contributions add up to what is predicted, and agree with Shapley values."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
import scipy.sparse as sp
from field_problem import FIELDS
from hypothesis import given, settings
from hypothesis import strategies as st
from made_rows import random_counts
from sklearn.pipeline import make_pipeline

from skembed import (
    EmbeddingDNNClassifier,
    EmbeddingDNNRegressor,
    EmbeddingRecommender,
    VocabularyTransformer,
    explain,
    make_embedding_pipeline,
)
from skembed.datasets import make_listings
from skembed.explanation import _explain
from skembed.network._activations import ACTIVATIONS
from skembed.network._contributions import contributions
from skembed.network._field_layout import FieldLayout
from skembed.network._network import Network
from skembed.network._pooling import COMBINERS, Pooling
from skembed.network._shapley_values import coalitions


def problem(n_rows=150, n_features=10, seed=0):
    X = random_counts(n_rows, n_features, seed=seed).astype(np.float32)
    return X, np.random.default_rng(seed)


def test_contributions_and_base_add_up_to_the_decision_function():
    X, rng = problem()
    two, four, labels = (rng.integers(0, n, 150) for n in (2, 4, 8))
    sets = labels[:, None] >> np.arange(3) & 1
    for y, names in ((two, [1]), (four, [0, 1, 2, 3]), (sets, [0, 1, 2])):
        model = EmbeddingDNNClassifier(random_state=0, max_epochs=3).fit(X, y)
        explanation = explain(model, X)
        assert np.allclose(explanation.outputs(), model.decision_function(X), atol=1e-5)
        assert explanation.output_names.tolist() == names


def test_a_default_fit_with_a_linear_model_beside_adds_up():
    X, rng = problem(400)
    y = (X[:, 0].toarray().ravel() + rng.normal(size=400) > 1).astype(int)
    model = EmbeddingDNNClassifier(random_state=0).fit(X, y)
    assert model.linear_model_coef_.any()
    assert np.allclose(explain(model, X).outputs(), model.decision_function(X), atol=1e-5)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_numbers_add_up(loss):
    X, rng = problem()
    y = rng.poisson(3, 150) + 1.0
    model = EmbeddingDNNRegressor(loss=loss, random_state=0, max_epochs=3).fit(X, y)
    predicted = model.predict(X)
    expected = np.log(predicted) if loss == "poisson" else predicted
    assert np.allclose(explain(model, X).outputs(), expected, atol=1e-5)


def test_fields_with_numbers_and_sizes_add_up():
    X, rng = problem(n_features=len(FIELDS))
    y = rng.integers(0, 2, 150)
    model = EmbeddingDNNClassifier(4, fields=FIELDS, row_size=True, max_epochs=3, random_state=0)
    model = model.fit(X, y)
    assert np.allclose(explain(model, X).outputs(), model.decision_function(X), atol=1e-5)


def test_target_statistics_are_features_behind():
    ads = make_listings(400, random_state=0)
    table, price = ads.drop(columns="price"), np.log(ads["price"])
    model = make_embedding_pipeline(
        EmbeddingDNNRegressor(target_statistics=2, random_state=0, max_epochs=3)
    ).fit(table, price)
    explanation = explain(model, table)
    assert np.allclose(explanation.outputs(), model.predict(table), rtol=1e-4, atol=1e-4)
    n_features = model[-1].n_features_in_
    assert len(explanation.feature_names) > n_features
    assert explanation.feature_names[-1].startswith("count of ")
    assert explanation.contributions.shape == (400, len(explanation.feature_names))


def made_network(rng, activation, combiner, hidden, sized, fields):
    layout = FieldLayout.of(np.array([0, 1, 0, 2, -1, 1, 2]), 3) if fields else None
    pooling = Pooling(combiner, layout)
    sized = sized and combiner != "sum"
    sizes = [(3 + sized) * pooling.n_fields, *hidden, 2]
    kernels = [rng.normal(size=pair) for pair in zip(sizes, sizes[1:], strict=False)]
    biases = [rng.normal(size=n) for n in sizes[1:]]
    scale = rng.normal(size=2)
    return Network(rng.normal(size=(7, 5)), kernels, biases, activation, pooling, scale)


NETWORKS = (
    st.integers(0, 2**16),
    st.sampled_from(sorted(ACTIVATIONS)),
    st.sampled_from(COMBINERS),
    st.lists(st.integers(1, 5), max_size=3),
    st.booleans(),
    st.booleans(),
)


@settings(max_examples=60)
@given(*NETWORKS)
def test_parts_of_any_network_add_up(seed, activation, combiner, hidden, sized, fields):
    rng = np.random.default_rng(seed)
    network = made_network(rng, activation, combiner, hidden, sized, fields)
    X = sp.random(9, 7, 0.4, rng=rng, format="csr")
    X.sort_indices()
    parts, base = contributions(network, X)
    sums = np.column_stack([part.sum(axis=1) for part in parts]) + base
    assert np.allclose(sums, network.logits(X))
    assert np.allclose(base, network.logits(sp.csr_matrix((1, 7)))[0])
    for part in parts:  # nothing where there is nothing
        assert not part[X.toarray() == 0].any()
    with pytest.MonkeyPatch.context() as patch:  # as of long rows
        patch.setattr("skembed.network._contributions._FEW_ENTRIES", 0)
        others, _ = contributions(network, X)
    for part, other in zip(parts, others, strict=True):
        assert np.allclose(part.sum(axis=1), other.sum(axis=1))


def test_blocks_of_rows_change_nothing(monkeypatch):
    X, rng = problem()
    model = EmbeddingDNNClassifier(random_state=0, max_epochs=3).fit(X, rng.integers(0, 3, 150))
    whole = explain(model, X)
    monkeypatch.setattr("skembed.network._contributions._BLOCK", 500)
    parts = explain(model, X)
    for one, other in zip(whole.contributions, parts.contributions, strict=True):
        assert np.allclose(one.toarray(), other.toarray(), atol=1e-6)


def test_a_linear_network_has_the_contributions_of_its_weights():
    X, rng = problem()
    model = EmbeddingDNNClassifier(
        4, hidden_units=(), combiner="sum", row_size=False, max_epochs=3, random_state=0
    ).fit(X, rng.integers(0, 2, 150))
    weights = model.embeddings_ @ model.coefs_[0][:, 0] + model.linear_coef_[0]
    expected = X.multiply(weights).toarray()
    assert np.allclose(explain(model, X).contributions.toarray(), expected, atol=1e-5)


def shapley_values(value, n):
    """Exact Shapley values of a game of n players; `value` gives that of a bool array (n,)."""
    worth = {}
    for size in range(n + 1):
        for players in combinations(range(n), size):
            present = np.zeros(n, bool)
            present[list(players)] = True
            worth[players] = value(present)
    result = np.zeros(n)
    for player in range(n):
        for players, without in worth.items():
            if player not in players:
                joined = tuple(sorted((*players, player)))
                weight = 1 / (n * comb(n - 1, len(players)))
                result[player] += weight * (worth[joined] - without)
    return result


@settings(max_examples=40)
@given(*NETWORKS)
def test_parts_of_few_entries_are_the_shapley_values(
    seed, activation, combiner, hidden, sized, fields
):
    rng = np.random.default_rng(seed)
    network = made_network(rng, activation, combiner, hidden, sized, fields)
    X = sp.random(3, 7, 0.6, rng=rng, format="csr")
    X.sort_indices()
    parts, _ = contributions(network, X)
    for row in range(3):
        entries = X[row].indices

        def value(present, row=row, entries=entries):
            dense = X[row].toarray()
            dense[0, entries[~present]] = 0
            return float(network.logits(sp.csr_matrix(dense))[0, 1])

        expected = shapley_values(value, len(entries))
        assert np.allclose(parts[1][row, entries].toarray().ravel(), expected)


def test_sampled_orders_come_near_to_the_shapley_values():
    rng = np.random.default_rng(0)
    network = made_network(rng, "relu", "sqrtn", [5], True, True)
    X = sp.random(60, 7, 0.8, rng=rng, format="csr")
    X.sort_indices()
    exact, _ = contributions(network, X)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skembed.network._shapley_values._EXACT_ENTRIES", 1)
        coalitions.cache_clear()
        sampled, _ = contributions(network, X)
    coalitions.cache_clear()
    assert not np.allclose(exact[0].data, sampled[0].data)
    assert np.corrcoef(exact[0].data, sampled[0].data)[0, 1] > 0.98


def test_a_pipeline_names_its_terms(tmp_path):
    import matplotlib.pyplot as plt

    reviews = ["a great film", "a bad $ film", "great", "bad"] * 20
    model = make_pipeline(
        VocabularyTransformer(tokenizer="word"),
        EmbeddingDNNClassifier(max_epochs=20, random_state=0),
    ).fit(reviews, ["liked", "disliked"] * 40)
    explanation = explain(model, ["a bad $ film", "great"])
    table = explanation.to_frame(0)
    assert table["feature"][0] == "bad"
    assert table["contribution"][0] < 0
    assert explanation.to_frame(-1)["feature"].tolist() == ["great"]
    assert explanation.summary()["n_rows"].sum() == 5
    ax = explanation.plot(0, top=2)
    assert ax.get_yticklabels()[-1].get_text() == "2 others"
    assert len(ax.patches) == 3
    total = sum(bar.get_width() for bar in ax.patches) + explanation.base_value
    assert np.isclose(total, model.decision_function(["a bad $ film"])[0], atol=1e-5)
    plt.close(ax.figure)


def test_a_tokenless_row_is_the_base_value():
    X, rng = problem()
    model = EmbeddingDNNClassifier(random_state=0, max_epochs=3).fit(X, rng.integers(0, 2, 150))
    explanation = explain(model, sp.csr_matrix((2, 10), dtype=np.float32))
    assert explanation.contributions.nnz == 0
    assert np.allclose(explanation.outputs(), explanation.base_value)


def test_what_cannot_be_explained_is_told():
    X, rng = problem()
    with pytest.raises(TypeError, match="got EmbeddingRecommender; call its method explain"):
        explain(EmbeddingRecommender(), X)
    model = EmbeddingDNNClassifier(random_state=0, max_epochs=1).fit(X, rng.integers(0, 3, 150))
    explanation = explain(model, X)
    with pytest.raises(ValueError, match="there are 3 outputs; pass one of"):
        explanation.to_frame(0)
    with pytest.raises(ValueError, match="output is 7; pass one of"):
        explanation.to_frame(0, 7)
    with pytest.raises(IndexError, match="row is 150"):
        explanation.to_frame(150, 0)


def test_what_is_more_than_rounding_is_not_shared_out(monkeypatch):
    X, rng = problem()
    model = EmbeddingDNNClassifier(random_state=0, max_epochs=3).fit(X, rng.integers(0, 2, 150))
    true = explain(model, X).outputs()
    split = _explain.contributions

    def wrong(*given):
        parts, base = split(*given)
        return [part * 1.01 for part in parts], base

    monkeypatch.setattr(_explain, "contributions", wrong)
    assert np.abs(explain(model, X).outputs() - true).max() > 1e-4
