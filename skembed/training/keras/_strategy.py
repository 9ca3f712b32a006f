"""TensorFlow's collectives between processes: MultiWorkerMirroredStrategy."""

import json
import os
import re
import socket
import threading
import time
from typing import Any

import numpy as np

from skembed.distribution._cluster import WorkerLost
from skembed.training.keras._tensorflow import first_used, tf

# Seconds between two looks at the other workers, until one must answer, and looks in a row
# that fail before it counts as lost: 20 seconds at most.
_LOOK_EVERY, _LOOK_TIMEOUT, _LOOKS = 3.0, 4.0, 2
# Around what a worker has failed with, in TensorFlow's messages.
_FAILED = "\u2063"
_TASK = re.compile(r"/task:(\d+)")

_made: "TensorFlowCollectives | None" = None
_made_for: str | None = None


def collectives(tf_config: str, start_timeout: float) -> "TensorFlowCollectives":
    """The collectives of this process and the others of `TF_CONFIG`; made once a process.

    Raises
    ------
    RuntimeError
        If TensorFlow has been used before, or with other workers: it can join workers only
        when it starts.
    """
    global _made, _made_for
    if _made is None:
        _made = TensorFlowCollectives(json.loads(tf_config)["cluster"], start_timeout)
        _made_for = tf_config
    elif _made_for != tf_config:
        raise RuntimeError(
            "This process has trained with other workers, and TF_CONFIG has changed since. "
            "TensorFlow cannot change its workers; start a new process."
        )
    return _made


class TensorFlowCollectives:
    """Sums and messages between the workers.

    Parameters
    ----------
    addresses : dict of str to list of str
        Host and port of each task, by kind of task.
    start_timeout : float
        Seconds until all workers must have answered once.
    """

    def __init__(self, addresses: dict[str, list[str]], start_timeout: float) -> None:
        self._tasks = [
            (f"/job:{kind}/replica:0/task:{number}", address)
            for kind in ("chief", "worker")
            for number, address in enumerate(addresses.get(kind, []))
        ]
        self.n_bytes = 0  # that this worker has passed to collectives
        options = tf.distribute.experimental.CommunicationOptions(
            implementation=tf.distribute.experimental.CommunicationImplementation.RING
        )
        self._strategy = first_used(
            lambda: tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
        )
        self._sums: dict[Any, Any] = {}
        self._gathers = tf.function(
            lambda message: self._strategy.run(_gather, (message,)),
            input_signature=[tf.TensorSpec([None], tf.int32)],
            autograph=False,
        )
        self._lost: int | None = None
        watch = threading.Thread(target=self._watch, args=(start_timeout,), daemon=True)
        watch.start()

    def sum(self, values: Any) -> tf.Tensor:
        """Sum (n,) over the workers."""
        values = tf.convert_to_tensor(values)
        if values.dtype not in self._sums:
            self._sums[values.dtype] = tf.function(
                lambda numbers: self._strategy.run(_sum, (numbers,)),
                input_signature=[tf.TensorSpec([None], values.dtype)],
                autograph=False,
            )
        self.n_bytes += values.shape.num_elements() * values.dtype.size
        return self._called(self._sums[values.dtype], values)

    def gather(self, message: bytes) -> list[bytes]:
        """Messages of all workers, in their order."""
        words = np.zeros(1 + -(-len(message) // 4), np.int32)
        words[0] = len(message)
        words[1:].view(np.uint8)[: len(message)] = np.frombuffer(message, np.uint8)
        self.n_bytes += words.nbytes
        gathered = self._called(self._gathers, tf.constant(words)).numpy()
        messages, start = [], 0
        for _ in self._tasks:
            n_bytes = int(gathered[start])
            end = start + 1 + -(-n_bytes // 4)
            messages.append(gathered[start + 1 : end].tobytes()[:n_bytes])
            start = end
        return messages

    def abort(self, reason: str) -> None:
        """Break the operations off, on all workers, for good."""
        from tensorflow.python.eager import context

        context.context().abort_collective_ops(tf.errors.CANCELLED, f"{_FAILED}{reason}{_FAILED}")

    def _called(self, function: Any, values: tf.Tensor) -> Any:
        try:
            return function(values)
        except tf.errors.OpError as error:
            raise WorkerLost(self._who(error)) from error

    def _who(self, error: Exception) -> str:
        """Say which workers no longer answer, or what one has failed with."""
        failed = str(error).split(_FAILED)
        if len(failed) > 1:
            return failed[1]
        gone = [n for n, (_, address) in enumerate(self._tasks) if not _listens(address)]
        if self._lost is not None:
            gone.append(self._lost)
        if not gone:
            gone = [int(number) for number in _TASK.findall(str(error))[:1]]
        told = [f"{number} ({self._tasks[number][1]})" for number in sorted(set(gone))]
        workers = f"Worker {', '.join(told)}" if told else "Another worker"
        return (
            f"{workers} has ended or cannot be reached, so the distributed fit was ended on all "
            "workers. Look at its output for the cause and start all workers again; with a "
            "FitCheckpoint among the callbacks they resume."
        )

    def _watch(self, start_timeout: float) -> None:
        """Break collectives off when another worker is lost, whom they would wait for for ever.

        A process that ends breaks them off by itself; a machine without power does not.
        """
        from tensorflow.python.eager import context

        begun, failed, seen = time.monotonic(), [0] * len(self._tasks), [False] * len(self._tasks)
        while self._lost is None:
            for number, (task, address) in enumerate(self._tasks):
                try:
                    context.context().check_collective_ops_peer_health(
                        task, timeout_in_ms=int(1000 * _LOOK_TIMEOUT)
                    )
                    failed[number], seen[number] = 0, True
                    continue
                except tf.errors.OpError:
                    failed[number] += 1
                late = time.monotonic() - begun > start_timeout
                if (seen[number] and failed[number] >= _LOOKS) or (not seen[number] and late):
                    self._lost = number
                    context.context().abort_collective_ops(
                        tf.errors.UNAVAILABLE, f"worker {number} ({address}) does not answer"
                    )
                    break
            time.sleep(_LOOK_EVERY)


def _sum(values: tf.Tensor) -> tf.Tensor:
    replica = tf.distribute.get_replica_context()
    return replica.all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(values))


def _gather(message: tf.Tensor) -> tf.Tensor:
    return tf.distribute.get_replica_context().all_gather(tf.identity(message), axis=0)


def _listens(address: str) -> bool:
    """Whether something takes connections at host and port."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=2):
            return True
    except OSError:
        return False


def tf_config() -> str | None:
    """The variable that tells TensorFlow's processes of each other, if it is set."""
    return os.environ.get("TF_CONFIG") or None
