"""A fit that breaks off leaves the estimator as it was."""

import pickle

import pytest
import scipy.sparse as sp
from going_on import assert_same_weights, first, small
from idle_workers import assert_all_workers_idle
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError

from skembed import ChunkStream, EmbeddingDNNClassifier, EmbeddingDNNRegressor


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
