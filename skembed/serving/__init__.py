"""Fitted models for other programs: strings and numbers in, predictions out.

In: a network, or a pipeline that ends in one. Out: a file that needs no skembed.

- `_onnx`, `_saved_model`, `_page` : `to_onnx`, `to_saved_model` and `to_page`; what a page shows is
  in `_page.html`, what it does in `_page.js`.
- `_portable_model` : what a fitted model computes, as plain arrays; the start of each export.
- `_comparing`, `_samples` : what was exported against the model, on rows of its vocabulary.
- `_onnx_model` : the graph as a whole, made by the next three.
- `_onnx_graph` : nodes that are put one after the other.
- `_onnx_encoders`, `_onnx_network` : inputs to entries, and entries to outputs.

The functions of a SavedModel are in `skembed.training.keras`, as all that imports TensorFlow.
"""

from skembed.serving._onnx import to_onnx
from skembed.serving._page import to_page
from skembed.serving._saved_model import to_saved_model

__all__ = ["to_onnx", "to_page", "to_saved_model"]
