"""
Using a fitted network in Keras
===============================

This example converts a trained classifier to a Keras model. It trains the model further with a loss
that the classifier does not have, builds another model on the embedding, and brings a Keras model
back to scikit-learn.

If the environment variable ``SKEMBED_DATA`` names a folder with the IMDB reviews, the example reads
them. Otherwise it generates reviews.
"""

# %%
# Train a classifier
# ------------------

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import log_loss

from skembed import EmbeddingDNNClassifier, VocabularyTransformer
from skembed.datasets import make_reviews

path = Path(os.environ.get("SKEMBED_DATA", "."), "imdb", "imdb.parquet")
if path.exists():
    reviews = pd.read_parquet(path).sample(12_000, random_state=0)
    texts, liked = reviews["text"].str.replace("<br />", " "), reviews["label"].to_numpy()
else:
    tokens, liked = make_reviews(12_000, random_state=0)
    texts = pd.Series([" ".join(review) for review in tokens])

vocabulary = VocabularyTransformer(tokenizer="word", max_terms=2000)
X, X_test = vocabulary.fit_transform(texts[:10_000]), vocabulary.transform(texts[10_000:])
y, y_test = liked[:10_000], liked[10_000:]
classifier = EmbeddingDNNClassifier(random_state=0).fit(X, y)

# %%
# Convert it to a Keras model
# ---------------------------
#
# The input is a row of the sparse matrix. The output is the probability of the second class.

import keras

keras.utils.set_random_seed(0)  # for what Keras does below
model = classifier.to_keras()
model.summary(line_length=78)
difference = model.predict(X_test, verbose=0)[:, 0] - classifier.predict_proba(X_test)[:, 1]
print(f"largest difference of the probabilities: {np.abs(difference).max():.1e}")

# %%
# Train it further
# ----------------
#
# You can now use any loss, optimizer and callback of Keras. For example, the focal loss gives more
# weight to rows that are predicted badly. The weights of the classifier do not change.

model.compile(keras.optimizers.SGD(0.01), keras.losses.BinaryFocalCrossentropy())
history = model.fit(
    X, y.astype("float32"), validation_data=(X_test, y_test.astype("float32")), epochs=5, verbose=0
)

figure, ax = plt.subplots(figsize=(5.5, 3.2), layout="constrained")
epochs = np.arange(1, 6)
ax.plot(epochs, history.history["loss"], marker="o", label="training rows")
ax.plot(epochs, history.history["val_loss"], marker="o", label="other rows")
ax.set(xlabel="epoch in Keras", ylabel="focal loss", xticks=epochs)
ax.legend()

# %%
# Build another model on the embedding
# ------------------------------------
#
# The layer named "pooling" holds the embedding table and pools the vectors of a row. The last layer
# but one outputs the logit. The new layers combine both with a second input, the length of the
# review. The weights of the classifier are frozen.
#
# The classifier was trained on these rows and is overconfident on them. The new layers would learn
# better from rows that the classifier has not seen.

base = classifier.to_keras()
base.trainable = False
length = keras.Input((1,), name="length")
pooled, logit = base.get_layer("pooling").output, base.layers[-2].output
hidden = keras.layers.Dense(16, activation="relu")(keras.layers.Concatenate()([pooled, length]))
both = keras.layers.Concatenate()([hidden, logit])
wider = keras.Model([base.input, length], keras.layers.Dense(1, activation="sigmoid")(both))
wider.compile("adam", "binary_crossentropy")

log_length = np.log(texts.str.len().to_numpy(dtype="float32"))[:, None]
log_length = (log_length - log_length.mean()) / log_length.std()
wider.fit([X, log_length[:10_000]], y.astype("float32"), epochs=5, verbose=0)
with_length = wider.predict([X_test, log_length[10_000:]], verbose=0)
print(f"log loss of the classifier: {log_loss(y_test, classifier.predict_proba(X_test)):.4f}")
print(f"log loss with the length: {log_loss(y_test, with_length):.4f}")

# %%
# Convert it back to scikit-learn
# -------------------------------
#
# ``to_scikeras`` wraps the Keras model as a scikit-learn classifier, for code that expects a
# SciKeras estimator. It predicts the same labels as the classifier.

wrapped = classifier.to_scikeras()
same = wrapped.predict(X_test.toarray()) == classifier.predict(X_test)
print(f"{type(wrapped).__name__} agrees on {same.mean():.0%} of the rows")
plt.show()
