"""What the classifier and the regressor share: constraints, fitted vectors, and exports."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from skembed._compat import CallbackSupportMixin
from skembed._doc_links import DocumentedMixin
from skembed._typing import MatrixLike
from skembed.estimators._keras_export import exported_model, exported_scikeras
from skembed.estimators._one_state import as_now
from skembed.estimators._prediction import effects_alone, pooled_embeddings
from skembed.network._activations import ACTIVATIONS
from skembed.network._network import Table
from skembed.network._pooling import COMBINERS

# Vectors for `embedding_init`: by feature, or by name.
_VECTORS = [
    "array-like",
    HasMethods(["keys"]),
    HasMethods(["get_vector"]),
    HasMethods(["most_similar"]),
]


class BaseEmbeddingDNN(
    DocumentedMixin,
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Embedding table, pooling and dense layers on sparse features.

    Subclasses have the constructor, `fit` and prediction in the units of their targets.
    """

    _parameter_constraints: dict = {
        "embedding_dim": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "hidden_units": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "combiner": [StrOptions(set(COMBINERS))],
        "fields": ["array-like", StrOptions({"auto"}), None],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "linear": ["boolean", StrOptions({"auto"})],
        "embedding_init": [StrOptions({"auto", "log_odds", "random", "svd"}), *_VECTORS],
        "trainable_embeddings": ["boolean"],
        "feature_names": ["array-like", None],
        "dropout": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
        "term_dropout": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
        "embedding_l2": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
        "linear_l2": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
        "row_size": ["boolean", StrOptions({"auto"})],
        "target_statistics": [
            "boolean",
            Interval(Integral, 0, 3, closed="both"),
            StrOptions({"auto"}),
        ],
        "n_members": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "optimizer": [str, HasMethods(["apply", "get_config"])],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "loss_reduction": [StrOptions({"auto", "mean", "sum"})],
        "clip_norm": [Interval(Real, 0, None, closed="neither"), None],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "max_epochs": [Interval(Integral, 1, None, closed="left"), None],
        "max_steps": [Interval(Integral, 1, None, closed="left"), None],
        "early_stopping": ["boolean", StrOptions({"auto"})],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "callbacks": [list, dict, HasMethods(["on_epoch_end"]), None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    # Set by a fit, see `estimators._fitted`.
    coefs_: list[np.ndarray]
    _table: Table
    _linear_scale: np.ndarray

    @property
    def embeddings_(self) -> np.ndarray:
        """Embedding (n_features, embedding_dim * n_members) of each feature."""
        table = self._whole_table[: self.n_features_in_]  # statistics have their rows behind
        return table[:, : table.shape[1] - len(self._linear_scale)]

    @property
    def linear_coef_(self) -> np.ndarray:
        """Weight (n_outputs, n_features) of each feature in the linear part, if there is one."""
        table = self._whole_table[: self.n_features_in_]
        linear = table[:, table.shape[1] - len(self._linear_scale) :]
        return linear.T * self._linear_scale[:, None]

    @property
    def linear_model_coef_(self) -> np.ndarray:
        """Weight (n_outputs, n_features) of each feature in the linear model beside the network.

        Zeros where there is none. A feature's value times its weight is added to the output,
        however many others the row has; `linear_coef_` is multiplied by what `combiner` makes
        of the value.
        """
        table = self._whole_table[: self.n_features_in_]
        beside: Table | None = getattr(self, "_linear_model", None)
        if beside is None:
            return np.zeros((len(self.coefs_[-1].T), len(table)), table.dtype)
        return beside.whole().T

    def _effects_alone(self) -> np.ndarray:
        """Effect (n_features, n_outputs) of each feature alone, for pictures of embeddings."""
        return effects_alone(as_now(self))

    @property
    def _whole_table(self) -> np.ndarray:
        if "_table" not in vars(self):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet; call fit first.")
        return self._table.whole()

    @property
    def _n_features_out(self) -> int:  # scikit-learn's, for get_feature_names_out
        layout = getattr(self, "_field_layout_", None)
        dim = self._table.rows.shape[1] - len(self._linear_scale)
        return dim * (1 if layout is None else layout.n_fields)

    def transform(self, X: MatrixLike) -> np.ndarray:
        """Return the pooled embedding of each row: supervised features for another model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples, n_fields * embedding_dim)
            The vectors that go into the dense layers; those of several fields side by side.
        """
        return pooled_embeddings(as_now(self), X)

    def to_keras(self) -> Any:
        """Return a Keras model with the trained weights, to go on with in Keras.

        Its input is a row of features, sparse or dense; its output is what
        `predict_proba` gives for the classes (for two classes only that of the second), or
        what `predict` gives for numbers. It is compiled with the estimator's optimizer,
        new, and loss. Imports TensorFlow.

        Returns
        -------
        keras.Model
            The model; it shares nothing with the estimator.

        Examples
        --------
        >>> import numpy as np
        >>> from skembed import EmbeddingDNNClassifier
        >>> X = np.eye(4, dtype=np.float32)
        >>> classifier = EmbeddingDNNClassifier(2, random_state=0).fit(X, [0, 0, 1, 1])
        >>> probability = classifier.to_keras().predict(X, verbose=0)
        >>> bool(np.allclose(probability[:, 0], classifier.predict_proba(X)[:, 1], atol=1e-6))
        True
        """
        return exported_model(self)

    def to_scikeras(self) -> Any:
        """Return a fitted scikeras estimator around `to_keras()`.

        Returns
        -------
        scikeras.wrappers.KerasClassifier or KerasRegressor
            Predicts as this estimator does. It pickles by Keras' own saving.

        Examples
        --------
        >>> import numpy as np
        >>> from skembed import EmbeddingDNNClassifier
        >>> X = np.eye(4, dtype=np.float32)
        >>> classifier = EmbeddingDNNClassifier(2, random_state=0).fit(X, ["a", "a", "b", "b"])
        >>> classifier.to_scikeras().predict(X)
        array(['a', 'a', 'b', 'b'], dtype='<U1')
        """
        return exported_scikeras(self)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
