"""The regressor: an embedding network behind scikit-learn's interface."""

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import Tags
from sklearn.utils._param_validation import StrOptions

from skembed._compat import fit_context, with_callbacks
from skembed.estimators._base import BaseEmbeddingDNN
from skembed.estimators._fit import fit_network, fit_one_pass
from skembed.estimators._fitted import checkpoint_of
from skembed.estimators._one_state import as_now, one_fit_at_a_time
from skembed.estimators._prediction import predicted_logits
from skembed.training._checkpoint import Checkpoint
from skembed.training._value_targets import REGRESSION_LOSSES, RegressionTask, ValueTargets


class EmbeddingDNNRegressor(RegressorMixin, BaseEmbeddingDNN):
    """Predict numbers from rows of sparse features by learned embeddings and dense layers.

    The network is that of `EmbeddingDNNClassifier`, with one output a target. For the
    squared and the absolute error targets are standardised for training, and the last
    layer is rescaled after it, so the unit of y does not matter.

    Parameters
    ----------
    embedding_dim : int or "auto", default="auto"
        Dimension of the embedding vectors. "auto" is 16.

    hidden_units : int, sequence of int or "auto", default="auto"
        Units of each hidden layer; ``()`` for none. "auto" is one layer of 64, or of
        128 with statistics of combinations.

    loss : {"squared_error", "absolute_error", "poisson"}, default="squared_error"
        What is minimised: the mean squared error, the mean absolute error, or the Poisson
        deviance of a network that gives the logarithm of the mean (y not negative).

    combiner : {"sqrtn", "mean", "sum"}, default="sqrtn"
        How the vectors of a row are pooled: their sum, each times its entry's value,
        divided by the root of the sum of squared values ("sqrtn"), by the sum of
        absolute values ("mean") or by nothing ("sum"). A row without entries pools
        to zeros.

    fields : array-like of int, "auto" or None, default="auto"
        Features that are pooled together. Each field has a pooled vector of its own, and
        the dense layers get them all side by side. Either the number of each feature's
        field, (n_features,), or the sizes of fields of neighbouring features. A feature
        with the number -1 is a number: its vector, and its weight in the linear part, are
        multiplied by its value alone, and `term_dropout` leaves it in. "auto": the fields
        that a sparse X brings from a `FieldTransformer`, else one for all features, as
        None.

    activation : str, default="relu"
        Activation of the hidden layers: "relu", "tanh", "sigmoid", "elu", "selu",
        "gelu", "silu", "softplus" or "linear".

    linear : bool or "auto", default="auto"
        Whether a linear term of the same pooled features is added to the logits, so that
        the network contains linear regression. "auto" leaves it out beyond 256 outputs.

    embedding_init : str, array-like, mapping or embeddings, default="auto"
        What the embeddings start from. "log_odds": each term's mean target, less that of
        all, over the m rows with the term and 30 more with the mean of all, scaled to a
        standard deviation of 0.5, and noise of 0.1.
        "random": normal values, cut off at two deviations of
        ``1 / sqrt(embedding_dim)``. "svd": the right singular vectors of X, times the
        singular values. An array (n_features, d), or vectors by name (a mapping,
        gensim's KeyedVectors or `TermEmbeddings`): these, d being the dimension; features
        without one start at random. "auto": the better of "log_odds" and "random" on rows
        held out; where none are, "log_odds", or "random" with a stream.

    trainable_embeddings : bool, default=True
        Whether training changes the embeddings.

    feature_names : array-like of shape (n_features,), default=None
        Names of the features, for an `embedding_init` that goes by name. None means those
        of X, where it is a DataFrame.

    dropout : float or "auto", default="auto"
        Share of the hidden units that a training step sets to zero. "auto" is 0.3 where
        rows are held out and 0 otherwise.

    term_dropout : float or "auto", default="auto"
        Share of X's entries that a training step leaves out; the others weigh more.
        "auto" is the better of 0.3 and 0 on rows held out, or 0.

    embedding_l2, linear_l2 : float or "auto", default="auto"
        Factors l of penalties ``l / (2 n_samples) * sum(w ** 2)`` on the mean loss, for the
        weights w of the embedding table and of the linear part; there l is 1 / C of
        logistic regression on the pooled features. "auto" is 5 and 0.12 where rows
        are held out and in a fit without `max_epochs`, `max_steps` and `warm_start`;
        otherwise, as in `partial_fit`, it is 0.

    row_size : bool or "auto", default="auto"
        Whether the dense layers also get the size of a row, ``log(1 + s)``, s being what
        the combiner divides by; of each field, where there are several. Pooling makes long
        and short rows alike, and how much there is may tell something. "auto" is True where
        rows are held out, and False otherwise; without effect with the combiner "sum".

    target_statistics : int, bool or "auto", default="auto"
        Most columns that target statistics combine; 0 or False for none. A field with at
        most one entry a row is a column. For each category, and each combination of
        categories of so many columns, the smoothed mean target of the training rows that
        have it, and log(1 + n) of their number n, become numbers beside the features,
        cross-fitted in training. "auto" tries 1, without the categories themselves, and 3
        (2 beyond 9 columns) on rows held out where `early_stopping="auto"` tries
        candidates, and is 0 elsewhere. Not for streams and `partial_fit`.

    n_members : int or "auto", default="auto"
        Networks to train from different seeds and merge into one with their mean outputs.
        "auto" is 1; with target statistics as many as make 20 epochs together, at most 4.

    optimizer : str or keras.optimizers.Optimizer, default="adam"
        Name of a Keras optimizer, or one, of which a copy is used. On large tables
        those that treat each element on its own (all of Keras' but Adafactor, Lamb and
        Muon) update only the rows that a batch touches: exact for Adagrad and SGD
        without momentum, "lazy" for the others.

    learning_rate : float, default=None
        Step size of the optimizer. None means that of the given optimizer, or for a name
        0.1 ("adagrad", "sgd"), 0.002 ("adam", "adamw", "nadam"; where rows held out say
        after how many epochs to end 0.004, growing to 0.008 at batches of 512) or Keras'
        default.

    loss_reduction : {"auto", "mean", "sum"}, default="auto"
        Whether a step follows the gradient of its batch's mean loss or of its sum.
        "auto" is "sum" with Adagrad, as in TensorFlow's estimators, and "mean" otherwise:
        Adagrad's initial accumulator of 0.1 drowns the small gradients of a mean.

    clip_norm : float, default=None
        Largest global norm of the gradient of a batch's mean loss; None for no limit.

    batch_size : int or "auto", default="auto"
        Rows of a training step. "auto" is a power of two near a hundredth of the rows, 32
        to 256, and beyond 256,000 rows a thousandth. Where rows held out say when to end,
        256 becomes 512 for a single output and rows of at most 64 entries on average.

    max_epochs : int, default=None
        Passes over the data. None leaves the number to early stopping, 50 at most; where
        there is none it means 5, or as many as make 200 steps, or as many as `max_steps`
        needs.

    max_steps : int, default=None
        Steps after which training ends, even within an epoch.

    early_stopping : bool or "auto", default="auto"
        Whether rows are held out and training ends when their loss stops falling. True
        keeps the best epoch's weights. "auto", with `max_epochs` and `max_steps` None,
        30 rows or more and no `warm_start`, tries some settings in this way, on means of
        the weights over the epochs, trains on all rows as the best one did up to its best
        epoch, and puts a linear model beside the network where that is better; `plan_`
        tells what was chosen.

    validation_fraction : float, default=0.1
        Share of the rows held out; fifths, in turn, where "auto" tries settings on fewer than
        10,000 rows.

    n_iter_no_change : int, default=2
        Epochs without improvement after which early stopping ends training.

    tol : float, default=1e-4
        Least fall of the validation loss that counts as improvement.

    warm_start : bool, default=False
        Whether `fit` goes on from the weights and the optimizer of the last one.

    callbacks : keras.callbacks.Callback, list or dict of them, default=None
        Keras callbacks, given to scikeras as its `callbacks`. Hooks of training, epochs and
        batches are called; with hooks of batches, each batch is a call of its own. Or a list with
        a `FitCheckpoint`. scikit-learn's callbacks are set by `set_callbacks`.

    random_state : int, RandomState instance or None, default=None
        Seed of initial weights, order, dropout and the split. With an int, fits on the
        same machine are identical to the last bit.

    verbose : int, default=0
        1 shows a progress bar for each candidate and for the training: epoch, losses, rows,
        and the time to the last epoch, which early stopping may shorten.

    Attributes
    ----------
    embeddings_ : ndarray of shape (n_features, embedding_dim * n_members)
        The embedding table. Features without an entry in the training data have zeros.

    linear_coef_ : ndarray of shape (n_outputs, n_features)
        Weights of the linear part, which multiply the pooled features; (0, n_features)
        without it.

    linear_model_coef_ : ndarray of shape (n_outputs, n_features)
        Weights of the linear model beside the network, which multiply the features as they
        are; zeros without it.

    plan_ : dict
        How the network was trained, be it chosen or given: "embedding_init", "hidden_units",
        "term_dropout", "n_epochs", "batch_size" and so on; "loss": that of rows held out.

    coefs_ : list of ndarray
        Kernel (n_inputs, n_units) of each dense layer; the last gives the predictions,
        with "poisson" their logarithms.

    intercepts_ : list of ndarray
        Bias (n_units,) of each dense layer.

    history_ : dict of str to list of float
        "loss": the mean loss of each epoch on standardised targets; "val_loss":
        that of rows held out, or of X_val.

    n_steps_, n_epochs_, n_members_ : int
        Training steps made; epochs begun; networks that were merged. History, steps and
        epochs are those of the first.

    best_epoch_ : int
        With early stopping, the epoch, from 1, whose weights were kept.

    n_outputs_ : int
        Number of targets a row.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where X had any (a DataFrame with string columns).

    See Also
    --------
    EmbeddingDNNClassifier : The same for classes.

    Examples
    --------
    >>> from skembed import EmbeddingDNNRegressor, VocabularyTransformer
    >>> ads = [["small", "room"], ["large", "flat"], ["large", "room"], ["small", "flat"]]
    >>> vocabulary = VocabularyTransformer().fit(ads)
    >>> model = EmbeddingDNNRegressor(embedding_dim=2, max_epochs=200, random_state=0)
    >>> model = model.fit(vocabulary.transform(ads), [40.0, 120.0, 60.0, 100.0])
    >>> model.predict(vocabulary.transform([["large", "flat"]])).shape
    (1,)
    """

    n_outputs_: int
    _target_offset: np.ndarray
    _target_scale: np.ndarray

    _parameter_constraints: dict = {
        **BaseEmbeddingDNN._parameter_constraints,
        "loss": [StrOptions(set(REGRESSION_LOSSES))],
    }

    def __init__(
        self,
        embedding_dim: int | str = "auto",
        *,
        hidden_units: Any = "auto",
        loss: str = "squared_error",
        combiner: str = "sqrtn",
        fields: Any = "auto",
        activation: str = "relu",
        linear: bool | str = "auto",
        embedding_init: Any = "auto",
        trainable_embeddings: bool = True,
        feature_names: Any = None,
        dropout: float | str = "auto",
        term_dropout: float | str = "auto",
        embedding_l2: float | str = "auto",
        linear_l2: float | str = "auto",
        row_size: bool | str = "auto",
        target_statistics: int | bool | str = "auto",
        n_members: int | str = "auto",
        optimizer: Any = "adam",
        learning_rate: float | None = None,
        loss_reduction: str = "auto",
        clip_norm: float | None = None,
        batch_size: int | str = "auto",
        max_epochs: int | None = None,
        max_steps: int | None = None,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 2,
        tol: float = 1e-4,
        warm_start: bool = False,
        callbacks: Any = None,
        random_state: Any = None,
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
        self.dropout = dropout
        self.term_dropout = term_dropout
        self.embedding_l2 = embedding_l2
        self.linear_l2 = linear_l2
        self.row_size = row_size
        self.target_statistics = target_statistics
        self.n_members = n_members
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.loss_reduction = loss_reduction
        self.clip_norm = clip_norm
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.max_steps = max_steps
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose
        self.loss = loss

    @with_callbacks
    @fit_context(prefer_skip_nested_validation=True)
    @one_fit_at_a_time
    def fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, X_val: Any = None, y_val: Any = None
    ) -> Self:
        """Train on rows with known targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or ChunkStream
            Features; the value of an entry weighs its feature. float64 is trained in
            float64, anything else in float32. A `ChunkStream` is read anew each epoch
            and brings its own targets and weights.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, not negative; one of weight 2 counts as two rows. Rows of
            weight zero are left out.

        X_val, y_val : like X and y, default=None
            Rows for early stopping, which they switch on; with early_stopping=False their loss
            is written down only. In a Pipeline, name X_val in ``transform_input``.

        Returns
        -------
        self : EmbeddingDNNRegressor
            The fitted regressor.

        Raises
        ------
        ValueError
            If the data or a parameter is malformed: the message names the row, column or
            parameter.

        FloatingPointError
            If the loss stops being finite; the estimator stays as it was before.
        """
        checkpoint = checkpoint_of(self) if self.warm_start else None
        task = _task_of(self, checkpoint)
        fit_network(self, task, X, y, sample_weight, X_val, y_val, checkpoint=checkpoint)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    @one_fit_at_a_time
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go on training with one pass over more rows.

        The first call decides how targets are standardised. The optimizer goes on where
        the last call left it; after a `fit` without `warm_start` it starts anew.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, not negative.

        Returns
        -------
        self : EmbeddingDNNRegressor
            The fitted regressor.
        """
        checkpoint = checkpoint_of(self)
        task = _task_of(self, checkpoint)
        fit_one_pass(self, task, X, y, sample_weight, checkpoint=checkpoint)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict the targets of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions in the unit of y.
        """
        self = as_now(self)
        outputs = predicted_logits(self, X)
        if self.loss == "poisson":
            outputs = np.exp(outputs)
        return outputs[:, 0] if self.n_outputs_ == 1 else outputs

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _task_of(regressor: EmbeddingDNNRegressor, checkpoint: Checkpoint | None) -> RegressionTask:
    """What is to be predicted; the units of the checkpoint, where a fit goes on from one."""
    if checkpoint is None:
        return RegressionTask(regressor.loss)
    offset, scale = regressor._target_offset, regressor._target_scale
    return RegressionTask(regressor.loss, ValueTargets(regressor.loss, offset, scale))
