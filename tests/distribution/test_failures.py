"""A worker that fails, differs or is lost ends the fit on all, with an error that names it."""

import os
import signal
import time

import pytest
from workers import Workers, largest_difference, run


def failed(folder, scripts):
    """Outputs of workers that must all fail in time."""
    start = time.monotonic()
    codes, outputs = Workers(scripts, folder).ended(timeout=120)
    assert all(codes) and time.monotonic() - start < 100, outputs
    return outputs


REFUSED = """
import skembed.training._joint_fit as joint_fit

digest = joint_fit.code_digest
second = index == 1

def told(work):
    try:
        work()
    except (ValueError, RuntimeError, OSError) as error:
        print(f"{type(error).__name__}: {error}", flush=True)
    else:
        raise AssertionError("was not refused")

def fitted(X, y, **parameters):
    EmbeddingDNNClassifier(**dict(max_epochs=2, random_state=0) | parameters).fit(X, y)

def broken():
    yield X[:500], y[:500]
    if second:
        raise OSError("no disk")
    yield X[500:], y[500:]

X, y = dense()
with skembed.distributed():
    told(lambda: fitted(X, 1 - y if second else y))
    told(lambda: fitted(X * 2 if second else X, y))
    told(lambda: fitted(X, y, embedding_dim=4 + second))
    told(lambda: fitted(X, y, batch_size=65))
    told(lambda: fitted(ChunkStream(lambda: iter([(X, y - second)])), None))
    told(lambda: fitted(X, np.where(np.arange(1000) == 7, np.nan, y)))
    told(lambda: EmbeddingDNNClassifier().partial_fit(X, y, classes=[0, 1]))
    joint_fit.code_digest = lambda: "other" if second else digest()
    told(lambda: fitted(X, y))
    joint_fit.code_digest = digest
with skembed.distributed(rows="own"):
    told(lambda: fitted(ChunkStream(broken), None))
    told(lambda: fitted(X[:, : 300 - second], y))
    told(lambda: fitted(X if second else X.astype(np.float32), y))
    told(lambda: EmbeddingRecommender().fit(X))
    model = EmbeddingDNNClassifier(max_epochs=2, random_state=0).fit(X, y)  # all goes on
    write(model)
"""


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """What both workers print of the fits that they refuse."""
    workers = Workers([REFUSED] * 2, tmp_path_factory.mktemp("refused"))
    codes, outputs = workers.ended()
    assert not any(codes), outputs
    kinds = ("ValueError", "RuntimeError", "WorkerError", "OSError")
    return [[line for line in text.splitlines() if line.startswith(kinds)] for text in outputs]


@pytest.mark.parametrize(
    ("number", "messages"),
    list(
        enumerate(
            [
                "Worker 1 has another data: y than worker 0",
                "Worker 1 has another data: X than worker 0",
                "Worker 1 has another embedding_dim than worker 0: 5, expected 4",
                "batch_size is 65, which 2 workers cannot share equally; pass 64 or 66.",
                "Worker 1 has another stream than worker 0",
                "ValueError: Input y contains NaN in row 7",
                "partial_fit is not shared by the workers",
                "Worker 1 has another code of skembed than worker 0: other",
                ("WorkerError: Worker 1 of 2 failed: OSError: no disk", "OSError: no disk"),
                "Worker 1 has another number of features than worker 0: 299, expected 300",
                "Worker 1 has another type of X than worker 0",
                "EmbeddingRecommender does not support distributed(rows='own')",
            ]
        )
    ),
)
def test_workers_that_cannot_share_a_fit_are_refused(refused, number, messages):
    messages = messages if isinstance(messages, tuple) else (messages, messages)
    for told, message in zip(refused, messages, strict=True):
        assert message in told[number]


def test_an_error_of_a_callback_ends_the_fit_on_all_workers(tmp_path):
    script = """
    import keras
    class Fails(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if index == 1 and epoch == 1:
                raise KeyError("of the callback")
    X, y = dense()
    try:
        with skembed.distributed():
            EmbeddingDNNClassifier(max_epochs=4, callbacks=[Fails()]).fit(X, y)
    except Exception as error:
        print(type(error).__name__, error)
        time.sleep(2)  # a process that stays, such as a notebook's
        sys.exit(3)
    """
    outputs = failed(tmp_path, [script] * 2)
    assert "WorkerError Worker 1 of 2 failed: KeyError: 'of the callback'" in outputs[0]
    assert "KeyError" in outputs[1]


def test_a_process_that_has_used_tensorflow_is_refused(tmp_path):
    script = """
    X, y = dense()
    model = EmbeddingDNNClassifier(max_epochs=1).fit(X, y)
    with skembed.distributed():
        model.fit(X, y)
    """
    for output in failed(tmp_path, [script] * 2):
        assert "Enter skembed.distributed() before the first fit of the process." in output


KEPT = """
    X, y = sparse(np.float32)
    kill = {kill}
    def read():
        for start in range(0, 2000, 400):
            rows = np.arange(start, start + 400)[index::n_workers]
            yield X[rows], y[rows]
            passes[0] += 1
            if kill and index == 1 and passes[0] == 5 * 4 + 3:  # in an epoch
                os.kill(os.getpid(), signal.SIGKILL)
    passes = [0]
    with skembed.distributed(rows="own", sync_steps={steps}):
        model = EmbeddingDNNClassifier(
            max_epochs=6, batch_size=64, dropout=0.2, term_dropout=0.2, random_state=0,
            callbacks=[FitCheckpoint(os.path.join(folder, "kept"), minutes=0)],
        )
        started = time.monotonic()
        try:
            model.fit(ChunkStream(read))
        except RuntimeError as error:
            print(type(error).__name__, error, flush=True)
            sys.exit(3)
    write(model, n_passes=passes[0])
"""


@pytest.mark.parametrize("steps", [1, 3])
def test_a_killed_worker_ends_the_fit_which_resumes_with_the_same_bits(tmp_path, steps):
    workers = Workers([KEPT.format(kill=True, steps=steps)] * 2, tmp_path)
    workers.processes[1].wait(120)
    lost = time.monotonic()
    workers.processes[0].wait(30)
    assert time.monotonic() - lost < 30
    (chief, killed), outputs = workers.ended()
    assert (chief, killed) == (3, -signal.SIGKILL), outputs
    assert "WorkerLost Worker 1 (127.0.0.1:" in outputs[0], outputs[0]
    assert os.listdir(tmp_path / "kept")
    script = KEPT.format(kill=False, steps=steps)
    resumed = run(script, tmp_path, 2)
    assert not os.listdir(tmp_path / "kept")
    uninterrupted = run(script, tmp_path, 2)
    n_chunks = [result[0]["fit"].pop("n_passes") for result in (resumed, uninterrupted)]
    assert n_chunks[0] < n_chunks[1] == 7 * 5  # the epochs before were not trained again
    assert largest_difference(resumed[0]["fit"], uninterrupted[0]["fit"]) == 0


def test_a_worker_that_falls_silent_is_given_up(tmp_path):
    script = """
    X, y = dense()
    passes = []
    def read():
        passes.append(index)
        yield X[:500], y[:500]
        if passes == [1, 1, 1]:  # in an epoch
            print("stopped", flush=True)
            os.kill(os.getpid(), signal.SIGSTOP)
        yield X[500:], y[500:]
    with skembed.distributed(rows="own"):
        EmbeddingDNNClassifier(max_epochs=9).fit(ChunkStream(read))
    """
    workers = Workers([script] * 2, tmp_path)
    assert any(line.startswith("stopped") for line in workers.processes[1].stdout)
    start = time.monotonic()
    workers.processes[0].wait(30)
    assert time.monotonic() - start < 30
    os.kill(workers.processes[1].pid, signal.SIGKILL)
    _, outputs = workers.ended()
    assert "WorkerLost: Worker 1 (127.0.0.1:" in outputs[0]
