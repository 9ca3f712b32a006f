import gzip
import re

import numpy as np
import pytest
from term_vectors import TERMS, vectors_of

from skembed import TermEmbeddings

ODD_TERMS = ["naïve", "映画", "a\u00a0b", "\x85", "$x", '"', "'", "nan", "1.5", "\\", "<b>", "None"]


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_files_give_back_what_was_saved(tmp_path, binary, dtype):
    vectors = vectors_of(len(ODD_TERMS), dtype=dtype)
    vectors[0, :3] = [np.finfo(np.float32).tiny, -1e30, 0]
    saved = TermEmbeddings(ODD_TERMS, vectors)
    saved.save_word2vec_format(tmp_path / "vectors", binary=binary)
    loaded = TermEmbeddings.from_word2vec(tmp_path / "vectors", binary=binary)
    assert list(loaded) == ODD_TERMS
    assert loaded.vectors.dtype == np.float32
    np.testing.assert_array_equal(loaded.vectors, vectors.astype(np.float32))


def test_text_has_all_digits(tmp_path):
    vectors = vectors_of(3, dtype=np.float64)
    TermEmbeddings(TERMS[:3], vectors).save_word2vec_format(tmp_path / "vectors")
    np.testing.assert_array_equal(
        np.loadtxt(tmp_path / "vectors", skiprows=1, usecols=range(1, 9)), vectors
    )


@pytest.mark.parametrize("binary", [False, True])
def test_gensim_reads_what_we_save(gensim_models, tmp_path, binary):
    embeddings = TermEmbeddings(ODD_TERMS, vectors_of(len(ODD_TERMS)))
    embeddings.save_word2vec_format(tmp_path / "vectors", binary=binary)
    load = gensim_models.KeyedVectors.load_word2vec_format
    theirs = load(str(tmp_path / "vectors"), binary=binary)
    assert theirs.index_to_key == ODD_TERMS
    np.testing.assert_array_equal(theirs.vectors, embeddings.vectors)
    # gensim makes up counts for such files; they are not taken.
    assert TermEmbeddings.from_word2vec(theirs).counts is None


@pytest.mark.parametrize("binary", [False, True])
def test_we_read_what_gensim_saves(keyed, tmp_path, binary):
    keyed.save_word2vec_format(str(tmp_path / "vectors"), binary=binary)
    loaded = TermEmbeddings.from_word2vec(str(tmp_path / "vectors"), binary=binary)
    assert list(loaded) == TERMS
    np.testing.assert_array_equal(loaded.vectors, keyed.vectors)


def test_from_gensim_vectors(keyed):
    embeddings = TermEmbeddings.from_word2vec(keyed)
    assert list(embeddings) == TERMS
    np.testing.assert_array_equal(embeddings.vectors, keyed.vectors)
    assert embeddings.counts is None
    for count, term in enumerate(TERMS):
        keyed.set_vecattr(term, "count", count)
    np.testing.assert_array_equal(TermEmbeddings.from_word2vec(keyed).counts, range(200))


def test_binary_files_of_the_c_program(tmp_path):
    vectors = vectors_of(3)
    rows = [f"{t} ".encode() + v.tobytes() + b"\n" for t, v in zip("abc", vectors, strict=True)]
    (tmp_path / "vectors").write_bytes(b"3 8\n" + b"".join(rows))
    loaded = TermEmbeddings.from_word2vec(tmp_path / "vectors", binary=True)
    assert list(loaded) == list("abc")
    np.testing.assert_array_equal(loaded.vectors, vectors)


def test_packed_text_of_the_c_program(tmp_path):
    path = tmp_path / "vectors.gz"
    path.write_bytes(gzip.compress(b"2 3\r\n</s> 1 2 3 \r\nfilm -1e-3 .5 +2 \r\n"))
    loaded = TermEmbeddings.from_word2vec(path)
    assert list(loaded) == ["</s>", "film"]
    np.testing.assert_array_equal(loaded.vectors, np.float32([[1, 2, 3], [-1e-3, 0.5, 2]]))


@pytest.mark.parametrize(
    ("content", "binary", "message"),
    [
        (b"the 0.1 0.2\n", False, r"first line of .* expected the number of terms.*GloVe"),
        (b"0 3\n", False, "first line of"),
        (b"", True, "first line of"),
        (b"2 2\na 1 2\n", False, "announces 2 terms, but 1 follow; .* damaged, or it is binary"),
        (b"2 2\na 1 2\nb 1\n", False, "line 3 does not have 2 values"),
        (b"2 2\na 1 2 3\nb 1\n", False, "line 2 does not have 2 values"),
        (b"1 2\na 1  2\n", False, "line 2 does not have 2 values"),
        (b"1 2\na 1 x\n", False, "some values are not numbers; correct or remove"),
        (b"2 2\na 1 2\na 3 4\n", False, "'a' is given more than once"),
        (b"1 1\na nan\n", False, "vectors contains NaN"),
        (b"2 2\na " + bytes(9), True, "ends after 1 of the 2 terms.*it is text: then pass binary"),
        (b"1 2\na 1 2\n", True, "ends after 0 of the 1 terms"),
        (b"1 1\n\xff 1\n", False, "not UTF-8; convert .* if it is a binary file, pass bin"),
    ],
)
def test_damaged_files(tmp_path, content, binary, message):
    path = tmp_path / "vectors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        TermEmbeddings.from_word2vec(path, binary=binary)


@pytest.mark.parametrize("term", ["", "not bad", "a\tb", "a\n"])
def test_terms_that_the_format_cannot_hold(tmp_path, term):
    embeddings = TermEmbeddings(["a", term], [[1.0], [2.0]])
    message = f"The term {re.escape(repr(term))} is empty or holds white space.*pass a replacement"
    with pytest.raises(ValueError, match=message):
        embeddings.save_word2vec_format(tmp_path / "vectors")
    assert not (tmp_path / "vectors").exists()


def test_white_space_can_be_replaced(tmp_path):
    embeddings = TermEmbeddings(["not bad", "not_bad", "a\tb"], np.eye(3))
    embeddings.save_word2vec_format(tmp_path / "vectors", space="\\1")
    assert list(TermEmbeddings.from_word2vec(tmp_path / "vectors")) == [
        "not\\1bad",
        "not_bad",
        "a\\1b",
    ]
    with pytest.raises(ValueError, match="Terms become equal if white space is replaced by '_'"):
        embeddings.save_word2vec_format(tmp_path / "vectors", space="_")
