"""The embeddings of a network at its defaults on made reviews."""

import matplotlib.pyplot as plt
from sklearn.pipeline import make_pipeline

from skembed import EmbeddingDisplay, EmbeddingDNNClassifier, VocabularyTransformer
from skembed.datasets import make_reviews

reviews, liked = make_reviews(20_000, random_state=0)
model = make_pipeline(VocabularyTransformer(), EmbeddingDNNClassifier(random_state=0))
model.fit(reviews, liked)

figure, ax = plt.subplots(figsize=(8, 6))
EmbeddingDisplay.from_estimator(model, ax=ax, max_terms=60)
