"""What the classifier and the regressor share: parameters, fitting and the forward pass."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skembed._activations import ACTIVATIONS
from skembed._compat import CallbackSupportMixin, callback_context
from skembed._intake import IntakeMixin
from skembed._network import CompactTable, Network, initial_dense_layers, initial_table
from skembed._observers import CallbackObserver, EarlyStopping, Validation
from skembed._optimizers import is_elementwise, optimizer_identity, optimizer_name
from skembed._packing import Columns
from skembed._pooling import COMBINERS
from skembed._run import OptimizerState, Settings, TrainingRun
from skembed._sources import Rows, Source
from skembed._stream import ChunkStream

# With max_epochs=None small data is passed over until this many steps are made.
_MIN_STEPS = 200
_MIN_EPOCHS = 5
# A table is kept without the rows of unused columns where fewer than this share are used.
_COMPACT_SHARE = 0.5


class BaseEmbeddingDNN(
    IntakeMixin,
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Embedding table, pooling and dense layers on sparse features."""

    _parameter_constraints: dict = {
        "embedding_dim": [Interval(Integral, 1, None, closed="left")],
        "hidden_units": ["array-like", Interval(Integral, 1, None, closed="left")],
        "combiner": [StrOptions(set(COMBINERS))],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "optimizer": [str, HasMethods(["apply", "get_config"])],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "loss_reduction": [StrOptions({"auto", "mean", "sum"})],
        "clip_norm": [Interval(Real, 0, None, closed="neither"), None],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left"), None],
        "max_steps": [Interval(Integral, 1, None, closed="left"), None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "callbacks": [list, dict, HasMethods(["on_epoch_end"]), None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @abstractmethod
    def __init__(
        self,
        embedding_dim: int,
        *,
        hidden_units: Any,
        combiner: str,
        activation: str,
        dropout: float,
        optimizer: Any,
        learning_rate: float | None,
        loss_reduction: str,
        clip_norm: float | None,
        batch_size: int,
        max_epochs: int | None,
        max_steps: int | None,
        early_stopping: bool,
        validation_fraction: float,
        n_iter_no_change: int,
        tol: float,
        warm_start: bool,
        callbacks: Any,
        random_state: Any,
        verbose: int,
    ) -> None:
        self.embedding_dim = embedding_dim
        self.hidden_units = hidden_units
        self.combiner = combiner
        self.activation = activation
        self.dropout = dropout
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

    # Training.

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, X_val: Any, y_val: Any, *, resume: bool
    ) -> None:
        """Train on arrays or a stream, with early stopping where it is asked for."""
        with self._unchanged_on_error():
            self._fit_checked(X, y, sample_weight, X_val, y_val, resume=resume)

    @contextmanager
    def _unchanged_on_error(self) -> Iterator[None]:
        """Undo what validation sets on the estimator where the fit fails."""
        before = dict(vars(self))
        try:
            yield
        except BaseException:
            for name in [name for name in vars(self) if name.endswith("_")]:
                delattr(self, name)
            self.__dict__.update({k: v for k, v in before.items() if k.endswith("_")})
            raise

    def _fit_checked(
        self, X: Any, y: Any, sample_weight: Any, X_val: Any, y_val: Any, *, resume: bool
    ) -> None:
        held: Rows | None = None
        if (X_val is None) != (y_val is None):
            raise ValueError("Pass X_val and y_val together, or neither.")
        if isinstance(X, ChunkStream):
            if y is not None or sample_weight is not None:
                raise ValueError("A ChunkStream brings its own y and sample_weight: pass X alone.")
            if self.early_stopping and X_val is None:
                raise ValueError("Early stopping on a ChunkStream needs X_val and y_val.")
            source, targets = self._stream_source(X, resume=resume)
            data: dict[str, Any] = {}
        else:
            dtype = self.coefs_[0].dtype if resume else None
            part = self._checked_part(X, y, sample_weight, reset=not resume, dtype=dtype)
            if self.early_stopping and X_val is None:
                part, held = self._split(part)
            source, targets = self._array_source(part, resume=resume)
            data = {"X": X, "y": y}
            if sample_weight is not None:
                data["metadata"] = {"sample_weight": sample_weight}
        if X_val is not None:
            held = self._checked_part(X_val, y_val, None, reset=False, dtype=source.dtype)
        self._train(source, targets, held=held, data=data, resume=resume)

    def _fit_part(
        self, X: Any, y: Any, sample_weight: Any, *, classes: np.ndarray | None = None
    ) -> None:
        """Go on with one pass over some rows."""
        resume = hasattr(self, "coefs_")
        dtype = self.coefs_[0].dtype if resume else None
        with self._unchanged_on_error():
            part = self._checked_part(X, y, sample_weight, reset=not resume, dtype=dtype)
            source, targets = self._array_source(part, resume=resume, classes=classes)
            self._train(source, targets, resume=resume, one_pass=True)

    def _train(
        self,
        source: Source,
        targets: Any,
        *,
        held: Rows | None = None,
        data: dict[str, Any] | None = None,
        resume: bool,
        one_pass: bool = False,
    ) -> None:
        """Train from the start, or from where the last fit ended, and keep the result."""
        rng, used = self._generator(resume=resume), source.columns.used
        network = self._resumed_network(used, rng, targets) if resume else None
        if network is None:
            network = targets.started(self._initial_network(source, targets.n_outputs, rng))
        state = self._present_optimizer_state() if resume else None
        settings = self._settings(targets.loss, rng, source.row_lengths.n_rows)
        if one_pass:
            settings = replace(
                settings,
                max_epochs=1,
                max_steps=None,
                keep_optimizer=is_elementwise(self.optimizer),
            )
        run = TrainingRun(source, network, settings, state and state.of_rows(used))
        stopping = self._stopping(held, targets, source)
        run.observers += [observer for observer in (stopping,) if observer is not None]
        watchers = [] if data is None else self._callback_observers(settings, targets, data, used)
        run.observers += watchers
        from skembed._trainer import train  # TensorFlow is imported here, not before

        train(run)
        self._keep(run, targets, stopping, resume=resume)
        for watcher in watchers:
            watcher.end_fit()

    def _generator(self, *, resume: bool) -> np.random.Generator:
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        return np.random.default_rng([seed, self.n_steps_] if resume else seed)

    def _initial_network(self, source: Source, n_outputs: int, rng: np.random.Generator) -> Network:
        """Network whose table has rows for the used columns only."""
        sizes = [self.embedding_dim, *self._layer_units(), n_outputs]
        table = initial_table(len(source.columns.used), self.embedding_dim, rng, source.dtype)
        kernels, biases = initial_dense_layers(sizes, rng, source.dtype)
        return Network(table, kernels, biases, self.activation, self.combiner)

    def _resumed_network(self, used: np.ndarray, rng: np.random.Generator, targets: Any) -> Network:
        """The present network on the used columns; new ones get initial embeddings."""
        table = self.embeddings_[used]
        new = np.flatnonzero(~table.any(axis=1))
        table[new] = initial_table(len(new), table.shape[1], rng, table.dtype)
        return targets.unfolded(replace(self._network, table=table, places=None))

    def _stopping(self, held: Rows | None, targets: Any, source: Source) -> EarlyStopping | None:
        if held is None:
            return None
        validation = Validation(held, targets, source.columns, self.combiner)
        return EarlyStopping(validation, self.n_iter_no_change, self.tol)

    def _callback_observers(
        self, settings: Settings, targets: Any, data: dict[str, Any], used: np.ndarray
    ) -> list[CallbackObserver]:
        context = callback_context(self, settings.max_epochs)
        if context is None:
            return []

        def attributes(run: TrainingRun, network: Network) -> dict[str, Any]:
            table = {"embeddings_": self._spread(network.table, used, None)}
            return table | self._attributes(run, network, targets)

        context.call_on_fit_task_begin(estimator=self, **data)
        return [CallbackObserver(context, self, attributes, data)]

    # Parameters that depend on others or on the data.

    def _layer_units(self) -> list[int]:
        """Units of the hidden layers, checked."""
        units = np.atleast_1d(np.asarray(self.hidden_units)).tolist()
        for n_units in units:
            if not isinstance(n_units, int) or n_units < 1:
                raise ValueError(
                    f"hidden_units must be positive integers, one a layer; got {n_units!r} in "
                    f"{self.hidden_units!r}."
                )
        return units

    def _settings(self, loss: str, rng: np.random.Generator, n_rows: int) -> Settings:
        return Settings(
            loss=loss,
            optimizer=self.optimizer,
            learning_rate=self.learning_rate,
            loss_reduction=self._resolved_loss_reduction(),
            clip_norm=self.clip_norm,
            dropout=self.dropout,
            batch_size=self.batch_size,
            max_epochs=self._resolved_max_epochs(n_rows),
            max_steps=self.max_steps,
            seed=int(rng.integers(np.iinfo(np.int32).max)),
            verbose=int(self.verbose),
            callbacks=self.callbacks,
            keep_optimizer=self.warm_start and is_elementwise(self.optimizer),
        )

    def _resolved_loss_reduction(self) -> str:
        if self.loss_reduction != "auto":
            return self.loss_reduction
        return "sum" if optimizer_name(self.optimizer) == "adagrad" else "mean"

    def _resolved_max_epochs(self, n_rows: int) -> int:
        steps = -(-n_rows // self.batch_size)
        if self.max_epochs is not None:
            return self.max_epochs
        if self.max_steps is not None:
            return -(-self.max_steps // steps)
        return max(_MIN_EPOCHS, -(-_MIN_STEPS // steps))

    # What is kept.

    def _keep(
        self,
        run: TrainingRun,
        targets: Any,
        stopping: EarlyStopping | None,
        *,
        resume: bool,
    ) -> None:
        """Set the fitted attributes."""
        used, network = run.source.columns.used, run.network
        if stopping is not None and stopping.best_network is not None:
            network = stopping.best_network
        attributes = self._attributes(run, network, targets)
        attributes |= self._table_attributes(network.table, run.source.columns, resume=resume)
        if resume:
            attributes |= self._continued(attributes)
        state = run.optimizer_state if run.settings.keep_optimizer else None
        if state is not None:
            present = self._present_optimizer_state() if resume else None
            state = state.spread(used, self.n_features_in_, present)
        kind = optimizer_identity(self.optimizer)
        for name in ("embeddings_", "_compact_table"):
            self.__dict__.pop(name, None)
        self.__dict__.update(attributes, _optimizer_state=state, _optimizer_kind=kind)
        if stopping is not None:
            self.best_epoch_ = stopping.best_epoch
        elif hasattr(self, "best_epoch_"):
            del self.best_epoch_

    def _present_optimizer_state(self) -> OptimizerState | None:
        """State to go on with, unless it is of another optimizer than the present one."""
        kind = optimizer_identity(self.optimizer)
        known = getattr(self, "_optimizer_kind", kind)  # the first saved models did not tell
        return self._optimizer_state if known == kind else None

    def _table_attributes(
        self, rows: np.ndarray, columns: Columns, *, resume: bool
    ) -> dict[str, Any]:
        """The table whole, or, where most columns never had an entry, the rows of the others."""
        if not resume and len(columns.used) < _COMPACT_SHARE * self.n_features_in_:
            return {"_compact_table": CompactTable.of(rows, columns)}
        before = np.require(self.embeddings_, requirements="W") if resume else None
        return {"embeddings_": self._spread(rows, columns.used, before)}

    def _spread(self, rows: np.ndarray, used: np.ndarray, before: np.ndarray | None) -> np.ndarray:
        """Table with `rows` at the used columns; columns that never had an entry have zeros."""
        shape = self.n_features_in_, rows.shape[1]
        table = np.zeros(shape, rows.dtype) if before is None else before
        table[used] = rows
        return table

    @cached_property
    def embeddings_(self) -> np.ndarray:
        """Table whose every column of X has a row; made at the first call where it was compact."""
        table = vars(self).get("_compact_table")
        if table is None:
            raise AttributeError(
                f"This {type(self).__name__} has no embeddings_: it is not fitted."
            )
        return table.whole()

    def _attributes(self, run: TrainingRun, network: Network, targets: Any) -> dict[str, Any]:
        network = targets.folded(network)
        return {
            "coefs_": network.kernels,
            "intercepts_": network.biases,
            "history_": run.history,
            "n_steps_": run.n_steps,
            "n_epochs_": len(run.history["loss"]),
            **self._target_attributes(targets),
        }

    def _continued(self, new: dict[str, Any]) -> dict[str, Any]:
        """Counters and history of the fits so far and of a new one."""
        names = {**self.history_, **new["history_"]}
        history = {k: self.history_.get(k, []) + new["history_"].get(k, []) for k in names}
        counts = {name: getattr(self, name) + new[name] for name in ("n_steps_", "n_epochs_")}
        return {"history_": history, **counts}

    # Prediction.

    @property
    def _network(self) -> Network:
        """The network, with its table as it is held."""
        table, places = vars(self).get("embeddings_"), None
        if table is None:
            table, places = self._compact_table.rows, self._compact_table.places
        return Network(table, self.coefs_, self.intercepts_, self.activation, self.combiner, places)

    @property
    def _n_features_out(self) -> int:
        return len(self.coefs_[0])

    def _logits(self, X: Any) -> np.ndarray:
        """Outputs (n_samples, n_outputs) of the network's last layer."""
        check_is_fitted(self, "coefs_")
        rows = self._check_rows(X, reset=False, dtype=self.coefs_[0].dtype)
        return self._network.logits(rows)

    def transform(self, X: Any) -> np.ndarray:
        """Return the pooled embedding of each row: supervised features for another model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples, embedding_dim)
            The vectors that go into the dense layers.
        """
        check_is_fitted(self, "coefs_")
        rows = self._check_rows(X, reset=False, dtype=self.coefs_[0].dtype)
        return self._network.pooled(rows)

    @property
    @abstractmethod
    def _link(self) -> str:
        """Keras' name of the activation that turns the last layer's outputs into predictions."""

    @property
    @abstractmethod
    def _loss_name(self) -> str:
        """Name of the loss of the present fit."""

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
        check_is_fitted(self, "coefs_")
        from skembed._trainer import keras_model

        settings = self._settings(self._loss_name, np.random.default_rng(0), n_rows=1)
        network = replace(self._network, table=self.embeddings_, places=None)
        return keras_model(network, settings, self._link)

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
        from skembed._trainer import scikeras_estimator

        labels = self._scikeras_labels()
        return scikeras_estimator(self.to_keras(), labels, len(self.intercepts_[-1]))

    def _scikeras_labels(self) -> np.ndarray | None:
        """Labels that tell scikeras what the classes are; None for numbers."""
        return None

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
