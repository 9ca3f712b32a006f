import hashlib
import io
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from skembed.datasets import fetch_imdb

REVIEWS = {
    "aclImdb/test/pos/10_7.txt": "fine",
    "aclImdb/test/neg/0_2.txt": "bad",
    "aclImdb/train/pos/10_10.txt": "Très <br /> good",
    "aclImdb/train/pos/9_8.txt": "good",
    "aclImdb/train/neg/3_1.txt": "awful",
}


OTHERS = (
    "aclImdb/train/unsup/0_0.txt",
    "aclImdb/README",
    "aclImdb/train/pos/../../../5_9.txt",
    "/aclImdb/train/pos/5_9.txt",
    "other/aclImdb/train/pos/5_9.txt",
    "aclImdb/train/pos/urls_9.txt",
)


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port of this machine."""
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def write_archive(path: Path, members: dict[str, str]) -> str:
    """Write a gzipped tar of the members and a symbolic link, and return its checksum."""
    with tarfile.open(path, "w:gz") as archive:
        for name, text in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
        link = tarfile.TarInfo("aclImdb/train/pos/77_9.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return "md5:" + hashlib.md5(path.read_bytes()).hexdigest()


def test_fetch_reads_the_labelled_reviews_in_order(tmp_path):
    known_hash = write_archive(
        tmp_path / "aclImdb_v1.tar.gz", REVIEWS | dict.fromkeys(OTHERS, "left out")
    )
    with served(tmp_path) as address:
        frame = fetch_imdb(
            data_home=tmp_path / "home",
            url=f"{address}/aclImdb_v1.tar.gz",
            known_hash=known_hash,
        )
    assert frame.to_dict("list") == {
        "text": ["awful", "good", "Très <br /> good", "bad", "fine"],
        "label": [0, 1, 1, 0, 1],
        "split": ["train", "train", "train", "test", "test"],
        "rating": [1, 8, 10, 2, 7],
    }
    assert frame["label"].dtype == frame["rating"].dtype == np.int64
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["aclImdb_v1.tar.gz"]


def test_order_does_not_depend_on_the_archive(tmp_path):
    frames = []
    for name, members in {"a": REVIEWS, "b": dict(reversed(REVIEWS.items()))}.items():
        write_archive(tmp_path / name, members)
        with served(tmp_path) as address:
            frames.append(
                fetch_imdb(
                    data_home=str(tmp_path / "home"), url=f"{address}/{name}", known_hash=None
                )
            )
    assert frames[0].equals(frames[1])


def test_second_fetch_uses_the_cache(tmp_path):
    known_hash = write_archive(tmp_path / "reviews.tar.gz", REVIEWS)
    with served(tmp_path) as address:
        url = f"{address}/reviews.tar.gz"
        first = fetch_imdb(data_home=tmp_path / "home", url=url, known_hash=known_hash)
    second = fetch_imdb(data_home=tmp_path / "home", url=url, known_hash=known_hash)
    assert first.equals(second)


def test_wrong_checksum_leaves_nothing_behind(tmp_path):
    right = write_archive(tmp_path / "reviews.tar.gz", REVIEWS)
    wrong = "md5:" + 32 * "0"
    with (
        served(tmp_path) as address,
        pytest.raises(ValueError, match=f"(?s)expected {wrong} but got {right[4:]}"),
    ):
        fetch_imdb(data_home=tmp_path / "home", url=f"{address}/reviews.tar.gz", known_hash=wrong)
    assert list((tmp_path / "home").iterdir()) == []


def test_damaged_cache_is_fetched_again(tmp_path):
    known_hash = write_archive(tmp_path / "reviews.tar.gz", REVIEWS)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "reviews.tar.gz").write_bytes(b"half a downl")
    with served(tmp_path) as address:
        frame = fetch_imdb(
            data_home=tmp_path / "home", url=f"{address}/reviews.tar.gz", known_hash=known_hash
        )
    assert len(frame) == len(REVIEWS)


def test_archive_without_reviews(tmp_path):
    write_archive(tmp_path / "other.tar.gz", dict.fromkeys(OTHERS, "left out"))
    with (
        served(tmp_path) as address,
        pytest.raises(ValueError, match="contains no reviews.*pass the url of the aclImdb archive"),
    ):
        fetch_imdb(data_home=tmp_path / "home", url=f"{address}/other.tar.gz", known_hash=None)


def test_missing_pooch_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r"pip install 'skembed\[download\]'"):
        fetch_imdb()
