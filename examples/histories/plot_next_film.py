"""
The next film: recommending from watch histories
================================================

This example learns from the films that users watched, and recommends films that they have not yet
seen. A user who watched Alien and then Aliens may like Terminator next. A watch history is sparse
categorical data: a few films out of thousands.

If the environment variable ``SKEMBED_DATA`` names a folder with MovieLens, the example reads it.
Otherwise it generates histories. ``python -m benchmarks.recommend`` compares the default settings
with tuned rivals.
"""

# %%
# Load the histories
# ------------------
#
# The films of each user are in chronological order. In MovieLens, a film counts if its rating was 4
# or more. The last five films of each user are held out; the recommender has to find them.

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.decomposition import TruncatedSVD
from sklearn.manifold import TSNE

from skembed import EmbeddingDisplay, EmbeddingRecommender
from skembed.datasets import make_watch_histories
from skembed.metrics import hide_items, recall_at_k

folder = Path(os.environ.get("SKEMBED_DATA", "."), "movielens")
if folder.exists():
    ratings = pd.read_parquet(folder / "mlsmall2016_ratings.parquet").query("rating >= 4")
    films = pd.read_parquet(folder / "mlsmall2016_movies.parquet").drop_duplicates("title")
    liked = ratings.merge(films, on="movieId").sort_values(["timestamp", "movieId"])
    histories = liked.groupby("userId")["title"].agg(list).tolist()
else:
    histories = make_watch_histories(2000, random_state=0)

histories = [history for history in histories if len(history) >= 10]
past, wanted = hide_items(histories, last=5)
print(f"{len(past):,} users, {sum(map(len, past)):,} films watched. The first user's begin with")
print(*past[0][:5], sep="\n")

# %%
# Fit and recommend
# -----------------
#
# Training hides films of a history, and the recommender learns to find them. A softmax over all
# films gives the probability of each one.

recommender = EmbeddingRecommender(random_state=0).fit(past)
print(f"{len(recommender.items_):,} films, {recommender.n_epochs_} epochs")

table = recommender.recommend(past[:1], k=5, as_frame=True)
print("Watched last:", *past[0][-5:], sep="\n  ")
print("Recommended:", *table["item"], sep="\n  ")
print("Watched then:", *wanted[0], sep="\n  ")

# %%
# Compare with two baselines
# --------------------------
#
# Recall at 20 is the share of the five held-out films that are among the first 20 recommendations.
# Films already seen are left out. The two baselines are:
#
# - the most popular films, the same list for all users;
# - a truncated singular value decomposition of the users' films. It projects a user's row onto 32
#   dimensions and scores each film by its value in the reconstructed row.

seen, to_find = recommender.item_matrix(past), recommender.item_matrix(wanted)
popularity = np.tile(np.asarray(seen.sum(axis=0)), (len(past), 1))
svd = TruncatedSVD(32, random_state=0).fit(seen)

recalls = {
    "most popular": recall_at_k(to_find, popularity, seen=seen),
    "truncated SVD": recall_at_k(to_find, svd.inverse_transform(svd.transform(seen)), seen=seen),
    "EmbeddingRecommender": recall_at_k(to_find, recommender.decision_function(past), seen=seen),
}
figure, ax = plt.subplots(figsize=(6.4, 2.4), layout="constrained")
bars = ax.barh(list(recalls), list(recalls.values()), color=["0.7", "0.7", "C0"])
ax.bar_label(bars, fmt="%.3f", padding=3)
ax.set(xlabel="recall at 20 of the five films set aside", xlim=(0, 1.15 * max(recalls.values())))

# %%
# Explain a recommendation
# ------------------------
#
# A score is a sum with a contribution from each film of the history. These films contribute most to
# the first recommendation:

reasons = recommender.explain(past[:1], k=1).dropna(subset="because")
print(reasons["item"].iloc[0], "because of")
print(reasons[["because", "contribution"]].head(5).to_string(index=False))

# %%
# Find similar films
# ------------------
#
# Films that lead to the same recommendations have similar embeddings.

often = np.argsort(-np.asarray(seen.sum(axis=0)).ravel(), kind="stable")
for film in recommender.items_[often[:5]]:
    print(film, *recommender.similar_items(film, k=4)[0], sep="\n    ")

# %%
# Plot a map of the 60 most watched films, with t-SNE on their embeddings:

top = often[:60]
map_of_films = EmbeddingDisplay.from_embeddings(
    recommender.embeddings_[top],
    [title.split(" (")[0] for title in recommender.items_[top]],
    projection=TSNE(metric="cosine", perplexity=10, random_state=0),
    fontsize=7,
    ax=plt.subplots(figsize=(9, 7), layout="constrained")[1],
)
map_of_films.ax_.set_title("Films that lead to the same films")
plt.show()
