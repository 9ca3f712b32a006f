"""The three models of the lesson's table: its own network, our defaults, logistic regression."""

from collections.abc import Callable
from typing import Any

from sklearn.linear_model import LogisticRegression

from skembed import EmbeddingDNNClassifier


def lesson_model(seed: int) -> EmbeddingDNNClassifier:
    """Return the lesson's network and training; its embeddings start from the terms' log-odds."""
    return EmbeddingDNNClassifier(
        embedding_dim=2,
        hidden_units=(20, 20),
        combiner="mean",
        linear=False,
        optimizer="adagrad",
        learning_rate=0.1,
        clip_norm=5.0,
        batch_size=25,
        max_steps=1000,
        random_state=seed,
    )


def default_model(seed: int) -> EmbeddingDNNClassifier:
    """Return the classifier with default parameters."""
    return EmbeddingDNNClassifier(random_state=seed)


def linear_model(_: int) -> LogisticRegression:
    """Return scikit-learn's logistic regression."""
    return LogisticRegression(max_iter=1000)


MODELS: dict[str, Callable[[int], Any]] = {
    "lesson: embedding(2) + [20, 20], 1,000 steps": lesson_model,
    "EmbeddingDNNClassifier()": default_model,
    "LogisticRegression(max_iter=1000)": linear_model,
}
