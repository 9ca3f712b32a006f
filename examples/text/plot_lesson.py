"""
The lesson: fifty words in two dimensions
=========================================

This example reproduces the exercise on embeddings from Google's machine-learning course. It learns
from fifty words of film reviews whether the reviewer liked the film, then plots the embedding of
each word.

If the environment variable ``SKEMBED_DATA`` names a folder with the course's IMDB reviews, the
example reads them. Otherwise it generates reviews.
"""

# %%
# Load the reviews and the fifty words
# ------------------------------------
#
# A review is a text. Its label is 1 if the reviewer liked the film and 0 if not.

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.feature_selection import chi2
from sklearn.linear_model import LogisticRegression

from skembed import EmbeddingDisplay, EmbeddingDNNClassifier, VocabularyTransformer
from skembed.datasets import make_reviews
from skembed.metrics import evaluate

folder = Path(os.environ.get("SKEMBED_DATA", "."), "imdb")
if folder.exists():
    reviews = pd.read_parquet(folder / "imdb.parquet").sample(frac=1, random_state=0)
    reviews["text"] = reviews["text"].str.replace("<br />", " ")
else:
    tokens, liked = make_reviews(50_000, random_state=0)
    reviews = pd.DataFrame({"text": [" ".join(words) for words in tokens], "label": liked})
    reviews["split"] = np.repeat(["train", "test"], 25_000)
train, test = (reviews[reviews["split"] == name] for name in ("train", "test"))
print(f"{len(train):,} reviews to learn from, {len(test):,} to be tested on")

# %%
# The course provides a list of fifty words. Without this list, the example selects thirty words
# with the highest chi-squared statistic on the training reviews, and twenty frequent words. All
# other words are left out.

if folder.exists():
    terms = (folder / "mlcc_terms50.txt").read_text().split()
else:
    all_words = VocabularyTransformer(tokenizer="word")
    scores, _ = chi2(all_words.fit_transform(train["text"]), train["label"])
    names = all_words.get_feature_names_out()
    telling = names[np.argsort(-scores)[:30]]
    frequent = [name for name in names if name.isalpha() and name not in telling][:20]
    terms = [*telling, *frequent]
print(*terms)

# %%
# A row of the matrix has the count of each word in one review. Most entries are zero, and the
# sparse matrix stores only the others.

vocabulary = VocabularyTransformer(terms, tokenizer="word", weighting="count")
X_train, X_test = vocabulary.fit_transform(train["text"]), vocabulary.transform(test["text"])
y_train, y_test = train["label"], test["label"]
print(
    f"{X_train.shape[1]} columns, of which a review has {X_train.nnz / len(train):.1f} on average"
)

# %%
# Train a network with a two-dimensional embedding
# ------------------------------------------------
#
# The network looks up a vector of two numbers for each word of a review and averages the vectors.
# Two layers of 20 hidden units turn the average into the probability that the film was liked. The
# parameters are those of the exercise: random initial embeddings, and 1,000 steps of 25 reviews
# with Adagrad.
#
# The example compares this network with the classifier at its default parameters, and with logistic
# regression on the same counts, which has one weight per word.

lesson = EmbeddingDNNClassifier(
    embedding_dim=2,
    hidden_units=(20, 20),
    combiner="mean",
    linear=False,
    embedding_init="random",
    optimizer="adagrad",
    learning_rate=0.1,
    clip_norm=5.0,
    batch_size=25,
    max_steps=1000,
    random_state=0,
)
models = {
    "the lesson's network": lesson,
    "the default network": EmbeddingDNNClassifier(random_state=0),
    "logistic regression": LogisticRegression(max_iter=1000),
}
results = {
    name: evaluate(model.fit(X_train, y_train), X_test, y_test) for name, model in models.items()
}
print(pd.DataFrame(results).T[["accuracy", "auc", "average_loss"]].round(4))

# %%
# The scores of the three models are close. Most of the fifty words mean about the same in every
# review, so a network finds little beyond one weight per word. But its embedding can be plotted.
#
# Plot the embedding
# ------------------
#
# The network learned the embedding only from the labels of the reviews. Each word is drawn at its
# two learned coordinates. The colour is the word's weight in logistic regression: red if the word
# counts in favour of the film, blue if it counts against it. A larger dot means that more reviews
# contain the word.

weights = models["logistic regression"].coef_[0]
display = EmbeddingDisplay.from_estimator(
    lesson,
    terms,
    counts=vocabulary.document_counts_,
    values=weights,
    value_name="weight in logistic regression",
)
display.ax_.set_title("Fifty words in two dimensions")

# %%
# Words of praise are on one side and words of blame on the other. Words that say little by
# themselves are in between. So one direction holds nearly all of the information, although the
# embedding has two dimensions. To check this, find the direction in which the words vary most, and
# plot each word's position along it against its weight in logistic regression.

centred = lesson.embeddings_ - lesson.embeddings_.mean(axis=0)
direction = np.linalg.svd(centred)[2][0]
places = centred @ direction
places *= np.sign(places @ weights)  # praise to the right
correlation = np.corrcoef(places, weights)[0, 1]

line = EmbeddingDisplay(
    np.column_stack([places, weights]),
    terms,
    axis_labels=["place along the main direction", "weight in logistic regression"],
)
line.plot()
line.ax_.set_title(f"One direction tells praise from blame (correlation {correlation:.2f})")
plt.show()
