"""Loss over the epochs, of the rows to learn from and of those held out."""

import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator

from skembed import EmbeddingDNNClassifier, VocabularyTransformer
from skembed.datasets import make_reviews

reviews, liked = make_reviews(5_000, random_state=0)
X = VocabularyTransformer().fit_transform(reviews)
model = EmbeddingDNNClassifier(
    early_stopping=True,
    max_epochs=60,
    n_iter_no_change=12,
    embedding_init="random",
    random_state=0,
)
model.fit(X, liked)

figure, ax = plt.subplots(figsize=(6, 3))
epochs = range(1, model.n_epochs_ + 1)
ax.plot(epochs, model.history_["loss"], label="rows to learn from")
ax.plot(epochs, model.history_["val_loss"], label="rows held out")
ax.axvline(model.best_epoch_, color="0.5", linestyle=":", label="best epoch")
ax.set(xlabel="epoch", ylabel="log loss")
ax.xaxis.set_major_locator(MaxNLocator(integer=True))
ax.legend(frameon=False)
