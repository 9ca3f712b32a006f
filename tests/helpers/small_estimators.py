"""Estimators that are quick to fit, and share a compiled program."""

from skembed import EmbeddingDNNClassifier


def small(cls=EmbeddingDNNClassifier, **params):
    values = dict(embedding_dim=4, hidden_units=(8,), combiner="sum", learning_rate=0.02)
    values |= dict(max_epochs=2, random_state=0, batch_size=256)
    return cls(**{**values, **params})
