"""
Files larger than memory
========================

The rows of a large data set need not be in memory to be learned from. Here they are in TFRecord
files, which are read in chunks: once for the vocabulary, and once more for each epoch of the
training. The memory that this takes does not depend on how many rows there are.

The example writes IMDB reviews to files where the environment variable ``SKEMBED_DATA`` names a
folder with them, and made reviews otherwise.
"""

# %%
# Files
# -----
#
# Eight files to learn from, and one to be tested on. The rows within the files are in random
# order: training mixes the rows of a chunk, but not those of different chunks.

import os
import resource
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, log_loss

from skembed import (
    EmbeddingDNNClassifier,
    VocabularyTransformer,
    iter_tfrecord,
    read_tfrecord,
    stream_tfrecord,
    write_tfrecord,
)
from skembed.datasets import make_reviews

folder = tempfile.TemporaryDirectory()
names = [f"train-{number}.tfrecord" for number in range(8)] + ["test.tfrecord"]
*train_paths, test_path = [Path(folder.name, name) for name in names]
imdb = Path(os.environ.get("SKEMBED_DATA", "."), "imdb", "imdb.parquet")
for number, path in enumerate([*train_paths, test_path]):
    if imdb.exists():  # a ninth of the reviews
        rows = pd.read_parquet(imdb).sample(frac=1, random_state=0)[number::9]
        tokens = rows["text"].str.lower().str.findall(r"\w+|[^\w\s]")
        write_tfrecord(path, tokens, rows["label"])
    else:
        write_tfrecord(path, *make_reviews(25_000, random_state=number))
megabytes = sum(path.stat().st_size for path in train_paths) / 1e6
print(f"{len(train_paths)} files to learn from, {megabytes:.0f} MB")

# %%
# The peak of the memory that this process has used so far tells what each step needs beyond what
# those before it did:

steps = {}


def note(step):
    """Note by how many megabytes the peak of memory has risen since the start."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes or kilobytes
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    steps[step] = peak
    print(f"{step:<40} {peak:7.0f} MB")


note("after writing the files")

# %%
# The vocabulary, chunk by chunk
# ------------------------------
#
# `partial_fit` adds the terms of a chunk to the counts. A stream may bring new terms for ever, so
# `max_tracked_terms` bounds how many are counted: rare ones are forgotten, and `undercount_` is
# the most that any count can be too low by.

vocabulary = VocabularyTransformer(max_terms=10_000, max_tracked_terms=50_000)
for terms, _ in iter_tfrecord(train_paths, rows_per_chunk=4096):
    vocabulary.partial_fit(terms)
print(
    f"{len(vocabulary.vocabulary_):,} terms of {vocabulary.n_samples_seen_:,} rows, "
    f"counts too low by {vocabulary.undercount_} at most"
)
note("after learning the vocabulary")

# %%
# The network, epoch by epoch
# ---------------------------
#
# A stream takes the place of X and y. It reads the files anew for each epoch and turns each chunk
# into a sparse matrix while the chunk before it is trained on. First one file, to see what
# TensorFlow and the training itself need, then all eight:


def make_network():
    """A classifier of the stream; there are no rows held out to choose parameters by."""
    return EmbeddingDNNClassifier(
        max_epochs=3, dropout=0.3, term_dropout=0.3, embedding_l2=5, linear_l2=0.1, random_state=0
    )


make_network().fit(stream_tfrecord(train_paths[0], vocabulary, rows_per_chunk=4096))
note("after training on one file")
network = make_network().fit(stream_tfrecord(train_paths, vocabulary, rows_per_chunk=4096))
note("after training on eight files")

# %%
# The same with all rows in memory:

terms, labels = read_tfrecord(train_paths)
X = vocabulary.transform(terms)
in_memory = make_network().fit(X, labels.astype(int))
note("after training in memory")

# %%

figure, ax = plt.subplots(figsize=(7.5, 2.8), layout="constrained")
bars = ax.barh(list(steps)[::-1], list(steps.values())[::-1], color=["0.7", *["C0"] * 4])
ax.bar_label(bars, fmt="%.0f MB", padding=3)
ax.set(xlabel="peak of the memory of this process so far", xlim=(0, 1.2 * max(steps.values())))

# %%
# Both learn alike
# ----------------
#
# Chunks change the order in which rows are seen, and nothing else:

terms, labels = read_tfrecord(test_path)
X_test = vocabulary.transform(terms)
for name, model in {"stream": network, "in memory": in_memory}.items():
    probability = model.predict_proba(X_test)[:, 1]
    accuracy = accuracy_score(labels, probability > 0.5)
    print(f"{name:<10} accuracy {accuracy:.4f}, log loss {log_loss(labels, probability):.4f}")

# %%
# Rows that can be read only once
# -------------------------------
#
# A `ChunkStream` is made of any function that returns chunks (X, y); the one above is such a
# stream, and can be walked through like a list. Where rows pass by once, `partial_fit` learns from
# each chunk and forgets it:

once = EmbeddingDNNClassifier(random_state=0)
for X, y in stream_tfrecord(train_paths, vocabulary, rows_per_chunk=4096):
    once.partial_fit(X, y, classes=[0, 1])
print(f"after one pass: accuracy {once.score(X_test, labels.astype(int)):.4f}")
assert np.allclose(once.predict_proba(X_test).sum(axis=1), 1)
folder.cleanup()
plt.show()
