"""Columns of a table to features of a network that know which column they come from.

In: a DataFrame. Out: a CSR matrix with the field of each feature.

- `_field_transformer` : `FieldTransformer`, `field_numbers` and `make_embedding_pipeline`.
"""

from skembed.tables._field_transformer import (
    FieldTransformer,
    field_numbers,
    make_embedding_pipeline,
)

__all__ = ["FieldTransformer", "field_numbers", "make_embedding_pipeline"]
