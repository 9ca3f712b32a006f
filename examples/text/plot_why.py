"""
Explain predictions
===================

This example shows the contribution of each term to a prediction. It explains predictions for
reviews, for recipes of several cuisines and for the columns of a table. It then checks how reliable
a classifier is on new data.
"""

# %%
# Reviews
# -------
#
# :func:`~skembed.explain` takes a fitted pipeline and rows. The contributions and the output for an
# empty row add up to the `decision_function`. The view of a row colours its words: blue with a
# solid line counts for the class, orange with a dashed line counts against it.

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from skembed import (
    EmbeddingDNNClassifier,
    EmbeddingDNNRegressor,
    VocabularyTransformer,
    explain,
    make_embedding_pipeline,
    reliability,
)
from skembed.datasets import make_listings, make_reviews

reviews, liked = make_reviews(3000, random_state=0)
verdicts = np.where(liked == 1, "liked", "disliked")
model = make_pipeline(VocabularyTransformer(), EmbeddingDNNClassifier(random_state=0))
model.fit(reviews[:2000], verdicts[:2000])

explanation = explain(model, reviews[2000:])
explanation

# %%
# You can also get numbers: the strongest terms of the first review, and the sums of the first
# three.

print(explanation.to_frame(0, top=5))
print("added up:          ", explanation.outputs()[:3].round(3))
print("decision_function: ", model.decision_function(reviews[2000:2003]).round(3))

# %%
# The summary shows all terms: how often each one occurs, and its mean contribution where it occurs.

explanation.plot_summary(top=25)
plt.show()

# %%
# Recipes
# -------
#
# With several classes, each class has its own contributions, and the view has a tab for each class.
# If the environment variable ``SKEMBED_DATA`` names a folder with What's Cooking, the example reads
# its recipes. Otherwise it generates recipes.

path = Path(os.environ.get("SKEMBED_DATA", "."), "whats_cooking", "whats_cooking_train.parquet")
if path.exists():
    frame = pd.read_parquet(path).head(10_000)
    recipes, cuisines = frame["ingredients"].map(list).tolist(), frame["cuisine"].to_numpy()
else:
    rng = np.random.default_rng(0)
    pantry = {
        "italian": ["basil", "parmesan", "pasta", "olive oil", "tomatoes", "garlic"],
        "indian": ["cumin", "turmeric", "ghee", "garam masala", "rice", "garlic"],
        "mexican": ["tortillas", "cilantro", "lime", "jalapeno", "beans", "tomatoes"],
    }
    cuisines = rng.choice(list(pantry), 1500)
    recipes = [
        [*rng.choice(pantry[name], 3, replace=False), *rng.choice(["salt", "onions", "water"], 2)]
        for name in cuisines
    ]

cook = make_pipeline(VocabularyTransformer(), EmbeddingDNNClassifier(random_state=0))
cook.fit(recipes, cuisines)

explain(cook, [["tomatoes", "garlic", "basil", "salt", "a term never seen"]])

# %%
# Columns of a table
# ------------------
#
# A column can have many features: its categories, the bins of its numbers, its words, or mean
# targets. ``by="column"`` adds up their contributions.

ads = make_listings(3000, random_state=0)
table, price = ads.drop(columns="price"), np.log(ads["price"])
homes = make_embedding_pipeline(EmbeddingDNNRegressor(random_state=0)).fit(
    table[:2000], price[:2000]
)

by_column = explain(homes, table[2000:], by="column")
by_column.plot(0)
plt.show()

# %%
print(by_column.summary())

# %%
# Check the reliability
# ---------------------
#
# :func:`~skembed.reliability` compares probabilities with labels, splits the log loss into parts,
# and reports whether terms are as frequent as in the fit.

found = reliability(model, reviews[2000:], verdicts[2000:])
print(found.losses.round(3))
found.plot()
plt.show()
