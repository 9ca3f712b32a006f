"""
A table with categories, lists and numbers
==========================================

This example trains a classifier on a table with several kinds of columns: categories (a district),
lists (the words of an ad) and numbers (minutes to the centre). A ColumnTransformer turns each kind
into columns of one sparse matrix. The classifier learns an embedding for each column of the matrix.

If the environment variable ``SKEMBED_DATA`` names a folder with the census table "Adult", the
example reads it; it has categories and numbers. Otherwise the example generates a table that also
has lists.
"""

# %%
# Load the table
# --------------
#
# In Adult, the target is whether a person earns more than 50,000 dollars a year. In the generated
# table, it is whether the price of a home is above the median.

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, StandardScaler

from skembed import EmbeddingDisplay, EmbeddingDNNClassifier, VocabularyTransformer
from skembed.datasets import make_listings

path = Path(os.environ.get("SKEMBED_DATA", "."), "adult", "adult.parquet")
if path.exists():
    table = pd.read_parquet(path)
    is_test = table.pop("split") == "test"
    y = (table.pop("income") == ">50K").astype(int)
    train, test, y_train, y_test = table[~is_test], table[is_test], y[~is_test], y[is_test]
    lists = []
else:
    table = make_listings(20_000, random_state=0)
    table["title"] = table["title"].str.split()
    price = table.pop("price")
    train, test, y_train, y_test = train_test_split(
        table, (price > price.median()).astype(int), test_size=0.25, random_state=0
    )
    lists = ["title", "amenities"]
numbers = table.select_dtypes("number").columns.tolist()
categories = [name for name in table if name not in {*numbers, *lists}]
print(table.head(3).T.to_string(max_colwidth=36))

# %%
# Put all columns into one matrix
# -------------------------------
#
# VocabularyTransformer makes a column of the matrix for each category, and for each term that
# occurs in a list. Numbers are scaled to mean 0 and standard deviation 1. Each number is one
# column, and its value multiplies the embedding of that column.

scaled = make_column_transformer(
    (VocabularyTransformer(), categories),
    (VocabularyTransformer(), lists),
    (StandardScaler(), numbers),
    sparse_threshold=1,
    verbose_feature_names_out=False,
)

# %%
# A scaled number has the same kind of effect over its whole range, only stronger or weaker. If you
# cut it into intervals, it becomes a category. Each interval then has its own embedding, so the
# effect can take any shape.

binned = make_column_transformer(
    (VocabularyTransformer(), categories),
    (VocabularyTransformer(), lists),
    (KBinsDiscretizer(8, strategy="kmeans", random_state=0), numbers),
    sparse_threshold=1,
    verbose_feature_names_out=False,
)

# %%
# Train the classifier on both versions, and logistic regression for comparison:

results, networks, linear = [], {}, {}
for kind, columns in {"scaled": scaled, "in intervals": binned}.items():
    linear[kind] = make_pipeline(columns, LogisticRegression(max_iter=1000))
    networks[kind] = make_pipeline(columns, EmbeddingDNNClassifier(random_state=0))
    for model in (linear[kind], networks[kind]):
        model.fit(train, y_train)
        probability = model.predict_proba(test)[:, 1]
        row = accuracy_score(y_test, probability > 0.5), log_loss(y_test, probability)
        results.append([kind, type(model[-1]).__name__, *row])
print(
    pd.DataFrame(results, columns=["numbers", "model", "accuracy", "log loss"])
    .round(4)
    .to_string(index=False)
)

# %%
# In the generated ads, the meaning of a word depends on the other words, so one weight per word
# does not predict well. In Adult, what logistic regression lacks is mainly the nonlinear effect of
# the numbers, and intervals provide most of it.
#
# Plot the effect of a number
# ---------------------------
#
# The plot shows the mean prediction for 1,000 test rows while one number is set to a range of
# values. The intervals give a step function, which can follow any shape. The scaled number gives a
# smooth curve.

number = "age" if path.exists() else "minutes"
values = np.linspace(*train[number].quantile([0.02, 0.98]), 60)
rows = test.sample(1000, random_state=0)
figure, ax = plt.subplots(layout="constrained")
for kind, model in networks.items():
    means = [model.predict_proba(rows.assign(**{number: v}))[:, 1].mean() for v in values]
    ax.plot(values, means, label=kind, drawstyle="default" if kind == "scaled" else "steps-mid")
ax.set(xlabel=number, ylabel="mean predicted probability")
ax.legend()

# %%
# Plot the embeddings of all columns
# ----------------------------------
#
# Categories, terms of lists and intervals of numbers have embeddings in the same space. The
# intervals of a number are counted from 0. The colours are the weights of logistic regression: red
# makes the answer "yes" more likely.

display = EmbeddingDisplay.from_estimator(
    networks["in intervals"],
    values=linear["in intervals"][-1].coef_[0],
    value_name="weight in logistic regression",
    max_terms=25,
    fontsize=8,
)
display.ax_.set_title("Categories, terms and intervals")
plt.show()
