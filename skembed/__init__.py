"""Learned embeddings for sparse categorical data, as scikit-learn estimators.

Importing the package imports none of its modules: each name below is loaded when
it is first used, and TensorFlow only when an estimator is fitted or a TFRecord
file is read or written.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from skembed._version import __version__

if TYPE_CHECKING:
    from skembed import dask, datasets, metrics
    from skembed.columnar import learn_dataset, stream_dataset
    from skembed.comparison import (
        Comparison,
        ComparisonDisplay,
        LinearComparison,
        LinearComparisonDisplay,
        compare,
        compare_with_linear,
    )
    from skembed.estimators import EmbeddingDNNClassifier, EmbeddingDNNRegressor
    from skembed.explanation import Explanation, Reliability, explain, reliability
    from skembed.inspection import EmbeddingDisplay, TermEmbeddings, TrainingDisplay
    from skembed.recommending import EmbeddingRecommender
    from skembed.saving import SKOPS_TRUSTED_TYPES, ModelFormatError, load, save
    from skembed.serving import to_onnx, to_page, to_saved_model
    from skembed.tables import (
        FieldTransformer,
        NumberEncoder,
        TableTransformer,
        TargetStatisticsEncoder,
        field_numbers,
        make_embedding_pipeline,
    )
    from skembed.tfrecord import iter_tfrecord, read_tfrecord, stream_tfrecord, write_tfrecord
    from skembed.training import ChunkStream, FitCheckpoint, distributed
    from skembed.vocabulary import VocabularyTransformer

_MODULES = {
    "SKOPS_TRUSTED_TYPES": "skembed.saving",
    "ChunkStream": "skembed.training",
    "Comparison": "skembed.comparison",
    "ComparisonDisplay": "skembed.comparison",
    "EmbeddingDNNClassifier": "skembed.estimators",
    "EmbeddingDNNRegressor": "skembed.estimators",
    "EmbeddingDisplay": "skembed.inspection",
    "EmbeddingRecommender": "skembed.recommending",
    "Explanation": "skembed.explanation",
    "FieldTransformer": "skembed.tables",
    "FitCheckpoint": "skembed.training",
    "LinearComparison": "skembed.comparison",
    "LinearComparisonDisplay": "skembed.comparison",
    "ModelFormatError": "skembed.saving",
    "NumberEncoder": "skembed.tables",
    "Reliability": "skembed.explanation",
    "TableTransformer": "skembed.tables",
    "TargetStatisticsEncoder": "skembed.tables",
    "TermEmbeddings": "skembed.inspection",
    "TrainingDisplay": "skembed.inspection",
    "VocabularyTransformer": "skembed.vocabulary",
    "compare": "skembed.comparison",
    "compare_with_linear": "skembed.comparison",
    "dask": "skembed.dask",
    "datasets": "skembed.datasets",
    "distributed": "skembed.training",
    "explain": "skembed.explanation",
    "field_numbers": "skembed.tables",
    "iter_tfrecord": "skembed.tfrecord",
    "learn_dataset": "skembed.columnar",
    "load": "skembed.saving",
    "make_embedding_pipeline": "skembed.tables",
    "metrics": "skembed.metrics",
    "read_tfrecord": "skembed.tfrecord",
    "reliability": "skembed.explanation",
    "save": "skembed.saving",
    "stream_dataset": "skembed.columnar",
    "stream_tfrecord": "skembed.tfrecord",
    "to_onnx": "skembed.serving",
    "to_page": "skembed.serving",
    "to_saved_model": "skembed.serving",
    "write_tfrecord": "skembed.tfrecord",
}

__all__ = [
    "SKOPS_TRUSTED_TYPES",
    "ChunkStream",
    "Comparison",
    "ComparisonDisplay",
    "EmbeddingDNNClassifier",
    "EmbeddingDNNRegressor",
    "EmbeddingDisplay",
    "EmbeddingRecommender",
    "Explanation",
    "FieldTransformer",
    "FitCheckpoint",
    "LinearComparison",
    "LinearComparisonDisplay",
    "ModelFormatError",
    "NumberEncoder",
    "Reliability",
    "TableTransformer",
    "TargetStatisticsEncoder",
    "TermEmbeddings",
    "TrainingDisplay",
    "VocabularyTransformer",
    "__version__",
    "compare",
    "compare_with_linear",
    "dask",
    "datasets",
    "distributed",
    "explain",
    "field_numbers",
    "iter_tfrecord",
    "learn_dataset",
    "load",
    "make_embedding_pipeline",
    "metrics",
    "read_tfrecord",
    "reliability",
    "save",
    "stream_dataset",
    "stream_tfrecord",
    "to_onnx",
    "to_page",
    "to_saved_model",
    "write_tfrecord",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'skembed' has no attribute {name!r}")
    module = import_module(_MODULES[name])
    return module if module.__name__ == f"skembed.{name}" else getattr(module, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULES])
