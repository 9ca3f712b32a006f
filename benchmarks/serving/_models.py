"""The pipelines that are served, their test rows, and a file for each way."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from benchmarks.shared.data._folder import data_path
from benchmarks.shared.data._reviews import read_imdb, without_breaks
from skembed import (
    EmbeddingDNNClassifier,
    VocabularyTransformer,
    make_embedding_pipeline,
    save,
    to_onnx,
    to_saved_model,
)

FILES = {
    "texts": "imdb/imdb.parquet",
    "lists": "whats_cooking/whats_cooking_train.parquet",
    "table": "adult/adult.parquet",
}
_N_ROWS = 10_000
# No row of the data is one of these.
_ODD_TEXTS = ["", " ", "\u4e2d\u6587 \u0130\u03a3 e\u0301", "\U0001f600 caf\u00e9!"]


@dataclass(frozen=True)
class Served:
    """Rows for a fit, and 10,000 others."""

    X: Any
    y: np.ndarray
    rows: Any
    targets: np.ndarray

    def model(self, name: str, *, pairs: bool = False) -> Any:
        """Return the pipeline, not fitted."""
        network = EmbeddingDNNClassifier(random_state=0)
        if name == "table":
            return make_embedding_pipeline(network)
        if name == "lists":
            return make_pipeline(VocabularyTransformer(), network)
        if pairs:
            words = VocabularyTransformer(tokenizer="word", ngram_range=(1, 2), min_frequency=2)
        else:
            words = VocabularyTransformer(tokenizer="word", max_terms=30_000)
        return make_pipeline(words, network)


def served(name: str) -> Served:
    """Read the data of a kind of rows."""
    path = data_path(FILES[name])
    assert path is not None
    if name == "texts":
        frame = read_imdb(path)
        train, test = frame[frame["split"] == "train"], frame[frame["split"] == "test"]
        test = test.sample(_N_ROWS, random_state=0)
        texts = without_breaks(test["text"]).tolist()
        texts[: len(_ODD_TEXTS)] = _ODD_TEXTS
        X = without_breaks(train["text"]).tolist()
        return Served(X, train["label"].to_numpy(), texts, test["label"].to_numpy())
    frame = pd.read_parquet(path)
    if name == "lists":
        X, y = [list(row) for row in frame["ingredients"]], frame["cuisine"].to_numpy()
        return Served(X[:-_N_ROWS], y[:-_N_ROWS], X[-_N_ROWS:], y[-_N_ROWS:])
    train, test = frame[frame["split"] == "train"], frame[frame["split"] != "train"][:_N_ROWS]
    columns = frame.columns.drop(["income", "split"])
    return Served(train[columns], train["income"], test[columns], test["income"])


def write_files(name: str, data: Served, folder: Path) -> Any:
    """Fit, write the file of each way, and the rows with our own predictions."""
    model = data.model(name).fit(data.X, data.y)
    save(model, folder / "model.skembed")
    save(model, folder / "small.skembed", quantize="int8")
    to_onnx(model, folder / "model.onnx")
    to_saved_model(model, folder / "1")
    if name == "texts":
        linear = make_pipeline(TfidfVectorizer(max_features=30_000), LogisticRegression())
        joblib.dump(linear.fit(data.X, data.y), folder / "linear.joblib")
    rows, numbers = data.rows, []
    if name == "table":
        plan = model[0].plan_
        numbers = plan.loc[plan["kind"] == "numeric", "column"].tolist()
        rows = json.loads(data.rows.to_json(orient="split"))
        rows = {c: [r[i] for r in rows["data"]] for i, c in enumerate(rows["columns"])}
    content = {"name": name, "rows": rows, "numbers": numbers}
    (folder / "rows.json").write_text(json.dumps(content))
    np.save(folder / "expected.npy", model.predict_proba(data.rows))
    return model
