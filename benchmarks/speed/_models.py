"""The models that are timed, with their settings: ours, scikit-learn's and scikeras'.

Heavy libraries are imported where they are used, so that a fresh process imports only what it
measures.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp

LESSON_SETTINGS = "embedding 2, hidden 20 and 20, Adagrad 0.1, clip norm 5, batch 25, 1,000 steps"


def lesson(seed: int) -> Any:
    """Return the lesson's network."""
    from benchmarks.lesson._models import lesson_model

    return lesson_model(seed)


def sparse_network(seed: int, *, optimizer: str = "adagrad") -> Any:
    """Return our network for many columns: dim 16, hidden 20, batch 256, one epoch."""
    from skembed import EmbeddingDNNClassifier

    return EmbeddingDNNClassifier(
        16,
        hidden_units=(20,),
        combiner="mean",
        linear=False,
        embedding_init="random",
        optimizer=optimizer,
        learning_rate=0.1 if optimizer == "adagrad" else None,
        batch_size=256,
        max_epochs=1,
        random_state=seed,
    )


def linear() -> Any:
    """Return logistic regression for many columns."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=0.1)


def one_epoch_sgd(seed: int) -> Any:
    """Return scikit-learn's linear model by stochastic gradients, one pass."""
    from sklearn.linear_model import SGDClassifier

    return SGDClassifier(loss="log_loss", max_iter=1, tol=None, random_state=seed)


def one_epoch_mlp(seed: int) -> Any:
    """Return scikit-learn's network in the lesson's sizes, one pass."""
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier((2, 20, 20), batch_size=25, max_iter=1, random_state=seed)


def import_keras() -> None:
    """Import TensorFlow, Keras and scikeras."""
    import keras  # noqa: F401
    import scikeras.wrappers  # noqa: F401
    import tensorflow  # noqa: F401


def keras_network(embedding_dim: int, n_features: int = 50) -> Any:
    """Return the lesson's network in Keras, on dense rows: not compiled."""
    import keras

    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((n_features,)),
            layers.Dense(embedding_dim, use_bias=False),
            layers.Dense(20, "relu"),
            layers.Dense(20, "relu"),
            layers.Dense(1, "sigmoid"),
        ]
    )


def normalised(X: sp.csr_matrix) -> np.ndarray:
    """Dense rows over their sums: what a Dense layer needs to be a mean of embeddings."""
    dense = X.toarray()
    return dense / np.maximum(dense.sum(axis=1, keepdims=True), 1)


def scikeras_lesson(**settings: Any) -> Any:
    """Return the lesson's network as a scikeras user writes it."""
    from scikeras.wrappers import KerasClassifier

    defaults = {
        "model__embedding_dim": 2,
        "loss": "binary_crossentropy",
        "optimizer": "adagrad",
        "optimizer__learning_rate": 0.1,
        "optimizer__global_clipnorm": 5.0,
        "batch_size": 25,
        "epochs": 1,
        "verbose": 0,
    }
    return KerasClassifier(keras_network, **{**defaults, **settings})


def grid_search(side: str) -> Any:
    """Return the search over 4 points by 3 folds, and a refit."""
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    import_keras()
    if side == "ours":
        model = lesson(0).set_params(batch_size=256, max_steps=None, max_epochs=2)
        names = ("embedding_dim", "learning_rate")
    else:
        model = scikeras_lesson(batch_size=256, epochs=2)
        names = ("model__embedding_dim", "optimizer__learning_rate")
    # folds given: scikit-learn takes scikeras' wrapper for no classifier
    return GridSearchCV(
        model, dict(zip(names, [[2, 4], [0.05, 0.1]], strict=True)), cv=StratifiedKFold(3)
    )
