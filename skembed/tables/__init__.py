"""Columns of a table to features of a network that know which column they come from.

In: a DataFrame. Out: a CSR matrix with the field of each feature.

- `_number_encoder` : `NumberEncoder`, numbers to bins of several resolutions.
- `_quantile_bins` : where bins begin.
- `_bin_names` : what bins are called.
- `_field_transformer` : `FieldTransformer`, `field_numbers` and `make_embedding_pipeline`.
"""

from skembed.tables._field_transformer import (
    FieldTransformer,
    field_numbers,
    make_embedding_pipeline,
)
from skembed.tables._number_encoder import NumberEncoder

__all__ = ["FieldTransformer", "NumberEncoder", "field_numbers", "make_embedding_pipeline"]
