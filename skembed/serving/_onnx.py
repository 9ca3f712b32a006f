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
    """Write a fitted model as an ONNX file: from strings and numbers to predictions.

    The file needs neither skembed nor Python: onnxruntime runs it in C++, C#, Java, JavaScript
    and on phones. Vocabularies, n-grams, hash buckets, weights of terms, bins of numbers, target
    statistics and the network are in its graph.

    Inputs, one for each column, in the order of fit:

    - Terms: "tensor(string)", (n_samples, n_terms). Shorter rows are filled up with "". An input
      for a text gets its tokens. The rule that makes them is in the metadata: a pattern for
      Python's `re.findall`, and whether the text is lower-cased before. Terms that are numbers are
      strings here, too.
    - Categories of a table: "tensor(string)", (n_samples, 1). "" is a missing value. Whole
      numbers are written without a fraction, booleans as "1" and "0".
    - Dates of a table: the parts that `TableTransformer` makes, an input for each.
    - Numbers: "tensor(double)", (n_samples, 1), with NaN where missing.
    - A network without a transformer: "X", "tensor(float)", (n_samples, n_features).

    Where missing terms have a feature, the string "<missing>" stands for one.

    Outputs: "label" (n_samples,) and "probabilities" (n_samples, n_classes) of a classifier, or
    "variable" (n_samples, n_outputs) of a regressor. For label sets "label" has a column for each
    label.

    Parameters
    ----------
    model : EmbeddingDNNClassifier, EmbeddingDNNRegressor or Pipeline
        Fitted. A Pipeline has a `VocabularyTransformer`, a `TableTransformer`, or a
        `FieldTransformer` or ColumnTransformer of `VocabularyTransformer` and `NumberEncoder`
        before the network.
    path : str or path-like
        File to write, such as "model.onnx".

    Raises
    ------
    ImportError
        If onnx is missing; ``pip install "skembed[onnx]"`` installs it.
    TypeError
        If a step has no counterpart in ONNX; the message names it.
    ValueError
        If a vocabulary holds the empty string.
    RuntimeError
        If the graph predicts other values than the model, on rows drawn from the vocabulary. It
        is run by onnxruntime, where that is installed, else by onnx itself. Nothing is written.

    See Also
    --------
    save : A file for skembed itself, which also goes on with a fit.

    Notes
    -----
    The operator sets are 20 of ONNX and 4 of ai.onnx.ml. Hash buckets need `MurmurHash3` of
    onnxruntime (com.microsoft).

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
        raise ImportError('to_onnx needs onnx; pip install "skembed[onnx]" installs it.')
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
