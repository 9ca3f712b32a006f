"""How workers begin a fit: what must be alike, and what the chief decides for all."""

import platform
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from skembed.distribution._agreement import check_alike, of_chief, together
from skembed.distribution._cluster import OWN, SAME, Cluster
from skembed.training._fit_checkpoint import FitCheckpoint
from skembed.training._joint_keeper import JointKeeper
from skembed.training._keeper import Keeper, identity_of
from skembed.training._plan import Plan
from skembed.training._stream import ChunkStream


def check_workers(cluster: Cluster, estimator: Any, data: Mapping[str, Any]) -> None:
    """Refuse workers that cannot share a fit.

    Raises
    ------
    ValueError
        On all workers, if they differ in code, versions, parameters or, with the same rows for
        all, data; or if they cannot share the batches equally.
    """
    given = {name: value for name, value in data.items() if value is not None}
    X = data.get("X")
    if cluster.rows == OWN:
        given = {}
    elif isinstance(X, ChunkStream):  # its chunks have not been read
        given = {"parts of the stream": X.order_key} if X.shardable else {}
    identity = together(cluster, lambda: identity_of(estimator, given))
    packages = ("keras", "numpy", "scipy", "scikit-learn")
    versions = {f"version of {name}": version(name) for name in packages}
    versions["version of Python"] = platform.python_version()
    context = {"rows": cluster.rows, "sync_steps": str(cluster.sync_steps)}
    check_alike(cluster, {"code of skembed": code_digest(), **versions, **context, **identity})
    together(cluster, lambda: check_batch_size(estimator.batch_size, cluster.n_workers))


def check_same_rows(cluster: Cluster) -> None:
    """Refuse rows of each worker's own where a fit needs the same on all workers."""
    if cluster.rows == OWN:
        raise ValueError(
            "EmbeddingRecommender does not support distributed(rows='own'); pass the same "
            "histories to all workers."
        )


def own_share(cluster: Cluster | None, X: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
    """What this worker is to read of what it was given: rows of its own as a stream."""
    if cluster is None:
        return X, y, sample_weight
    if not isinstance(X, ChunkStream):
        if cluster.rows == SAME:
            return X, y, sample_weight
        return ChunkStream(lambda: iter([(X, y, sample_weight)])), None, None
    if cluster.rows == SAME and X.shardable:
        return X.shard(cluster.index, cluster.n_workers), None, None
    return X, y, sample_weight


def is_shared_out(cluster: Cluster | None, stream: ChunkStream) -> bool:
    """Whether the chunks of a stream are those of one worker alone."""
    return cluster is not None and (cluster.rows == OWN or stream.shardable)


def check_batch_size(batch_size: int | str, n_workers: int) -> None:
    """Refuse a size that the workers cannot share equally."""
    if isinstance(batch_size, str) or batch_size % n_workers == 0:
        return
    below = batch_size // n_workers * n_workers
    nearest = " or ".join(str(size) for size in (below, below + n_workers) if size)
    raise ValueError(
        f"batch_size is {batch_size}, which {n_workers} workers cannot share equally; pass "
        f"{nearest}."
    )


@cache
def code_digest() -> str:
    """Digest of the package's code."""
    folder, digest = Path(__file__).parents[1], sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def new_keeper(
    cluster: Cluster | None, checkpoint: FitCheckpoint, identity: dict[str, str], seed: int
) -> Keeper | JointKeeper:
    """What writes a fit down, by one process or by several."""
    if cluster is None:
        return Keeper(checkpoint, identity, seed)
    return JointKeeper(cluster, checkpoint, identity, seed)


def chiefs_plan(cluster: Cluster | None, plan: Plan) -> Plan:
    """The chief's plan, on all workers."""
    if cluster is None:
        return plan
    decided = {field.name: getattr(plan, field.name) for field in fields(plan)}
    if not isinstance(plan.embedding_init, str):  # given vectors, the same on all workers
        del decided["embedding_init"]
    told = of_chief(cluster, decided)
    for name in ("candidates", "hidden_units"):
        if isinstance(told[name], list):
            told[name] = tuple(told[name])
    return replace(plan, **told)
