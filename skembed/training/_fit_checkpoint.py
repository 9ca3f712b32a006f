"""A callback that lets a fit survive its process: where its state goes, and how often."""

import numbers
import os
from typing import Any


class FitCheckpoint:
    """Save the state of training to disk, so that you can resume an interrupted fit.

    Pass it as the only entry of `callbacks` of an `EmbeddingDNNClassifier`,
    `EmbeddingDNNRegressor` or `EmbeddingRecommender`. If a fit is interrupted, call `fit`
    again with the same parameters and data: training resumes from the last saved state. The
    result is identical, bit for bit, to that of an uninterrupted fit. The files are deleted
    at the end of the fit.

    Parameters
    ----------
    folder : path-like
        Folder for the files. It is created if it does not exist. Only one fit at a time can
        use it.

    minutes : float, default=10
        Minimum number of minutes between two saved states within an epoch.

    Raises
    ------
    ValueError
        If `minutes` is negative. During a fit: if the folder holds a fit with other data or
        parameters, which the message names, or if you also pass other callbacks or
        `warm_start`.

    Notes
    -----
    A state is written after epochs, and within an epoch every `minutes` minutes. It contains
    the weights, the optimizer, averages, results on held-out rows, the random state and the
    position in the data.

    Candidates are trained one after the other, not side by side, so a default fit takes
    longer than without a checkpoint. Steps other than training, such as linear models and
    target statistics, are computed again. With a stream, the first pass is repeated to check
    that the data are the same. `partial_fit` ignores the checkpoint.

    The files use the format of `save`: every byte is checked, and reading them runs no code.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from skembed import EmbeddingDNNClassifier, FitCheckpoint
    >>> X = np.eye(4, dtype=np.float32)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     classifier = EmbeddingDNNClassifier(
    ...         2, callbacks=[FitCheckpoint(folder, minutes=5)], random_state=0
    ...     )
    ...     classifier = classifier.fit(X, [0, 0, 1, 1])
    >>> classifier.predict(X).tolist()
    [0, 0, 1, 1]
    """

    def __init__(self, folder: str | os.PathLike[str], *, minutes: float = 10) -> None:
        if isinstance(minutes, bool) or not isinstance(minutes, numbers.Real) or not minutes >= 0:
            raise ValueError(f"minutes is {minutes!r}, expected a number of 0 or more.")
        self.folder: str = os.fspath(folder)
        self.minutes: float = minutes

    def __repr__(self) -> str:
        return f"FitCheckpoint({self.folder!r}, minutes={self.minutes!r})"


def split_callbacks(callbacks: Any) -> tuple[Any, FitCheckpoint | None]:
    """Keras callbacks, None for no others, and the checkpoint among them."""
    if not isinstance(callbacks, list | tuple):
        return callbacks, None
    places = [callback for callback in callbacks if isinstance(callback, FitCheckpoint)]
    others = [callback for callback in callbacks if not isinstance(callback, FitCheckpoint)]
    if not places:
        return callbacks, None
    if len(places) > 1 or others:
        raise ValueError(
            "callbacks has a FitCheckpoint together with other callbacks, whose state it cannot "
            "save; pass a single FitCheckpoint and no other callbacks."
        )
    return None, places[0]
