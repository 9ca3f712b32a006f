"""Bad input and hostile parameters, and what must come of each."""

import gzip
import os
import re
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp

from skembed import (
    EmbeddingDNNClassifier,
    EmbeddingDNNRegressor,
    EmbeddingRecommender,
    TermEmbeddings,
    VocabularyTransformer,
    explain,
    load,
    read_tfrecord,
    save,
    write_tfrecord,
)


class Fault(NamedTuple):
    """Something that goes wrong, and the error that must tell of it."""

    name: str
    run: Callable[[], Any]
    error: type[BaseException] | None  # None: nothing may be raised
    message: str = ""  # a regular expression that the error holds


def _rows(n: int = 60) -> tuple[sp.csr_matrix, np.ndarray]:
    rng = np.random.default_rng(0)
    return sp.csr_matrix(rng.random((n, 12)) < 0.3, dtype=np.float32), np.arange(n) % 2


def _classifier(**given: Any) -> EmbeddingDNNClassifier:
    return EmbeddingDNNClassifier(4, max_epochs=2, random_state=0, **given)


def _fit(X: Any = None, y: Any = None, **given: Any) -> EmbeddingDNNClassifier:
    rows, labels = _rows()
    return _classifier(**given).fit(rows if X is None else X, labels if y is None else y)


def _scaled(factor: float) -> sp.csr_matrix:
    X = _rows()[0].astype(np.float64)
    X.data *= factor
    return X


def _predict(X: Any) -> Any:
    return _fit().predict(X)


def _tfrecord(content: bytes) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.tfrecord")
        path.write_bytes(content)
        return read_tfrecord(path)


def _long_record() -> Any:
    length = struct.pack("<Q", 2**40)
    return _tfrecord(length + b"\0\0\0\0ab")


def _gzip_bomb() -> Any:
    return _tfrecord(gzip.compress(bytes(200 * 2**20)))


def _cut_record() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.tfrecord")
        write_tfrecord(path, [["a", "b"]] * 9, [1.0] * 9)
        return _tfrecord(path.read_bytes()[:-3])


def _full_disk() -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "terms.txt")
        path.write_text("old")
        embeddings = TermEmbeddings(["a", "\ud800"], np.eye(2))
        try:
            embeddings.save_word2vec_format(path)
        except ValueError:
            assert path.read_text() == "old"
            raise
        return "no error"


def _memory_path() -> Any:
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(VocabularyTransformer(), _classifier(), memory="/tmp/anywhere")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.skembed")
        model.fit([["a"], ["b"]] * 9, [0, 1] * 9)
        save(model, path)
        assert load(path).memory is None, "a file can set a folder that a fit reads"
        return None


def _no_write() -> None:
    model = _fit()
    table = model.embeddings_
    before = table.copy()
    model.partial_fit(*_rows())
    assert (table == before).all(), "partial_fit has changed embeddings_ of before"


def _failed_fit() -> None:
    model = _fit()
    X, y = _rows()
    before = model.predict_proba(X)
    try:
        model.fit(X * np.nan, y)
    except ValueError:
        pass
    assert (model.predict_proba(X) == before).all(), "a refused fit has changed the model"


def _huge_table() -> Any:
    n = 400_000
    X = sp.identity(n, dtype=np.float32, format="csr")
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return EmbeddingDNNClassifier(pages // (8 * n) + 1, max_epochs=1).fit(X, np.arange(n) % 2)


def _long_ngrams() -> None:
    VocabularyTransformer(ngram_range=(1, 1000)).fit([["a", "b", "c"]] * 10)


def _hostile_terms() -> None:
    from sklearn.pipeline import make_pipeline

    rows = [["<script>alert(1)</script>", "good"], ["bad"]] * 30
    model = make_pipeline(VocabularyTransformer(), _classifier()).fit(rows, [0, 1] * 30)
    page = explain(model, rows[:1]).to_html()
    assert isinstance(page, str) and "<script" not in page


def _later_row(bad: Any) -> Any:
    return VocabularyTransformer().fit([["a"], ["b"], bad])


def _one_value(value: float) -> Any:
    X = _rows()[0].astype(np.float64)
    X.data[3] = value
    return _fit(X)


FAULTS = [
    Fault("fit on values of 1e300", lambda: _one_value(1e300), ValueError, "too large|infinity"),
    Fault(
        "predict 1e39 with a float32 network",
        lambda: _fit().predict(_scaled(1e39)),
        ValueError,
        "too large",
    ),
    Fault(
        "fit on float32 X * 1e38",
        lambda: _fit(np.float32(1e38) * _rows()[0]),
        ValueError,
        "too large",
    ),
    Fault("fit on NaN", lambda: _one_value(np.nan), ValueError, "NaN"),
    Fault("predict NaN", lambda: _predict(_scaled(np.nan)), ValueError, "NaN"),
    Fault("predict with another width", lambda: _predict(np.ones((2, 5))), ValueError, "features"),
    Fault("fit(5)", lambda: _fit(5), ValueError, ""),
    Fault("fit on 0 rows", lambda: _fit(np.ones((0, 3)), []), ValueError, "0 sample"),
    Fault("y of another length", lambda: _fit(y=[0, 1]), ValueError, "inconsistent"),
    Fault("y with NaN", lambda: _fit(y=[np.nan] + [1.0] * 59), ValueError, "NaN"),
    Fault("one class", lambda: _fit(y=[1] * 60), ValueError, "class"),
    Fault("class_weight of -1", lambda: _fit(class_weight={0: -1}), ValueError, "class_weight"),
    Fault(
        "class_weight of NaN", lambda: _fit(class_weight={0: np.nan}), ValueError, "class_weight"
    ),
    Fault(
        "sgd with learning_rate=1e30",
        lambda: _fit(optimizer="sgd", learning_rate=1e30),
        FloatingPointError,
        "learning_",
    ),
    Fault(
        "embedding_init with NaN",
        lambda: _fit(embedding_init=np.full((12, 4), np.nan)),
        ValueError,
        "embedding_init",
    ),
    Fault("frame without columns", lambda: _fit(pd.DataFrame(index=range(60))), ValueError, ""),
    Fault("a term that is bytes", lambda: _later_row(["a", b"\xff"]), (TypeError), "Row 2"),
    Fault("a weight of 1e39", lambda: _later_row({"a": 1e39}), (TypeError, ValueError), "Row 2"),
    Fault(
        "token_pattern that is none",
        lambda: VocabularyTransformer(tokenizer="word", token_pattern="(").fit(["a"]),
        ValueError,
        "token_pattern",
    ),
    Fault(
        "token_pattern of exponential time",
        lambda: VocabularyTransformer(tokenizer="word", token_pattern=r"(\w+)+#").fit(["a" * 60]),
        ValueError,
        "token_pattern",
    ),
    Fault(
        "tokenizer that returns ints",
        lambda: VocabularyTransformer(tokenizer=lambda text: [1]).fit(["a"]),
        TypeError,
        "tokenizer",
    ),
    Fault("ngram_range=(1, 1000) on three tokens", _long_ngrams, None),
    Fault("histories of nothing", lambda: EmbeddingRecommender().fit([[]]), ValueError, ""),
    Fault(
        "a number target of inf",
        lambda: EmbeddingDNNRegressor().fit(np.eye(3), [1.0, np.inf, 2.0]),
        ValueError,
        "infinity|finite",
    ),
    Fault("a TFRecord of length 2^40", _long_record, ValueError, "a.tfrecord"),
    Fault("a gzip bomb of 200 MB", _gzip_bomb, ValueError, "a.tfrecord"),
    Fault("a TFRecord that is cut", _cut_record, ValueError, "a.tfrecord"),
    Fault("a lone surrogate in word2vec's format", _full_disk, ValueError, "ud800"),
    Fault("a saved pipeline with memory=folder", _memory_path, None),
    Fault("partial_fit beside an array of before", _no_write, None),
    Fault("a refused fit", _failed_fit, None),
    Fault("a table larger than the memory", _huge_table, MemoryError, "embedding_dim"),
    Fault("a term that is a script, on a page", _hostile_terms, None),
]


def outcome(name: str) -> str:
    """Run a fault by its name: "told", "no harm", or what is wrong with it."""
    fault = next(fault for fault in FAULTS if fault.name == name)
    try:
        fault.run()
    except BaseException as error:
        if fault.error is None or not isinstance(error, fault.error):
            return f"{type(error).__name__}: {error}"[:300]
        if not re.search(fault.message, str(error)):
            return f"told without {fault.message!r}: {error}"[:300]
        return "told"
    return "no harm" if fault.error is None else "nothing was told"
