"""The network as numpy arrays, and its forward pass.

In: rows and weights. Out: logits, or pooled embeddings. Nothing here trains.

- `_network` : `Network` (all weights, forward pass) and `Table` (the embedding table as kept).
- `_linear_model` : the linear model that may stand beside a network.
- `_item_item` : weights from item to item, beside a network that recommends.
- `_contributions` : what each feature of a row adds to each output; `_shapley_values` samples
  these for short rows.
- `_merging` : several networks as one.
- `_pooling` : combiners, which weigh and add the vectors of a row.
- `_row_products` : products in which a row's values do not depend on its place.
- `_quantized_rows` : rows of a table as whole steps along its axes, a byte for each number.
- `_field_layout` : which features are pooled together; `_one_hot_fields` finds it in one-hot code.
- `_mixed_rows` : rows whose numbers are a dense block beside the terms.
- `_field_matrix`, `_made_fields` : matrices that keep their fields, and those that have lost them.
- `_activations` : activations of the hidden layers.
- `_used_columns` : which columns of X have entries, and so a row in the trained table.
"""
