"""Learned embeddings for sparse categorical data, as scikit-learn estimators.

Importing the package imports none of its modules: each name below is loaded when
it is first used, and TensorFlow only when an estimator is fitted or a TFRecord
file is read or written.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from skembed._version import __version__

if TYPE_CHECKING:
    from skembed import datasets, metrics
    from skembed._classifier import EmbeddingDNNClassifier
    from skembed._display import EmbeddingDisplay
    from skembed._tfrecord import read_tfrecord, write_tfrecord
    from skembed._vocabulary import VocabularyTransformer

_MODULES = {
    "EmbeddingDNNClassifier": "skembed._classifier",
    "EmbeddingDisplay": "skembed._display",
    "VocabularyTransformer": "skembed._vocabulary",
    "datasets": "skembed.datasets",
    "metrics": "skembed.metrics",
    "read_tfrecord": "skembed._tfrecord",
    "write_tfrecord": "skembed._tfrecord",
}

__all__ = [
    "EmbeddingDNNClassifier",
    "EmbeddingDisplay",
    "VocabularyTransformer",
    "__version__",
    "datasets",
    "metrics",
    "read_tfrecord",
    "write_tfrecord",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'skembed' has no attribute {name!r}")
    module = import_module(_MODULES[name])
    return module if module.__name__ == f"skembed.{name}" else getattr(module, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULES])
