"""What the classifier and the regressor share: parameters, fitting and the forward pass."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skembed._compat import CallbackSupportMixin, callback_context
from skembed.estimators._starting import StartingMixin
from skembed.network._activations import ACTIVATIONS
from skembed.network._network import Network, Table
from skembed.network._pooling import COMBINERS
from skembed.network._used_columns import Columns
from skembed.training._batches import RowLengths
from skembed.training._early_stopping import CallbackObserver, EarlyStopping, Race, Validation
from skembed.training._optimizers import (
    is_elementwise,
    optimizer_identity,
)
from skembed.training._plan import (
    MAX_EPOCHS,
    MIN_ROWS,
    Plan,
    best,
    candidates,
    penalized,
    plain,
    regularized,
    wider,
)
from skembed.training._run import OptimizerState, Settings, TrainingRun
from skembed.training._sources import ChunkSource, Rows, Source
from skembed.training._stream import ChunkStream

# Vectors for `embedding_init`: by feature, or by name.
_VECTORS = [
    "array-like",
    HasMethods(["keys"]),
    HasMethods(["get_vector"]),
    HasMethods(["most_similar"]),
]
# A table is kept without the rows of unused columns where fewer than this share are used.
_COMPACT_SHARE = 0.5


class BaseEmbeddingDNN(
    StartingMixin,
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Embedding table, pooling and dense layers on sparse features."""

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

    @abstractmethod
    def __init__(
        self,
        embedding_dim: int | str,
        *,
        hidden_units: Any,
        combiner: str,
        fields: Any,
        activation: str,
        linear: bool | str,
        embedding_init: Any,
        trainable_embeddings: bool,
        feature_names: Any,
        dropout: float | str,
        term_dropout: float | str,
        embedding_l2: float | str,
        linear_l2: float | str,
        row_size: bool | str,
        optimizer: Any,
        learning_rate: float | None,
        loss_reduction: str,
        clip_norm: float | None,
        batch_size: int | str,
        max_epochs: int | None,
        max_steps: int | None,
        early_stopping: bool | str,
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
        if (X_val is None) != (y_val is None):
            raise ValueError("Pass X_val and y_val together, or neither.")
        if isinstance(X, ChunkStream):
            if y is not None or sample_weight is not None:
                raise ValueError("A ChunkStream brings its own y and sample_weight: pass X alone.")
            if self.early_stopping is True and X_val is None:
                raise ValueError("Early stopping on a ChunkStream needs X_val and y_val.")
            source, targets = self._stream_source(X, resume=resume)
            held = self._held(X_val, y_val, source)
            self._train(source, targets, held=held, data={}, resume=resume)
            return
        dtype = self.coefs_[0].dtype if resume else None
        part, held = self._checked_part(X, y, sample_weight, reset=not resume, dtype=dtype), None
        plan = None
        if self.early_stopping is True and X_val is None:
            part, held = self._split(part)
        elif X_val is None and self._chooses(part, resume=resume):
            plan = self._chosen_plan(part)
        source, targets = self._array_source(part, resume=resume)
        data = {"X": X, "y": y}
        if sample_weight is not None:
            data["metadata"] = {"sample_weight": sample_weight}
        if X_val is not None:
            held = self._held(X_val, y_val, source)
        self._train(source, targets, held=held, data=data, resume=resume, plan=plan)

    def _held(self, X_val: Any, y_val: Any, source: Source) -> Rows | None:
        """Validate the rows that the caller has held out."""
        if X_val is None:
            return None
        return self._checked_part(X_val, y_val, None, reset=False, dtype=source.dtype)

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
        plan: Plan | None = None,
        one_pass: bool = False,
    ) -> None:
        """Train from the start, or from where the last fit ended, and keep the result."""
        rng, used = self._generator(resume=resume), source.columns.used
        chosen = plan is not None
        if plan is None:
            plan = self._plan(source, validated=held is not None, one_pass=one_pass)
            plan = self._with_batch_size(plan, source.row_lengths, targets.n_outputs)
        if resume:
            network = self._resumed_network(used, rng, targets)
        else:
            network = self._initial_network(source, targets, plan, rng)
        state = self._present_optimizer_state() if resume else None
        settings = self._settings(
            targets.loss, rng, source.row_lengths.n_rows, plan, targets.mean_weight
        )
        if one_pass:
            settings = replace(
                settings,
                max_epochs=1,
                max_steps=None,
                keep_optimizer=is_elementwise(self.optimizer),
            )
        run = TrainingRun(source, network, settings, state and state.of_rows(used))
        stopping = None if held is None else self._early_stopping(held, targets, source)
        run.observers += [observer for observer in (stopping,) if observer is not None]
        watchers = [] if data is None else self._callback_observers(settings, targets, data, used)
        run.observers += watchers
        from skembed.training.keras._trainer import train  # TensorFlow is imported here, not before

        train(run)
        self._keep(run, targets, stopping, resume=resume)
        if chosen:
            self.plan_ = plan.as_dict()
        elif hasattr(self, "plan_") and not resume:
            del self.plan_
        for watcher in watchers:
            watcher.end_fit()

    def _chooses(self, part: Rows, *, resume: bool) -> bool:
        """Whether held-out rows decide how this fit trains."""
        if self.early_stopping != "auto" or resume or self.warm_start:
            return False
        return self._epochs_are_open and part[0].shape[0] >= MIN_ROWS

    def _chosen_plan(self, part: Rows) -> Plan:
        """Try the candidates on some of the rows; the best one for the others, and its epoch."""
        train_part, held = self._split(part)
        classes = self._labels(part)
        source, targets = self._array_source(train_part, resume=False, classes=classes)

        row_lengths = RowLengths.of(part[0])  # of all rows: the steps of the last fit

        def tried(plan: Plan, to_beat: float) -> Plan:
            plan = self._with_batch_size(plan, row_lengths, targets.n_outputs)
            return self._tried(plan, source, targets, held, to_beat)

        chosen = best(candidates(self.embedding_init, self._open_settings()), tried)
        more = wider(chosen, self.hidden_units, targets.n_classes)
        if more is None:
            return chosen
        result = tried(more, chosen.loss)
        return result if result.loss < chosen.loss else chosen

    def _tried(self, plan: Plan, source: Source, targets: Any, held: Rows, to_beat: float) -> Plan:
        """The plan with its best epoch and the loss of the rows held out."""
        from skembed.training.keras._trainer import train

        plan = replace(plan, n_epochs=MAX_EPOCHS)
        rng = self._generator(resume=False)
        network = self._initial_network(source, targets, plan, rng)
        settings = self._settings(
            targets.loss, rng, source.row_lengths.n_rows, plan, targets.mean_weight
        )
        settings = replace(settings, callbacks=None, verbose=0, keep_optimizer=False)
        run = TrainingRun(source, network, settings)
        stopping = self._early_stopping(held, targets, source)
        run.observers += [stopping, Race(to_beat)]
        train(run)
        return replace(plan, n_epochs=stopping.best_epoch, loss=stopping.lowest)

    @property
    def _epochs_are_open(self) -> bool:
        """Whether the caller leaves open for how long to train."""
        return self.max_epochs is None and self.max_steps is None

    def _plan(self, source: Source | None, *, validated: bool, one_pass: bool = False) -> Plan:
        """Plan of a fit that chooses nothing."""
        init = self.embedding_init
        if isinstance(init, str) and init == "auto" and isinstance(source, ChunkSource):
            init = "random"  # scores would take another pass over the stream
        goes_on = one_pass or self.warm_start  # with rows of which it does not know the number
        if validated:
            plan = regularized(init, self._open_settings())
            return replace(plan, n_epochs=MAX_EPOCHS if self._epochs_are_open else None)
        make = penalized if self._epochs_are_open and not goes_on else plain
        return make(init, self._open_settings())

    def _open_settings(self) -> dict[str, Any]:
        """What a plan decides where it is "auto", as given."""
        names = "hidden_units", "term_dropout", "dropout", "embedding_l2", "linear_l2", "row_size"
        return {name: getattr(self, name) for name in names}

    def _generator(self, *, resume: bool) -> np.random.Generator:
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        return np.random.default_rng([seed, self.n_steps_] if resume else seed)

    def _early_stopping(self, held: Rows, targets: Any, source: Source) -> EarlyStopping:
        validation = Validation(held, targets, source.columns, source.pooling)
        return EarlyStopping(validation, self.n_iter_no_change, self.tol)

    def _callback_observers(
        self, settings: Settings, targets: Any, data: dict[str, Any], used: np.ndarray
    ) -> list[CallbackObserver]:
        context = callback_context(self, settings.max_epochs)
        if context is None:
            return []

        def attributes(run: TrainingRun, network: Network) -> dict[str, Any]:
            table = Table(self._spread(network.table, used, None))
            return {"_table": table, **self._attributes(run, network, targets)}

        context.call_on_fit_task_begin(estimator=self, **data)
        return [CallbackObserver(context, self, attributes, data)]

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
        elif run.average is not None:
            network = run.average
        attributes = self._attributes(run, network, targets)
        attributes |= self._table_attributes(network.table, run.source.columns, resume=resume)
        if resume:
            attributes |= self._continued(attributes)
        state = run.optimizer_state if run.settings.keep_optimizer else None
        if state is not None:
            present = self._present_optimizer_state() if resume else None
            state = state.spread(used, self.n_features_in_, present)
        kind = optimizer_identity(self.optimizer)
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
            return {"_table": Table.compact(rows, columns)}
        before = np.require(self._table.whole(), requirements="W") if resume else None
        return {"_table": Table(self._spread(rows, columns.used, before))}

    def _spread(self, rows: np.ndarray, used: np.ndarray, before: np.ndarray | None) -> np.ndarray:
        """Table with `rows` at the used columns; columns that never had an entry have zeros."""
        shape = self.n_features_in_, rows.shape[1]
        table = np.zeros(shape, rows.dtype) if before is None else before
        table[used] = rows
        return table

    @property
    def embeddings_(self) -> np.ndarray:
        """Embedding (n_features, embedding_dim) of each feature."""
        return self._whole_table[:, : self._present_dim]

    @property
    def linear_coef_(self) -> np.ndarray:
        """Weight (n_outputs, n_features) of each feature in the linear part, if there is one."""
        return self._whole_table[:, self._present_dim :].T * self._linear_scale[:, None]

    @property
    def _present_dim(self) -> int:
        """Dimension of the fitted embeddings."""
        return self._table.rows.shape[1] - len(self._linear_scale)

    @property
    def _whole_table(self) -> np.ndarray:
        if "_table" not in vars(self):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet: it has no table.")
        return self._table.whole()

    def _attributes(self, run: TrainingRun, network: Network, targets: Any) -> dict[str, Any]:
        network = targets.folded(network).with_plain_sizes()
        return {
            "coefs_": network.kernels,
            "intercepts_": network.biases,
            "_linear_scale": network.linear_scale,
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
        return Network(
            self._table.rows,
            self.coefs_,
            self.intercepts_,
            self.activation,
            self._pooling,
            self._linear_scale,
            self._table.places,
        )

    @property
    def _n_features_out(self) -> int:
        return self._present_dim * self._pooling.n_fields

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
        ndarray of shape (n_samples, n_fields * embedding_dim)
            The vectors that go into the dense layers; those of several fields side by side.
        """
        check_is_fitted(self, "coefs_")
        rows = self._check_rows(X, reset=False, dtype=self.coefs_[0].dtype)
        network = self._network
        return np.ascontiguousarray(
            network.embedded(network.pooled(network.pooling.segments(rows)))
        )

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
        from skembed.training.keras._export import keras_model

        plan = self._plan(None, validated=False)
        settings = self._settings(self._loss_name, np.random.default_rng(0), 1, plan)
        network = replace(self._network, table=self._table.whole(), places=None)
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
        from skembed.training.keras._export import scikeras_estimator

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
