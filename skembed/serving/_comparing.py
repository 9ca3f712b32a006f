"""What was exported against the model itself."""

from collections.abc import Callable
from typing import Any

import numpy as np

from skembed.explanation._encoders import FittedEncoder
from skembed.serving._portable_model import PortableModel
from skembed.serving._samples import Inputs, features_of_inputs, sample_inputs

# Largest difference of predictions, relative to 1 or to their size.
_TOLERANCE = 1e-4


def compare(
    run: Callable[[Inputs], np.ndarray],
    model: Any,
    portable: PortableModel,
    encoders: list[FittedEncoder],
) -> None:
    """Raise RuntimeError where others are predicted, on rows drawn from the vocabulary.

    `run` predicts by what was exported.
    """
    inputs = sample_inputs(portable)
    network = model[-1] if hasattr(model, "steps") else model
    X = features_of_inputs(portable, encoders, inputs)
    expected = network.predict(X) if portable.classes is None else network.predict_proba(X)
    expected = expected.reshape(len(expected), -1)
    found = run(inputs)
    error = np.abs(found - expected) / np.maximum(np.abs(expected), 1)
    if not (error <= _TOLERANCE).all():
        row = int(np.nan_to_num(error, nan=np.inf).max(axis=1).argmax())
        raise RuntimeError(
            f"The exported model predicts {found[row].ravel()[:3]}, but the fitted model predicts "
            f"{expected[row].ravel()[:3]}. Nothing was written. Please report this."
        )
