"""Files that are written leave the old ones whole where anything goes wrong."""

import signal
from contextlib import contextmanager

import numpy as np
import pytest

from skembed import EmbeddingDisplay, TermEmbeddings, write_tfrecord
from skembed._replaced_file import replacing

resource = pytest.importorskip("resource", reason="limits of a process are POSIX'")

TERMS = [f"term{number}" for number in range(3_000)]


@contextmanager
def small_disk(n_bytes=2_000):
    """No file may grow beyond so many bytes, as on a disk that is full then."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def embeddings(terms=TERMS):
    vectors = np.random.default_rng(0).normal(size=(len(terms), 3)).astype(np.float32)
    return TermEmbeddings(terms, vectors)


def write_page(path):
    pytest.importorskip("plotly")
    EmbeddingDisplay.from_embeddings(embeddings()).to_html(path)


WRITERS = {
    "word2vec": lambda path: embeddings().save_word2vec_format(path),
    "binary word2vec": lambda path: embeddings().save_word2vec_format(path, binary=True),
    "page": write_page,
    "records": lambda path: write_tfrecord(path, [TERMS] * 10),
}


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_a_full_disk_leaves_the_old_file(writer, tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(Exception, match=r"."), small_disk():
        writer(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    writer(path)
    assert path.stat().st_size > 2_000


def test_a_full_disk_leaves_the_old_files_of_the_projector(tmp_path):
    embeddings(["a", "b"]).to_projector(tmp_path)
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    with pytest.raises(OSError, match="File too large"), small_disk():
        embeddings().to_projector(tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("binary", [False, True])
def test_a_lone_surrogate_is_named_and_leaves_the_old_file(binary, tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(ValueError, match=r"The term 'b\\ud800' is not valid Unicode"):
        embeddings(["a", "b\ud800"]).save_word2vec_format(path, binary=binary)
    assert path.read_text() == "old"


def test_a_page_and_the_projector_show_a_lone_surrogate_escaped(tmp_path):
    pytest.importorskip("plotly")
    odd = embeddings(["a", "b\ud800", "c"])
    EmbeddingDisplay.from_embeddings(odd).to_html(tmp_path / "page", title="t\ud800")
    odd.to_projector(tmp_path)
    assert "b\\ud800" in (tmp_path / "metadata.tsv").read_text()


def test_links_and_permissions_stay(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    with replacing(link) as partial, open(partial, "w") as file:
        file.write("new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o640
