"""What the classifier and the regressor share: parameters, fitting and the forward pass."""

from abc import abstractmethod
from numbers import Integral, Real
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from skembed._activations import ACTIVATIONS
from skembed._network import Network, initial_dense_layers, initial_table
from skembed._optimizers import optimizer_name
from skembed._pooling import COMBINERS
from skembed._rows import canonical_rows, check_structure
from skembed._run import ArraySource, Settings, TrainingRun

# With max_epochs=None small data is passed over until this many steps are made.
_MIN_STEPS = 500
_MIN_EPOCHS = 5


class BaseEmbeddingDNN(BaseEstimator):
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
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @abstractmethod
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
        self.random_state = random_state
        self.verbose = verbose

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

    def _check_rows(self, X: Any, *, reset: bool) -> sp.csr_matrix:
        """Validate features: canonical CSR of the type that the network has or will have."""
        check_structure(X)
        X = validate_data(self, X, accept_sparse=True, dtype=[np.float32, np.float64], reset=reset)
        return canonical_rows(X, None if reset else self.embeddings_.dtype)

    def _train(
        self, X: sp.csr_matrix, targets: np.ndarray, weights: np.ndarray, n_outputs: int, loss: str
    ) -> None:
        """Fit a new network to canonical rows and keep it as numpy arrays."""
        source = ArraySource(X, targets, weights)
        rng = self._generator()
        network = self._initial_network(source, n_outputs, rng)
        seed = int(rng.integers(np.iinfo(np.int32).max))
        run = TrainingRun(source, network, self._settings(loss, seed, source.n_rows))
        from skembed._trainer import train  # TensorFlow is imported here, not before

        train(run)
        self._keep(run)

    def _generator(self) -> np.random.Generator:
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        return np.random.default_rng(seed)

    def _initial_network(
        self, source: ArraySource, n_outputs: int, rng: np.random.Generator
    ) -> Network:
        """Network whose table has rows for the used columns only."""
        sizes = [self.embedding_dim, *self._layer_units(), n_outputs]
        dtype = source.X.dtype
        table = initial_table(len(source.columns.used), self.embedding_dim, rng, dtype)
        kernels, biases = initial_dense_layers(sizes, rng, dtype)
        return Network(table, kernels, biases, self.activation, self.combiner)

    def _settings(self, loss: str, seed: int, n_rows: int) -> Settings:
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
            seed=seed,
            verbose=int(self.verbose),
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

    def _keep(self, run: TrainingRun) -> None:
        """Set the fitted attributes; columns without entries get zero embeddings."""
        network, columns = run.network, run.source.columns
        self.embeddings_ = np.zeros((self.n_features_in_, self.embedding_dim), network.table.dtype)
        self.embeddings_[columns.used] = network.table
        self.coefs_ = network.kernels
        self.intercepts_ = network.biases
        self.history_ = run.history
        self.n_steps_ = run.n_steps
        self.n_epochs_ = len(run.history["loss"])

    @property
    def _network(self) -> Network:
        return Network(
            self.embeddings_, self.coefs_, self.intercepts_, self.activation, self.combiner
        )

    def _logits(self, X: Any) -> np.ndarray:
        """Outputs (n_samples, n_outputs) of the network's last layer."""
        check_is_fitted(self)
        return self._network.logits(self._check_rows(X, reset=False))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
