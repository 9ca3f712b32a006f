"""Who looks at a training run after each epoch, and may end it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from skembed.network._network import Network
from skembed.network._pooling import Pooling
from skembed.network._used_columns import Columns
from skembed.training._run import TrainingRun

# Epochs from which the present rate of a loss is taken, and for which it is thought to go on.
_RATE_EPOCHS = 3
_HORIZON = 8


class Validation:
    """Rows held out, and the loss of a network on them.

    Parameters
    ----------
    part : tuple
        Checked features, targets and weights.
    targets : ClassTargets, LabelSetTargets or ValueTargets
        Encodes the targets and knows their loss.
    columns : Columns
        The columns that the trained table has rows for.
    pooling : Pooling
        How embeddings are pooled.
    """

    def __init__(self, part: tuple, targets: Any, columns: Columns, pooling: Pooling) -> None:
        X, y, weights = part
        segments = pooling.segments(X)
        matrix = pooling.matrix(segments)
        self._segments = segments
        self._matrix = matrix if columns.numbers is None else matrix[:, columns.used]
        self._encoded = targets.encode(y, X.dtype)
        self._weights = targets.weights(y, weights)
        self._targets = targets
        self._sizes: np.ndarray | None = None  # of the segments, the same for all networks of a run

    def loss(self, network: Network) -> float:
        """Weighted mean of the rows' losses."""
        if self._sizes is None:
            self._sizes = network.sizes(self._segments)
        logits = network.outputs(self._matrix @ network.table, self._sizes)
        return float(np.average(self._targets.losses(logits, self._encoded), weights=self._weights))


class EarlyStopping:
    """Ends a run when the validation loss stops falling, and keeps the best network."""

    def __init__(self, validation: Validation, patience: int, tol: float) -> None:
        self._validation = validation
        self._patience = patience
        self._tol = tol
        self.lowest = self._to_beat = np.inf
        self._waited = 0
        self.best_network: Network | None = None
        self.best_epoch = 0

    def begin_epoch(self, run: TrainingRun) -> None:
        """Nothing to do."""

    def end_epoch(self, run: TrainingRun, network: Callable[[], Network]) -> bool:
        """Note the loss; True when it has not fallen by `tol` for `patience` epochs."""
        current = network()
        loss = self._validation.loss(current)
        losses = run.history.setdefault("val_loss", [])
        losses.append(loss)
        if loss < self.lowest:
            self.lowest, self.best_network, self.best_epoch = loss, current, len(losses)
        if loss < self._to_beat - self._tol:
            self._to_beat, self._waited = loss, 0
        else:
            self._waited += 1
        return self._waited >= self._patience


class Race:
    """Ends the trial of a candidate that would not beat the best one before it.

    Losses fall ever more slowly, so going on for some epochs at the present rate is more
    than the candidate can hope for.
    """

    def __init__(self, to_beat: float) -> None:
        self._to_beat = to_beat

    def begin_epoch(self, run: TrainingRun) -> None:
        """Nothing to do."""

    def end_epoch(self, run: TrainingRun, network: Callable[[], Network]) -> bool:
        """Look at the losses that `EarlyStopping`, which goes first, has written down."""
        losses = run.history["val_loss"]
        if len(losses) <= _RATE_EPOCHS:
            return False
        fall = (losses[-1 - _RATE_EPOCHS] - losses[-1]) / _RATE_EPOCHS
        return losses[-1] - _HORIZON * fall > self._to_beat


class CallbackObserver:
    """Tells scikit-learn's callbacks of each epoch, a subtask of the fit.

    `attributes` makes the fitted attributes from a network, so that a callback can
    have an estimator as if the fit had ended there; `data` has the keyword arguments of
    the hooks that stay the same.
    """

    def __init__(
        self,
        context: Any,
        estimator: Any,
        attributes: Callable[[TrainingRun, Network], dict[str, Any]],
        data: dict[str, Any],
    ) -> None:
        self._context = context
        self._attributes = attributes
        self._data = {"estimator": estimator, **data}
        self._epoch: Any = None

    def begin_epoch(self, run: TrainingRun) -> None:
        """Open the epoch's subtask."""
        self._epoch = self._context.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._data)

    def end_epoch(self, run: TrainingRun, network: Callable[[], Network]) -> bool:
        """Close the epoch's subtask; True if a callback wants to stop."""
        return self._epoch.call_on_fit_task_end(
            **self._data, reconstruction_attributes=lambda: self._attributes(run, network())
        )

    def end_fit(self) -> None:
        """Close the task of the whole fit: the estimator has its fitted attributes."""
        self._context.call_on_fit_task_end(**self._data, reconstruction_attributes={})
