"""Vectors and pictures of them: neighbours, displays, a page to search in, other formats.

In: terms and vectors, or a fitted estimator. Out: tables, figures, an HTML page, files.

`TermEmbeddings`, terms and their vectors:

- `_term_embeddings` : the class.
- `_fitted_terms` : embeddings, names, counts and effects from a fitted estimator.
- `_latent_semantic_analysis`, `_cooccurrence` : vectors of terms that need no labels.
- `_term_arrays`, `_term_index` : terms, counts and values checked, and the row of each term.
- `_cosine`, `_neighbours` : cosine similarities, and the terms nearest to a vector.
- `_term_files` : files for other programs, by the next.
- `_word2vec_files`, `_keyed_vectors`, `_projector_files`, `_data_frame` : other formats.
- `_escapes` : terms on one line, for files and pages.

`EmbeddingDisplay`, their picture:

- `_display` : the class.
- `_projection` : points in the plane, and what the axes show.
- `_axes` : the figure's size, limits and labels of its axes.
- `_markers`, `_dots` : colour, size and opacity of the dots, and drawing them.
- `_labels` : which terms to label, and where the labels go.
- `_page` and `_page.html` : the page, its search included; `_templates` fills it.

`TrainingDisplay`, the picture of a fit:

- `_training_display` : learning curves and candidates.
"""

from skembed.inspection._display import EmbeddingDisplay
from skembed.inspection._term_embeddings import TermEmbeddings
from skembed.inspection._training_display import TrainingDisplay

__all__ = ["EmbeddingDisplay", "TermEmbeddings", "TrainingDisplay"]
