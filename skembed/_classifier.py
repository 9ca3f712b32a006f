"""The classifier: an embedding network behind scikit-learn's interface."""

from typing import Any, Self

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _num_samples, check_consistent_length, column_or_1d

from skembed._base import BaseEmbeddingDNN
from skembed._compat import fit_context


class EmbeddingDNNClassifier(ClassifierMixin, BaseEmbeddingDNN):
    """Classify rows of sparse features by learned embeddings and dense layers.

    Every feature has a vector, the row of an embedding table. The vectors of a row's
    features, weighted by their values, are pooled into one, which goes through dense
    layers to the logits [1]_. Table and layers are trained together by minibatches on
    the cross entropy, in a compiled TensorFlow program; what is kept are numpy arrays,
    and prediction needs numpy and scipy only.

    Parameters
    ----------
    embedding_dim : int, default=16
        Dimension of the embedding vectors.

    hidden_units : int or sequence of int, default=(64,)
        Units of each hidden layer; ``()`` for none.

    combiner : {"sqrtn", "mean", "sum"}, default="sqrtn"
        How the vectors of a row are pooled: their sum, each times its entry's value,
        divided by the root of the sum of squared values ("sqrtn"), by the sum of
        absolute values ("mean") or by nothing ("sum"). A row without entries pools
        to zeros.

    activation : str, default="relu"
        Activation of the hidden layers: "relu", "tanh", "sigmoid", "elu", "selu",
        "gelu", "silu", "softplus" or "linear".

    dropout : float, default=0.0
        Share of the hidden units that a training step sets to zero.

    optimizer : str or keras.optimizers.Optimizer, default="adam"
        Name of a Keras optimizer, or one, of which a copy is used. On large tables
        those that treat each element on its own (all of Keras' but Adafactor, Lamb and
        Muon) update only the rows that a batch touches: exact for Adagrad and SGD
        without momentum, "lazy" for the others.

    learning_rate : float, default=None
        Step size of the optimizer. None means that of the given optimizer, or for a name
        0.1 ("adagrad", "sgd"), 0.003 ("adam", "adamw", "nadam") or Keras' default.

    loss_reduction : {"auto", "mean", "sum"}, default="auto"
        Whether a step follows the gradient of its batch's mean loss or of its sum.
        "auto" is "sum" with Adagrad, as in TensorFlow's estimators, and "mean" otherwise:
        Adagrad's initial accumulator of 0.1 drowns the small gradients of a mean.

    clip_norm : float, default=None
        Largest global norm of the gradient of a batch's mean loss; None for no limit.

    batch_size : int, default=256
        Rows of a training step.

    max_epochs : int, default=None
        Passes over the data. None means 5, or as many as make 500 steps, or as many as
        `max_steps` needs where that is given.

    max_steps : int, default=None
        Steps after which training ends, even within an epoch.

    random_state : int, RandomState instance or None, default=None
        Seed of initial weights, order and dropout. With an int, fits on the same machine
        are identical to the last bit.

    verbose : int, default=0
        1 shows a progress bar with loss and rows per second.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels, sorted.

    embeddings_ : ndarray of shape (n_features, embedding_dim)
        The embedding table. Features without an entry in the training data have zeros.

    coefs_ : list of ndarray
        Kernel (n_inputs, n_units) of each dense layer; the last gives the logits.

    intercepts_ : list of ndarray
        Bias (n_units,) of each dense layer.

    history_ : dict of str to list of float
        "loss": the mean loss of each epoch, in nats.

    n_steps_, n_epochs_ : int
        Training steps made; epochs begun.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where X had any (a DataFrame with string columns).

    See Also
    --------
    VocabularyTransformer : Terms to sparse features.
    EmbeddingDisplay : Picture of the embeddings.

    References
    ----------
    .. [1] Cheng et al., "Wide & Deep Learning for Recommender Systems", 2016.

    Examples
    --------
    >>> from skembed import EmbeddingDNNClassifier, VocabularyTransformer
    >>> reviews = [["a", "great", "film"], ["dull", "and", "long"], ["great"], ["so", "dull"]]
    >>> vocabulary = VocabularyTransformer().fit(reviews)
    >>> classifier = EmbeddingDNNClassifier(embedding_dim=2, max_epochs=100, random_state=0)
    >>> classifier = classifier.fit(vocabulary.transform(reviews), [1, 0, 1, 0])
    >>> classifier.predict(vocabulary.transform([["great"], ["dull"]]))
    array([1, 0])
    >>> classifier.embeddings_.shape
    (7, 2)
    """

    def __init__(
        self,
        embedding_dim: int = 16,
        *,
        hidden_units: Any = (64,),
        combiner: str = "sqrtn",
        activation: str = "relu",
        dropout: float = 0.0,
        optimizer: Any = "adam",
        learning_rate: float | None = None,
        loss_reduction: str = "auto",
        clip_norm: float | None = None,
        batch_size: int = 256,
        max_epochs: int | None = None,
        max_steps: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            embedding_dim,
            hidden_units=hidden_units,
            combiner=combiner,
            activation=activation,
            dropout=dropout,
            optimizer=optimizer,
            learning_rate=learning_rate,
            loss_reduction=loss_reduction,
            clip_norm=clip_norm,
            batch_size=batch_size,
            max_epochs=max_epochs,
            max_steps=max_steps,
            random_state=random_state,
            verbose=verbose,
        )

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> Self:
        """Train on labelled rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features; the value of an entry weighs its feature. float64 is trained in
            float64, anything else in float32.

        y : array-like of shape (n_samples,)
            Class labels.

        Returns
        -------
        self : EmbeddingDNNClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If X or y is malformed (the message names the row, column or parameter), or
            has one class only.

        FloatingPointError
            If the loss stops being finite; the estimator stays as it was before.
        """
        rows = self._check_rows(X, reset=True)
        classes, labels = self._encoded(y, rows.shape[0])
        weights = np.ones(rows.shape[0], rows.dtype)
        if len(classes) == 2:
            self._train(rows, labels.astype(rows.dtype), weights, 1, "binary_crossentropy")
        else:
            labels = labels.astype(np.int32)
            n_outputs = len(classes)
            self._train(rows, labels, weights, n_outputs, "sparse_categorical_crossentropy")
        self.classes_ = classes
        return self

    def _encoded(self, y: Any, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Find the sorted classes and each row's place among them."""
        y = column_or_1d(y, warn=True)
        if n_rows != _num_samples(y):
            check_consistent_length(np.empty(n_rows), y)
        check_classification_targets(y)
        classes, labels = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(
                f"{type(self).__name__} needs at least 2 classes in y; got 1 class: {classes[0]!r}."
            )
        return classes, labels

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the logits.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            With two classes the log-odds of ``classes_[1]``, else one logit a class.
        """
        logits = self._logits(X)
        return logits[:, 0] if logits.shape[1] == 1 else logits

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithms of the class probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Natural logarithms, in the order of `classes_`.
        """
        logits = self._logits(X)
        if logits.shape[1] == 1:
            return log_expit(np.hstack([-logits, logits]))
        return log_softmax(logits, axis=1)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the class probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities in the order of `classes_`; each row sums to 1.
        """
        logits = self._logits(X)
        if logits.shape[1] == 1:
            return expit(np.hstack([-logits, logits]))
        return softmax(logits, axis=1)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,)
            Class labels.
        """
        logits = self._logits(X)
        if logits.shape[1] == 1:
            return self.classes_[(logits[:, 0] > 0).astype(int)]
        return self.classes_[logits.argmax(axis=1)]
