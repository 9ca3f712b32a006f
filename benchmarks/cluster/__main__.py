"""Processes on this machine that train together, and large data on many machines by a model.

``python -m benchmarks.cluster [--quick] [--write]``
"""

import argparse
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from benchmarks.cluster._model import Job, Network
from benchmarks.cluster._problems import PROBLEMS
from benchmarks.cluster._runs import answers
from benchmarks.shared import _results
from benchmarks.shared._tables import table

RESULTS = _results.RESULTS / "cluster.md"
_PACKAGES = ("numpy", "scipy", "scikit-learn", "tensorflow", "keras")
_N_WORKERS, _SYNC_STEPS, _TURNS = (1, 2, 4), (1, 8, 64), 1
_METHOD = """\
Made rows, {rows}. All workers have the same rows, and each trains on its part of every batch.
Seconds of a step are those of three epochs, from the difference between fits of four epochs and of
one; median of turns: {turns}. Bytes are those that a worker passes to TensorFlow's collectives; of
these 2 (W - 1) / W go over the wire. The log loss is that of a sixth of the rows after one epoch.
"on paper" is the model below.

All processes share the two cores of this machine, and talk over its loopback device. So the table
shows what an exchange costs, how much is sent, and what averaging does to the loss. It cannot show
how training gets faster with more machines: four processes have no more cores than one."""
_PAPER = """\
## On paper

A step takes a worker's own part, and the exchange: 2 (W - 1) messages one after the other, each of
a W-th of the bytes. Sums of {sizes} on two workers here give {latency:.2f} ms a message and
{bandwidth:.2f} GB/s; the column "on paper" has the exchange by these numbers, beside a worker's own
part as measured alone, which processes that share cores cannot keep up.

1 TB of rows ({n_rows:.0e} rows of 200 bytes, as "ids"), 16 hosts of 16 cores, eight workers of two
cores on each host: 128 workers, each as fast as the one above. In the ring, one worker of each host
sends to the next host, so it has the host's network for itself. Gradients of the touched rows are
exchanged, or with more than one step between exchanges the weights and Adam's two slots of all rows
touched since the last one. Hours of an epoch:"""
_LATENCY = """\
The latencies of this table are those of the networks alone. The {latency:.2f} ms a message measured
above are TensorFlow's own, for the most part. A ring of 128 workers has 254 messages, so they would
add {seconds:.2f} s to each exchange: with batches of 131,072 rows {every:.2g} hours to an epoch
with an exchange every step, {sixteenth:.2g} with one every 16 steps. So the exchange binds, not
the rows: on such a cluster, take large batches and exchange every 16 steps or less often, or use
few workers."""
_NETWORKS = {
    "1 Gbit/s, 0.2 ms": Network(2e-4, 0.125e9),
    "10 Gbit/s, 0.1 ms": Network(1e-4, 1.25e9),
    "100 Gbit/s, 0.03 ms": Network(3e-5, 12.5e9),
}
_WORKERS, _BATCHES, _SYNCS = 128, (16_384, 131_072), (1, 16, 128)
_TERABYTE_ROWS = 5e9


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all, print, and write where it is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows, a turn, two workers")
    parser.add_argument("--write", action="store_true", help="write the tables")
    options = parser.parse_args(arguments)
    text = "\n\n".join(report(quick=options.quick))
    print(text)
    if options.write and not options.quick:
        _results.write(RESULTS, text + "\n")


def report(*, quick: bool) -> Iterator[str]:
    """Yield the parts of the report."""
    turns, share = (1, 0.05) if quick else (_TURNS, 1.0)
    counts = (1, 2) if quick else _N_WORKERS
    exchanges = answers(2, {"problem": None, "sync_steps": 1})[0]["exchanges"]
    network = Network.measured(exchanges, 2)
    rows = "; ".join(f'"{name}": {problem.what}' for name, problem in PROBLEMS.items())
    yield _results.heading("Several processes", "cluster" + " --quick" * quick, _PACKAGES)
    yield _METHOD.format(rows=rows, turns=turns)
    found = {name: _runs(name, counts, turns, share) for name in PROBLEMS}
    lines = [line for name, runs in found.items() for line in _lines(name, runs, network)]
    yield table(lines, ["rows", "workers", "steps between exchanges", "rows/s", "ms a step",
                        "on paper", "MB a step", "log loss", "peak MB"])  # fmt: skip
    sizes = ", ".join(f"{n_bytes:,} bytes in {1e3 * s:.2f} ms" for n_bytes, s in exchanges)
    yield _PAPER.format(
        sizes=sizes,
        latency=1e3 * network.latency,
        bandwidth=network.bandwidth / 1e9,
        n_rows=_TERABYTE_ROWS,
    )
    yield _paper(found["ids"])
    yield _LATENCY.format(latency=1e3 * network.latency, **_own_latency_hours(network))


Runs = dict[tuple[int, int], dict[str, float]]


def _runs(name: str, counts: Sequence[int], turns: int, share: float) -> Runs:
    """Medians over the turns, by number of workers and steps between exchanges."""
    cases = [(w, s) for w in counts for s in _SYNC_STEPS if w > 1 or s == 1]
    told: dict[tuple[int, int], list[dict[str, Any]]] = {case: [] for case in cases}
    for _ in range(turns):
        for n_workers, sync_steps in cases:
            question = {"problem": name, "sync_steps": sync_steps, "share": share}
            told[n_workers, sync_steps].append(answers(n_workers, question)[0])
    return {
        case: {key: median(answer[key] for answer in found) for key in found[0]}
        for case, found in told.items()
    }


def _lines(name: str, runs: Runs, network: Network) -> Iterator[list[str]]:
    alone = runs[1, 1]["step_seconds"]
    for (n_workers, sync_steps), run in runs.items():
        exchange = 0.0
        if n_workers > 1:
            of_one = run["bytes_per_step"] * sync_steps
            exchange = network.sum_seconds(of_one, n_workers) / sync_steps
        yield [
            name,
            str(n_workers),
            str(sync_steps) if n_workers > 1 else "",
            f"{run['rows_per_second']:,.0f}",
            f"{1e3 * run['step_seconds']:.1f}",
            f"{1e3 * (alone + exchange):.1f}",
            f"{run['bytes_per_step'] / 1e6:.2f}",
            f"{run['loss']:.4f}",
            f"{run['peak_mb']:,.0f}",
        ]


def _own_latency_hours(network: Network) -> dict[str, float]:
    """Seconds that messages add to an exchange of all workers, and hours to an epoch."""
    seconds = 2 * (_WORKERS - 1) * network.latency
    hours = seconds * _TERABYTE_ROWS / _BATCHES[-1] / 3600
    return {"seconds": seconds, "every": hours, "sixteenth": hours / 16}


def _paper(runs: Runs) -> str:
    """Hours of an epoch of large data, and the share of the exchange."""
    lines = []
    own, ids = runs[1, 1]["rows_per_second"], PROBLEMS["ids"]
    of_row = runs[2, 1]["bytes_per_step"] / ids.touched(ids.batch_size)
    for what, network in _NETWORKS.items():
        for batch_size in _BATCHES:
            cells = [what, f"{batch_size:,}"]
            for sync_steps in _SYNCS:
                touched = ids.touched(batch_size * sync_steps)
                # gradients, or weights and the optimizer's two slots
                n_bytes = of_row * touched * (1 if sync_steps == 1 else 3)
                job = Job(_TERABYTE_ROWS, own, n_bytes)
                seconds = job.epoch_seconds(network, _WORKERS, batch_size, sync_steps)
                alone = Job(_TERABYTE_ROWS, own, 0.0).epoch_seconds(
                    Network(0.0, 1e30), _WORKERS, batch_size, sync_steps
                )
                cells.append(f"{seconds / 3600:.2g} ({1 - alone / seconds:.0%} exchange)")
            lines.append(cells)
    heads = [f"exchange every {steps} steps" if steps > 1 else "every step" for steps in _SYNCS]
    return table(lines, ["network", "batch", *heads])


if __name__ == "__main__":
    main()
