"""Columns of a table to features of a network that know which column they come from.

In: a DataFrame or another table. Out: a CSR matrix with the field of each feature.

- `_embedding_pipeline` : `make_embedding_pipeline`, the one line.
- `_table_transformer` : `TableTransformer`, which plans the columns and encodes them.
- `_table_plan` : what each column is taken for, and what the encoders get.
- `_column_kinds` : the rules by which kinds are found.
- `_column_choice` : columns by name, pattern or callable.
- `_arrow_columns` : tables of any library as Arrow columns.
- `_category_terms`, `_date_parts` : categories and dates, whatever their type.
- `_number_encoder` : `NumberEncoder`, numbers to bins of several resolutions.
- `_target_statistics_encoder` : `TargetStatisticsEncoder`, mean targets of categories.
- `_quantile_bins`, `_bin_names` : where bins begin, and what they are called.
- `_normal_quantiles` : numbers as quantiles of a normal distribution.
- `_field_transformer` : `FieldTransformer`, for transformers of your own, and `field_numbers`.
"""

from skembed.tables._embedding_pipeline import make_embedding_pipeline
from skembed.tables._field_transformer import FieldTransformer, field_numbers
from skembed.tables._number_encoder import NumberEncoder
from skembed.tables._table_transformer import TableTransformer
from skembed.tables._target_statistics_encoder import TargetStatisticsEncoder

__all__ = [
    "FieldTransformer",
    "NumberEncoder",
    "TableTransformer",
    "TargetStatisticsEncoder",
    "field_numbers",
    "make_embedding_pipeline",
]
