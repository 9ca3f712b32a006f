from pathlib import Path

import numpy as np
import pandas as pd
from fitted_models import REVIEWS

from skembed import EmbeddingDNNClassifier, make_embedding_pipeline
from skembed.saving._save_load import load

FOLDER = Path(__file__).parent / "golden"
GOLDEN = FOLDER / "pipeline_v1.skembed"


def test_golden_file_loads_for_ever():
    """The first format's file keeps giving the predictions it had.

    If this fails, mend the reader, not the file. Only a release that gives up format 1
    may replace it: `make_model_pipeline()` saved as the file of the new version, and
    its `predict_proba(REVIEWS)` written below.
    """
    model = load(GOLDEN)
    second = np.array([0.53993124, 0.52447999, 0.50408298, 0.62129599])
    expected = np.column_stack([1 - second, second])
    np.testing.assert_allclose(model.predict_proba(REVIEWS), expected, rtol=1e-5)
    assert list(model.named_steps) == ["vocabularytransformer", "embeddingdnnclassifier"]
    assert model[0].vocabulary_["dull"] == 0 and model.classes_.tolist() == ["n", "p"]
    model[1].partial_fit(model[0].partial_fit(REVIEWS).transform(REVIEWS), list("npnp"))


def make_table():
    """Categories, numbers, dates and texts, with missing values."""
    n_rows = np.arange(60)
    table = pd.DataFrame(
        {
            "room": pd.Series(["whole", "shared", None])[n_rows % 3].to_numpy(),
            "area": pd.Series(["north", "south", "east", "west"])[n_rows % 4].to_numpy(),
            "price": np.where(n_rows % 7, n_rows * 1.5, np.nan),
            "seen": pd.date_range("2024-01-01", periods=60, freq="9D"),
            "advert": pd.Series(["a quiet loft", "near the park", "sunny"])[n_rows % 3].to_numpy(),
        }
    )
    return table, (n_rows // 4 + n_rows) % 2


def make_table_pipeline():
    """What the golden file of a table holds: target statistics and two merged networks."""
    network = EmbeddingDNNClassifier(
        embedding_dim=3,
        hidden_units=4,
        target_statistics=2,
        n_members=2,
        max_epochs=3,
        random_state=0,
    )
    pipeline = make_embedding_pipeline(network, text=["advert"], remainder="auto")
    return pipeline.fit(*make_table())


def test_golden_file_of_a_table_loads_for_ever():
    """Pipelines of tables, with target statistics and several networks.

    If this fails, mend the reader, not the file: see above, with `make_table_pipeline()`.
    """
    model = load(FOLDER / "table_v1.skembed")
    table = make_table()[0]
    expected = [0.604314, 0.748750, 0.605864, 0.631818]
    np.testing.assert_allclose(model.predict_proba(table.head(4))[:, 1], expected, rtol=1e-4)
    assert model["columns"].plan_["kind"].tolist() == [
        "categorical", "categorical", "numeric", "dates", "text",
    ]  # fmt: skip
    assert model["network"].n_members_ == 2
    assert model["network"].plan_["target_statistics"] == 2
    model.fit(*make_table())


def test_golden_file_of_a_recommender_loads_for_ever():
    """Histories of five items, with the weights from item to item.

    If this fails, mend the reader, not the file. The file holds an `EmbeddingRecommender(3,
    max_epochs=4, random_state=0)` fitted on twelve times five short histories.
    """
    model = load(FOLDER / "recommender_v1.skembed")
    assert model.items_.tolist() == ["a", "b", "c", "d", "e"]
    expected = [
        [-1.48790, -1.67588, -0.83016, -1.36007, -1.79965],
        [-1.23633, -1.05812, -1.25135, -1.72140, -1.38427],
    ]
    found = model.decision_function([["a", "b"], ["e"]])
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert model.recommend([["a"]], k=2)[0].tolist() == [["c", "b"]]


def test_golden_small_file_loads_for_ever():
    """Format 2: compressed, with rounded rows.

    If this fails, mend the reader, not the file: see above, with `make_table_pipeline()` saved
    with ``quantize="int8"``.
    """
    model = load(FOLDER / "table_v2.skembed")
    expected = [0.601947, 0.747099, 0.608393, 0.629984]
    predicted = model.predict_proba(make_table()[0].head(4))[:, 1]
    np.testing.assert_allclose(predicted, expected, rtol=1e-4)
