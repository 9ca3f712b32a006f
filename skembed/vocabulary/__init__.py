"""Terms of every shape to sparse features.

In: lists of terms, text, or columns of a table (Python, numpy, pandas, polars, Arrow).
Out: a CSR matrix with a column for each term of each input column.

`fit` and `transform` go through these files, in this order:

- `_transformer` : `VocabularyTransformer`, its parameters and fitted attributes.
- `_cells`, `_lists` : what the caller gives, as Arrow arrays of cells or of lists.
- `_tokenizer`, `_tokens` : text to tokens, and blocks of tokens as codes.
- `_ngrams` : neighbouring tokens as numbered pairs, triples and so on.
- `_counting`, `_choosing` : counts of terms, and which of them become the vocabulary.
- `_output_columns`, `_hashing` : from terms to columns, out-of-vocabulary buckets included.
- `_encoder`, `_csr` : blocks of rows to one CSR matrix.
"""

from skembed.vocabulary._transformer import VocabularyTransformer

__all__ = ["VocabularyTransformer"]
