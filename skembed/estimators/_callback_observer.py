"""scikit-learn's callbacks, told of the candidates and epochs of a fit."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from skembed._compat import callback_context
from skembed.network._network import Network
from skembed.training._plan import MAX_EPOCHS
from skembed.training._run import TrainingRun


class FitCallbacks:
    """Tells scikit-learn's callbacks of a fit: its candidates, if it tries some, and its epochs.

    `data` has the keyword arguments of the hooks that stay the same.
    """

    def __init__(self, estimator: Any, data: dict[str, Any]) -> None:
        self._estimator = estimator
        self._data = {"estimator": estimator, **data}
        self._fit: Any = None  # the context of the fit
        self._training: Any = None  # that of the training behind candidates

    @property
    def is_wanted(self) -> bool:
        """Whether there are callbacks, once the fit has begun."""
        return self._fit is not None

    def begin_candidates(self, number: int) -> None:
        """Begin the fit: so many candidates, and the training."""
        self._begin(number + 1)

    @contextmanager
    def candidate(self) -> Iterator[list["CandidateObserver"]]:
        """Begin a candidate and end it; what observes its training."""
        if self._fit is None:
            yield []
            return
        task = self._fit.subcontext(task_name="candidate", max_subtasks=MAX_EPOCHS)
        task.call_on_fit_task_begin(**self._data)
        yield [CandidateObserver(task, self._data)]
        task.call_on_fit_task_end(**self._data)

    def training(
        self,
        max_epochs: int,
        attributes: Callable[[TrainingRun, Network], dict[str, Any]],
    ) -> list["CallbackObserver"]:
        """Begin the training; its observers, none without callbacks."""
        if self._fit is None:
            self._begin(max_epochs)
            task = self._fit
        else:
            task = self._fit.subcontext(task_name="training", max_subtasks=max_epochs)
            task.call_on_fit_task_begin(**self._data)
            self._training = task
        return [] if task is None else [CallbackObserver(task, attributes, self._data)]

    def end_fit(self) -> None:
        """End the task of the whole fit: the estimator has its fitted attributes."""
        if self._training is not None:
            self._training.call_on_fit_task_end(**self._data)
        if self._fit is not None:
            self._fit.call_on_fit_task_end(**self._data, reconstruction_attributes={})

    def _begin(self, max_subtasks: int) -> None:
        self._fit = callback_context(self._estimator, max_subtasks)
        if self._fit is not None:
            self._fit.call_on_fit_task_begin(**self._data)


class CandidateObserver:
    """Tells callbacks of the epochs of a candidate: that they pass, no more."""

    def __init__(self, context: Any, data: dict[str, Any]) -> None:
        self._context = context
        self._data = data
        self._epoch: Any = None

    def begin_epoch(self, run: TrainingRun) -> None:
        """Open the epoch's subtask."""
        self._epoch = self._context.subcontext(task_name="candidate epoch")
        self._epoch.call_on_fit_task_begin(**self._data)

    def end_epoch(self, run: TrainingRun, network: Callable[[], Network]) -> bool:
        """Close the epoch's subtask; callbacks do not end candidates."""
        self._epoch.call_on_fit_task_end(**self._data)
        return False


class CallbackObserver:
    """Tells scikit-learn's callbacks of each epoch, a subtask of the fit.

    `attributes` makes the fitted attributes from a network, so that a callback can
    have an estimator as if the fit had ended there; `data` has the keyword arguments of
    the hooks that stay the same.
    """

    def __init__(
        self,
        context: Any,
        attributes: Callable[[TrainingRun, Network], dict[str, Any]],
        data: dict[str, Any],
    ) -> None:
        self._context = context
        self._attributes = attributes
        self._data = data
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
