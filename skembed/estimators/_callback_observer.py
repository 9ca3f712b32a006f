"""scikit-learn's callbacks, told of each epoch of a training run."""

from collections.abc import Callable
from typing import Any

from skembed._compat import callback_context
from skembed.network._network import Network
from skembed.training._run import TrainingRun


def callback_observers(
    estimator: Any,
    max_epochs: int,
    data: dict[str, Any],
    attributes: Callable[[TrainingRun, Network], dict[str, Any]],
) -> list["CallbackObserver"]:
    """Begin the task of a fit; an observer of its epochs, or none without callbacks."""
    context = callback_context(estimator, max_epochs)
    if context is None:
        return []
    context.call_on_fit_task_begin(estimator=estimator, **data)
    return [CallbackObserver(context, estimator, attributes, data)]


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
        self.stops = False  # whether a callback has asked for the end of the fit

    def begin_epoch(self, run: TrainingRun) -> None:
        """Open the epoch's subtask."""
        self._epoch = self._context.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._data)

    def end_epoch(self, run: TrainingRun, network: Callable[[], Network]) -> bool:
        """Close the epoch's subtask; True if a callback wants to stop."""
        self.stops = self._epoch.call_on_fit_task_end(
            **self._data, reconstruction_attributes=lambda: self._attributes(run, network())
        )
        return self.stops

    def end_fit(self) -> None:
        """Close the task of the whole fit: the estimator has its fitted attributes."""
        self._context.call_on_fit_task_end(**self._data, reconstruction_attributes={})
