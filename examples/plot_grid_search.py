"""
Grid search that compiles once
==============================

Training runs in a compiled TensorFlow program. Compiling takes longer than a short training, and a
grid search fits dozens of models. It is quick all the same: a program is kept for the life of the
process, and all fits of the same shape, over folds and over grid points, share it. This example
searches a grid over a whole pipeline and shows where the seconds go.

It reads IMDB reviews where the environment variable ``SKEMBED_DATA`` names a folder with them,
and makes reviews otherwise.
"""

# %%
# A pipeline and its grid
# -----------------------
#
# A pipeline from text to verdict is an estimator like any other, so each fold learns its own
# vocabulary from its own training rows.

import os
import time
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skembed import EmbeddingDNNClassifier, VocabularyTransformer
from skembed.datasets import make_reviews

path = Path(os.environ.get("SKEMBED_DATA", "."), "imdb", "imdb.parquet")
if path.exists():
    reviews = pd.read_parquet(path).query("split == 'train'").sample(6000, random_state=0)
    texts, liked = reviews["text"].str.replace("<br />", " "), reviews["label"]
else:
    tokens, liked = make_reviews(6000, random_state=0)
    texts = [" ".join(review) for review in tokens]

model = Pipeline(
    [
        ("words", VocabularyTransformer(tokenizer="word", max_terms=2000)),
        ("network", EmbeddingDNNClassifier(max_epochs=6, random_state=0)),
    ]
)
grid = {
    "network__hidden_units": [(), (64,)],
    "network__embedding_l2": [1, 10],
    "network__learning_rate": [0.001, 0.003, 0.01],
    "network__embedding_dim": [2, 4],
}
start = time.perf_counter()
search = GridSearchCV(model, grid, scoring="neg_log_loss", cv=4).fit(texts, liked)
seconds = time.perf_counter() - start
table = pd.DataFrame(search.cv_results_)
print(f"{4 * len(table) + 1} fits in {seconds:.1f} s")
print(f"best: log loss {-search.best_score_:.4f} with {search.best_params_}")

# %%
# Where the seconds go
# --------------------
#
# Bars are the grid points in the order in which they were fitted. A program depends on the sizes
# of the layers, of a batch and of the table (rounded up, so that the folds' vocabularies share
# it), and on which parts of the training there are at all. Learning rates and penalties are numbers
# that it is given, and small embeddings are rounded up to a multiple of four dimensions. So the
# first grid point of either network is the one that waits for the compiler; the very first fit
# has also imported TensorFlow.

sizes = table["param_network__hidden_units"].map(str)
figure, ax = plt.subplots(figsize=(8, 3.2), layout="constrained")
for colour, (size, rows) in zip(["C0", "C1"], table.groupby(sizes), strict=True):
    ax.bar(rows.index, rows["mean_fit_time"], color=colour, label=f"hidden_units={size}")
ax.set(xlabel="grid point, in order", ylabel="seconds a fit, mean of 4 folds")
ax.legend()

# %%
# A second search of the same shapes, in the same process, compiles nothing:

start = time.perf_counter()
search.set_params(param_grid={**grid, "network__learning_rate": [0.002, 0.005, 0.02]})
search.fit(texts, liked)
print(f"{4 * len(table) + 1} more fits in {time.perf_counter() - start:.1f} s")

# %%
# What the grid says
# ------------------
#
# The mean log loss of the folds; lower is better. Each panel is one network size and penalty.

table = pd.concat([table, pd.DataFrame(search.cv_results_)])
table.columns = table.columns.str.removeprefix("param_network__")
table["loss"] = -table["mean_test_score"]
table["panel"] = (
    "hidden_units=" + table["hidden_units"].map(str) + ", l2=" + table["embedding_l2"].map(str)
)
figure, axes = plt.subplots(1, 4, figsize=(12, 3.4), sharey=True, layout="constrained")
for ax, (panel, rows) in zip(axes, table.groupby("panel"), strict=True):
    curves = rows.pivot(index="learning_rate", columns="embedding_dim", values="loss")
    curves.plot(ax=ax, logx=True, marker="o", title=panel, legend=ax is axes[0])
    ax.set(xlabel="learning_rate", ylabel="log loss")
plt.show()
