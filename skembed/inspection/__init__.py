"""Vectors and pictures of them: neighbours, displays, a page to search in, other formats.

In: terms and vectors, or a fitted estimator. Out: tables, figures, an HTML page, files.

- `_term_embeddings`, `_term_table` : `TermEmbeddings`, and the terms of an estimator.
- `_cosine` : cosine similarities in blocks.
- `_display` : `EmbeddingDisplay`, the picture; `_projection`, `_labels` and `_markers` place
  points, labels and marks.
- `_page` and `_page.html` : the page, its search included.
- `_word2vec_files`, `_projector_files` : files of other programs.
"""

from skembed.inspection._display import EmbeddingDisplay
from skembed.inspection._term_embeddings import TermEmbeddings

__all__ = ["EmbeddingDisplay", "TermEmbeddings"]
