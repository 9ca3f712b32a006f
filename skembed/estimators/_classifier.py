"""The classifier: an embedding network behind scikit-learn's interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.utils import Tags
from sklearn.utils._param_validation import StrOptions

from skembed._compat import fit_context, with_callbacks
from skembed._typing import ArrayLike, Callbacks, Embeddings, MatrixLike, OptimizerLike, RandomState
from skembed.estimators._base import BaseEmbeddingDNN
from skembed.estimators._class_prediction import ClassPredictionMixin
from skembed.estimators._fit import fit_network, fit_one_pass
from skembed.estimators._fitted import checkpoint_of, classification_task
from skembed.estimators._one_state import one_fit_at_a_time
from skembed.training._class_targets import announced_classes, check_same_classes
from skembed.training._stream import ChunkStream


class EmbeddingDNNClassifier(ClassPredictionMixin, BaseEmbeddingDNN):
    """Classify rows of sparse features by learned embeddings and dense layers.

    Each feature has a vector, a row of the embedding table. The vectors of a row's features,
    weighted by their values, are pooled into one vector, which goes through dense layers to the
    logits [1]_. Minibatches train table and layers together on the cross entropy, in a compiled
    TensorFlow program. The result is kept as numpy arrays: prediction needs no TensorFlow.

    Most users set only `random_state`, and perhaps `hidden_units`, `class_weight`,
    `early_stopping=True` (one candidate: faster, for searches) or `verbose`.

    Parameters
    ----------
    Architecture
        What the network is made of.

    embedding_dim : int or "auto", default="auto"
        Dimension of the embedding vectors. "auto" is 16; with more than 16 classes, the next
        multiple of 16, at most 64.

    hidden_units : int, sequence of int or "auto", default="auto"
        Units of each hidden layer; ``()`` for none. "auto" is one layer of 64; of 128 with
        statistics of combinations; of 256 if better on held-out rows (17 to 256 classes).

    combiner : {"sqrtn", "mean", "sum"}, default="sqrtn"
        How the vectors of a row are pooled. The sum of the vectors, each times the value of its
        entry, is divided by the root of the sum of squared values ("sqrtn"), by the sum of
        absolute values ("mean") or by nothing ("sum").

    fields : array-like of int, "auto" or None, default="auto"
        Features that are pooled together: the field number of each feature, (n_features,), or
        the sizes of fields of neighbouring features. The dense layers get the pooled vectors of
        all fields side by side. A feature with the number -1 is numeric: its vector is
        multiplied by its value alone. "auto" takes the fields of a `FieldTransformer`'s output, or
        finds those of one-hot code: at least 2,000 rows, with a 1 in each of several blocks of
        features, as of scikit-learn's OneHotEncoder. Else there is one field for all features,
        as with None.

    activation : str, default="relu"
        Activation of the hidden layers: "relu", "tanh", "sigmoid", "elu", "selu", "gelu",
        "silu", "softplus" or "linear".

    linear : bool or "auto", default="auto"
        Whether the output adds a linear term of the pooled features, so that the network
        contains logistic regression. "auto" is True up to 256 outputs. Unless False, a fit may
        also add a linear model of the features themselves.

    embedding_init : str, array-like, mapping or embeddings, default="auto"
        Initial embeddings: "log_odds" (see Notes), "random", "svd" (of X), an array
        (n_features, embedding_dim), or vectors by name (a mapping, gensim's KeyedVectors or
        `TermEmbeddings`; features without one start at random). "auto" is "log_odds" or
        "random", whichever is better on held-out rows; without held-out rows "log_odds", or
        "random" with a stream. A default fit compares given vectors with both, too, and tries a
        linear model of the coordinates that they give rows; see `trainable_embeddings`.

    trainable_embeddings : bool, default=True
        Whether training changes the embeddings. If False, given vectors are used in any case.

    feature_names : array-like of shape (n_features,), default=None
        Names of the features, for an `embedding_init` by name. None takes the column names of
        a DataFrame.

    row_size : bool or "auto", default="auto"
        Whether the dense layers also get the size of a row, ``log(1 + s)`` with the divisor s
        of the combiner. "auto" is True where rows are held out. No effect with "sum".

    target_statistics : int, bool or "auto", default="auto"
        Largest number of columns that target statistics combine, see Notes; 0 or False for
        none. "auto" tries 1 and 3 (2 beyond 9 columns) on held-out rows where
        `early_stopping="auto"` compares candidates, and is 0 elsewhere. Not for streams and
        `partial_fit`.

    n_members : int or "auto", default="auto"
        Networks to train from different seeds and merge into one that predicts their mean.
        "auto" is 1; with target statistics as many as make 20 epochs together, at most 4.

    Regularisation
        What keeps the network from learning the training rows by heart.

    dropout : float or "auto", default="auto"
        Share of the hidden units that a training step sets to zero. "auto" is 0.3 (0.15 with
        statistics of combinations) where rows are held out and 0 otherwise.

    term_dropout : float or "auto", default="auto"
        Share of the entries of X that a training step leaves out; the others weigh more.
        "auto" is 0.3 or 0, whichever is better on held-out rows, and otherwise 0.

    embedding_l2 : float or "auto", default="auto"
        Penalty of the squared weights of the embedding table, see Notes. "auto" is 5 where
        rows are held out and in a fit without `max_epochs`, `max_steps` and `warm_start`;
        otherwise, as in `partial_fit`, it is 0.

    linear_l2 : float or "auto", default="auto"
        Penalty of the squared weights of the linear part. "auto" is 0.12, or 0 where that of
        the table is.

    early_stopping : bool or "auto", default="auto"
        Whether to hold rows out. True ends training when their loss stops falling, and keeps
        the weights of the best epoch. "auto", with `max_epochs` and `max_steps` None, at least
        30 rows and no `warm_start`, compares candidates in this way and trains the best one on
        all rows, see Notes.

    validation_fraction : float, default=0.1
        Share of the rows to hold out, stratified by class. Where "auto" compares candidates on
        fewer than 10,000 rows, it holds out fifths in turn instead.

    n_iter_no_change : int, default=2
        Epochs without improvement after which early stopping ends training.

    tol : float, default=1e-4
        Smallest fall of the validation loss, in nats, that counts as an improvement.

    Training
        How the weights are found.

    optimizer : str or keras.optimizers.Optimizer, default="adam"
        Name of a Keras optimizer, or an optimizer, which is copied. On large tables it updates
        only the rows that a batch touches; Adafactor, Lamb and Muon update all rows.

    learning_rate : float, default=None
        Step size. None is the given optimizer's own, or for a name 0.1 ("adagrad", "sgd"),
        0.002 ("adam", "adamw", "nadam"; 0.004, growing to 0.008 at batches of 512, where
        held-out rows choose the number of epochs) or Keras' default.

    loss_reduction : {"auto", "mean", "sum"}, default="auto"
        Whether a step follows the gradient of its batch's mean loss or of the sum. "auto" is
        "sum" with Adagrad, as in TensorFlow's estimators, and "mean" otherwise.

    clip_norm : float, default=None
        Largest global norm of the gradient of a batch's mean loss; None for no limit.

    batch_size : int or "auto", default="auto"
        Rows of a training step. "auto" is a power of two near a hundredth of the rows, 32 to
        256, and beyond 256,000 rows a thousandth. Where rows are held out, 256 becomes 512 for
        two classes and rows of at most 64 entries on average.

    max_epochs : int, default=None
        Passes over the data. None leaves the number to early stopping, at most 50. Without
        early stopping None is 5, or as many as make 200 steps or `max_steps`.

    max_steps : int, default=None
        Steps after which training ends, even within an epoch.

    warm_start : bool, default=False
        Whether `fit` continues from the weights and the optimizer of the last fit.

    Other
        Classes, seeds and messages.

    callbacks : keras.callbacks.Callback, list or dict of them, default=None
        Keras callbacks, passed to scikeras as its `callbacks`, or a list with a
        `FitCheckpoint`. With hooks of batches, each batch is a call of its own. Set
        scikit-learn's callbacks by `set_callbacks`.

    class_weight : dict or "balanced", default=None
        Factor of the weights of each class's rows, 1 for labels that are not in the dict;
        "balanced" gives each class the same total weight.

    unlabeled : bool or "auto", default="auto"
        Whether rows of the label -1 have no label, as in scikit-learn's semi-supervised
        estimators. A default fit learns from such rows which features occur together, see the
        notes. "auto" takes -1 as no label if it is the label of most rows and the others are at
        least two numbers from 0 on; it warns wherever both readings make sense.

    random_state : int, RandomState instance or None, default=None
        Seed of initial weights, order, dropout and the split. With an int, fits on the same
        machine are identical to the last bit.

    verbose : int, default=0
        1 shows a progress bar for each candidate and for the training: epoch, losses, rows and
        the time left, which early stopping may shorten.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels, sorted.

    embeddings_ : ndarray of shape (n_features, embedding_dim * n_members)
        The embedding table. Features without an entry in the training data have zeros.

    linear_coef_ : ndarray of shape (n_outputs, n_features)
        Weights of the linear part, which multiply the pooled features; (0, n_features)
        without it.

    linear_model_coef_ : ndarray of shape (n_outputs, n_features)
        Weights of the linear model beside the network, which multiply the features themselves.

    plan_ : dict
        How the network was trained, given or chosen: "embedding_init", "hidden_units",
        "term_dropout", "n_epochs", "batch_size" and so on; "loss" on held-out rows; and
        "candidates", a list of dicts, where several were compared (see `TrainingDisplay`).

    coefs_ : list of ndarray
        Kernel (n_inputs, n_units) of each dense layer; the last gives the logits.

    intercepts_ : list of ndarray
        Bias (n_units,) of each dense layer.

    history_ : dict of str to list of float
        "loss": the mean loss of each epoch, in nats; "val_loss": that of rows held
        out, or of X_val.

    n_steps_, n_epochs_, n_members_ : int
        Training steps made; epochs begun; networks that were merged. History, steps and
        epochs are those of the first.

    best_epoch_ : int
        With early stopping, the epoch, from 1, whose weights were kept.

    n_features_in_, feature_names_in_ : int; ndarray of shape (n_features,)
        Number of features; their names, where X is a DataFrame with string columns.

    See Also
    --------
    VocabularyTransformer : Terms to sparse features.
    EmbeddingDisplay : Picture of the embeddings.
    TrainingDisplay : Learning curve and candidates.

    Notes
    -----
    **Candidates.** A default fit compares candidates (initial embeddings, term
    dropout, target statistics, units) on held-out rows, averages weights over epochs, and trains
    the best one on all rows up to its best epoch. It adds a linear model beside the network where
    that lowers the held-out loss: of the features as they are, or scaled by log-count ratios [2]_.
    `plan_` holds the candidates and the choice.

    **Rows without a label** are decomposed together with the others by latent semantic analysis
    [3]_: entries are weighted by their weight in the pooling, over the mean size of the feature's
    values, times ``(log((1 + n) / (1 + n_j)) + 1) ** 2`` with n_j of the n rows having the feature.
    A linear model of the first 25 to 200 coordinates, its penalty and its share are chosen by
    held-out rows; its weights become part of `linear_coef_`. Vectors given as `embedding_init`
    take the place of the decomposition where all rows have a label.

    **Penalties** are ``l / (2 n_samples) * sum(w ** 2)``, added to the mean loss, with the factor
    l of `embedding_l2` or `linear_l2`; the latter is 1 / C of logistic regression on the pooled
    features.

    **Log-odds.** If k of the m rows with a term are of a class that has the share p of all rows,
    the score of the term is ``log((k + 30 p) / (m - k + 30 (1 - p))) - log(p / (1 - p))``. There
    is one score for two classes, else one for each class, or their principal directions where
    the classes outnumber the dimensions. Scores are scaled to a standard deviation of 0.5;
    noise of 0.1 is added. Random embeddings are normal with deviation
    ``1 / sqrt(embedding_dim)``, cut off at two deviations.

    **Target statistics.** A field with at most one entry a row is a column. For each category,
    and each combination of categories, the network gets the smoothed mean target of the training
    rows with it and ``log(1 + n)`` of their number n, cross-fitted in training. The candidate of
    order 1 has no statistics of combinations and leaves the categories themselves out.

    References
    ----------
    .. [1] Cheng et al., "Wide & Deep Learning for Recommender Systems", 2016.
    .. [2] Wang and Manning, "Baselines and Bigrams: Simple, Good Sentiment and Topic
       Classification", 2012.
    .. [3] Deerwester et al., "Indexing by Latent Semantic Analysis", 1990.

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

    classes_: np.ndarray
    _label_sets: bool

    _parameter_constraints: dict = {
        **BaseEmbeddingDNN._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "unlabeled": ["boolean", StrOptions({"auto"})],
    }

    def __init__(
        self,
        embedding_dim: int | str = "auto",
        *,
        hidden_units: int | Sequence[int] | str = "auto",
        combiner: str = "sqrtn",
        fields: ArrayLike | str | None = "auto",
        activation: str = "relu",
        linear: bool | str = "auto",
        embedding_init: Embeddings = "auto",
        trainable_embeddings: bool = True,
        feature_names: ArrayLike | None = None,
        row_size: bool | str = "auto",
        target_statistics: int | bool | str = "auto",
        n_members: int | str = "auto",
        dropout: float | str = "auto",
        term_dropout: float | str = "auto",
        embedding_l2: float | str = "auto",
        linear_l2: float | str = "auto",
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 2,
        tol: float = 1e-4,
        optimizer: OptimizerLike = "adam",
        learning_rate: float | None = None,
        loss_reduction: str = "auto",
        clip_norm: float | None = None,
        batch_size: int | str = "auto",
        max_epochs: int | None = None,
        max_steps: int | None = None,
        warm_start: bool = False,
        callbacks: Callbacks = None,
        class_weight: Mapping[Any, float] | str | None = None,
        unlabeled: bool | str = "auto",
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        self.embedding_dim = embedding_dim
        self.hidden_units = hidden_units
        self.combiner = combiner
        self.fields = fields
        self.activation = activation
        self.linear = linear
        self.embedding_init = embedding_init
        self.trainable_embeddings = trainable_embeddings
        self.feature_names = feature_names
        self.row_size = row_size
        self.target_statistics = target_statistics
        self.n_members = n_members
        self.dropout = dropout
        self.term_dropout = term_dropout
        self.embedding_l2 = embedding_l2
        self.linear_l2 = linear_l2
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.loss_reduction = loss_reduction
        self.clip_norm = clip_norm
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.max_steps = max_steps
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.class_weight = class_weight
        self.unlabeled = unlabeled
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks
    @fit_context(prefer_skip_nested_validation=True)
    @one_fit_at_a_time
    def fit(
        self,
        X: MatrixLike | ChunkStream,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        X_val: MatrixLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> Self:
        """Train on labelled rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or ChunkStream
            Features; the value of an entry weighs its feature. float64 is trained in
            float64, anything else in float32. A `ChunkStream` is read anew each epoch
            and brings its own labels and weights.

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or an indicator matrix of label sets. -1 for rows without a label, see
            `unlabeled`.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, not negative; one of weight 2 counts as two rows. Rows of
            weight zero are left out.

        X_val, y_val : like X and y, default=None
            Rows for early stopping, which they switch on; with early_stopping=False their loss
            is written down only. In a Pipeline, name X_val in ``transform_input``.

        Returns
        -------
        self : EmbeddingDNNClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If the data or a parameter is malformed (the message names the row, column or
            parameter), or if y has one class only.

        FloatingPointError
            If the loss stops being finite; the estimator stays as it was before.
        """
        checkpoint = checkpoint_of(self) if self.warm_start else None
        task = classification_task(self, checkpoint)
        fit_network(self, task, X, y, sample_weight, X_val, y_val, checkpoint=checkpoint)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    @one_fit_at_a_time
    def partial_fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Go on training with one pass over more rows.

        The optimizer goes on where the last call left it. After a `fit` without
        `warm_start` it starts anew: only the weights were kept.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or an indicator matrix of label sets.

        classes : array-like of shape (n_classes,), default=None
            All labels that any call may bring; required in the first.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, not negative.

        Returns
        -------
        self : EmbeddingDNNClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            As `fit`; also if `classes` is missing in the first call or changes, or y has
            a label that is not among them.
        """
        announced = None if classes is None else announced_classes(classes)
        if not hasattr(self, "coefs_"):
            if announced is None:
                raise ValueError("classes must be passed on the first call to partial_fit.")
        elif announced is not None:
            check_same_classes(announced, self.classes_)
        checkpoint = checkpoint_of(self)
        task = classification_task(self, checkpoint, announced)
        fit_one_pass(self, task, X, y, sample_weight, checkpoint=checkpoint)
        return self

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags
