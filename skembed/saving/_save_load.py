"""Saved models: one file that is read without running any code of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

import numpy as np
from sklearn import config_context
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skembed._checked_file import ModelFormatError, read_archive, write_archive
from skembed._version import __version__
from skembed.saving._estimator_values import (
    MODULES,
    described,
    is_known,
    nested_estimator,
    nested_node,
    restored,
)
from skembed.saving._fitted_state import architecture
from skembed.saving._manifest_values import Reader, Writer
from skembed.saving._quantized_state import MANY, Quantizing

__all__ = ["ModelFormatError", "load", "save"]

_LIBRARIES = ("keras", "numpy", "pyarrow", "safetensors", "scikit-learn", "scipy", "tensorflow")
_METHODS = (
    "fit",
    "partial_fit",
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "score",
    "transform",
    "inverse_transform",
)
_MANIFEST = {"format", "format_version", "versions", "class", "pipeline", "estimators", "members"}
_ESTIMATOR = {"step", "class", "parameters", "fitted", "architecture", "requests", "member"}


def save(
    estimator: Any,
    path: str | os.PathLike[str],
    *,
    quantize: Literal["int8"] | None = None,
    prune: float = 0.0,
) -> None:
    """Save a fitted estimator to a file that can be loaded without running code.

    Unlike a pickle, the file contains only data. Use `load` to read it.

    Parameters
    ----------
    estimator : EmbeddingDNNClassifier, EmbeddingDNNRegressor, EmbeddingRecommender, \
            VocabularyTransformer, NumberEncoder, TableTransformer or Pipeline
        Estimator to save, or a Pipeline of these estimators, such as one made by
        `make_embedding_pipeline`. The `memory` of a Pipeline is not saved.

    path : str or path-like
        File to write. An existing file is replaced in one step, so readers never see a
        partial file.

    quantize : {"int8"}, default=None
        Whether to write a smaller file. "int8" stores the embedding table with one byte per
        number and the dense layers with two, and compresses the file. With a large
        vocabulary it has about a tenth of the size. The predictions of the loaded model
        differ in the third significant digit or later; :doc:`/guide/serving` has
        measurements. If you continue training a quantized model, the optimizer starts from a
        new state. Recommenders and vocabularies are compressed but not quantized. None
        stores all numbers exactly.

    prune : float, default=0.0
        Fraction of the rows of the embedding table, from 0 to below 1, to replace by the mean
        row. It requires `quantize`. The least important rows are replaced: those close to
        the mean row whose terms are rare in the training data. The number of training rows of
        a term is known only with a `VocabularyTransformer` before the network. Large
        vocabularies have many such rows, small ones have few.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator, or one in the Pipeline, is not fitted.

    TypeError
        If the estimator is of another class, or has a value that cannot be stored as data:
        a tokenizer that is a function, callbacks, or labels that are neither numbers nor
        str. The message names the value.

    ValueError
        If a parameter is set to an invalid value.

    See Also
    --------
    load : Load the file.

    Notes
    -----
    The file contains a manifest and, for each estimator, arrays in the safetensors format.
    The manifest has the class, parameters, fitted attributes, architecture, library versions,
    and the size and SHA-256 digest of each part. Vocabularies are stored as bytes and offsets.
    The same model gives the same bytes.

    A Keras optimizer instance is stored as its name, and its rate as `learning_rate`, if all
    its other settings are the Keras defaults. Any other optimizer instance raises TypeError.
    A RandomState given as `random_state` is restored in the same state. Callbacks set by
    scikit-learn's `set_callbacks` are not saved.

    `pickle` and `joblib` work as well, for all estimators and Pipelines. Loading a pickle
    runs code, so load only files that you trust, with the same releases of scikit-learn and
    skembed. `joblib.load(..., mmap_mode="r")` shares the weights between processes. `skops`
    also works if you pass `SKOPS_TRUSTED_TYPES` as trusted types.

    Examples
    --------
    >>> import os, tempfile
    >>> from skembed import VocabularyTransformer, load, save
    >>> transformer = VocabularyTransformer().fit([["a", "great", "film"], ["great"]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "vocabulary.skembed")
    ...     save(transformer, path)
    ...     load(path).vocabulary_
    {'great': 0, 'a': 1, 'film': 2}
    """
    from safetensors.numpy import save as to_bytes

    if quantize not in (None, "int8"):
        raise ValueError(f"quantize is {quantize!r:.80}, expected None or 'int8'.")
    if not 0 <= prune < 1 or (prune and quantize is None):
        raise ValueError(
            f"prune is {prune!r:.80}, expected a fraction from 0 to below 1, together with "
            "quantize='int8'."
        )
    pipeline, steps = _parts(estimator)
    entries, members = [], {}
    for number, (step, part) in enumerate(steps):
        quantizing = None
        if quantize is not None:
            before = steps[number - 1][1] if number else None
            quantizing = Quantizing(float(prune), _row_counts(before) if prune else None)
        name = f"estimator_{number}.safetensors"
        entry, tensors = _described(part, step, name, quantizing)
        entries.append(entry)
        members[name] = to_bytes(tensors)
    manifest = {
        "versions": _versions(),
        "class": type(estimator).__name__,
        "pipeline": pipeline,
        "estimators": entries,
    }
    write_archive(path, manifest, members, compressed=quantize is not None)


def load(path: str | os.PathLike[str]) -> Any:
    """Load an estimator from a file written by `save`.

    Loading runs no code from the file and does not import TensorFlow. On the same machine,
    the predictions are identical, bit for bit, to those of the saved estimator (unless it
    was saved with `quantize`).

    Parameters
    ----------
    path : str or path-like
        File to read.

    Returns
    -------
    estimator : EmbeddingDNNClassifier, EmbeddingDNNRegressor, EmbeddingRecommender, \
            VocabularyTransformer, NumberEncoder, TableTransformer or Pipeline
        Fitted estimator with its parameters.

    Raises
    ------
    ModelFormatError
        If the file is damaged, was not written by `save`, or was written by a newer release
        with another format.

    FileNotFoundError
        If the file does not exist.

    See Also
    --------
    save : Save an estimator to a file.

    Notes
    -----
    Every byte is checked against the sizes and SHA-256 digests in the file, and the values
    are checked for consistency. The digests detect damage, not manipulation: someone who can
    write the file can change what the model predicts, but cannot make the program run code.

    Examples
    --------
    >>> import os, tempfile
    >>> from skembed import EmbeddingDNNClassifier, load, save
    >>> model = EmbeddingDNNClassifier(embedding_dim=2, max_epochs=20, random_state=0)
    >>> model = model.fit([[1, 0], [0, 1]], ["no", "yes"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.skembed")
    ...     save(model, path)
    ...     loaded = load(path)
    >>> bool((loaded.predict_proba([[1, 1]]) == model.predict_proba([[1, 1]])).all())
    True
    """
    try:
        return _assembled(*read_archive(path))
    except ModelFormatError as error:
        raise ModelFormatError(f"{os.fspath(path)}: {error}") from None


def _parts(estimator: Any) -> tuple[dict[str, Any] | None, list[tuple[str | None, Any]]]:
    """Return a Pipeline's own parameters and its named steps; None for a lone estimator."""
    if type(estimator) is not Pipeline:
        return None, [(None, estimator)]
    parameters = {name: getattr(estimator, name) for name in _pipeline_parameters()}
    parameters["memory"] = None  # a cache is of the machine, not of the model
    if fault := _pipeline_fault(parameters, [name for name, _ in estimator.steps]):
        raise TypeError(f"The Pipeline cannot be saved: {fault}.")
    return parameters, list(estimator.steps)


def _pipeline_parameters() -> list[str]:
    return [name for name in Pipeline([]).get_params(deep=False) if name != "steps"]


def _pipeline_fault(parameters: dict[str, Any], names: list[Any]) -> str | None:
    """Return what is wrong with the parameters of a Pipeline and the names of its steps."""
    if parameters.get("memory") is not None:  # a later fit would unpickle what lies there
        return f"its parameter memory is {parameters['memory']!r:.80}, expected None"
    for name, value in parameters.items():
        items = value if type(value) is list else [value]
        if not all(item is None or type(item) in (bool, int, str) for item in items):
            return f"its parameter {name} is {value!r:.80}, which cannot be stored"
    unfit = not all(type(name) is str and name and "__" not in name for name in names)
    if not names or unfit or len(set(names)) < len(names) or {"steps", *parameters} & set(names):
        return (
            f"its steps have the names {names!r:.80}, expected distinct strings without '__' that "
            "are not parameters of Pipeline"
        )
    return None


def _described(
    estimator: Any, step: str | None, member: str, quantizing: Quantizing | None = None
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the manifest's entry for an estimator, and its arrays."""
    _check_class(estimator, step)
    check_is_fitted(estimator)
    where = "" if step is None else f"{step}: "
    writer = Writer(nested_node)
    nodes, state = described(estimator, writer, "", quantizing)
    entry = {
        "step": step,
        **nodes,
        "architecture": architecture(state) if "embeddings_" in state else None,
        "requests": dict(_requests(estimator)),
        "member": member,
    }
    try:
        _restored(entry, writer.tensors)
    except ModelFormatError as error:
        raise ValueError(f"{where}{type(estimator).__name__} cannot be saved: {error}") from error
    return entry, writer.tensors


def _row_counts(transformer: Any) -> np.ndarray | None:
    """Rows of the fit that hold each feature of a vocabulary; many where that is not known."""
    fields = getattr(transformer, "_fields", None)
    if not fields or not hasattr(fields[0], "vocabulary"):
        return None
    counts = [np.full(field.width, MANY) for field in fields]
    for part, field in zip(counts, fields, strict=True):
        part[: field.n_terms] = field.vocabulary.document_counts[: field.n_terms]
    return np.concatenate(counts)


def _check_class(estimator: Any, step: str | None) -> None:
    if is_known(estimator):
        return
    name = type(estimator).__name__
    what = f"The step {step!r} is" if step is not None else "The estimator is"
    raise TypeError(
        f"{what} {estimator!r:.80} of class {name}, expected {', '.join(MODULES)} or a Pipeline "
        "of these. Use pickle, joblib or skops for other estimators."
    )


def _requests(estimator: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the metadata that each method was told to request."""
    if not hasattr(estimator, "_metadata_request"):
        return
    routing = estimator.get_metadata_routing()
    for method in _METHODS:
        requests = getattr(routing, method).requests
        if requests:
            yield method, dict(requests)


def _versions() -> dict[str, str]:
    """Versions of the libraries, as information for people."""
    versions = {"skembed": __version__}
    for library in _LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            continue
    return versions


def _assembled(manifest: dict[str, Any], members: dict[str, bytes]) -> Any:
    """Return the estimator or Pipeline that a manifest describes."""
    entries, pipeline = manifest.get("estimators"), manifest.get("pipeline")
    if manifest.keys() != _MANIFEST or not isinstance(entries, list) or not entries:
        raise ModelFormatError("the manifest does not have the expected entries.")
    for entry in entries:
        if not isinstance(entry, dict) or entry.keys() != _ESTIMATOR:
            raise ModelFormatError("an estimator in the manifest lacks the expected entries.")
    expected = [f"estimator_{number}.safetensors" for number in range(len(entries))]
    if [entry["member"] for entry in entries] != expected or list(members) != expected:
        raise ModelFormatError(f"the members are {list(members)!r:.80}, not {expected!r:.80}.")
    estimators = [_restored(entry, _tensors(members.pop(entry["member"]))) for entry in entries]
    if pipeline is None:
        if len(entries) > 1 or [manifest["class"], None] != [
            entries[0]["class"],
            entries[0]["step"],
        ]:
            raise ModelFormatError(
                "the manifest has no Pipeline, expected exactly one estimator without a step name."
            )
        return estimators[0]
    names = [entry["step"] for entry in entries]
    if manifest["class"] != "Pipeline" or not isinstance(pipeline, dict):
        raise ModelFormatError(
            f"the manifest describes a {manifest['class']!r:.80}, expected a Pipeline."
        )
    if not pipeline.keys() <= set(_pipeline_parameters()) or _pipeline_fault(pipeline, names):
        raise ModelFormatError(f"the Pipeline is malformed: {_pipeline_fault(pipeline, names)}.")
    return Pipeline(list(zip(names, estimators, strict=True)), **pipeline)


def _tensors(data: bytes) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    try:
        tensors = from_bytes(data)
    except (SafetensorError, KeyError, ValueError) as error:
        raise ModelFormatError(f"a member is not in the safetensors format: {error}.") from None
    for name, tensor in tensors.items():
        if tensor.dtype == bool and (tensor.view(np.uint8) > 1).any():
            raise ModelFormatError(f"the tensor {name!r} has bool values that are not 0 or 1.")
    return tensors


def _restored(entry: dict[str, Any], tensors: dict[str, np.ndarray]) -> Any:
    """Return the estimator of an entry, checked."""
    reader = Reader(tensors, nested_estimator)
    estimator, state = restored(entry, reader)
    if entry["architecture"] != (architecture(state) if "embeddings_" in state else None):
        raise ModelFormatError("the weights do not have the architecture that the manifest states.")
    _set_requests(estimator, entry["requests"])
    return estimator


def _set_requests(estimator: Any, requests: Any) -> None:
    if not isinstance(requests, dict) or not all(isinstance(r, dict) for r in requests.values()):
        raise ModelFormatError("the metadata requests are not objects.")
    for method, of_method in requests.items():
        setter = getattr(estimator, f"set_{method}_request", None) if method in _METHODS else None
        if setter is None:
            raise ModelFormatError(
                f"{type(estimator).__name__} has no metadata requests for {method!r:.80}."
            )
        try:
            with config_context(enable_metadata_routing=True):
                setter(**of_method)
        except (TypeError, ValueError) as error:
            raise ModelFormatError(f"a metadata request is malformed: {error}") from None
