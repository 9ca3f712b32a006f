import numpy as np
from term_vectors import vectors_of

from skembed import TermEmbeddings


def test_projector_files_without_header(tmp_path):
    terms = ["good", "a\tb", "a\nb\r", "\u2028", "", " ", "\ud800", "映画"]
    embeddings = TermEmbeddings(terms, vectors_of(8, 3))
    embeddings.to_projector(tmp_path / "new" / "folder")
    metadata = (tmp_path / "new" / "folder" / "metadata.tsv").read_text(encoding="utf-8")
    shown = ["good", r"a\tb", r"a\nb\r", r"\u2028", "''", "' '", r"\ud800", "映画"]
    assert metadata.split("\n") == [*shown, ""]
    vectors = np.loadtxt(tmp_path / "new" / "folder" / "vectors.tsv", delimiter="\t")
    np.testing.assert_array_equal(vectors.astype(np.float32), embeddings.vectors)


def test_projector_files_with_header(tmp_path):
    embeddings = TermEmbeddings(["a", "b"], np.eye(2), counts=[7, 2], values=[0.5, np.nan])
    embeddings.to_projector(tmp_path)
    metadata = (tmp_path / "metadata.tsv").read_text()
    assert metadata == "term\tcount\tvalue\na\t7\t0.5\nb\t2\tnan\n"
