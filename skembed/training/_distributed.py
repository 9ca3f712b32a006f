"""The context in which fits are shared by several processes."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from skembed.distribution._cluster import _CURRENT, OWN, SAME, Cluster


@contextmanager
def distributed(
    *, rows: str = SAME, sync_steps: int = 1, start_timeout: float = 300.0
) -> Iterator[Cluster]:
    """Train together with other processes, on this machine or on others.

    Start the same script once for each worker, with the environment variable ``TF_CONFIG`` set
    as for TensorFlow's `MultiWorkerMirroredStrategy`. Fits within the context are then shared by
    all workers, and all workers have the same fitted estimator afterwards. Without ``TF_CONFIG``
    the context does nothing, so you can try the script in a single process.

    Parameters
    ----------
    rows : {"same", "own"}, default="same"
        What the workers pass to `fit`. With "same", all workers pass the same X and y, and each
        trains on its part of every batch. Of a stream of files, such as that of
        `stream_tfrecord`, each worker reads its share. With "own", each worker passes rows of
        its own, as arrays or as a `ChunkStream`.

    sync_steps : int, default=1
        Steps between two exchanges. With 1, the gradients of each step are summed over the
        workers, so that the fit makes the steps of a single process with the same batches. With
        more, each worker makes so many steps on its part of the batches, then the weights and
        the optimizer's state are averaged (local SGD [1]_): less is sent, and the result differs.

    start_timeout : float, default=300.0
        Seconds to wait for the other workers to start.

    Yields
    ------
    Cluster
        With the attributes `index`, the number of this worker, `n_workers` and `is_chief`, true
        for the worker with the number 0, which should write files and print.

    Raises
    ------
    ValueError
        If ``TF_CONFIG`` or a parameter is not valid. In a fit: if the workers differ in code,
        versions, parameters or data.

    RuntimeError
        If the process has used TensorFlow before: it can join other workers only when it starts.
        In a fit: if another worker fails or is lost; the message names it. Within 30 seconds all
        workers end the fit. Start all workers again; with a `FitCheckpoint` they resume.

    Warnings
    --------
    The ports of TensorFlow's workers listen on all network interfaces, and take orders from
    anyone who reaches them, without a password or encryption. Use `distributed` in a network
    that only you can reach.

    Notes
    -----
    `batch_size` is that of all workers together, and must be a multiple of their number. All
    workers choose the plan of a default fit in the same way, each by itself, and train the
    chosen network together. `predict` and `partial_fit` are not shared.

    References
    ----------
    .. [1] McMahan et al. (2017), "Communication-efficient learning of deep networks from
       decentralized data", AISTATS.

    Examples
    --------
    >>> import numpy as np
    >>> import skembed
    >>> X, y = np.eye(4, dtype=np.float32), [0, 0, 1, 1]
    >>> with skembed.distributed() as cluster:  # TF_CONFIG is not set: a single worker
    ...     classifier = skembed.EmbeddingDNNClassifier(2, random_state=0).fit(X, y)
    >>> cluster.n_workers, cluster.is_chief
    (1, True)
    """
    check_distribution(rows, sync_steps, start_timeout)
    given = os.environ.get("TF_CONFIG")
    cluster = Cluster(0, 1)
    if given and _n_workers(given) > 1:
        from skembed.training.keras._strategy import collectives

        index = _index(given)
        joined = collectives(given, index, start_timeout)
        cluster = Cluster(index, _n_workers(given), joined, int(sync_steps), rows)
    token = _CURRENT.set(cluster)
    try:
        yield cluster
    finally:
        _CURRENT.reset(token)


def check_distribution(rows: Any, sync_steps: Any, start_timeout: Any) -> None:
    """Refuse parameters that are not valid."""
    if rows not in (SAME, OWN):
        raise ValueError(f"rows is {rows!r}, expected 'same' or 'own'.")
    if isinstance(sync_steps, bool) or not isinstance(sync_steps, int) or sync_steps < 1:
        raise ValueError(f"sync_steps is {sync_steps!r}, expected an integer of 1 or more.")
    if isinstance(start_timeout, bool) or not start_timeout > 0:
        raise ValueError(f"start_timeout is {start_timeout!r}, expected a number of seconds.")


def _read(given: str) -> tuple[dict[str, list[str]], str, int]:
    """Addresses by kind of task, and this one's kind and number."""
    try:
        config = json.loads(given)
        addresses, task = config["cluster"], config["task"]
        kind, number = task["type"], int(task["index"])
        known = {name: list(addresses[name]) for name in ("chief", "worker") if name in addresses}
        if set(addresses) - set(known) or not 0 <= number < len(known[kind]):
            raise KeyError(kind)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"TF_CONFIG is {given}, expected such as "
            '{"cluster": {"worker": ["10.0.0.1:5000", "10.0.0.2:5000"]}, '
            '"task": {"type": "worker", "index": 0}} with workers, and a chief at most.'
        ) from error
    return known, kind, number


def _n_workers(given: str) -> int:
    return sum(map(len, _read(given)[0].values()))


def _index(given: str) -> int:
    """Number of this worker; a chief is the first."""
    addresses, kind, number = _read(given)
    return number if kind == "chief" else number + len(addresses.get("chief", []))
