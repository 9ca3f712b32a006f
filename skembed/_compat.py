"""The one place for scikit-learn's private helpers and for what older releases lack."""

from collections.abc import Callable
from typing import Any

from sklearn.base import _fit_context as fit_context
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import TargetEncoder
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils.metaestimators import _BaseComposition as BaseComposition
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

try:  # scikit-learn 1.9
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in for the class of scikit-learn 1.9: without callbacks, nothing to do."""

    def with_callbacks(method: Callable) -> Callable:
        """Leave the method as it is."""
        return method


def callback_context(estimator: Any, max_subtasks: int) -> Any:
    """Context of a fit with one subtask an epoch; None where no callback would be told."""
    if not hasattr(estimator, "_init_callback_context"):
        return None
    context = estimator._init_callback_context(max_subtasks=max_subtasks)
    return context if context._callbacks else None


def target_encoder(target_type: str, seed: int) -> TargetEncoder:
    """TargetEncoder with shuffled folds; scikit-learn 1.9 takes their seed by `cv` only."""
    if TargetEncoder().get_params()["random_state"] is None:
        return TargetEncoder(target_type=target_type, random_state=seed)
    folds = KFold if target_type == "continuous" else StratifiedKFold
    return TargetEncoder(target_type=target_type, cv=folds(5, shuffle=True, random_state=seed))


__all__ = [
    "BaseComposition",
    "CallbackSupportMixin",
    "callback_context",
    "check_sample_weight",
    "fit_context",
    "safe_indexing",
    "target_encoder",
    "with_callbacks",
]
