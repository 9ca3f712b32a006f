"""Fitted models as SavedModels: what TensorFlow Serving loads."""

import os
import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from skembed.serving._comparing import compare
from skembed.serving._portable_model import MISSING, PADDING, PortableModel, portable_model
from skembed.vocabulary._output_columns import unique_names


def to_saved_model(model: Any, path: "str | os.PathLike[str]") -> None:
    """Export a fitted model to a SavedModel that takes strings and numbers as inputs.

    Use it to predict with TensorFlow Serving, or with TensorFlow alone, without skembed. The
    signature "serving_default" has the same inputs and outputs as a graph of `to_onnx`. In the
    names of inputs, all characters other than letters, digits and "_" are replaced by "_",
    because TensorFlow allows no others.

    Parameters
    ----------
    model : EmbeddingDNNClassifier, EmbeddingDNNRegressor or Pipeline
        Fitted network or Pipeline. The same models as for `to_onnx` are supported, except
        those with hash buckets.
    path : str or path-like
        Folder to write, which must not exist. For TensorFlow Serving, its name must be a
        number, the model version.

    Raises
    ------
    FileExistsError
        If the path already exists.
    TypeError
        If a step cannot be converted to TensorFlow. The message names the step.
    ValueError
        If a vocabulary contains the empty string.
    RuntimeError
        If the graph and the model predict different values on rows drawn from the vocabulary.
        Nothing is written.

    See Also
    --------
    to_onnx : Export a model for onnxruntime.
    EmbeddingDNNClassifier.to_keras : Convert the network alone to a trainable Keras model.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.pipeline import make_pipeline
    >>> from skembed import EmbeddingDNNClassifier, VocabularyTransformer, to_saved_model
    >>> model = make_pipeline(VocabularyTransformer(), EmbeddingDNNClassifier(2, random_state=0))
    >>> model = model.fit([["good", "film"], ["bad", "film"]] * 30, ["pos", "neg"] * 30)
    >>> path = Path(tempfile.mkdtemp()) / "1"
    >>> to_saved_model(model, path)
    >>> sorted(file.name for file in path.iterdir() if file.is_file())
    ['fingerprint.pb', 'saved_model.pb']

    Elsewhere, without skembed::

        serve = tf.saved_model.load("1").signatures["serving_default"]
        serve(terms=tf.constant([["good", "film"], ["bad", ""]]))["probabilities"]
    """
    path = Path(path)
    if path.exists():
        raise FileExistsError(f"{str(path)!r} already exists; pass a path that does not exist.")
    portable, encoders = portable_model(model)
    portable = _with_plain_names(portable)
    if any(len(column.buckets) for group in portable.terms for column in group.columns):
        raise TypeError(
            "Hash buckets cannot be exported to a SavedModel, because TensorFlow has no "
            "MurmurHash3; use to_onnx, or a vocabulary without num_oov_buckets and "
            "num_hash_buckets."
        )
    from skembed.training.keras._saved_model import run_saved_model, write_saved_model

    path.parent.mkdir(parents=True, exist_ok=True)
    aside = tempfile.mkdtemp(prefix=".saved_model", dir=path.parent)
    try:
        write_saved_model(portable, aside, PADDING, MISSING)
        compare(lambda inputs: run_saved_model(aside, inputs), model, portable, encoders)
        Path(aside).chmod(0o755)
        Path(aside).rename(path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _with_plain_names(model: PortableModel) -> PortableModel:
    """The model with names of inputs that TensorFlow takes."""
    names = [column.name for group in model.terms for column in group.columns]
    names += [column.name for column in model.numbers]
    plain = [re.sub(r"[^A-Za-z0-9_]", "_", name) for name in names]
    plain = [name if name[:1].isalpha() else f"x{name}" for name in plain]
    new = iter(re.sub(r" \((\d+)\)$", r"_\1", name) for name in unique_names(plain))
    terms = [
        replace(group, columns=[replace(column, name=next(new)) for column in group.columns])
        for group in model.terms
    ]
    numbers = [replace(column, name=next(new)) for column in model.numbers]
    return replace(model, terms=terms, numbers=numbers)
