"""
Three ways to get an embedding
==============================

This example makes embeddings of words in three ways: from a singular value decomposition (SVD) of
the documents, from word2vec, and from the task itself, as part of the network that solves it. The
first two need only texts. The third needs labels. The example compares the nearest neighbours of
words in the three embeddings, then uses the first two to initialise the third.

If the environment variable ``SKEMBED_DATA`` names a folder with the IMDB reviews, the example reads
them. Otherwise it generates reviews. It needs gensim for word2vec.
"""

# %%
# Load the reviews
# ----------------
#
# Each review is a text with a label, which is 1 if the reviewer liked the film. The vocabulary is
# the 5,000 words that occur in the most reviews.

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
# Make the three embeddings
# -------------------------
#
# A truncated SVD of the tf-idf matrix of reviews and words gives similar vectors to words that
# occur in the same reviews:

tfidf = VocabularyTransformer(names, tokenizer="word", weighting="tfidf")
svd = TermEmbeddings.from_svd(tfidf.fit_transform(train["text"]), names, 64, random_state=0)

# %%
# word2vec gives similar vectors to words that have the same neighbours, at most five words away. It
# makes five passes over the same reviews, or more if there are few reviews:

sentences = train["text"].str.lower().str.findall(r"\w+|[^\w\s]").tolist()
epochs = 5 * max(1, 1_000_000 // sum(map(len, sentences)))
model = Word2Vec(sentences, vector_size=64, window=5, epochs=epochs, workers=1, seed=0)
word2vec = TermEmbeddings.from_word2vec(model.wv)

# %%
# A network that starts from random vectors learns its own vectors from the labels. Here it has no
# linear part, so that everything it learns about words is in their vectors:

network = EmbeddingDNNClassifier(linear=False, embedding_init="random", random_state=0).fit(X, y)
learned = TermEmbeddings(names, network.embeddings_)

# %%
# Compare the nearest words of a few words. Only words that occur in at least one review in fifty
# are considered:

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
# The three embeddings capture different things:
#
# - **SVD: topics.** Words that occur in the same reviews are near each other.
# - **word2vec: interchangeable words.** Words are near each other if one can replace the other, in
#   meaning or in grammar.
# - **The task: the label.** The neighbours of a word of praise are other words of praise, of any
#   kind. In the generated reviews the genre matters, too, because "silly" is praise only for a
#   comedy. In the IMDB reviews, words such as "funny" and "actor" say little about the label. Their
#   vectors have stayed near their random initial values, so their neighbours mean nothing.
#
# Initialise the network
# ----------------------
#
# You can use SVD or word2vec vectors as the network's initial embedding table. ``embedding_init``
# takes them, and matches them to the features by name. ``trainable_embeddings`` says whether
# training may change them. Here they are scaled to the size of the random vectors that they
# replace.
#
# The quality of each network on the test reviews depends on how many training reviews have a label.
# The vectors were made from the texts of all training reviews.


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
            early_stopping=True,
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
# A frozen table has only the information from the texts. In the generated reviews this is most of
# the information, so frozen tables are best with few labels. With all labels, trained tables are
# better. In the IMDB reviews, frozen tables are worse at every size. With 25,000 labels, the
# initial vectors of a trained table hardly matter.
#
# Train with a small learning rate
# --------------------------------
#
# At the default learning rate, all vectors move far within an epoch, even those of words that are
# unrelated to the label. A small learning rate moves the words that the labels inform about and
# leaves the others near their initial vectors:

gentle = EmbeddingDNNClassifier(
    linear=False,
    embedding_dim=64,
    embedding_init=scaled(word2vec),
    feature_names=names,
    term_dropout=0.3,
    learning_rate=0.0003,
    early_stopping=True,
    random_state=0,
).fit(X, y)
print(f"{log_loss(y_test, gentle.predict_proba(X_test)):.4f} with small steps,")
print(f"{losses.loc[len(train), 'word2vec, trained on']:.4f} with large ones")
trained = TermEmbeddings(names, gentle.embeddings_)
show_neighbours("word2vec, trained on in small steps", trained)

# %%
# On the IMDB reviews, the small learning rate gives the best log loss:
#
# .. list-table::
#    :header-rows: 1
#
#    * - training
#      - log loss
#    * - from word2vec, small learning rate
#      - 0.2697
#    * - from word2vec, default learning rate
#      - 0.2817
#    * - from random vectors
#      - 0.2847
#
# The neighbours are then:
#
# .. code-block:: text
#
#    excellent  amazing superb fantastic wonderful brilliant perfect
#    boring     dull predictable lame ridiculous silly stupid
#    funny      scary hilarious good bad entertaining cute
#    actor      actress role cast performance casting character
#
# In the original word2vec vectors, "excellent" has "fine" among its neighbours, and "funny" has
# "silly". Interchangeable words need not have the same opinion of a film. After the training, the
# neighbours of an opinion word have the same opinion, and "actor" is still near other words about
# acting.
#
# The two maps show the words that are most informative about the label. The colour is the share of
# liked films among the reviews with the word, relative to the mean: red above it, blue below it.
# word2vec puts interchangeable words together, such as "best" and "worst" in the IMDB reviews.
# Training has moved praise to one side and blame to the other.

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
