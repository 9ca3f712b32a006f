"""Four reviews as rows of counts."""

import matplotlib.pyplot as plt
import numpy as np

from skembed import VocabularyTransformer

REVIEWS = [
    "a good film with a good cast".split(),
    "the plot was thin".split(),
    "good music thin plot".split(),
    "a film".split(),
]

transformer = VocabularyTransformer(weighting="count")
counts = transformer.fit_transform(REVIEWS).toarray()

figure, ax = plt.subplots(figsize=(7, 2.6))
ax.imshow(np.where(counts, counts + 1, 0), cmap="Blues", vmin=0, vmax=6)
for row, column in np.ndindex(counts.shape):
    value = int(counts[row, column])
    ax.text(column, row, value, ha="center", va="center", color="black" if value else "0.75")
ax.set_xticks(range(counts.shape[1]), transformer.get_feature_names_out(), rotation=45, ha="right")
ax.set_yticks(range(len(REVIEWS)), [" ".join(review) for review in REVIEWS])
ax.set_xticks(np.arange(counts.shape[1] + 1) - 0.5, minor=True)
ax.set_yticks(np.arange(len(REVIEWS) + 1) - 0.5, minor=True)
ax.grid(which="minor", color="white", linewidth=2)
ax.tick_params(which="both", length=0)
ax.spines[:].set_visible(False)
