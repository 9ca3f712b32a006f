"""
Prices from the words of an ad
==============================

What does a night in a "small noisy studio" cost, and what in a "rustic cottage"? The words of an
ad tell, and a regressor learns it from ads with prices. The network minimises the squared error
of the logarithm of the price, the L2 loss. Ridge regression, which gives each word one number to
add, minimises the same.

The example reads ads of New York where the environment variable ``SKEMBED_DATA`` names a folder
with them, and makes ads otherwise.
"""

# %%
# Ads and prices
# --------------
#
# Prices range over orders of magnitude. Their logarithm does not, and an error of 0.1 means a
# tenth of the price whether that is high or low.

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline

from skembed import EmbeddingDisplay, EmbeddingDNNRegressor, VocabularyTransformer
from skembed.datasets import make_listings

path = Path(os.environ.get("SKEMBED_DATA", "."), "airbnb_nyc", "airbnb_nyc_2019.parquet")
if path.exists():
    ads = pd.read_parquet(path).query("price > 0").rename(columns={"name": "title"})
    ads["title"] = ads["title"].fillna("")
    new_ads = ["luxury penthouse", "luxury room", "shared penthouse", "shared room"]
else:
    ads = make_listings(20_000, random_state=0)
    new_ads = ["rustic cottage", "rustic loft", "industrial cottage", "industrial loft"]
train, test, y_train, y_test = train_test_split(
    ads["title"], np.log(ads["price"]), test_size=0.25, random_state=0
)
for title, price in zip(train[:5], np.exp(y_train[:5]), strict=True):
    print(f"{price:6.0f}  {title}")

# %%
# Two models of the same words
# ----------------------------
#
# Both read the same matrix, with a column for each word that two training ads have. Ridge chooses
# its penalty by cross-validation.

words = VocabularyTransformer(tokenizer="word", min_frequency=2)
models = {
    "ridge": make_pipeline(words, GridSearchCV(Ridge(), {"alpha": [0.3, 1, 3, 10, 30, 100]})),
    "network": make_pipeline(words, EmbeddingDNNRegressor(random_state=0)),
}
for name, model in models.items():
    model.fit(train, y_train)
    predicted = model.predict(test)
    typical = np.expm1(np.median(np.abs(predicted - y_test)))
    print(f"{name:<8} R2 {r2_score(y_test, predicted):.3f}, typical error {100 * typical:.0f} %")

# %%
# Words that need each other
# --------------------------
#
# Ridge adds up what each word is worth. The network may find that the worth of a word depends on
# those it meets. In the made ads it does: a rustic cottage is charming, a rustic loft is not.

prices = {name: np.exp(model.predict(new_ads)).round() for name, model in models.items()}
print(pd.DataFrame(prices, index=new_ads).to_string())

# %%
# Predicted and actual prices
# ---------------------------
#
# Points on the line are predicted as they are. Whoever knows only the words of an ad predicts
# prices nearer to the middle than they are.

figure, axes = plt.subplots(1, 2, figsize=(9, 4.2), sharex=True, sharey=True, layout="constrained")
limits = np.exp(np.quantile(y_test, [0.002, 0.998]))
for ax, (name, model) in zip(axes, models.items(), strict=True):
    ax.scatter(np.exp(model.predict(test)), np.exp(y_test), s=2, alpha=0.2, linewidths=0)
    ax.plot(limits, limits, color="0.3", linewidth=1)
    ax.set(xscale="log", yscale="log", xlim=limits, ylim=limits, title=name)
    ax.set_xlabel("predicted price of a night")
axes[0].set_ylabel("actual price of a night")

# %%
# The picture of the words
# ------------------------
#
# The embeddings of the words, in their first two principal components. Colours show
# what the linear part of the network adds for the word, in standard deviations of the logarithm:
# red where it makes a home dearer.

display = EmbeddingDisplay.from_estimator(models["network"], max_terms=60, fontsize=8)
display.ax_.set_title("Words of ads")
plt.show()
