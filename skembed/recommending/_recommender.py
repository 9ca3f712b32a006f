"""The recommender: an embedding network and weights from item to item, behind one class."""

from dataclasses import replace
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.utils import Tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from skembed._compat import fit_context
from skembed.estimators._fit import unchanged_on_error
from skembed.estimators._one_state import one_fit_at_a_time
from skembed.network._network import Table
from skembed.network._pooling import Pooling
from skembed.recommending._fit import Fitted, Settings, fit_rows, fit_stream
from skembed.recommending._fitted_recommender import FittedRecommender
from skembed.recommending._following import following_rows
from skembed.recommending._histories import (
    first_item,
    history_lists,
    is_matrix,
    items_of,
    matrix_rows,
    new_vocabulary,
    warn_of_full_rows,
)
from skembed.recommending._stream import StreamedHistories
from skembed.training._fit_checkpoint import split_callbacks
from skembed.training._keeper import Keeper, identity_of
from skembed.training._parameters import check_kinds
from skembed.training._stream import ChunkStream
from skembed.vocabulary import VocabularyTransformer

# Scores that are held at a time, as 32-bit numbers: 64 MB.
_BLOCK_SCORES = 2**24
_POOLING = Pooling("sqrtn", None)
_NO_ITEM = "No history has an item: there is nothing to learn from."


class EmbeddingRecommender(FittedRecommender):
    """Recommend items by the items that a user has had.

    A network learns to find hidden items of a history from its others. It pools the
    embeddings of the given items, and a softmax over the whole catalogue says how likely
    each item is. Weights from item to item, in closed form, are added where users held out
    are ranked better with them. A user that training never saw is served at once.

    Parameters
    ----------
    embedding_dim : int or "auto", default="auto"
        Dimension of the embedding vectors. "auto" is 200, or 64 beyond 20,000 items, and
        never more than there are items.

    item_item : bool or "auto", default="auto"
        Whether weights from item to item are added to the scores: those of EASE (Steck,
        2019). "auto" adds as much of them as ranks the items of users held out best. They
        are between the 6,000 most frequent items at most.

    item_item_l2 : float or "auto", default="auto"
        Penalty of the squared weights from item to item. "auto" is the best of 30, 100 and
        300 for users held out, and 100 where there are none or more than 5,000 items.

    binary : bool, default=True
        Whether an item counts once, however large its value in a matrix is or how often it
        is in a list. Otherwise values are weights, of what is given and what is to be found.

    min_count : int, default=1
        Histories that an item of lists must be in to be part of the catalogue.

    term_dropout : float, default=0.5
        Share of the items of a history that a training step hides.

    embedding_l2 : float, default=1.0
        Factor l of the penalty ``l / (2 n_users) * sum(w ** 2)`` on the mean loss, for the
        weights w of the embeddings.

    optimizer : str or keras.optimizers.Optimizer, default="adam"
        Name of a Keras optimizer, or one, of which a copy is used.

    learning_rate : float, default=None
        Step size of the optimizer. None means that of the given optimizer, or for a name
        0.001 ("adam" and its kin), 0.1 ("adagrad", "sgd") or Keras' default.

    batch_size : int or "auto", default="auto"
        Histories of a step. "auto" is 128, more beyond 256,000 users, at most 1,024, and as
        few as 32 where the scores of a step would take more than 128 MB.

    max_epochs : int, default=None
        Most passes over the histories. None is 200 where users held out say when to end,
        and 50 otherwise.

    early_stopping : bool or "auto", default="auto"
        Whether users are held out, of whom a fifth of the items is hidden, to find the number
        of epochs and the share of the weights from item to item. "auto" trains on all users
        afterwards, and needs 20. True keeps the network that has not seen them. False holds
        none out. A stream holds users of its first chunk out, unless False.

    validation_fraction : float, default=0.1
        Share of the users that is held out, but at least 150 or a quarter, at most
        2,000, and fewer where their scores would take more than 128 MB.

    n_iter_no_change : int, default=10
        Epochs without a better ranking after which training ends.

    tol : float, default=0.0
        How much higher the NDCG of users held out must be to count as better.

    callbacks : list of keras.callbacks.Callback, default=None
        Keras callbacks of the training; or a `FitCheckpoint`, alone.

    random_state : int, RandomState instance or None, default=None
        Of the users held out, the items hidden, initial weights and the order of histories.

    verbose : int, default=0
        Whether to show the progress.

    Attributes
    ----------
    items_ : ndarray of shape (n_items,)
        The catalogue: ids as in the lists, names of a frame's columns, or column numbers.

    embeddings_ : ndarray of shape (n_items, embedding_dim)
        Embedding of each item, as part of a history.

    item_item_coef_ : ndarray of shape (n_items, n_items)
        What each item of a history (row) adds to the score of each item (column) beside the
        network; zeros without that part.

    plan_ : dict
        What "auto" and None became: embedding_dim, batch_size, n_epochs, item_item_share,
        item_item_l2 and ndcg, that of users held out.

    history_ : dict of str to list of float
        "loss" of each epoch, and "val_ndcg" where users were held out from this training.

    n_epochs_, n_steps_ : int
        Passes and steps of the training.

    n_features_in_ : int
        Columns of a matrix of users x items. Lists leave none.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where X is a frame with names that are str.

    See Also
    --------
    skembed.metrics.ranking_scorer : Scorers for cross-validation and searches.
    skembed.metrics.hide_items : Histories with some items hidden.

    Notes
    -----
    The loss is the multinomial cross entropy of Liang et al. (2018): minus the sum over all
    items of a history of the logarithm of their probability, given what is not hidden.

    References
    ----------
    Liang, Krishnan, Hoffman and Jebara (2018). Variational autoencoders for collaborative
    filtering. WWW.
    Steck (2019). Embarrassingly shallow autoencoders for sparse data. WWW.

    Examples
    --------
    >>> from skembed import EmbeddingRecommender
    >>> histories = [["ham", "eggs", "toast"], ["rice", "beans", "corn"]] * 30
    >>> recommender = EmbeddingRecommender(4, learning_rate=0.05, random_state=0)
    >>> recommender = recommender.fit(histories)
    >>> items, scores = recommender.recommend([["rice", "corn"]], k=1)
    >>> items.tolist()
    [['beans']]
    """

    _parameter_constraints: dict = {
        "embedding_dim": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "item_item": ["boolean", StrOptions({"auto"})],
        "item_item_l2": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "binary": ["boolean"],
        "min_count": [Interval(Integral, 1, None, closed="left")],
        "term_dropout": [Interval(Real, 0, 1, closed="left")],
        "embedding_l2": [Interval(Real, 0, None, closed="left")],
        "optimizer": [str, HasMethods(["apply", "get_config"])],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "max_epochs": [Interval(Integral, 1, None, closed="left"), None],
        "early_stopping": ["boolean", StrOptions({"auto"})],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "callbacks": [list, dict, HasMethods(["on_epoch_end"]), None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        embedding_dim: int | str = "auto",
        *,
        item_item: bool | str = "auto",
        item_item_l2: float | str = "auto",
        binary: bool = True,
        min_count: int = 1,
        term_dropout: float = 0.5,
        embedding_l2: float = 1.0,
        optimizer: Any = "adam",
        learning_rate: float | None = None,
        batch_size: int | str = "auto",
        max_epochs: int | None = None,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 0.0,
        callbacks: Any = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.embedding_dim = embedding_dim
        self.item_item = item_item
        self.item_item_l2 = item_item_l2
        self.binary = binary
        self.min_count = min_count
        self.term_dropout = term_dropout
        self.embedding_l2 = embedding_l2
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    @one_fit_at_a_time
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from histories, or from histories and what came after them.

        Parameters
        ----------
        X : sequence of lists, {array-like, sparse matrix} (n_users, n_items), or ChunkStream
            Items of each user: lists of ids or names (of Python, pandas, polars or Arrow), or
            a matrix with an entry for each item that a user has had. A stream gives chunks
            ``(X,)`` or ``(X, y)`` of either.

        y : of the kind of X, default=None
            What came after each history: lists, or one item each, for lists; a matrix for a
            matrix. None means that the order does not matter: items of the histories themselves
            are hidden and to be found.

        Returns
        -------
        self : EmbeddingRecommender
            The fitted recommender.

        Raises
        ------
        ValueError
            If there is no item, a value is negative or not finite, or y has another number of
            rows or items that no history has.

        FloatingPointError
            If the loss stops being finite; the estimator stays as it was before.
        """
        with unchanged_on_error(self):
            if isinstance(X, ChunkStream):
                if y is not None:
                    raise ValueError("A ChunkStream brings its own y: pass X alone.")
                fitted, items, vocabulary = self._fit_stream(X)
            else:
                fitted, items, vocabulary = self._fit_rows(X, y)
            self._keep(fitted, items, vocabulary)
        return self

    def _fit_rows(self, X: Any, y: Any) -> tuple[Fitted, np.ndarray, VocabularyTransformer | None]:
        if is_matrix(X):
            rows = matrix_rows(self, X, binary=self.binary, reset=True)
            warn_of_full_rows(rows)
            items = np.asarray(getattr(self, "feature_names_in_", np.arange(rows.shape[1])))
            vocabulary = None
        else:
            X = history_lists(X)
            first = first_item(X)
            if first is None:
                raise ValueError(_NO_ITEM)
            vocabulary = new_vocabulary(self.min_count, binary=self.binary)
            rows = vocabulary.fit_transform(X)
            items = items_of(vocabulary, first)
        if not rows.shape[0]:
            raise ValueError("Found array with 0 sample(s): there is no history to learn from.")
        if not rows.nnz:
            raise ValueError(_NO_ITEM)
        targets = rows if y is None else following_rows(y, rows, vocabulary, binary=self.binary)
        settings = self._settings({"X": rows, "y": None if y is None else targets})
        return settings.kept(fit_rows(rows, targets, settings)), items, vocabulary

    def _fit_stream(
        self, stream: ChunkStream
    ) -> tuple[Fitted, np.ndarray, VocabularyTransformer | None]:
        read = StreamedHistories(self, stream)
        settings = self._settings({"stream": read.digest.text()})
        pairs, held_out = read.split(settings)
        fitted = fit_stream(pairs, held_out, len(read.items), read.n_users, settings)
        return settings.kept(fitted), read.items, read.vocabulary

    def _settings(self, data: dict[str, Any]) -> Settings:
        given = self.get_params(deep=False)
        check_kinds(given)
        known = Settings.__dataclass_fields__.keys() & given.keys()
        settings = Settings(**{name: given[name] for name in known})
        place = split_callbacks(self.callbacks)[1]
        if place is None:
            return settings
        keeper = Keeper(place, identity_of(self, data), settings.seed())
        return replace(settings, keeper=keeper)

    def _keep(
        self, fitted: Fitted, items: np.ndarray, vocabulary: VocabularyTransformer | None
    ) -> None:
        """Set the fitted attributes."""
        if vocabulary is not None:  # an earlier fit may have been of a matrix
            for name in {"n_features_in_", "feature_names_in_"} & vars(self).keys():
                delattr(self, name)
        network, columns = fitted.network, fitted.run.source.columns
        table = np.zeros((columns.n_features, network.table.shape[1]), network.table.dtype)
        table[columns.used] = network.table
        weights = fitted.weights
        self.__dict__.update(
            _table=Table(table),
            coefs_=network.kernels,
            intercepts_=network.biases,
            _linear_scale=np.zeros(0, table.dtype),
            items_=items,
            _vocabulary=vocabulary,
            _item_weights=None if weights is None else weights.weights,
            _weighted_items=None if weights is None else weights.items,
            plan_=fitted.plan,
            history_=fitted.run.history,
            n_epochs_=fitted.n_epochs,
            n_steps_=fitted.run.n_steps,
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        return tags
