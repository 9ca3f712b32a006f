"""What runs in Dask's own processes, as tasks and between them."""

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skembed.dask._port import CAN_CLOSE, REUSE_PORT, free_port
from skembed.dask._worker import ERROR, ESTIMATOR, FITTED, JOB, OUTPUT, part_name

_LOOK_EVERY = 0.1  # seconds
_FOLDER = "skembed-fit-{}-"
_GO = "go.json"
_READY = "ready"
# TensorFlow's, too: they stay in the environment of a Dask worker that has trained in a search.
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)

_processes: dict[str, subprocess.Popen] = {}  # by folder, while they run


def make_folder(fit: str) -> str:
    """Make a folder for a fit, which only this user can read; Dask removes it with its worker."""
    from distributed import get_worker

    return tempfile.mkdtemp(prefix=_FOLDER.format(fit), dir=get_worker().local_directory)


def write_part(part: Any, folder: str, number: int) -> int:
    """Write a part for the training process; return its number of rows."""
    if not isinstance(part, tuple | list) or len(part) not in (2, 3):
        raise ValueError(
            f"Part {number} is of type {type(part).__name__}, expected a tuple (X, y) or "
            "(X, y, sample_weight)."
        )
    with Path(folder, part_name(number)).open("wb") as file:
        pickle.dump(tuple(part), file, protocol=5)
    return len(part[1])


def part_of_frame(frame: Any, label: Any, transformer: Any, number: int) -> tuple[Any, Any]:
    """Features and labels (X, y) of a partition of a DataFrame."""
    y, X = frame[label].to_numpy(), frame.drop(columns=[label])
    if transformer is None or not len(frame):
        return X, y
    if len(X.columns) == 1 and not hasattr(transformer, "n_features_in_"):
        X = X.iloc[:, 0]  # fitted on a list or column of texts or terms
    try:
        return transformer.transform(X), y
    except (TypeError, ValueError) as error:
        raise type(error)(f"The transformer refuses part {number}: {error}") from error


def train(folder: str, estimator: bytes, job: dict[str, Any]) -> dict[str, Any]:
    """Train with the other workers in a process of its own; return what it has left."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()
    place = Path(folder)

    def wanted() -> bool:  # the client may have left
        task = worker.state.tasks.get(key)
        return task is not None and task.state == "executing" and place.exists()

    try:
        (place / ESTIMATOR).write_bytes(estimator)
        (place / _READY).touch()
        addresses = _awaited(place / _GO, wanted)
        if addresses is None:
            return {}
        job = {**job, "address": addresses[job["index"]]}
        (place / JOB).write_text(json.dumps(job))
        environment = _environment(addresses, job["index"], worker.state.nthreads)
        status = _run(place, environment, wanted)
        return _outcome(place, status)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _awaited(path: Path, wanted: Any) -> list[str] | None:
    """Addresses that the client has written when all workers were ready; None if it has left."""
    while not path.exists():
        if not wanted():
            return None
        time.sleep(_LOOK_EVERY)
    return json.loads(path.read_text())


def _environment(addresses: Sequence[str], index: int, n_threads: int) -> dict[str, str]:
    """Variables of a training process: its peers, its threads, and where modules are found."""
    task = {"type": "worker", "index": index}
    config = json.dumps({"cluster": {"worker": addresses}, "task": task})
    return {
        **os.environ,
        **dict.fromkeys(_THREADS, str(n_threads)),
        "TF_CONFIG": config,
        REUSE_PORT: "1" if CAN_CLOSE else "0",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }


def _run(folder: Path, environment: dict[str, str], wanted: Any) -> int:
    """Run a training process to its end; return its status."""
    # -P: the working folder, where files may have any name, is not searched for modules
    command = [sys.executable, "-P", "-m", "skembed.dask._worker", str(folder)]
    with (folder / OUTPUT).open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _processes[str(folder)] = process
        try:
            while wanted():
                try:
                    return process.wait(_LOOK_EVERY)
                except subprocess.TimeoutExpired:
                    continue
            return -signal.SIGKILL
        finally:
            _processes.pop(str(folder), None)
            _end(process)


def _end(process: subprocess.Popen) -> None:
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _outcome(folder: Path, status: int) -> dict[str, Any]:
    """What a training process has left: fitted attributes, an error, or nothing."""
    if (folder / ERROR).exists():
        return {"error": json.loads((folder / ERROR).read_text())}
    if status == 0:
        fitted = folder / FITTED
        return {"fitted": fitted.read_bytes() if fitted.exists() else b""}
    how = f"by signal {-status} ({signal.strsignal(-status)})" if status < 0 else f"with {status}"
    output = (folder / OUTPUT).read_bytes()[-2000:].decode(errors="replace")
    message = (
        f"the training process was ended {how}, so the fit was ended on all workers. If memory "
        "ran out, make the parts smaller. Call fit again; with a FitCheckpoint it resumes."
    )
    return {
        "error": {
            "module": "builtins",
            "type": "RuntimeError",
            "message": message,
            "traceback": output,
        }
    }


def is_ready(folders: dict[str, str], dask_worker: Any = None) -> bool:
    """Whether the task of a worker has a thread and waits for the others."""
    return Path(folders[dask_worker.address], _READY).exists()


def find_port(hosts: dict[str, str], dask_worker: Any = None) -> int:
    """A free port at the worker's own address."""
    return free_port(hosts[dask_worker.address])


def go(folders: dict[str, str], addresses: list[str], dask_worker: Any = None) -> None:
    """Let the waiting task start its training process."""
    place = Path(folders[dask_worker.address])
    (place / "going.json").write_text(json.dumps(addresses))
    (place / "going.json").replace(place / _GO)


def end(fit: str, dask_worker: Any = None) -> None:
    """End the training process of a fit, and remove its folder."""
    for folder in Path(dask_worker.local_directory).glob(_FOLDER.format(fit) + "*"):
        process = _processes.get(str(folder))
        if process is not None:
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)
