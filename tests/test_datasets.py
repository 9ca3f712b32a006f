import hashlib
import io
import sys
import tarfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.neural_network import MLPClassifier

from skembed.datasets import fetch_imdb, make_reviews
from skembed.datasets._reviews import _FILLER, _TURNING, _review_model

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


@pytest.fixture(scope="module")
def reviews() -> tuple[list[list[str]], np.ndarray]:
    return make_reviews(25_000, random_state=1)


def test_reviews_are_lists_of_lower_case_tokens(reviews):
    texts, labels = reviews
    lengths = [len(text) for text in texts]
    assert len(texts) == len(labels) == 25_000
    assert min(lengths) == 8 and max(lengths) == 80
    assert all(text[-1] == "." for text in texts)
    assert all(type(token) is str and token == token.lower() for token in texts[0])
    assert labels.dtype == np.int64 and set(labels) == {0, 1}
    assert abs(labels.mean() - 0.5) < 0.02


def test_vocabulary_is_complete_and_without_repetition(reviews):
    terms, probabilities = _review_model()
    assert 150 <= len(terms) <= 400
    assert len(set(terms)) == len(terms)
    assert {token for text in reviews[0] for token in text} == set(terms)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)


def test_tokens_follow_the_model(reviews):
    terms, probabilities = _review_model()
    counts = Counter(token for text in reviews[0] for token in text[:-1])
    observed = np.array([counts[term] for term in terms])
    expected = probabilities.mean(axis=0) * observed.sum()
    # Verdict and genre are shared by the tokens of a review, so counts vary more than Poisson.
    np.testing.assert_array_less(np.abs(observed - expected) / np.sqrt(expected), 10)


@pytest.mark.parametrize("n_samples", [1, 2, 300])
def test_same_seed_same_reviews(n_samples):
    first, labels = make_reviews(n_samples, random_state=3)
    again, labels_again = make_reviews(n_samples, random_state=np.random.RandomState(3))
    assert len(first) == n_samples
    assert first == again
    np.testing.assert_array_equal(labels, labels_again)


def test_seeds_differ():
    assert make_reviews(20, random_state=0)[0] != make_reviews(20, random_state=1)[0]


@pytest.mark.parametrize("n_samples", [0, -5])
def test_no_reviews_asked_for(n_samples):
    with pytest.raises(ValueError, match=f"n_samples is {n_samples}, but must be 1 or more"):
        make_reviews(n_samples)


def test_turning_words_say_little_alone():
    terms, probabilities = _review_model()
    turning = np.isin(terms, list(_TURNING))
    bad, good = probabilities[0::2].mean(axis=0), probabilities[1::2].mean(axis=0)
    within = np.log(probabilities[1::2] / probabilities[0::2])[:, turning]
    assert np.abs(np.log(good / bad)[turning]).mean() < 0.5
    assert np.abs(within).min() > 0.7
    assert ((within > 0).any(axis=0) & (within < 0).any(axis=0)).all()


@pytest.mark.parametrize("vocabulary", ["all terms", "50 terms"])
def test_a_network_beats_a_linear_model(reviews, vocabulary):
    texts, y = reviews
    vectorizer = CountVectorizer(analyzer=lambda tokens: tokens, binary=True, dtype=np.float64)
    X = vectorizer.fit_transform(texts)
    if vocabulary == "50 terms":
        X = X[:, frequent_columns(X, vectorizer.get_feature_names_out(), 50)]
    X_train, X_test, y_train, y_test = X[:20_000], X[20_000:], y[:20_000], y[20_000:]
    linear = LogisticRegression(C=0.1).fit(X_train, y_train).predict_proba(X_test)[:, 1]
    mlp = MLPClassifier((32,), alpha=1e-3, early_stopping=True, random_state=0)
    network = mlp.fit(X_train, y_train).predict_proba(X_test)[:, 1]
    low, high = (0.78, 0.85) if vocabulary == "all terms" else (0.72, 0.82)
    assert low < accuracy_score(y_test, linear > 0.5) < high
    assert log_loss(y_test, network) < log_loss(y_test, linear) - 0.025
    assert accuracy_score(y_test, network > 0.5) > accuracy_score(y_test, linear > 0.5) + 0.01


def frequent_columns(X, names: np.ndarray, n_columns: int) -> np.ndarray:
    """Return the columns of the most frequent terms that are not filler."""
    frequency = np.where(np.isin(names, _FILLER.split()), 0, X.sum(axis=0).A1)
    return np.argsort(-frequency, kind="stable")[:n_columns]


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
        pytest.raises(ValueError, match="holds no reviews.*give the url of the aclImdb archive"),
    ):
        fetch_imdb(data_home=tmp_path / "home", url=f"{address}/other.tar.gz", known_hash=None)


def test_missing_pooch_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r"pip install 'skembed\[download\]'"):
        fetch_imdb()
