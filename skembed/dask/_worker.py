"""The program of a training process, which a Dask worker starts: ``python -m`` with a folder.

TensorFlow can join other processes only when it starts, and Dask's own processes may have used it.
The folder belongs to the user of the Dask worker alone, who has written its pickles.
"""

import json
import os
import pickle
import shutil
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skembed.dask import _told_errors
from skembed.dask._port import only_at
from skembed.training import ChunkStream, distributed

JOB, OUTPUT, ERROR, ESTIMATOR, FITTED = (
    "job.json",
    "output.txt",
    "error.json",
    "estimator.pickle",
    "fitted.pickle",
)


def part_name(number: int) -> str:
    """Name of the file of a part."""
    return f"part-{number}.pickle"


def main(folder: Path) -> int:
    """Train on the parts in the folder, and leave the fitted attributes or the error there."""
    job = json.loads((folder / JOB).read_text())
    try:
        fitted = _fitted(folder, job)
    except Exception as error:
        (folder / ERROR).write_text(json.dumps(_told_errors.told(error, job["parts"])))
        return 1
    if fitted is not None:
        (folder / FITTED).write_bytes(pickle.dumps(fitted, protocol=5))
    return 0


def _fitted(folder: Path, job: dict[str, Any]) -> tuple[dict[str, Any], list[Any]] | None:
    """What the fit has set on the estimator, and its warnings; None but on the first worker."""
    estimator = pickle.loads((folder / ESTIMATOR).read_bytes())

    def read() -> Iterator[Any]:
        for number in job["parts"]:
            with (folder / part_name(number)).open("rb") as file:
                yield pickle.load(file)

    how = {"sync_steps": job["sync_steps"], "start_timeout": job["start_timeout"]}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        with only_at(job["address"]) as closed, distributed(rows="own", **how) as cluster:
            if cluster.n_workers > 1:
                closed.wait()
            estimator.fit(ChunkStream(read))
    if not cluster.is_chief:
        return None
    settings = set(job["settings"])
    state = {name: value for name, value in vars(estimator).items() if name not in settings}
    told = [one for one in caught if issubclass(one.category, UserWarning | RuntimeWarning)]
    return state, [(one.category, str(one.message)) for one in told]


def _end_with_parent(folder: Path) -> None:
    """End this process, and remove its folder, when the Dask worker has ended."""
    sys.stdin.buffer.read()  # a pipe into which nothing is written
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, args=(Path(sys.argv[1]),), daemon=True).start()
    status = main(Path(sys.argv[1]))
    sys.stdout.flush()
    os._exit(status)  # TensorFlow's server and the watching threads need not be waited for
