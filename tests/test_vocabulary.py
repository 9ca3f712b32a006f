import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse as sp

from skembed import VocabularyTransformer

ROWS = [["b", "a", "b"], [], ["c", "b"], ["zzz"]]


@pytest.mark.parametrize("kind", [list, iter, pd.Series, pa.array, lambda r: pa.chunked_array([r])])
def test_counts_of_listed_terms(kind):
    X = VocabularyTransformer(["c", "b", "a"], weighting="count").fit_transform(kind(ROWS))
    assert sp.isspmatrix_csr(X) and X.dtype == np.float32 and X.indices.dtype == np.int32
    assert X.has_canonical_format
    np.testing.assert_array_equal(X.toarray(), [[0, 2, 1], [0, 0, 0], [1, 1, 0], [0, 0, 0]])


def test_learned_order_is_frequency_then_term():
    transformer = VocabularyTransformer().fit([["b", "a", "b"], ["c", "b"], ["d"]])
    assert transformer.vocabulary_ == {"b": 0, "a": 1, "c": 2, "d": 3}
    assert transformer.get_feature_names_out().tolist() == ["b", "a", "c", "d"]


def test_duplicate_terms_are_an_error():
    with pytest.raises(ValueError, match="Duplicate term in vocabulary: 'a'"):
        VocabularyTransformer(["a", "b", "a"]).fit(ROWS)
