"""Fitted models as ONNX files: strings in, probabilities out."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skembed._replaced_file import replacing
from skembed._version import __version__
from skembed.serving._comparing import compare
from skembed.serving._portable_model import MISSING, PADDING, PortableModel, portable_model

if TYPE_CHECKING:
    from os import PathLike


def to_onnx(model: Any, path: "str | PathLike[str]") -> None:
    """Export a fitted model to an ONNX file that takes strings and numbers as inputs.

    Use it to predict without skembed or Python: onnxruntime is available for C++, C#, Java,
    JavaScript and mobile devices. The ONNX graph contains the whole model: vocabularies,
    n-grams, hash buckets, term weights, bins of numbers, target statistics and the network.
    Only the tokenization of texts is left to the caller.

    Parameters
    ----------
    model : EmbeddingDNNClassifier, EmbeddingDNNRegressor or Pipeline
        Fitted network, or a fitted Pipeline that ends in one. Before the network, a Pipeline
        may have a `VocabularyTransformer`, a `TableTransformer`, or a `FieldTransformer` or
        ColumnTransformer of `VocabularyTransformer` and `NumberEncoder`.
    path : str or path-like
        File to write, such as "model.onnx".

    Raises
    ------
    ImportError
        If onnx is not installed. Install it with ``pip install "skembed[onnx]"``.
    TypeError
        If a step cannot be converted to ONNX. The message names the step.
    ValueError
        If a vocabulary contains the empty string.
    RuntimeError
        If the graph and the model predict different values on rows drawn from the vocabulary.
        The graph is run with onnxruntime if installed, otherwise with onnx. Nothing is
        written.

    See Also
    --------
    save : Save a model for skembed, to predict or to continue training.

    Notes
    -----
    The graph has one input for each column, in the order of the fit:

    - Terms: "tensor(string)" of shape (n_samples, n_terms). Pad shorter rows with "". For a
      text column, pass its tokens. The metadata has the rule to make them: a pattern for
      Python's `re.findall`, and whether to convert the text to lower case first. Numeric terms
      are passed as strings.
    - Categories of a table: "tensor(string)" of shape (n_samples, 1). "" is a missing value.
      Write integers without a fraction, and booleans as "1" and "0".
    - Dates of a table: one input for each of the parts that `TableTransformer` makes of a date.
    - Numbers: "tensor(double)" of shape (n_samples, 1), with NaN for missing values.
    - A network without a transformer: "X", "tensor(float)" of shape (n_samples, n_features).

    If missing terms have a feature, pass the string "<missing>" for a missing term.

    The outputs of a classifier are "label" (n_samples,) and "probabilities"
    (n_samples, n_classes). For label sets, "label" has one column per label. The output of a
    regressor is "variable" (n_samples, n_outputs).

    The graph uses operator set 20 of ONNX and 4 of ai.onnx.ml. Hash buckets need the operator
    `MurmurHash3` of onnxruntime (com.microsoft).

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.pipeline import make_pipeline
    >>> from skembed import EmbeddingDNNClassifier, VocabularyTransformer, to_onnx
    >>> model = make_pipeline(VocabularyTransformer(), EmbeddingDNNClassifier(2, random_state=0))
    >>> model = model.fit([["good", "film"], ["bad", "film"]] * 30, ["pos", "neg"] * 30)
    >>> path = Path(tempfile.mkdtemp()) / "model.onnx"
    >>> to_onnx(model, path)
    >>> path.stat().st_size < 20_000
    True

    Elsewhere, without skembed::

        session = onnxruntime.InferenceSession("model.onnx")
        terms = np.array([["good", "film"], ["bad", ""]])
        label, probabilities = session.run(None, {"terms": terms})
    """
    if find_spec("onnx") is None:
        raise ImportError('to_onnx needs onnx; install it with pip install "skembed[onnx]".')
    from skembed.serving import _onnx_model  # imports onnx, which takes a while

    portable, encoders = portable_model(model)
    made = _onnx_model.onnx_model(portable, metadata(portable))
    compare(lambda inputs: _onnx_model.run(made, inputs), model, portable, encoders)
    with replacing(path) as aside:
        Path(aside).write_bytes(made.SerializeToString())


def metadata(model: PortableModel) -> dict[str, str]:
    """What users of the file have to know, as strings."""
    tokens = {column.name: g.tokens for g in model.terms for column in g.columns if g.tokens}
    classes = None if model.classes is None else model.classes.tolist()
    return {
        "skembed_version": __version__,
        "classes": json.dumps(classes),
        "tokens": json.dumps(tokens),
        "padding": PADDING,
        "missing": MISSING,
    }
