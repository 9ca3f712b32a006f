"""
A web service, with skembed or without
======================================

This example serves a fitted pipeline in a web service of a few lines. The same model also runs
without skembed: as an ONNX file in onnxruntime, or as a page in a web browser. The example writes
all three from one pipeline. It sends the same request to the skembed service and to an onnxruntime
service, and compares their response times.
"""

# %%
# Train the model and write the files
# -----------------------------------
#
# The pipeline takes texts. Three functions write it to files:
#
# - :func:`~skembed.save` writes a file for skembed itself, here also a small one with rounded
#   weights.
# - :func:`~skembed.to_onnx` writes a file for onnxruntime. It compares the predictions of the graph
#   with those of the model first.
# - :func:`~skembed.to_page` writes a page for a browser.

import json
import os
import re
import tempfile
import time
from pathlib import Path
from statistics import median

import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
import pandas as pd
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel
from sklearn.pipeline import make_pipeline

from skembed import EmbeddingDNNClassifier, VocabularyTransformer, load, save, to_onnx, to_page
from skembed.datasets import make_reviews

imdb = Path(os.environ.get("SKEMBED_DATA", "."), "imdb", "imdb.parquet")
if imdb.exists():
    reviews = pd.read_parquet(imdb).query("split == 'train'").sample(4000, random_state=0)
    texts, liked = reviews["text"].str.replace("<br />", " ").tolist(), reviews["label"]
else:
    tokens, liked = make_reviews(4000, random_state=0)
    texts = [" ".join(review) for review in tokens]

model = make_pipeline(
    VocabularyTransformer(tokenizer="word", max_terms=20_000),
    EmbeddingDNNClassifier(random_state=0),
).fit(texts, liked)

folder = Path(tempfile.mkdtemp())
save(model, folder / "whole.skembed")
save(model, folder / "model.skembed", quantize="int8")
to_onnx(model, folder / "model.onnx")
to_page(model, folder / "model.html", samples={"tokens": texts[0]})
for path in sorted(folder.iterdir()):
    print(f"{path.name:15} {path.stat().st_size / 1e3:7,.0f} kB")

# %%
# Write a service with skembed
# ----------------------------
#
# Load the model once, when the program starts. This does not import TensorFlow. FastAPI runs
# functions that are not async in threads. Threads can share the model, and predictions need no
# lock.


class Review(BaseModel):
    """What a request holds."""

    text: str


app = FastAPI()
served = load(folder / "model.skembed")


@app.post("/predict")
def predict(review: Review) -> dict[str, float]:
    """Probability of each class."""
    (probabilities,) = served.predict_proba([review.text])
    return dict(zip(map(str, served.classes_), probabilities.tolist(), strict=True))


# %%
# A test client sends a request without a network connection. In production, start the service with
# ``uvicorn module:app``.

client = TestClient(app)
question = {"text": "A superb and gripping film!"}
print(client.post("/predict", json=question).json())
print(model.predict_proba([question["text"]])[0].round(4))

# %%
# Write the same service with onnxruntime
# ---------------------------------------
#
# The ONNX file takes tokens. Its metadata has the rule that splits a text into tokens, as a pattern
# for Python's ``re``. This service does not use skembed, so it also runs where skembed is not
# installed.

session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
about = session.get_modelmeta().custom_metadata_map
rule, classes = json.loads(about["tokens"])["tokens"], json.loads(about["classes"])
pattern = re.compile(rule["pattern"])
onnx_app = FastAPI()


@onnx_app.post("/predict")
def predict_by_onnx(review: Review) -> dict[str, float]:
    """Probability of each class."""
    text = review.text.lower() if rule["lowercase"] else review.text
    tokens = pattern.findall(text) or [""]
    _, probabilities = session.run(None, {"tokens": np.array([tokens], dtype=object)})
    return dict(zip(map(str, classes), probabilities[0].tolist(), strict=True))


onnx_client = TestClient(onnx_app)
print(onnx_client.post("/predict", json=question).json())

# %%
# Measure the response times
# --------------------------
#
# Measure the functions themselves and whole requests through the test client. The model takes only
# a small part of the time of a request.


def milliseconds(function, arguments):
    """Median time of a call."""
    times = []
    for argument in arguments:
        start = time.perf_counter()
        function(argument)
        times.append(1e3 * (time.perf_counter() - start))
    return median(times)


asked = [Review(text=text) for text in texts[:200]]
times = pd.DataFrame(
    {
        "prediction": [milliseconds(function, asked) for function in (predict, predict_by_onnx)],
        "whole request": [
            milliseconds(lambda r, c=c: c.post("/predict", json={"text": r.text}), asked)
            for c in (client, onnx_client)
        ],
    },
    index=["skembed", "onnxruntime"],
)
print(times.round(2))

ax = times.plot.barh(figsize=(7, 2.4), color=["C0", "0.75"], xlabel="milliseconds a review")
ax.invert_yaxis()
for bars in ax.containers:
    ax.bar_label(bars, fmt="%.2f", padding=3)
ax.margins(x=0.15)
plt.tight_layout()
plt.show()
