"""What it is about in one figure: the lesson's embedding, and what embeddings gain."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.feature_selection import SelectKBest, chi2

import skembed
from skembed import EmbeddingDisplay, EmbeddingDNNClassifier, VocabularyTransformer
from skembed.datasets import make_reviews

reviews, liked = make_reviews(20_000, random_state=0)
vocabulary = VocabularyTransformer(weighting="count")
X = vocabulary.fit_transform(reviews)
telling = SelectKBest(chi2, k=24).fit(X, liked)
names = telling.get_feature_names_out(vocabulary.get_feature_names_out())
model = EmbeddingDNNClassifier(2, linear=False, random_state=0).fit(telling.transform(X), liked)

text = Path(skembed.__file__).parents[1].joinpath("benchmarks/results/quality.md").read_text()
lines = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)[0].splitlines()
cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
rows = [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]
losses = [row for row in rows if row["score"] == "log loss"]
gains = [float(row["better than tuned by"].split("±")[0]) for row in losses]
shares = [100 * gain / (float(row["ours"]) + gain) for row, gain in zip(losses, gains, strict=True)]

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.6), width_ratios=[1.5, 1])
EmbeddingDisplay.from_embeddings(model.embeddings_, names, ax=left, fontsize=8.5)
left.set_title("words of film reviews\nin two dimensions", fontsize=10)
right.barh([row["data"] for row in losses][::-1], shares[::-1], color="tab:blue")
right.set_title("log loss, % below tuned\nlogistic regression", fontsize=10)
