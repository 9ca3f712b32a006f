"""Streams, which are read anew each epoch."""

import pickle

import numpy as np
import pytest
from going_on import assert_same_weights, small
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError

from skembed import (
    ChunkStream,
    EmbeddingDNNClassifier,
    EmbeddingDNNRegressor,
    VocabularyTransformer,
    stream_tfrecord,
    write_tfrecord,
)

CLASSES = [EmbeddingDNNClassifier, EmbeddingDNNRegressor]


@pytest.fixture(scope="module")
def fitted(binary_problem):
    return small().fit(*binary_problem)


@pytest.mark.parametrize("cls", CLASSES)
def test_a_stream_of_one_chunk_is_an_array(cls, binary_problem):
    X, y = binary_problem
    expected = small(cls).fit(X, y)
    model = small(cls).fit(ChunkStream(lambda: [(X, y)]))
    assert_same_weights(model, expected)
    assert model.history_ == expected.history_
    rows = np.arange(400) % 3
    model = small(cls).fit(ChunkStream(lambda: iter([(X.toarray(), list(y), rows)])))
    assert_same_weights(model, small(cls).fit(X, y, rows))


def test_a_stream_of_many_chunks_learns(binary_problem):
    X, y = binary_problem

    def read():
        for start in range(0, 400, 70):
            yield X[start : start + 70], np.array(["no", "yes"])[y[start : start + 70]]

    model = small(max_epochs=40, batch_size=64).fit(ChunkStream(read))
    assert model.classes_.tolist() == ["no", "yes"]
    assert model.n_steps_ == 40 * (5 * 2 + 1)  # a batch does not go over the end of a chunk
    assert model.n_epochs_ == 40
    assert model.score(X, np.array(["no", "yes"])[y]) > 0.85
    assert_same_weights(model, small(max_epochs=40, batch_size=64).fit(ChunkStream(read)))


def test_a_stream_with_balanced_classes_and_a_class_that_comes_late(binary_problem):
    X, y = binary_problem
    order = np.argsort(y, kind="stable")
    chunks = [(X[order][i : i + 100], y[order][i : i + 100]) for i in range(0, 400, 100)]
    model = small(class_weight="balanced").fit(ChunkStream(lambda: chunks))
    assert model.classes_.tolist() == [0, 1]


def test_a_stream_goes_on_warm(binary_problem):
    X, y = binary_problem
    stream = ChunkStream(lambda: [(X, y)])
    model = small(warm_start=True).fit(stream).fit(stream)
    assert_same_weights(model, small(warm_start=True).fit(X, y).fit(X, y))


def test_a_stream_is_read_once_and_then_once_an_epoch(binary_problem):
    calls = []

    def read():
        calls.append(1)
        return [binary_problem]

    small(max_epochs=3).fit(ChunkStream(read))
    assert len(calls) == 1 + 3


def test_max_steps_ends_a_stream(binary_problem):
    X, y = binary_problem
    model = small(max_epochs=None, max_steps=3).fit(ChunkStream(lambda: [(X, y)] * 2))
    assert model.n_steps_ == 3


def test_tfrecord_files_are_streamed(tmp_path):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200)
    lists = [[("bad", "good")[label], f"w{number}"] for number, label in enumerate(y)]
    paths = [tmp_path / "one.tfrecord", tmp_path / "two.tfrecord.gz"]
    write_tfrecord(paths[0], lists[:120], y[:120].astype(float))
    write_tfrecord(paths[1], lists[120:], y[120:].astype(float))
    vocabulary = VocabularyTransformer(["good", "bad"]).fit(lists)
    stream = stream_tfrecord((path for path in paths), vocabulary, rows_per_chunk=50)
    assert [chunk[0].shape for chunk in stream] == [(50, 2)] * 4
    model = small(max_epochs=8, learning_rate=0.1).fit(stream)
    assert model.classes_.dtype == np.int64
    assert model.score(vocabulary.transform(lists), y) == 1
    numbers = stream_tfrecord(str(paths[0]), vocabulary, label_dtype=np.float64)
    regressor = small(EmbeddingDNNRegressor, max_epochs=20, learning_rate=0.1).fit(numbers)
    assert regressor.score(vocabulary.transform(lists), y) > 0.9


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "damaged.tfrecord"
    write_tfrecord(path, [["a"], ["b"]] * 20, [0.0, 1.0] * 20)
    path.write_bytes(path.read_bytes()[:-3])
    vocabulary = VocabularyTransformer(["a", "b"]).fit([["a"]])
    model = small()
    with pytest.raises(ValueError, match="damaged.tfrecord"):
        model.fit(stream_tfrecord(path, vocabulary))
    with pytest.raises(NotFittedError):
        model.predict([[1, 0]])


@pytest.mark.parametrize("given", [(x for x in ()), [(1, 2)], None])
def test_what_can_be_read_once_only_is_no_stream(given):
    with pytest.raises(TypeError, match=r"expected a function that returns .*partial_fit"):
        ChunkStream(given)


def test_a_function_that_returns_a_used_up_iterator_is_found_out(binary_problem):
    chunks = iter([binary_problem])
    model = small()
    with pytest.raises(ValueError, match="yielded chunks in an earlier pass.*new iterator"):
        model.fit(ChunkStream(lambda: chunks))
    assert not hasattr(model, "embeddings_")


@pytest.mark.parametrize("change", ["fewer rows", "more rows", "new column"])
def test_a_stream_that_changes_between_passes_is_found_out(change, binary_problem):
    X, y = binary_problem
    early = X.multiply(np.arange(30) < 20).tocsr()
    passes = {
        "fewer rows": [(X, y), (X[:300], y[:300])],
        "more rows": [(X[:300], y[:300]), (X, y)],
        "new column": [(early, y), (X, y)],
    }[change]
    remaining = iter(passes)
    with pytest.raises(ValueError, match="(stream|chunk).*first pass"):
        small(max_epochs=1).fit(ChunkStream(lambda: [next(remaining)]))


WRONG_CHUNKS = {
    "no tuple": (lambda X, y: X, "is not a tuple"),
    "one of four": (lambda X, y: (X, y, y, y), "is not a tuple"),
    "other columns": (lambda X, y: (X[:, :20], y), "X has 20 features"),
    "other rows": (lambda X, y: (X, y[:-1]), "inconsistent numbers of samples"),
    "one dimension": (lambda X, y: (X.toarray()[0], y), "Expected 2D array, got 1D"),
    "no labels": (lambda X, y: (X, None), "requires y to be passed"),
    "NaN": (lambda X, y: (np.full(X.shape, np.nan), y), "NaN in row 0, column 0"),
}


@pytest.mark.parametrize("case", WRONG_CHUNKS)
def test_a_wrong_chunk_is_named(case, fitted, binary_problem):
    X, y = binary_problem
    spoil, message = WRONG_CHUNKS[case]
    model = pickle.loads(pickle.dumps(fitted))
    with pytest.raises(ValueError, match=message) as raised:
        model.fit(ChunkStream(lambda: [(X, y), spoil(X, y)]))
    text = str(raised.value) + " ".join(getattr(raised.value, "__notes__", []))
    assert "hunk 1 of the stream" in text
    assert_array_equal(model.predict_proba(X), fitted.predict_proba(X))


def test_an_empty_stream_is_refused():
    with pytest.raises(ValueError, match="The stream yielded no rows"):
        small().fit(ChunkStream(list))


def test_what_a_stream_brings_may_not_be_passed_beside_it(binary_problem):
    X, y = binary_problem
    for extra in ({"y": y}, {"sample_weight": np.ones(400)}):
        with pytest.raises(ValueError, match="ChunkStream"):
            small().fit(ChunkStream(lambda: [(X, y)]), **extra)


@pytest.mark.parametrize("places", [[0], [1], [0, 1, 2]])
def test_chunks_without_rows_are_passed_over(places, binary_problem):
    X, y = binary_problem
    chunks = [(X[:100], y[:100]), (X[100:], y[100:])]
    with_empty = list(chunks)
    for place in places:
        with_empty.insert(place, (X[:0], y[:0]))
    settings = {"embedding_dim": 2, "hidden_units": 4, "max_epochs": 2, "random_state": 0}
    models = [
        EmbeddingDNNClassifier(**settings).fit(ChunkStream(lambda given=given: iter(given)))
        for given in (chunks, with_empty)
    ]
    assert_array_equal(models[0].predict_proba(X), models[1].predict_proba(X))


def test_a_stream_of_empty_chunks_is_refused(binary_problem):
    X, y = binary_problem
    with pytest.raises(ValueError, match="The stream yielded no rows"):
        EmbeddingDNNClassifier().fit(ChunkStream(lambda: iter([(X[:0], y[:0])])))
