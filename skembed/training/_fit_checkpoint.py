"""A callback that lets a fit survive its process: where its state goes, and how often."""

import numbers
import os
from typing import Any


class FitCheckpoint:
    """Writes a fit down as it goes, so that the next one goes on where it was broken off.

    Put it among the `callbacks` of an `EmbeddingDNNClassifier`, `EmbeddingDNNRegressor` or
    `EmbeddingRecommender`. The state of training is written after epochs, and within them every
    so many minutes: weights, optimizer, averages, what rows held out have told, random state and
    place in the data. A fit with the same parameters and data then goes on from there, and ends
    with the same bits as one that was never broken off. When a fit has ended, its files are
    removed.

    Candidates are tried one after the other, so that a default fit takes longer than without.
    What is not training, such as linear models and target statistics, is computed anew. Of a
    stream the first pass tells whether it is the same. `partial_fit` takes no notice of it.

    Parameters
    ----------
    folder : path-like
        Where the files go; it is made where it is missing. One fit at a time has it.

    minutes : float, default=10
        Least minutes between two states within an epoch.

    Raises
    ------
    ValueError
        If `minutes` is negative. Of a fit: if the folder holds a fit with other data or
        parameters, which the message names; or if other callbacks, or `warm_start`, are given,
        too.

    Notes
    -----
    The files are of the format of `save`: every byte is checked, and reading them runs no code.

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
            raise ValueError(f"minutes is {minutes!r}; give a number from 0 on.")
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
            "callbacks holds a FitCheckpoint beside other callbacks, whose state it cannot write "
            "down: give it alone."
        )
    return None, places[0]
