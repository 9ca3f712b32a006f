"""Terms of every shape to sparse features.

In: lists of terms, text, or columns of a table (Python, numpy, pandas, polars, Arrow).
Out: a CSR matrix with a column for each term of each input column.

`VocabularyTransformer` orchestrates:

- `_transformer` : the class, its parameters and fitted attributes.
- `_parameters` : what parameters may be, each by itself and together.
- `_fitted_counts` : the vocabulary and its counts, as fitted attributes.
- `_merging` : counts that were learned apart, put together.
- `_pickling` : its fitted attributes as numpy arrays alone.

`fit` and `transform` go through these files, in this order:

- `_input_columns` : number and names of the input's columns, checked against those of the fit.
- `_cells`, `_lists` : what the caller gives, as Arrow arrays of cells or of lists.
- `_reader` : blocks of cells to blocks of tokens, by the next two.
- `_tokenizer`, `_tokens` : text to tokens, and blocks of tokens as codes.
- `_backtracking` : patterns for which `re` may need exponential time are refused.
- `_boolean_terms` : booleans by the terms that the vocabulary has for them.
- `_lengths` : which lengths of n-grams the parameters ask for.
- `_ngrams` : neighbouring tokens as numbered pairs, triples and so on.
- `_characters`, `_subwords` : n-grams of characters of distinct tokens, and those of rows.
- `_counting`, `_choosing` : counts of terms, and which of them become the vocabulary.
- `_plans` : how each column's vocabulary is chosen.
- `_given_vocabulary` : the parameter `vocabulary` as terms, where it is given instead.
- `_learning` : these steps for all columns, at once or batch by batch.
- `_output_columns`, `_hashing` : from terms to columns, out-of-vocabulary buckets included.
- `_encoder`, `_csr` : blocks of rows to one CSR matrix.
- `_coverage` : how much of the terms the vocabulary knows; a warning where it is little.
- `_output_format` : the matrix as sparse matrix, sparse array or dense array.

`inverse_transform` goes back:

- `_decoder` : from the matrix to the terms of its rows.

A prediction is explained by:

- `_row_terms` : the tokens of one row in order, and the columns of each.
"""

from skembed.vocabulary._transformer import VocabularyTransformer

__all__ = ["VocabularyTransformer"]
