"""Fitted estimators to one checked file and back; reading runs no code of the file.

In: an estimator or a Pipeline. Out: a file; and the other way round.

- `_save_load` : `save` and `load`, estimators as manifests and tensors.
- `_manifest_values` : any value of an estimator as a node of the manifest.
- `_skops` : `SKOPS_TRUSTED_TYPES`, for those who use skops instead.
- `_derived_state` : whether derived features of a file can be used.
- `_quantized_state` : tables as codes and layers as float16, for small files.
- `_recommender_state` : whether those of a recommender fit together.
- `_fitted_state` : whether the loaded attributes fit together.
"""

from skembed.saving._save_load import ModelFormatError, load, save
from skembed.saving._skops import SKOPS_TRUSTED_TYPES

__all__ = ["SKOPS_TRUSTED_TYPES", "ModelFormatError", "load", "save"]
