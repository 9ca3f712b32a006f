"""Rivals as contenders: logistic regression, and PyTorch and fastText where they are installed."""

import os
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from benchmarks.shared._processes import answer_of
from benchmarks.shared._timing import Contender
from benchmarks.speed._probe import PROBE

_BATCH_SIZE = 256


def thread_counts(quick: bool) -> list[int]:
    """Threads to give to a rival whose loops wait for all of them.

    On cores that other programs use as well one thread can be ten times as fast as two.
    """
    return [1] if quick else sorted({1, os.cpu_count() or 1})


def logistic_contenders(
    X: sp.csr_matrix, y: np.ndarray, quick: bool, **parameters: float
) -> Iterator[Contender]:
    """Yield scikit-learn's logistic regression."""
    settings = ", ".join(f"{name}={value}" for name, value in parameters.items())
    for threads in thread_counts(quick):
        yield Contender(
            f"LogisticRegression({settings}), {_count(threads)}",
            partial(_fit_limited, X=X, y=y, threads=threads),
            prepare=partial(LogisticRegression, **parameters),
            warms_up=False,
        )


def _fit_limited(model: Any, X: sp.csr_matrix, y: np.ndarray, threads: int) -> None:
    with threadpool_limits(limits=threads):
        model.fit(X, y)


def _count(threads: int) -> str:
    return "1 thread" if threads == 1 else f"{threads} threads"


def torch_contenders(
    X: sp.csr_matrix, y: np.ndarray, quick: bool, *, sparse_only: bool = False
) -> Iterator[Contender]:
    """Yield epochs of PyTorch with sparse and with dense gradients of the table."""
    if find_spec("torch") is None:
        return
    for sparse in (True,) if sparse_only else (True, False):
        for threads in thread_counts(quick):
            yield Contender(
                f"PyTorch, {'sparse' if sparse else 'dense'} gradients, {_count(threads)}",
                run=partial(_torch_epoch, X=X, y=y),
                prepare=partial(_torch_network, X.shape[1], sparse, threads),
            )


def _torch_network(n_features: int, sparse: bool, threads: int) -> Any:
    """Table, layers and optimizer: dim 16, mean, hidden 20, Adagrad."""
    import torch

    torch.set_num_threads(threads)
    table = torch.nn.EmbeddingBag(n_features, 16, mode="mean", sparse=sparse)
    layers = torch.nn.Sequential(
        torch.nn.Linear(16, 20), torch.nn.ReLU(), torch.nn.Linear(20, 1), torch.nn.Flatten(0)
    )
    fused = {} if sparse else {"fused": True}
    optimizer = torch.optim.Adagrad(
        [*table.parameters(), *layers.parameters()],
        lr=0.1,
        initial_accumulator_value=0.1,
        **fused,
    )
    return table, layers, optimizer


def _torch_epoch(network: Any, X: sp.csr_matrix, y: np.ndarray) -> None:
    """Train on shuffled binary rows, which are slices of three tensors."""
    import torch

    table, layers, optimizer = network
    order = np.random.default_rng(0).permutation(X.shape[0])
    rows = X[order]
    ids, starts = torch.from_numpy(rows.indices), torch.from_numpy(rows.indptr[:-1])
    targets = torch.from_numpy(y[order].astype(np.float32))
    loss_of = torch.nn.BCEWithLogitsLoss()
    for start in range(0, len(targets), _BATCH_SIZE):
        stop = min(start + _BATCH_SIZE, len(targets))
        first, last = rows.indptr[start], rows.indptr[stop]
        optimizer.zero_grad()
        logits = layers(table(ids[first:last], starts[start:stop] - int(first)))
        loss_of(logits, targets[start:stop]).backward()
        optimizer.step()


def fasttext_contenders(X: sp.csr_matrix, y: np.ndarray, folder: Path) -> Iterator[Contender]:
    """Yield an epoch of fastText on the same ids, written to a file beforehand."""
    if find_spec("fasttext") is None:
        return
    path = folder / "fasttext.txt"
    with path.open("w") as file:
        for row, label in enumerate(y):
            ids = X.indices[X.indptr[row] : X.indptr[row + 1]].tolist()
            file.write(f"__label__{label} {' '.join(map(str, ids))}\n")
    yield Contender(
        "fastText", lambda _: _fasttext_seconds(path), times_itself=True, shows_peak=False
    )


def _fasttext_seconds(path: Path) -> float:
    """Seconds of an epoch in a process of its own.

    In one that has used its memory before, the wheel reads some unset and finds NaN.
    """
    question = {"name": "fasttext_epoch", "path": str(path), "threads": os.cpu_count()}
    return answer_of(PROBE, question)["seconds"]
