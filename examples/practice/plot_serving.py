"""
Serving without TensorFlow
==========================

This example trains a model, saves it to one file, and predicts in another process that never
imports TensorFlow. TensorFlow trains the network, but the fitted model consists of numpy arrays. A
process that only predicts therefore starts faster and needs less memory.
"""

# %%
# Train and save
# --------------
#
# The pipeline takes texts. One file contains all of the pipeline, vocabulary and weights, as data.
# Loading it runs no code from the file, and every byte is checked.

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.pipeline import make_pipeline

from skembed import EmbeddingDNNClassifier, VocabularyTransformer, load, save
from skembed.datasets import make_reviews

imdb = Path(os.environ.get("SKEMBED_DATA", "."), "imdb", "imdb.parquet")
if imdb.exists():
    reviews = pd.read_parquet(imdb).query("split == 'train'").sample(frac=1, random_state=0)
    texts, liked = reviews["text"].str.replace("<br />", " "), reviews["label"]
else:
    tokens, liked = make_reviews(12_000, random_state=0)
    texts = [" ".join(review) for review in tokens]

model = make_pipeline(
    VocabularyTransformer(tokenizer="word", max_terms=20_000),
    EmbeddingDNNClassifier(random_state=0),
).fit(texts, liked)

folder = tempfile.TemporaryDirectory()
path = Path(folder.name, "reviews.skembed")
save(model, path)
print(f"{len(model[0].vocabulary_):,} words, {path.stat().st_size / 1e6:.2f} MB")

# %%
# The loaded model predicts the same, to the last bit:

some = list(texts[:1000])
print((load(path).predict_proba(some) == model.predict_proba(some)).all())

# %%
# Predict in another process
# --------------------------
#
# The following program is a minimal server. It prints how long it took to start, how long a
# prediction takes, and which of the large libraries were imported.

server = """
import sys, time
start = time.perf_counter()
from skembed import load
model = load(sys.argv[1])
texts = ["a superb and gripping film", "dull , a waste of time"]
print("probability that the film was liked:", model.predict_proba(texts)[:, 1].round(3))
print(f"seconds from start to the first prediction: {time.perf_counter() - start:.2f}")
start = time.perf_counter()
for _ in range(100):
    model.predict_proba(texts[:1])
print(f"milliseconds for one more text: {10 * (time.perf_counter() - start):.2f}")
print("imported:", [name for name in ("sklearn", "tensorflow", "keras") if name in sys.modules])
"""


def run(code, *arguments):
    """Run code in a new Python process and return what it prints."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


print(run(server, str(path)))

# %%
# Measure time and memory
# -----------------------
#
# Compare the process with one that imports TensorFlow first, as a server for a Keras model has to:

measure = """
import pathlib
seconds = time.perf_counter() - start
status = pathlib.Path("/proc/self/status")  # there on Linux, with the peak of memory in kB
peak = float(status.read_text().split("VmHWM:")[1].split()[0]) if status.exists() else float("nan")
print(seconds, peak / 1000)
"""
costs = {}
for title, first in {"as it is": "", "with TensorFlow": "import tensorflow\n"}.items():
    start = "import time\nstart = time.perf_counter()\n"
    body = "import sys\nfrom skembed import load\nload(sys.argv[1]).predict_proba(['superb'])\n"
    run(start + first + body, str(path))  # once before, so that files are in the cache of the disk
    costs[title] = [float(x) for x in run(start + first + body + measure, str(path)).split()]
costs = pd.DataFrame(costs, index=["seconds to the first prediction", "megabytes of memory"]).T
print(costs.round(2))

figure, axes = plt.subplots(1, 2, figsize=(9, 2.2), sharey=True, layout="constrained")
for ax, (label, values) in zip(axes, costs.items(), strict=True):
    bars = ax.barh(values.index, values, color=["C0", "0.7"])
    ax.bar_label(bars, fmt="%.1f" if values.max() < 100 else "%.0f", padding=3)
    ax.set(xlabel=label, xlim=(0, 1.2 * values.max()))
    ax.invert_yaxis()
folder.cleanup()
plt.show()
