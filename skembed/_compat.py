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


def sparse_stays_sparse(
    is_sparse: Callable[[Any], bool], *, remembers: bool = True
) -> Callable[[type], type]:
    """Decorate a transformer whose sparse output is returned as it is, whatever is configured.

    scikit-learn puts the output of `transform` into a data frame if `set_output` or `set_config`
    say so, and refuses sparse ones. Before a network there is nothing better than a sparse matrix.

    Parameters
    ----------
    is_sparse : callable
        Tells of an instance whether its output is sparse.
    remembers : bool, default=True
        Whether `set_output` of an instance with sparse output holds once its output is dense.
    """

    def decorated(cls: Any) -> Any:
        keys = cls._sklearn_auto_wrap_output_keys
        inherited = cls.set_output

        def set_output(self: Any, *, transform: str | None = None) -> Any:
            """Set the container of dense output; sparse output stays a sparse matrix.

            Parameters
            ----------
            transform : {"default", "pandas", "polars"}, default=None
                Container of the output of `transform` and `fit_transform`.

            Returns
            -------
            self : estimator instance
                This transformer.
            """
            if not is_sparse(self):
                return inherited(self, transform=transform)
            if remembers and transform is not None:
                kept = getattr(self, "_sklearn_output_config", {})
                self._sklearn_output_config = {**kept, "transform": transform}
            return self

        cls.set_output = set_output
        cls._sklearn_auto_wrap_output_keys = property(
            lambda self: set() if is_sparse(self) else keys
        )
        return cls

    return decorated


def check_frame(X: Any) -> None:
    """Refuse a query that has not run, such as a LazyFrame of polars, and names that repeat."""
    if hasattr(X, "collect") and hasattr(X, "collect_schema") and not hasattr(X, "to_numpy"):
        raise TypeError(f"X is a {type(X).__name__}, which has no rows yet: pass X.collect().")
    names = getattr(X, "column_names", None)  # Arrow's, or those of a frame of pandas
    names = list(getattr(X, "columns", ())) if names is None else names
    if not hasattr(X, "shape") or len(set(names)) == len(names):
        return
    name = next(name for place, name in enumerate(names) if name in names[:place])
    raise ValueError(f"X has more than one column named {name!r}: rename or drop one of them.")


__all__ = [
    "BaseComposition",
    "CallbackSupportMixin",
    "callback_context",
    "check_frame",
    "check_sample_weight",
    "fit_context",
    "safe_indexing",
    "sparse_stays_sparse",
    "target_encoder",
    "with_callbacks",
]
