"""Names of the types that fitted estimators hold, for skops."""

from skembed.saving._estimator_values import MODULES
from skembed.saving._manifest_values import RECORDS

_OTHERS = (
    "skembed.network._network.Table",
    "skembed.tables._field_transformer.FieldTransformer",
    "skembed.tables._target_statistics_encoder.TargetStatisticsEncoder",
)

SKOPS_TRUSTED_TYPES: tuple[str, ...] = tuple(
    sorted(
        [
            *(f"{module}.{name}" for name, module in MODULES.items()),
            *(f"{module}.{name}" for name, (module, _) in RECORDS.items()),
            *_OTHERS,
        ]
    )
)
"""Types of skembed to trust when you load a model with skops.

Pass them as ``skops.io.load(path, trusted=SKOPS_TRUSTED_TYPES)``. Creating objects of these types
runs no other code.
"""
