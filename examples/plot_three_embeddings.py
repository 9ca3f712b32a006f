"""
Three ways to an embedding
==========================

An embedding can come from a singular value decomposition of the documents, from word2vec, or
from the task itself, as part of the network that solves it. The first two need texts only, the
third needs labels. This example makes all three from film reviews, looks at the neighbours that
words have in each, and then lets the first two be the start of the third.

It reads IMDB reviews where the environment variable ``SKEMBED_DATA`` names a folder with them,
and makes reviews otherwise. It needs gensim for word2vec.
"""

# %%
# Reviews
# -------
#
# Each review is a text with a label, 1 if the film was liked. The 5,000 words that most of the
# reviews hold are used.

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from gensim.models import Word2Vec
from sklearn.metrics import log_loss

from skembed import EmbeddingDisplay, EmbeddingDNNClassifier, TermEmbeddings, VocabularyTransformer
from skembed.datasets import make_reviews

path = Path(os.environ.get("SKEMBED_DATA", "."), "imdb", "imdb.parquet")
if path.exists():
    reviews = pd.read_parquet(path).sample(frac=1, random_state=0)
    reviews["text"] = reviews["text"].str.replace("<br />", " ")
    words = ["excellent", "boring", "funny", "actor"]
else:
    tokens, liked = make_reviews(9_000, random_state=0)
    reviews = pd.DataFrame({"text": [" ".join(review) for review in tokens], "label": liked})
    reviews["split"] = np.repeat(["train", "test"], [6_000, 3_000])
    words = ["excellent", "boring", "silly", "ghost"]
train, test = (reviews[reviews["split"] == name] for name in ("train", "test"))

vocabulary = VocabularyTransformer(tokenizer="word", max_terms=5000)
X, X_test = vocabulary.fit_transform(train["text"]), vocabulary.transform(test["text"])
y, y_test = train["label"].to_numpy(), test["label"].to_numpy()
names = vocabulary.get_feature_names_out()
print(f"{len(train):,} training and {len(test):,} test reviews, {len(names):,} words")

# %%
# From a decomposition, from word2vec, from the task
# --------------------------------------------------
#
# A truncated singular value decomposition of the matrix of reviews and words, weighted by tf-idf,
# gives similar vectors to words that occur in the same reviews:

tfidf = VocabularyTransformer(names, tokenizer="word", weighting="tfidf")
svd = TermEmbeddings.from_svd(tfidf.fit_transform(train["text"]), names, 64, random_state=0)

# %%
# word2vec gives similar vectors to words that occur among the same neighbours, at most five words
# away. It reads the same reviews, five times or, where they are few, more often:

sentences = train["text"].str.lower().str.findall(r"\w+|[^\w\s]").tolist()
epochs = 5 * max(1, 1_000_000 // sum(map(len, sentences)))
model = Word2Vec(sentences, vector_size=64, window=5, epochs=epochs, workers=1, seed=0)
word2vec = TermEmbeddings.from_word2vec(model.wv)

# %%
# A network that starts from random vectors learns its own from the labels. It is left without a
# linear part here, so that all it knows about words is in their vectors:

network = EmbeddingDNNClassifier(linear=False, embedding_init="random", random_state=0).fit(X, y)
learned = TermEmbeddings(names, network.embeddings_)

# %%
# The words nearest to a few others, of those that one review in fifty holds:

common = set(names[vocabulary.document_counts_ >= 0.02 * len(train)])


def show_neighbours(title, embeddings):
    """Print the six most similar common words."""
    kept = [term for term in embeddings if term in common or term in words]
    embeddings = TermEmbeddings(kept, embeddings[kept])
    print(title)
    for word in words:
        print(f"  {word:<10}", *(near for near, _ in embeddings.most_similar(word, topn=6)))


show_neighbours("decomposition", svd)
show_neighbours("word2vec", word2vec)
show_neighbours("learned in the task", learned)

# %%
# The decomposition knows topics: what is spoken of in the same reviews is near. word2vec knows
# what can take a word's place, be it in meaning or in grammar. The task knows what bears on the
# verdict: the neighbours of a word of praise are other words of praise, of whatever kind. In the
# made reviews the genre bears on it, too, because there "silly" is praise for a comedy only. In
# the IMDB reviews, words such as "funny" and "actor" say little about the verdict. They have
# stayed about where chance had put them, and their neighbours mean nothing.
#
# A start for the network
# -----------------------
#
# Vectors of the first two kinds can be the network's initial table: ``embedding_init`` takes them
# by name, and ``trainable_embeddings`` tells whether training may change them. They are scaled to
# the size of the random vectors that they replace. How well each of the networks predicts the
# test reviews depends on how many of the training reviews have a label; the vectors were made from
# the texts of all.


def scaled(embeddings):
    """Vectors with the standard deviation of random ones of 64 dimensions."""
    return TermEmbeddings(embeddings.terms, embeddings.vectors / embeddings.vectors.std() / 8)


starts = {
    "random": ("random", True),
    "decomposition, frozen": (scaled(svd), False),
    "decomposition, trained on": (scaled(svd), True),
    "word2vec, frozen": (scaled(word2vec), False),
    "word2vec, trained on": (scaled(word2vec), True),
}
sizes = [2000, len(train)]
losses = pd.DataFrame(index=sizes, columns=list(starts), dtype=float)
for title, (start, trainable) in starts.items():
    for size in sizes:
        network = EmbeddingDNNClassifier(
            linear=False,
            embedding_dim=64,
            embedding_init=start,
            trainable_embeddings=trainable,
            feature_names=names,
            term_dropout=0.3,
            random_state=0,
        ).fit(X[:size], y[:size])
        losses.loc[size, title] = log_loss(y_test, network.predict_proba(X_test))
print(losses.T.round(4))

# %%

figure, ax = plt.subplots(layout="constrained")
losses.plot(ax=ax, logx=True, marker="o", style=["C7-", "C0--", "C0-", "C1--", "C1-"])
ax.set_xticks(sizes, [f"{size:,}" for size in sizes], minor=False)
ax.minorticks_off()
ax.set(xlabel="reviews with a label", ylabel="log loss of the test reviews")

# %%
# A frozen table says of words what the texts said of them. In the made reviews that is most of
# what there is to know, so while labels are few, frozen tables do best; with all labels, tables
# that are trained on have overtaken them. In the IMDB reviews frozen tables stay behind from the
# start, and with 25,000 labels it hardly matters what a trained table has started from.
#
# What training adds
# ------------------
#
# At the default rate of learning the words leave their places for new ones within an epoch, those
# without a say in the verdict as well. Small steps move the words that the labels tell something
# about and leave the others near where they were:

gentle = EmbeddingDNNClassifier(
    linear=False,
    embedding_dim=64,
    embedding_init=scaled(word2vec),
    feature_names=names,
    term_dropout=0.3,
    learning_rate=0.0003,
    random_state=0,
).fit(X, y)
print(f"{log_loss(y_test, gentle.predict_proba(X_test)):.4f} with small steps,")
print(f"{losses.loc[len(train), 'word2vec, trained on']:.4f} with large ones")
trained = TermEmbeddings(names, gentle.embeddings_)
show_neighbours("word2vec, trained on in small steps", trained)

# %%
# On the IMDB reviews small steps predict better, with a log loss of 0.2679 against 0.2735 (0.2716
# from a random start), and the neighbours are
#
# .. code-block:: text
#
#    excellent  amazing superb fantastic wonderful brilliant perfect
#    boring     predictable dull stupid ridiculous silly lame
#    funny      scary bad hilarious good cute entertaining
#    actor      actress role cast performance casting actors
#
# word2vec's own "excellent" had "fine" among its neighbours, and "funny" had "silly": what can
# stand in a word's place need not say the same of a film. Words of opinion agree about the verdict
# now, and "actor" is still among the words of its trade.
#
# The same on two maps, of the words that tell most about the verdict. Colours show in which share
# of the reviews with the word the film was liked: more than half, red, or less, blue. word2vec
# puts words together that stand in the same places, such as "best" and "worst" in the IMDB
# reviews. Training has moved praise to one side and blame to the other.

share = (X.T @ y) / vocabulary.document_counts_ - y.mean()
strength = np.abs(share) * np.sqrt(vocabulary.document_counts_)
telling = [row for row in np.argsort(-strength) if names[row] in word2vec][:40]
figure, axes = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
for ax, title, embeddings in zip(
    axes, ["word2vec", "word2vec, trained on"], [word2vec, trained], strict=True
):
    EmbeddingDisplay.from_embeddings(
        embeddings[names[telling].tolist()],
        names[telling],
        values=share[telling],
        value_name="share of liked films, against the mean",
        ax=ax,
    )
    ax.set_title(title)
plt.show()
