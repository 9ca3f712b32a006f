"""
Files larger than memory
========================

This example trains on files that need not fit into memory. The rows are in TFRecord files, which
are read in chunks: once for the vocabulary, and once for each epoch of the training. The memory
needed does not depend on the number of rows.

If the environment variable ``SKEMBED_DATA`` names a folder with the IMDB reviews, the example
writes them to files. Otherwise it generates reviews.
"""

# %%
# Write the files
# ---------------
#
# There are eight files for training and one for testing. The rows within the files are in random
# order, because training shuffles rows only within a chunk.

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.metrics import log_loss

from skembed import (
    EmbeddingDNNClassifier,
    VocabularyTransformer,
    iter_tfrecord,
    read_tfrecord,
    save,
    stream_tfrecord,
    write_tfrecord,
)
from skembed.datasets import make_reviews

folder = tempfile.TemporaryDirectory()
names = [f"train-{number}.tfrecord" for number in range(8)] + ["test.tfrecord"]
*train_paths, test_path = [Path(folder.name, name) for name in names]
imdb = Path(os.environ.get("SKEMBED_DATA", "."), "imdb", "imdb.parquet")
if imdb.exists():
    reviews = pd.read_parquet(imdb).sample(20_000, random_state=0)
    tokens = reviews["text"].str.lower().str.findall(r"\w+|[^\w\s]")
    for number, path in enumerate([*train_paths, test_path]):  # a ninth of the reviews to each
        write_tfrecord(path, tokens[number::9], reviews["label"][number::9])
else:
    for number, path in enumerate([*train_paths, test_path]):
        write_tfrecord(path, *make_reviews(5_000, random_state=number))
megabytes = sum(path.stat().st_size for path in train_paths) / 1e6
print(f"{len(train_paths)} files to learn from, {megabytes:.0f} MB")

# %%
# Learn the vocabulary in chunks
# ------------------------------
#
# ``partial_fit`` adds the terms of a chunk to the counts. A stream can bring new terms without end,
# so ``max_tracked_terms`` bounds how many terms are counted. Rare terms are forgotten.
# ``undercount_`` is the most by which any count can be too low.

vocabulary = VocabularyTransformer(max_terms=10_000, max_tracked_terms=50_000)
for terms, _ in iter_tfrecord(train_paths, rows_per_chunk=4096):
    vocabulary.partial_fit(terms)
print(
    f"{len(vocabulary.vocabulary_):,} terms of {vocabulary.n_samples_seen_:,} rows, "
    f"counts too low by {vocabulary.undercount_} at most"
)

# %%
# Train the network on a stream
# -----------------------------
#
# Pass the stream in place of X and y. It reads the files again in each epoch. While the network
# trains on one chunk, the stream turns the next one into a sparse matrix. No rows of a stream are
# held out to choose parameters, so this example sets the regularization itself.

parameters = {
    "max_epochs": 3,
    "dropout": 0.3,
    "term_dropout": 0.3,
    "embedding_l2": 5,
    "linear_l2": 0.1,
    "random_state": 0,
}
stream = stream_tfrecord(train_paths, vocabulary, rows_per_chunk=4096)
streamed = EmbeddingDNNClassifier(**parameters).fit(stream)

# %%
# For comparison, train with all rows in memory:

terms, labels = read_tfrecord(train_paths)
in_memory = EmbeddingDNNClassifier(**parameters).fit(
    vocabulary.transform(terms), labels.astype(int)
)

# %%
# If you see each row only once, use ``partial_fit``. It learns from each chunk and does not keep
# it. You can iterate over a stream as over a list:

once = EmbeddingDNNClassifier(**parameters)
for X, y in stream:
    once.partial_fit(X, y, classes=[0, 1])

# %%
# Chunks change only the order of the rows. One pass learns less than three.

terms, labels = read_tfrecord(test_path)
X_test = vocabulary.transform(terms)
models = {"stream, 3 epochs": streamed, "in memory, 3 epochs": in_memory, "stream, one pass": once}
for name, model in models.items():
    loss = log_loss(labels, model.predict_proba(X_test))
    print(f"{name:<20} accuracy {model.score(X_test, labels):.4f}, log loss {loss:.4f}")

# %%
# Measure the memory
# ------------------
#
# Each training runs in a process of its own: once on the eight files, and once on the same files
# listed several times, which stands for a larger data set. A few steps are enough for this
# measurement. The stream is read from end to end before the first step, to find which terms occur
# and how long the rows are.

code = """
import sys
from pathlib import Path
from skembed import EmbeddingDNNClassifier, load, read_tfrecord, stream_tfrecord

way, vocabulary, *paths = sys.argv[1:]
vocabulary, model = load(vocabulary), EmbeddingDNNClassifier(max_steps=20)
if way == "stream":
    model.fit(stream_tfrecord(paths, vocabulary, rows_per_chunk=4096))
else:
    terms, labels = read_tfrecord(paths)
    model.fit(vocabulary.transform(terms), labels)
status = Path("/proc/self/status")  # there on Linux, with the peak of memory in kB
print(status.read_text().split("VmHWM:")[1].split()[0] if status.exists() else "nan")
"""


def peak_memory(way, paths):
    """Peak of the memory in MB of a process that trains."""
    command = [sys.executable, "-c", code, way, vocabulary_path, *paths]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(result.stdout) / 1000


vocabulary_path = Path(folder.name, "vocabulary.skembed")
save(vocabulary, vocabulary_path)
peaks = pd.DataFrame(
    {
        way: {
            f"{times * vocabulary.n_samples_seen_:,} rows": peak_memory(way, times * train_paths)
            for times in (1, 3 if imdb.exists() else 6)
        }
        for way in ("stream", "in memory")
    }
)
print(peaks.round().to_string())

ax = peaks.plot.bar(rot=0, color=["C0", "0.7"], figsize=(6.4, 3.6), ylabel="peak of memory, MB")
for bars in ax.containers:
    ax.bar_label(bars, fmt="%.0f", padding=2)
ax.margins(y=0.3)
ax.legend(loc="upper center", ncols=2)
ax.figure.tight_layout()

# %%
# Most of the memory is used by TensorFlow and the compiled program. A stream adds a few chunks.
# Rows in memory add an amount that grows with the number of rows.

folder.cleanup()
plt.show()
