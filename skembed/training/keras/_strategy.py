"""TensorFlow's collectives between processes: MultiWorkerMirroredStrategy."""

import json
import re
import socket
import time
from typing import Any

import numpy as np

from skembed.distribution._cluster import WorkerLost
from skembed.training.keras._tensorflow import first_used, tf

# Seconds without a sign of life after which a worker counts as lost.
_HEARTBEAT_TIMEOUT = 15.0
# Seconds between two looks at whether the other workers have started.
_PAUSE = 0.1
# Around what a worker has failed with, in TensorFlow's messages.
_FAILED = "\u2063"

_made: "TensorFlowCollectives | None" = None
_made_for: str | None = None


def collectives(tf_config: str, index: int, start_timeout: float) -> "TensorFlowCollectives":
    """The collectives of this process, which is worker `index`, and the others of `TF_CONFIG`.

    Made once a process.

    Raises
    ------
    RuntimeError
        If TensorFlow has been used before, or with other workers: it can join workers only
        when it starts.
    """
    global _made, _made_for
    if _made is None:
        _made = TensorFlowCollectives(json.loads(tf_config)["cluster"], index, start_timeout)
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
    index : int
        Number of this worker.
    start_timeout : float
        Seconds until all workers must have answered once.
    """

    def __init__(self, addresses: dict[str, list[str]], index: int, start_timeout: float) -> None:
        self._tasks = [
            (f"/job:{kind}/replica:0/task:{number}", address)
            for kind in ("chief", "worker")
            for number, address in enumerate(addresses.get(kind, []))
        ]
        self._index = index
        self.n_bytes = 0  # that this worker has passed to collectives
        options = tf.distribute.experimental.CommunicationOptions(
            implementation=tf.distribute.experimental.CommunicationImplementation.RING
        )

        def joined() -> Any:
            _configure(addresses, start_timeout)
            if index == 0:  # the leader itself would wait for the others for ever
                self._wait_for_others(start_timeout)
            return tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)

        try:
            self._strategy = first_used(joined)
        except tf.errors.OpError as error:
            raise WorkerLost(self._late(start_timeout)) from error
        self._sums: dict[Any, Any] = {}
        self._gathers = tf.function(
            lambda message: self._strategy.run(_gather, (message,)),
            input_signature=[tf.TensorSpec([None], tf.int32)],
            autograph=False,
        )

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
        named = re.findall(r"/job:\w+/replica:0/task:\d+", str(error))
        silent = [name for name in dict(self._tasks) if name in named]
        told = self._away() or [self._told(name) for name in silent[:1]]
        workers = f"Worker {', '.join(told)}" if told else "Another worker"
        return (
            f"{workers} has ended or cannot be reached, so the distributed fit was ended on all "
            "workers. Look at its output for the cause and start all workers again; with a "
            "FitCheckpoint among the callbacks they resume."
        )

    def _wait_for_others(self, start_timeout: float) -> None:
        end = time.monotonic() + start_timeout
        others = self._tasks[1:]
        while not all(_listens(address) for _, address in others):
            if time.monotonic() > end:
                raise WorkerLost(self._late(start_timeout))
            time.sleep(_PAUSE)

    def _late(self, start_timeout: float) -> str:
        """Say which workers have not started."""
        return (
            f"Not all workers have started within {start_timeout:g} s: {', '.join(self._away())}. "
            "Start them all with the same TF_CONFIG but for the task, or pass a larger "
            "start_timeout."
        )

    def _away(self) -> list[str]:
        """Workers whose ports take no connections."""
        others = self._tasks[: self._index] + self._tasks[self._index + 1 :]
        return [self._told(name) for name, address in others if not _listens(address)]

    def _told(self, name: str) -> str:
        number = [task for task, _ in self._tasks].index(name)
        return f"{number} ({self._tasks[number][1]})"


def _configure(addresses: dict[str, list[str]], start_timeout: float) -> None:
    """Set how long TensorFlow waits for workers that start, and for signs of life.

    As the strategy would, which has no parameters for them.
    """
    from tensorflow.compiler.xla.tsl.protobuf import coordination_config_pb2 as protos
    from tensorflow.python.eager import context

    kinds = [kind for kind in ("chief", "worker") if addresses.get(kind)]
    jobs = [protos.CoordinatedJob(name=kind, num_tasks=len(addresses[kind])) for kind in kinds]
    context.context().configure_coordination_service(
        service_type="standalone",
        service_leader=f"/job:{kinds[0]}/replica:0/task:0",
        cluster_register_timeout_in_ms=int(1000 * start_timeout),
        heartbeat_timeout_in_ms=int(1000 * _HEARTBEAT_TIMEOUT),
        coordinated_jobs=jobs,
    )


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
