"""
The lesson: fifty words in two dimensions
=========================================

Google's machine-learning course has an exercise on embeddings: from fifty words of film
reviews, learn whether the reviewer liked the film, and then look at where the network has put
the words. This example is that exercise. It reads the IMDB reviews of the course where the
environment variable ``SKEMBED_DATA`` names a folder with them, and makes reviews otherwise.
"""

# %%
# Reviews and their fifty words
# -----------------------------
#
# A review is a text, its label is 1 if the film was liked and 0 if not.

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
# The course comes with a list of fifty words. Without it, the thirty that tell most about the
# verdict, by the chi-squared statistic of the training reviews, and twenty frequent ones are
# taken. All other words are left out.

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
# A row of the matrix counts how often its review holds each of the words. Most entries are
# zero, and only the others are stored.

vocabulary = VocabularyTransformer(terms, tokenizer="word", weighting="count")
X_train, X_test = vocabulary.fit_transform(train["text"]), vocabulary.transform(test["text"])
y_train, y_test = train["label"], test["label"]
print(
    f"{X_train.shape[1]} columns, of which a review has {X_train.nnz / len(train):.1f} on average"
)

# %%
# A network with an embedding of two dimensions
# ---------------------------------------------
#
# The network looks up two numbers for each word of a review and averages them; two layers of
# 20 units turn the averages into the probability that the film was liked. The parameters below
# are those of the exercise: random numbers to start from, and 1,000 steps of 25 reviews by
# Adagrad. Beside it are logistic regression on the same counts, which gives each word one weight,
# and the classifier with its default parameters.

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
# The three are close: fifty words, most of which mean about the same in every review, leave a
# network little to find that a weight per word does not say. What it adds is a picture.
#
# The picture
# -----------
#
# Nobody has told the network what a word means, only which reviews were favourable. Each word
# stands at its two learned numbers. Colours show the word's weight in logistic regression: red
# where the word speaks for the film and blue where it speaks against it. The larger a dot, the
# more reviews have the word.

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
# Praise lies on one side, blame on the other, and words that tell nothing by themselves are
# between them: although there is room for two dimensions, one direction says nearly all. To see
# how nearly, take the direction along which the words vary most and set each word's place along
# it against its weight in logistic regression.

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
