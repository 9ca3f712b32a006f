"""Warnings of rivals and TensorFlow's log, kept out of the output."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silenced() -> Iterator[None]:
    """Silence warnings and TensorFlow, which is first imported within."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # rivals warn of few iterations, and of news in scikit-learn
        warnings.simplefilter("ignore")
        yield
