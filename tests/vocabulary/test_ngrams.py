"""n-grams of many tokens."""

import pytest

from skembed import VocabularyTransformer


def test_lengths_beyond_the_longest_row_take_no_time():
    transformer = VocabularyTransformer(tokenizer="word", ngram_range=(1, 10_000))
    X = transformer.fit_transform(["a b c", "b c", ""])
    assert X.shape == (3, 6)
    assert transformer.transform(["a b c d e"]).toarray().tolist() == [[1] * 6]
    with pytest.raises(ValueError, match="hold no terms"):
        transformer.set_params(ngram_range=(10_000, 10_000)).fit(["a b c"])


def test_ngrams_as_long_as_a_long_row():
    text = " ".join(f"w{number}" for number in range(1_500))
    transformer = VocabularyTransformer(tokenizer="word", ngram_range=(1_500, 1_500))
    assert list(transformer.fit([text]).vocabulary_) == [text]
