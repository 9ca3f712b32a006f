"""The recommender: an embedding network and weights from item to item, behind one class."""

from dataclasses import replace
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn.utils import Tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from skembed._compat import fit_context
from skembed.distribution._agreement import ended_on_error, of_chief, together
from skembed.distribution._cluster import current_cluster
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
from skembed.training._joint_fit import check_same_rows, check_workers, new_keeper
from skembed.training._keeper import identity_of
from skembed.training._parameters import check_kinds
from skembed.training._stream import ChunkStream
from skembed.vocabulary import VocabularyTransformer

# Scores that are held at a time, as 32-bit numbers: 64 MB.
_BLOCK_SCORES = 2**24
_POOLING = Pooling("sqrtn", None)
_NO_ITEM = "No history has an item; pass at least one history with an item."


class EmbeddingRecommender(FittedRecommender):
    """Recommend items to users based on the items in their histories.

    The network learns to predict hidden items of a history from its other items. It pools
    the embeddings of the given items and applies a softmax over the whole catalogue.
    Item-to-item weights with a closed-form solution are added to the scores if they improve
    the ranking for held-out users. The recommender has no weights per user, so you can get
    recommendations for new users without another fit.

    Parameters
    ----------
    embedding_dim : int or "auto", default="auto"
        Dimension of the embedding vectors. "auto" uses 200 for up to 20,000 items and 64 for
        more, but never more than the number of items.

    item_item : bool or "auto", default="auto"
        Whether to add item-to-item weights to the scores, as in EASE (Steck, 2019). "auto"
        scales them by the multiple that ranks the items of held-out users best, which may be
        0. Weights are computed between the 6,000 most frequent items at most.

    item_item_l2 : float or "auto", default="auto"
        L2 penalty on the item-to-item weights. "auto" selects the best of 30, 100 and 300 on
        held-out users. It uses 100 if no users are held out or if there are more than 5,000
        items.

    binary : bool, default=True
        Whether each item of a history counts once, regardless of its value in a matrix or
        its number of repeats in a list. If False, values and repeat counts are weights, both
        of the given items and of the items to predict.

    min_count : int, default=1
        Minimum number of histories that must contain an item for it to enter the catalogue.
        It applies to lists only.

    term_dropout : float, default=0.5
        Fraction of the items of each history that are hidden in a training step.

    embedding_l2 : float, default=1.0
        L2 penalty on the embeddings. A penalty l adds ``l / (2 n_users) * sum(w ** 2)`` to
        the mean loss, where w are the embedding weights.

    optimizer : str or keras.optimizers.Optimizer, default="adam"
        Name or instance of a Keras optimizer. An instance is copied before use.

    learning_rate : float, default=None
        Learning rate of the optimizer. None means the rate of a given instance. For a name,
        None means 0.001 ("adam", "adamw", "nadam"), 0.1 ("adagrad", "sgd") or the Keras
        default.

    batch_size : int or "auto", default="auto"
        Number of histories per training step. "auto" uses 128, and up to 1,024 for more than
        256,000 users. It uses fewer, down to 32, if the scores of one step would take more
        than 128 MB.

    max_epochs : int, default=None
        Maximum number of passes over the histories. None means 200 with early stopping and
        50 without.

    early_stopping : bool or "auto", default="auto"
        Whether to hold out users, hide a fifth of their items, and choose by their ranking
        the number of epochs and the multiple of the item-to-item weights. "auto" then trains
        again on all users; it requires at least 20 users. True keeps the network that was
        trained without the held-out users. False holds out no users. With a stream, the
        held-out users come from the first chunk, and there is no second training.

    validation_fraction : float, default=0.1
        Fraction of the users to hold out. The number is at least 150 or a quarter of the
        users, whichever is smaller, and at most 2,000. It is lower if the scores of the
        held-out users would take more than 128 MB.

    n_iter_no_change : int, default=10
        Number of epochs without improvement after which training stops.

    tol : float, default=0.0
        Minimum increase of the NDCG of held-out users that counts as an improvement.

    callbacks : list of keras.callbacks.Callback, default=None
        Keras callbacks for the training, or a list with one `FitCheckpoint` alone.

    random_state : int, RandomState instance or None, default=None
        Seed for the held-out users, the hidden items, the initial weights and the order of
        the histories.

    verbose : int, default=0
        Whether to show progress.

    Attributes
    ----------
    items_ : ndarray of shape (n_items,)
        The catalogue: item ids for lists, column names for a DataFrame, column numbers for
        any other matrix.

    embeddings_ : ndarray of shape (n_items, embedding_dim)
        Embedding of each item, as used when the item is part of a history.

    item_item_coef_ : ndarray of shape (n_items, n_items)
        Item-to-item weights: what each item of a history (row) adds to the score of each
        item (column), besides the network. All zeros if the weights are not used.

    plan_ : dict
        Values chosen for "auto" and None: embedding_dim, batch_size, n_epochs,
        item_item_share (the multiple of the item-to-item weights), item_item_l2, and ndcg,
        the NDCG of the held-out users.

    history_ : dict of str to list of float
        "loss" of each epoch. Also "val_ndcg" if users were held out from the final training.

    n_epochs_, n_steps_ : int
        Number of epochs and of training steps.

    n_features_in_ : int
        Number of columns of a matrix of users x items. Not set for lists.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names. Set only if X is a DataFrame whose column names are all str.

    See Also
    --------
    skembed.metrics.ranking_scorer : Scorers for cross-validation and searches.
    skembed.metrics.hide_items : Split histories into given and hidden items.

    Notes
    -----
    The loss is the multinomial cross entropy of Liang et al. (2018): the negative sum, over
    all items of a history, of their log probability given the items that are not hidden.

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
        """Fit the recommender to histories, optionally with the items that follow them.

        Parameters
        ----------
        X : sequence of lists, {array-like, sparse matrix} (n_users, n_items), or ChunkStream
            Items of each user. Either lists of ids or names (Python, pandas, polars or
            Arrow), or a matrix with a nonzero entry for each item of a user. A stream yields
            chunks ``(X,)`` or ``(X, y)`` of either format.

        y : same format as X, default=None
            Items that follow each history. For lists, pass a list or a single item per user;
            for a matrix, a matrix with the same columns. None ignores the order of items: the
            network learns to predict hidden items of the histories themselves.

        Returns
        -------
        self : EmbeddingRecommender
            The fitted recommender.

        Raises
        ------
        ValueError
            If no history has an item, if a value is negative or not finite, or if y has a
            different number of rows than X or no item of the catalogue.

        FloatingPointError
            If the loss becomes infinite or NaN. The estimator keeps its previous state.
        """
        with unchanged_on_error(self), ended_on_error(current_cluster()):
            if isinstance(X, ChunkStream):
                if y is not None:
                    raise ValueError("A ChunkStream already contains y; pass X only.")
                fitted, items, vocabulary = self._fit_stream(X)
            else:
                fitted, items, vocabulary = self._fit_rows(X, y)
            self._keep(fitted, items, vocabulary)
        return self

    def _fit_rows(self, X: Any, y: Any) -> tuple[Fitted, np.ndarray, VocabularyTransformer | None]:
        rows, targets, items, vocabulary = together(current_cluster(), lambda: self._encoded(X, y))
        settings = self._settings({"X": rows, "y": None if y is None else targets})
        return settings.kept(fit_rows(rows, targets, settings)), items, vocabulary

    def _encoded(
        self, X: Any, y: Any
    ) -> tuple[sp.csr_matrix, sp.csr_matrix, np.ndarray, VocabularyTransformer | None]:
        """Rows of users, what follows, the items, and the vocabulary where items have names."""
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
            raise ValueError("Found array with 0 sample(s); X must have at least one history.")
        if not rows.nnz:
            raise ValueError(_NO_ITEM)
        targets = rows if y is None else following_rows(y, rows, vocabulary, binary=self.binary)
        return rows, targets, items, vocabulary

    def _fit_stream(
        self, stream: ChunkStream
    ) -> tuple[Fitted, np.ndarray, VocabularyTransformer | None]:
        read = together(current_cluster(), lambda: StreamedHistories(self, stream))
        settings = self._settings({"stream": read.digest.text()})
        pairs, held_out = read.split(settings)
        fitted = fit_stream(pairs, held_out, len(read.items), read.n_users, settings)
        return settings.kept(fitted), read.items, read.vocabulary

    def _settings(self, data: dict[str, Any]) -> Settings:
        given = self.get_params(deep=False)
        check_kinds(given)
        known = Settings.__dataclass_fields__.keys() & given.keys()
        settings = Settings(**{name: given[name] for name in known})
        cluster = current_cluster()
        if cluster is not None:
            check_workers(cluster, self, data)
            together(cluster, lambda: check_same_rows(cluster))
            seed = of_chief(cluster, int(settings.seed()))
            settings = replace(settings, cluster=cluster, random_state=seed)
        place = split_callbacks(self.callbacks)[1]
        if place is None:
            return settings
        keeper = new_keeper(cluster, place, identity_of(self, data), settings.seed())
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
