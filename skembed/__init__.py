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
    from skembed._comparison import LinearComparison, compare_with_linear
    from skembed._comparison_display import LinearComparisonDisplay
    from skembed._display import EmbeddingDisplay
    from skembed._embeddings import TermEmbeddings
    from skembed._field_transformer import (
        FieldTransformer,
        field_numbers,
        make_embedding_pipeline,
    )
    from skembed._regressor import EmbeddingDNNRegressor
    from skembed._saving import ModelFormatError, load, save
    from skembed._stream import ChunkStream, stream_tfrecord
    from skembed._tfrecord_read import iter_tfrecord, read_tfrecord
    from skembed._tfrecord_write import write_tfrecord
    from skembed._vocabulary import VocabularyTransformer

_MODULES = {
    "ChunkStream": "skembed._stream",
    "EmbeddingDNNClassifier": "skembed._classifier",
    "EmbeddingDNNRegressor": "skembed._regressor",
    "EmbeddingDisplay": "skembed._display",
    "FieldTransformer": "skembed._field_transformer",
    "LinearComparison": "skembed._comparison",
    "LinearComparisonDisplay": "skembed._comparison_display",
    "ModelFormatError": "skembed._saving",
    "TermEmbeddings": "skembed._embeddings",
    "VocabularyTransformer": "skembed._vocabulary",
    "compare_with_linear": "skembed._comparison",
    "datasets": "skembed.datasets",
    "field_numbers": "skembed._field_transformer",
    "load": "skembed._saving",
    "make_embedding_pipeline": "skembed._field_transformer",
    "metrics": "skembed.metrics",
    "iter_tfrecord": "skembed._tfrecord_read",
    "read_tfrecord": "skembed._tfrecord_read",
    "save": "skembed._saving",
    "stream_tfrecord": "skembed._stream",
    "write_tfrecord": "skembed._tfrecord_write",
}

__all__ = [
    "ChunkStream",
    "EmbeddingDNNClassifier",
    "EmbeddingDNNRegressor",
    "EmbeddingDisplay",
    "FieldTransformer",
    "LinearComparison",
    "LinearComparisonDisplay",
    "ModelFormatError",
    "TermEmbeddings",
    "VocabularyTransformer",
    "__version__",
    "compare_with_linear",
    "datasets",
    "field_numbers",
    "iter_tfrecord",
    "load",
    "make_embedding_pipeline",
    "metrics",
    "read_tfrecord",
    "save",
    "stream_tfrecord",
    "write_tfrecord",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'skembed' has no attribute {name!r}")
    module = import_module(_MODULES[name])
    return module if module.__name__ == f"skembed.{name}" else getattr(module, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULES])
