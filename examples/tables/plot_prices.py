"""
Prices from the words of an ad
==============================

This example predicts the price of a night from the words of an ad, such as "small noisy studio" or
"rustic cottage". The regressor learns from ads with prices. The network minimises the squared error
of the logarithm of the price, the L2 loss. It is compared with ridge regression, which minimises
the same loss with one weight per word.

If the environment variable ``SKEMBED_DATA`` names a folder with the New York ads, the example reads
them. Otherwise it generates ads.
"""

# %%
# Load ads and prices
# -------------------
#
# Prices range over orders of magnitude, so the target is their logarithm. An error of 0.1 in the
# logarithm is about a tenth of the price, whether the price is high or low.

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
# Train two models on the same words
# ----------------------------------
#
# Both models get the same matrix, with a column for each word that occurs in at least two training
# ads. The penalty of ridge regression is chosen by cross-validation.

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
# Interactions between words
# --------------------------
#
# Ridge regression adds up the values of the words. The network can learn that the value of a word
# depends on the other words. In the generated ads it does: "rustic" raises the price of a cottage
# and lowers that of a loft.

prices = {name: np.exp(model.predict(new_ads)).round() for name, model in models.items()}
print(pd.DataFrame(prices, index=new_ads).to_string())

# %%
# Predicted and actual prices
# ---------------------------
#
# Points on the line are predicted exactly. A model that knows only the words of an ad predicts
# prices that are closer to the middle than the actual prices.

figure, axes = plt.subplots(1, 2, figsize=(9, 4.2), sharex=True, sharey=True, layout="constrained")
limits = np.exp(np.quantile(y_test, [0.002, 0.998]))
for ax, (name, model) in zip(axes, models.items(), strict=True):
    ax.scatter(np.exp(model.predict(test)), np.exp(y_test), s=2, alpha=0.2, linewidths=0)
    ax.plot(limits, limits, color="0.3", linewidth=1)
    ax.set(xscale="log", yscale="log", xlim=limits, ylim=limits, title=name)
    ax.set_xlabel("predicted price of a night")
axes[0].set_ylabel("actual price of a night")

# %%
# Plot the embeddings of the words
# --------------------------------
#
# The plot shows the first two principal components of the word embeddings. The colours are the
# weights of the words in the linear part of the network, in standard deviations of the logarithm.
# Red words raise the price.

display = EmbeddingDisplay.from_estimator(models["network"], max_terms=60, fontsize=8)
display.ax_.set_title("Words of ads")
plt.show()
