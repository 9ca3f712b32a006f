"""The embeddings of the network on the page about reading them, from twice the reviews."""

import matplotlib.pyplot as plt
from sklearn.pipeline import make_pipeline

from skembed import EmbeddingDisplay, EmbeddingDNNClassifier, VocabularyTransformer
from skembed.datasets import make_reviews

reviews, liked = make_reviews(20_000, random_state=0)
network = EmbeddingDNNClassifier(
    embedding_init="random", term_dropout=0.3, embedding_l2=5.0, max_epochs=30, random_state=0
)
model = make_pipeline(VocabularyTransformer(), network)
model.fit(reviews, liked)

figure, ax = plt.subplots(figsize=(8, 6))
EmbeddingDisplay.from_estimator(model, ax=ax, max_terms=40)
