"""Going on: partial_fit, warm_start, streams read anew each epoch, and interrupted fits."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import assert_all_workers_idle
from numpy.testing import assert_allclose, assert_array_equal
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


def small(cls=EmbeddingDNNClassifier, **params):
    values = dict(embedding_dim=4, hidden_units=(8,), combiner="sum", learning_rate=0.02)
    values |= dict(max_epochs=2, random_state=0, batch_size=256, embedding_init="random")
    return cls(**{**values, **params})


def first(model, X, y):
    """The first call to partial_fit."""
    if isinstance(model, EmbeddingDNNClassifier):
        return model.partial_fit(X, y, classes=[0, 1])
    return model.partial_fit(X, y)


def weights(model):
    return [model.embeddings_, *model.coefs_, *model.intercepts_]


def assert_same_weights(one, other, **tolerance):
    for a, b in zip(weights(one), weights(other), strict=True):
        if tolerance:
            assert_allclose(a, b, **tolerance)
        else:
            assert_array_equal(a, b)


@pytest.fixture(scope="module")
def fitted(binary_problem):
    return small().fit(*binary_problem)


# partial_fit.


@pytest.mark.parametrize("cls", CLASSES)
def test_one_partial_fit_is_a_fit_of_one_epoch(cls, binary_problem):
    X, y = binary_problem
    assert_same_weights(first(small(cls), X, y), small(cls, max_epochs=1).fit(X, y))


@pytest.mark.parametrize("cls", CLASSES)
def test_partial_fit_learns_is_reproducible_and_counts(cls, binary_problem):
    X, y = binary_problem
    runs = []
    for _ in range(2):
        model = first(small(cls), X, y)
        for _ in range(39):
            model.partial_fit(X, y)
        runs.append(model)
    assert_same_weights(*runs)
    assert runs[0].n_epochs_ == len(runs[0].history_["loss"]) == 40
    assert runs[0].n_steps_ == 80
    losses = runs[0].history_["loss"]
    assert losses[-1] < 0.5 * losses[0]
    assert runs[0].score(X, y) > (0.85 if cls is EmbeddingDNNClassifier else 0.5)


@pytest.mark.parametrize("cls", CLASSES)
def test_full_batches_in_parts_are_one_fit(cls, binary_problem):
    """The optimizer goes on as if there had been no end."""
    X, y = binary_problem
    X = X.astype(np.float64)
    params = dict(batch_size=400, optimizer="adam")
    model = first(small(cls, **params), X, y)
    for _ in range(4):
        model.partial_fit(X, y)
    assert_same_weights(model, small(cls, max_epochs=5, **params).fit(X, y), rtol=1e-6, atol=1e-9)


def test_columns_that_come_later_start_then(binary_problem):
    X, y = binary_problem
    early = X.multiply(np.arange(30) < 20).tocsr()
    model = first(small(), early, y)
    before = model.embeddings_.copy()
    assert (before[20:] == 0).all()
    assert (before[:20] != 0).any(axis=1).all()
    model.partial_fit(X, y)
    assert (model.embeddings_ != 0).any(axis=1).all()
    before = model.embeddings_.copy()
    model.partial_fit(early, y)
    assert_array_equal(model.embeddings_[20:], before[20:])
    assert (model.embeddings_[:20] != before[:20]).any(axis=1).all()
    for _ in range(60):
        model.partial_fit(X, y)
    assert model.score(X, y) > 0.85


def test_part_of_the_rows_and_part_of_the_classes_at_a_time(binary_problem):
    X, y = binary_problem
    model = small()
    for label in (0, 1, 0, 1):
        model.partial_fit(X[y == label], y[y == label], classes=[0, 1])
    assert model.classes_.tolist() == [0, 1]
    model.partial_fit(X[:1], y[:1])
    assert np.isfinite(model.predict_proba(X)).all()


def test_partial_fit_goes_on_from_a_fit(fitted, binary_problem):
    X, y = binary_problem
    model = pickle.loads(pickle.dumps(fitted)).partial_fit(X, y)
    assert model.n_epochs_ == 3
    assert model.history_["loss"][:2] == fitted.history_["loss"]
    assert model.history_["loss"][2] < fitted.history_["loss"][0]


def test_partial_fit_takes_weights(binary_problem):
    X, y = binary_problem
    half = np.arange(400) < 200
    model = small().partial_fit(X, y, classes=[0, 1], sample_weight=half.astype(float))
    expected = small().partial_fit(X[:200], y[:200], classes=[0, 1])
    assert_same_weights(model, expected)


def test_a_pickled_estimator_goes_on_alike(binary_problem):
    X, y = binary_problem
    model = first(small(), X, y)
    copy = pickle.loads(pickle.dumps(model))
    assert_same_weights(model.partial_fit(X, y), copy.partial_fit(X, y))


# warm_start.


@pytest.mark.parametrize("cls", CLASSES)
def test_warm_start_goes_on(cls, binary_problem):
    X, y = binary_problem
    model = small(cls, warm_start=True, max_epochs=10).fit(X, y)
    once = list(model.history_["loss"])
    model.fit(X, y)
    assert model.n_steps_ == 40
    assert model.n_epochs_ == 20
    assert model.history_["loss"][:10] == once
    assert model.history_["loss"][10] < once[1]
    assert model.history_["loss"][-1] < once[-1]


def test_warm_fits_on_full_batches_are_one_fit(binary_problem):
    X, y = binary_problem
    X = X.astype(np.float64)
    model = small(warm_start=True, batch_size=400).fit(X, y).fit(X, y)
    assert_same_weights(model, small(max_epochs=4, batch_size=400).fit(X, y), rtol=1e-6, atol=1e-9)


def test_without_warm_start_a_fit_starts_anew(fitted, binary_problem):
    model = pickle.loads(pickle.dumps(fitted)).fit(*binary_problem)
    assert_same_weights(model, fitted)
    assert model.history_ == fitted.history_


@pytest.mark.parametrize(
    "change", [{"optimizer": "adagrad"}, {"optimizer": "sgd"}, {"learning_rate": 0.001}]
)
def test_another_optimizer_starts_anew_on_the_same_weights(change, binary_problem):
    X, y = binary_problem
    model = small(warm_start=True).fit(X, y).set_params(**change).fit(X, y)
    assert model.n_epochs_ == 4
    assert np.isfinite(model.predict_proba(X)).all()
    assert model.partial_fit(X, y).n_epochs_ == 5


# Streams.


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
    model = small(max_epochs=30).fit(stream)
    assert model.classes_.dtype == np.int64
    assert model.score(vocabulary.transform(lists), y) == 1
    numbers = stream_tfrecord(str(paths[0]), vocabulary, label_dtype=np.float64)
    regressor = small(EmbeddingDNNRegressor, max_epochs=60).fit(numbers)
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
    with pytest.raises(TypeError, match=r"needs a function that returns an iterable.*partial_fit"):
        ChunkStream(given)


def test_a_function_that_returns_a_used_up_iterator_is_found_out(binary_problem):
    chunks = iter([binary_problem])
    model = small()
    with pytest.raises(ValueError, match="gave chunks before and gives none now.*new iterator"):
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
    "no tuple": (lambda X, y: X, "no tuple"),
    "one of four": (lambda X, y: (X, y, y, y), "no tuple"),
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
    with pytest.raises(ValueError, match="The stream gave no chunk"):
        small().fit(ChunkStream(list))


def test_what_a_stream_brings_may_not_be_passed_beside_it(binary_problem):
    X, y = binary_problem
    for extra in ({"y": y}, {"sample_weight": np.ones(400)}):
        with pytest.raises(ValueError, match="ChunkStream"):
            small().fit(ChunkStream(lambda: [(X, y)]), **extra)


# Interrupts.


def stream_that_breaks(X, y, when, exception):
    """A stream that raises in its pass number `when`, after a chunk."""
    passes = iter(range(100))

    def read():
        broken = next(passes) == when
        yield X[:200], y[:200]
        if broken:
            raise exception
        yield X[200:], y[200:]

    return ChunkStream(read)


@pytest.mark.parametrize(
    ("cls", "when", "exception"),
    [
        (EmbeddingDNNClassifier, 0, KeyboardInterrupt),
        (EmbeddingDNNClassifier, 1, OSError("the disk is gone")),
        (EmbeddingDNNClassifier, 2, KeyboardInterrupt),
        (EmbeddingDNNRegressor, 2, OSError("the disk is gone")),
    ],
)
def test_a_stream_that_breaks_leaves_the_estimator_as_it_was(cls, when, exception, binary_problem):
    X, y = binary_problem
    wide = sp.hstack([X, X]).tocsr()
    model, fresh = small(cls).fit(X, y), small(cls)
    expected, history = model.predict(X), dict(model.history_)
    for estimator in (model, fresh):
        with pytest.raises(exception if isinstance(exception, type) else type(exception)):
            estimator.fit(stream_that_breaks(wide, y, when, exception))
    assert_all_workers_idle()
    assert_array_equal(model.predict(X), expected)
    assert model.history_ == history
    with pytest.raises(NotFittedError):
        fresh.predict(X)


@pytest.mark.parametrize("method", ["warm fit", "partial_fit", "fit"])
def test_a_diverging_fit_leaves_the_estimator_as_it_was(method, binary_problem):
    X, y = binary_problem
    model = first(small(optimizer="sgd", max_epochs=50), X, y)
    before = pickle.loads(pickle.dumps(model))
    model.set_params(learning_rate=1e30, warm_start=method == "warm fit", batch_size=16)
    with pytest.raises(FloatingPointError, match="not finite"):
        (model.partial_fit if method == "partial_fit" else model.fit)(X, y)
    assert_same_weights(model, before)
    assert model.history_ == before.history_
    model.set_params(**before.get_params())
    assert_same_weights(model.partial_fit(X, y), before.partial_fit(X, y))
    assert_all_workers_idle()


def test_a_stream_is_closed_when_training_ends_early(binary_problem):
    closed = []

    def read():
        try:
            for _ in range(4):
                yield binary_problem
        finally:
            closed.append(1)

    small(max_epochs=None, max_steps=3).fit(ChunkStream(read))
    assert len(closed) == 2
    assert_all_workers_idle()
