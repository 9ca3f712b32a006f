"""What a tokenizer of the caller's may return."""

import pytest

from skembed import VocabularyTransformer


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (None, "tokenizer returned None for the text 'a b'; it must return a list of strings"),
        (3, "tokenizer returned 3 for the text"),
        ("ab", "tokenizer returned 'ab' for the text 'a b'; it must return a list"),
        ([1], r"returned the token 1 for the text 'a b'; .* convert numbers with str\(\)"),
        (["a", None], "returned the token None for the text"),
        ([b"a"], "returned the token b'a' for the text"),
    ],
)
def test_other_than_strings_is_refused(made, told):
    with pytest.raises(TypeError, match=told):
        VocabularyTransformer(tokenizer=lambda text: made).fit(["a b"])


@pytest.mark.parametrize("kind", [list, tuple, iter, set])
def test_any_iterable_of_strings_will_do(kind):
    vocabulary = VocabularyTransformer(tokenizer=lambda text: kind(text.split())).fit(["a b", "b"])
    assert vocabulary.vocabulary_ == {"b": 0, "a": 1}


def test_empty_batches_are_passed_over():
    vocabulary = VocabularyTransformer().partial_fit([]).partial_fit(["a"]).partial_fit([])
    assert vocabulary.n_samples_seen_ == 1
    assert vocabulary.vocabulary_ == {"a": 0}


def test_a_pattern_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"token_pattern='\(' is not a valid .*: missing \)"):
        VocabularyTransformer(tokenizer="word", token_pattern="(").fit(["a"])
