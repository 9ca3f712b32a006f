"""
The next film: recommending from watch histories
================================================

Who watched Alien and then Aliens may like Terminator next. A watch history is sparse
categorical data at its purest: a few films out of thousands. This example learns from the films
that users watched which one they turned to next, and recommends what they have not yet seen.

It reads MovieLens where the environment variable ``SKEMBED_DATA`` names a folder with it, and
makes histories otherwise. ``examples/movies.py`` is the long version, with rivals whose
parameters are chosen as carefully as ours.
"""

# %%
# Histories
# ---------
#
# Each user's films are in the order of time. In MovieLens, a film counts if its rating was 4 or
# more. The last five films of each user are set aside: these are to be found.

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.decomposition import TruncatedSVD
from sklearn.manifold import TSNE

from skembed import EmbeddingDisplay, EmbeddingDNNClassifier, TermEmbeddings, VocabularyTransformer
from skembed.datasets import make_watch_histories

folder = Path(os.environ.get("SKEMBED_DATA", "."), "movielens")
if folder.exists():
    ratings = pd.read_parquet(folder / "mlsmall2016_ratings.parquet").query("rating >= 4")
    films = pd.read_parquet(folder / "mlsmall2016_movies.parquet").drop_duplicates("title")
    liked = ratings.merge(films, on="movieId").sort_values(["timestamp", "movieId"])
    histories = liked.groupby("userId")["title"].agg(list).tolist()
else:
    histories = make_watch_histories(2000, random_state=0)

histories = [history for history in histories if len(history) >= 10]
past = [history[:-5] for history in histories]
wanted = [history[-5:] for history in histories]
print(f"{len(past):,} users, {sum(map(len, past)):,} films watched. The first user's begin with")
print(*past[0][:5], sep="\n")

# %%
# A classifier with a class for every film
# ----------------------------------------
#
# A training row has the up to 20 films before some film as its terms, and that film as its label.
# No hidden layer is needed: the films of a row are looked up, pooled and multiplied with one
# vector for each film that may come next. Leaving half the films out of each training step
# keeps the network from relying on any one of them.

before = [history[max(0, i - 20) : i] for history in past for i in range(1, len(history))]
after = [film for history in past for film in history[1:]]

vocabulary = VocabularyTransformer().fit(past)
titles = vocabulary.get_feature_names_out()
network = EmbeddingDNNClassifier(
    embedding_dim=64,
    hidden_units=(),
    embedding_init="random",
    term_dropout=0.5,
    embedding_l2=1.0,
    batch_size=256,
    max_epochs=8,
    random_state=0,
)
network.fit(vocabulary.transform(before), after)
print(f"{len(after):,} training rows, {len(network.classes_):,} classes")

# %%
# Is it any good?
# ---------------
#
# Recall at 20 is the share of the five films set aside that are among the first 20 of the list,
# where films already seen are left out. Two rivals: the most popular films, the same list for
# everybody; and a truncated singular value decomposition of the users' films, which scores a film
# by what is left of the user's row after projection onto 32 dimensions. (A dimension that is
# chosen with care brings it closer, see the long version.)

seen = vocabulary.transform(past)
to_find = vocabulary.transform(wanted).toarray()


def recall(scores):
    """Mean share of the films to find among the 20 unseen films with the highest scores."""
    ranked = np.argsort(np.where(seen.toarray() > 0, np.inf, -scores), axis=1)[:, :20]
    return np.take_along_axis(to_find, ranked, axis=1).sum() / (5 * len(to_find))


popularity = np.tile(vocabulary.document_counts_, (len(past), 1))
svd = TruncatedSVD(32, random_state=0).fit(seen)
scores = np.full(seen.shape, -np.inf)  # films that never came next stay last
columns = [vocabulary.vocabulary_[film] for film in network.classes_]
scores[:, columns] = network.decision_function(vocabulary.transform([h[-20:] for h in past]))

recalls = {
    "most popular": recall(popularity),
    "truncated SVD": recall(svd.inverse_transform(svd.transform(seen))),
    "embedding network": recall(scores),
}
figure, ax = plt.subplots(figsize=(6.4, 2.4), layout="constrained")
bars = ax.barh(list(recalls), list(recalls.values()), color=["0.7", "0.7", "C0"])
ax.bar_label(bars, fmt="%.3f", padding=3)
ax.set(xlabel="recall at 20 of the five films set aside", xlim=(0, 1.15 * max(recalls.values())))

# %%
# What one user is offered
# ------------------------

user = 0
unseen = np.where(seen[[user]].toarray()[0] > 0, -np.inf, scores[user])
print("Watched last:", *past[user][-5:], sep="\n  ")
print("Recommended:", *titles[np.argsort(-unseen)[:5]], sep="\n  ")
print("Watched then:", *wanted[user], sep="\n  ")

# %%
# Films that lead to the same films are near
# ------------------------------------------
#
# The embedding of a film tells what people watch after it. Films with similar embeddings are
# followed by the same ones, which they often are because they are of a kind.

often = np.argsort(-vocabulary.document_counts_)[:400]
embeddings = TermEmbeddings(titles[often], network.embeddings_[often])
for film in titles[often[:5]]:
    print(film, *(near for near, _ in embeddings.most_similar(film, topn=4)), sep="\n    ")

# %%
# A map of the 60 films that were watched most often, by t-SNE of their embeddings:

top = often[:60]
map_of_films = EmbeddingDisplay.from_embeddings(
    network.embeddings_[top],
    [title.split(" (")[0] for title in titles[top]],
    projection=TSNE(metric="cosine", perplexity=10, random_state=0),
    fontsize=7,
    ax=plt.subplots(figsize=(9, 7), layout="constrained")[1],
)
map_of_films.ax_.set_title("Films that are followed by the same films")
plt.show()
