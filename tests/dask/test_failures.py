"""What is killed ends the fit on all workers, with an error that names it; the fit resumes."""

import os
import signal
import socket
import sys
import threading
import time

import dask_rows
import pytest
from workers import largest_difference

import skembed.dask
from skembed import EmbeddingDNNClassifier, FitCheckpoint

distributed = pytest.importorskip("distributed")


def kept(folder):
    return EmbeddingDNNClassifier(
        max_epochs=8,
        batch_size=64,
        dropout=0.2,
        random_state=0,
        callbacks=[FitCheckpoint(folder, minutes=0)],
    )


def arrays_of(model):
    arrays = {f"coef{number}": array for number, array in enumerate(model.coefs_)}
    return arrays | {"embeddings": model.embeddings_}


class Fit(threading.Thread):
    """A fit in a thread, whose error is kept."""

    def __init__(self, model, client, **how):
        super().__init__(daemon=True)
        self.model, self.client, self.how, self.error = model, client, how, None
        self.start()

    def run(self):
        try:
            skembed.dask.fit(self.model, dask_rows.parts(), client=self.client, **self.how)
        except Exception as error:
            self.error = error

    def ended(self):
        """The error, which must come within 30 seconds."""
        self.join(30)
        assert not self.is_alive()
        return self.error


def left_nothing(client):
    return not dask_rows.training_processes() and not any(client.run(dask_rows.folders).values())


def until(holds, timeout=60):
    end = time.monotonic() + timeout
    while not (found := holds()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def process_of(pid):
    """The training process that a Dask worker has started."""
    return next(process for process in dask_rows.training_processes() if process.ppid() == pid)


def is_open(host, port):
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def ports_of(process):
    """Ports at which a process listens."""
    return {one.laddr.port for one in process.net_connections() if one.status == "LISTEN"}


def sorted_pids(client):
    """Processes of the Dask workers, by host and port."""
    pids = client.run(os.getpid)
    return sorted(pids.items(), key=lambda pair: int(pair[0].rpartition(":")[2]))


def test_a_killed_training_process_ends_the_fit_which_resumes_with_the_same_bits(client, tmp_path):
    folder = tmp_path / "kept"
    fit = Fit(kept(folder), client)
    until(lambda: len(dask_rows.training_processes()) == 2)
    address, pid = sorted_pids(client)[1]
    process = process_of(pid)
    if sys.platform == "linux":  # closed at other addresses of the machine, such as this one
        (port,) = until(lambda: ports_of(process))
        assert not is_open("127.0.0.2", port)
        until(lambda: is_open("127.0.0.1", port))
    until(lambda: folder.exists() and os.listdir(folder))
    process.kill()
    error = fit.ended()
    assert isinstance(error, RuntimeError), error
    assert f"Dask worker {address}: the training process was ended by signal 9" in str(error)
    assert not hasattr(fit.model, "coefs_")
    assert left_nothing(client) and os.listdir(folder)
    resumed = skembed.dask.fit(kept(folder), dask_rows.parts(), client=client)
    assert not os.listdir(folder)
    whole = skembed.dask.fit(kept(folder), dask_rows.parts(), client=client)
    assert largest_difference(arrays_of(resumed), arrays_of(whole)) == 0


def test_a_killed_dask_worker_ends_the_fit_and_its_training_process(client, tmp_path):
    fit = Fit(kept(tmp_path / "kept"), client)
    until(lambda: (tmp_path / "kept").exists())
    address, pid = sorted_pids(client)[1]
    process = process_of(pid)
    folder = process.cmdline()[-1]
    os.kill(pid, signal.SIGKILL)
    error = fit.ended()
    assert isinstance(error, RuntimeError) and address in str(error), error
    assert not hasattr(fit.model, "coefs_")
    process.wait(10)
    client.wait_for_workers(2, timeout=60)
    assert left_nothing(client) and not os.path.exists(folder)


def test_a_client_that_leaves_ends_the_training(cluster, client):
    leaving = distributed.Client(cluster, set_as_default=False)
    fit = Fit(EmbeddingDNNClassifier(max_epochs=10_000), leaving)
    until(lambda: len(dask_rows.training_processes()) == 2)
    leaving.close()
    assert fit.ended() is not None
    until(lambda: left_nothing(client), timeout=20)


def test_a_worker_without_a_free_thread_ends_the_fit_in_time(client):
    event = distributed.Event("over", client=client)
    (address, _), _ = sorted_pids(client)
    busy = client.submit(event.wait, 60, workers=[address], pure=False)
    with pytest.raises(RuntimeError, match=f"Dask worker {address} had no free thread for 1 sec"):
        skembed.dask.fit(
            EmbeddingDNNClassifier(), dask_rows.parts(), client=client, start_timeout=1
        )
    event.set()
    assert busy.result() and left_nothing(client)
