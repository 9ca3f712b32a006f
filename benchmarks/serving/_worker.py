"""One way to serve a model: run by path, in a process that imports nothing else.

Arguments: the way, the folder with the files, and what to do: "agree" or "time". Prints JSON.
"""

import json
import re
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

N_ROWS, N_TURNS, N_THREADS, N_WORDS = 1000, 5, 2, 200


def words(texts):
    """Split texts by the rule in the exported models' metadata, into rows of one length."""
    import numpy as np

    rows = [re.findall(r"\w+|[^\w\s]", text.lower()) for text in texts]
    width = max(map(len, rows), default=1) or 1
    return np.array([row + [""] * (width - len(row)) for row in rows], dtype=object)


def prepared(given, name):
    """Return what an exported model takes, of rows as JSON holds them."""
    import numpy as np

    if name == "texts":
        return {"tokens": words(given)}
    if name == "lists":
        width = max(map(len, given))
        return {"terms": np.array([row + [""] * (width - len(row)) for row in given], object)}
    inputs = {}
    for column, cells in given.items():
        if column in NUMBERS:
            numbers = [np.nan if cell is None else cell for cell in cells]
            inputs[column] = np.array(numbers, np.float64)[:, None]
        else:
            cells = ["" if cell is None else str(cell) for cell in cells]
            inputs[column] = np.array(cells, object)[:, None]
    return inputs


def part_of(given, start, end):
    """Return some of the rows."""
    if isinstance(given, dict):
        return {column: cells[start:end] for column, cells in given.items()}
    return given[start:end]


def loaded(way, folder, name):
    """Load a model; return the function from rows to probabilities."""
    if way in ("scikit-learn", "skembed", "skembed, int8"):
        if way == "scikit-learn":
            import joblib

            model = joblib.load(folder / "linear.joblib")
        else:
            from skembed import load

            model = load(folder / ("small.skembed" if "int8" in way else "model.skembed"))
        if name == "table":
            import pandas as pd

            return lambda rows: model.predict_proba(pd.DataFrame(rows))
        return model.predict_proba
    sys.modules["skembed"] = None  # importing it would fail
    if way == "ONNX":
        import onnxruntime

        path = str(folder / "model.onnx")
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        return lambda rows: session.run(["probabilities"], prepared(rows, name))[0]
    import tensorflow as tf

    serve = tf.saved_model.load(str(folder / "1")).signatures["serving_default"]

    def predict(rows):
        inputs = prepared(rows, name)
        plain = {re.sub(r"\W", "_", key): tf.constant(x) for key, x in inputs.items()}
        return serve(**plain)["probabilities"].numpy()

    return predict


def peak_mb():
    """Return the most memory that the process has held, that of its parent not included."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    """Do what the arguments say."""
    way, folder, task = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    data = json.loads((folder / "rows.json").read_text())
    name, rows = data["name"], data["rows"]
    NUMBERS.update(data["numbers"])
    start = time.perf_counter()
    predict = loaded(way, folder, name)
    predict(part_of(rows, 0, 1))
    ready = time.perf_counter() - start
    import numpy as np

    if task == "agree":
        expected = np.load(folder / "expected.npy")
        errors = [
            np.abs(predict(part_of(rows, i, i + N_ROWS)) - expected[i : i + N_ROWS]).max()
            for i in range(0, len(expected), N_ROWS)
        ]
        print(json.dumps({"error": float(max(errors))}))
        return
    single, many = [], []
    n = len(next(iter(rows.values()))) if isinstance(rows, dict) else len(rows)
    ones = [part_of(rows, i % n, i % n + 1) for i in range(600)]
    if name == "texts":
        ones = [[" ".join(text.split()[:N_WORDS]) for text in one] for one in ones]
    for one in ones[:300]:
        start = time.perf_counter()
        predict(one)
        single.append(time.perf_counter() - start)
    block = part_of(rows, 0, N_ROWS)
    for _ in range(N_TURNS):
        start = time.perf_counter()
        predict(block)
        many.append(time.perf_counter() - start)
    with ThreadPoolExecutor(N_THREADS) as pool:
        start = time.perf_counter()
        list(pool.map(predict, ones))
        threads = 600 / (time.perf_counter() - start)
    peak = peak_mb()
    found = {"ready": ready, "one": median(single), "many": median(many)}
    print(json.dumps({**found, "threads": threads, "memory": peak}))


NUMBERS: set = set()
if __name__ == "__main__":
    main()
