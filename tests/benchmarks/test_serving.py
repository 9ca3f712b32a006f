"""The benchmark of ways to serve, on made rows."""

import json
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("tabulate")
pytest.importorskip("onnxruntime")
from benchmarks.serving import _models, _worker
from benchmarks.serving.__main__ import _latency_line, _run
from benchmarks.serving._small_files import HEADERS, small_file_lines
from skembed.datasets import make_reviews


@pytest.fixture(scope="module")
def served():
    tokens, liked = make_reviews(400, random_state=0)
    texts = [" ".join(review) for review in tokens]
    return _models.Served(texts[:300], liked[:300], texts[300:], liked[300:])


@pytest.fixture(scope="module")
def folder(served, tmp_path_factory):
    made = tmp_path_factory.mktemp("served")
    _models.write_files("texts", served, made)
    return made


@pytest.mark.parametrize("way", ["ONNX", "SavedModel"])
def test_other_processes_agree(way, folder):
    assert _run(way, folder, "agree")["error"] < 1e-5


def test_one_way_is_timed(folder):
    cells = _latency_line("skembed, int8", folder)
    assert cells[0] == "skembed, int8"
    assert all(float(cell.split()[0].replace(",", "")) > 0 for cell in cells[2:])


def test_sizes_and_losses(served, folder):
    model = served.model("texts").fit(served.X, served.y)
    plain, *small = small_file_lines("made", model, served, folder)
    assert all(len(line) == len(HEADERS) for line in (plain, *small))
    shares = [float(line[3].removeprefix("1/")) for line in small]
    assert shares == sorted(shares)
    assert shares[0] > 1
    assert abs(float(small[0][6])) < 0.1


def test_words_are_those_of_the_model(served):
    rows = _worker.words(["Two words!", ""])
    assert rows.tolist() == [["two", "words", "!"], ["", "", ""]]


def test_the_worker_imports_nothing_of_ours(folder):
    code = (
        f"import runpy, sys; runpy.run_path({_worker.__file__!r}); print('skembed' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert json.loads((folder / "rows.json").read_text())["name"] == "texts"
    assert np.load(folder / "expected.npy").shape == (100, 2)
