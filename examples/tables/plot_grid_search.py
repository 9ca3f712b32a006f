"""
Grid search that compiles once
==============================

This example runs a grid search over a whole pipeline and shows what takes the time.

Training runs in a compiled TensorFlow program, and compiling takes longer than a short training. A
grid search fits dozens of models, but it rarely has to compile. A program is kept until the process
ends, and all fits of the same shape share it, across folds and grid points.

If the environment variable ``SKEMBED_DATA`` names a folder with the IMDB reviews, the example reads
them. Otherwise it generates reviews.
"""

# %%
# A pipeline and its grid
# -----------------------
#
# The pipeline takes texts and predicts whether the film was liked. It is an ordinary estimator, so
# each fold learns its own vocabulary from its own training rows.

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
    reviews = pd.read_parquet(path).query("split == 'train'").sample(4000, random_state=0)
    texts, liked = reviews["text"].str.replace("<br />", " "), reviews["label"]
else:
    tokens, liked = make_reviews(4000, random_state=0)
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
search = GridSearchCV(model, grid, scoring="neg_log_loss", cv=3).fit(texts, liked)
seconds = time.perf_counter() - start
table = pd.DataFrame(search.cv_results_)
print(f"{3 * len(table) + 1} fits in {seconds:.1f} s")
print(f"best: log loss {-search.best_score_:.4f} with {search.best_params_}")

# %%
# Time of each grid point
# -----------------------
#
# Each bar is a grid point, in the order in which they were fitted. Fits share a program if they
# agree in the following:
#
# - the sizes of the layers, of a batch and of the embedding table. The size of the table is rounded
#   up, so that the vocabularies of all folds share a program. Small embeddings are rounded up to a
#   multiple of four dimensions.
# - the parts of the training that are switched on.
#
# Learning rates and penalties are inputs of the program, so changing them compiles nothing. Only
# the first grid point of each of the two networks waits for the compiler. The very first fit also
# imports TensorFlow.

sizes = table["param_network__hidden_units"].map(str)
figure, ax = plt.subplots(figsize=(8, 3.2), layout="constrained")
for colour, (size, rows) in zip(["C0", "C1"], table.groupby(sizes), strict=True):
    ax.bar(rows.index, rows["mean_fit_time"], color=colour, label=f"hidden_units={size}")
ax.set(xlabel="grid point, in order", ylabel="seconds a fit, mean of 3 folds")
ax.legend()

# %%
# A second search with the same shapes, in the same process, compiles nothing:

start = time.perf_counter()
search.set_params(param_grid={**grid, "network__learning_rate": [0.002, 0.005, 0.02]})
search.fit(texts, liked)
print(f"{3 * len(table) + 1} more fits in {time.perf_counter() - start:.1f} s")

# %%
# Results of the search
# ---------------------
#
# The plot shows the mean log loss of the folds; lower is better. Each panel is one network size and
# penalty.

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
