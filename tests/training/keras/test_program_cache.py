"""Compiled programs that outlive a process, in processes of their own."""

import hashlib
import os
import subprocess
import sys
import time

import pytest
from processes import completed

from skembed.training.keras import _cache_folder
from skembed.training.keras._cache_folder import (
    cache_folder,
    forget_entry,
    read_entry,
    write_entry,
)
from skembed.training.keras._program_graph import ProgramGraph

FITS = """
import os
import sys

import numpy as np
import scipy.sparse as sp
from skembed import EmbeddingDNNClassifier

X = sp.random(120, 10, 0.4, "csr", random_state=0, dtype=np.float32)
y = np.arange(120) % 2

def answers(units):
    network = EmbeddingDNNClassifier(2, hidden_units=units, max_epochs=2, random_state=0)
    return network.fit(X, y).predict_proba(X).tobytes().hex()
"""
SEVERAL = "print(*(answers(units) for units in (2, 3, 4, 5, 6)))"
UNTRACED = """
from skembed.training.keras._loop import TrainingLoop

def traced(*arguments):
    raise AssertionError("traced again")

TrainingLoop._run = traced
"""


def output_of(script, folder, **variables):
    """What a script prints in a process with this folder of programs; it must tell of no fault."""
    variables = {"SKEMBED_CACHE_DIR": str(folder)} | variables
    done = completed(FITS + script, without="TF_", **variables)
    assert done.stderr == ""
    return done.stdout.split()


def entries(folder):
    return sorted((folder / "programs").glob("*.program"))


def reseal(file, contents):
    file.write_bytes(hashlib.sha256(contents).digest() + contents)


def rot_executable(file):
    """Damage what TensorFlow reads, under a digest that is right."""
    graph, files = ProgramGraph.from_bytes(file.read_bytes()[32:])
    reseal(file, graph.to_bytes({name: data[:-100] for name, data in files.items()}))


DAMAGES = (
    lambda file: file.write_bytes(file.read_bytes()[:-1000]),
    lambda file: file.write_bytes(b""),
    lambda file: file.write_bytes(os.urandom(5000)),
    rot_executable,
    lambda file: reseal(file, b"\x04\0\0\0\0\0\0\0null"),
)


def test_programs_of_another_process_are_used_and_damaged_ones_replaced(tmp_path):
    first = output_of(SEVERAL, tmp_path)
    files = entries(tmp_path)
    assert len(files) == 5
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert output_of(UNTRACED + SEVERAL, tmp_path) == first
    for file, damage in zip(files, DAMAGES, strict=True):
        damage(file)
    assert output_of(SEVERAL, tmp_path) == first
    assert entries(tmp_path) == files
    assert output_of(UNTRACED + SEVERAL, tmp_path) == first
    assert not list((tmp_path / "programs").glob("process-*"))


def test_what_was_trained_before_does_not_matter(tmp_path):
    first, other = output_of("print(answers(2), answers(3))", tmp_path)
    assert output_of(UNTRACED + "print(answers(3), answers(2))", tmp_path) == [other, first]


def test_processes_share_a_folder_at_once(tmp_path):
    script = [sys.executable, "-c", FITS + SEVERAL]
    given = os.environ | {"SKEMBED_CACHE_DIR": str(tmp_path)}
    running = [subprocess.Popen(script, stdout=subprocess.PIPE, env=given) for _ in range(2)]
    first, second = (process.communicate(timeout=240)[0] for process in running)
    assert first == second != b""
    assert output_of(UNTRACED + SEVERAL, tmp_path) == first.decode().split()


def test_the_folder_can_be_turned_off_and_flags_stay(tmp_path):
    flags = f"--tf_xla_persistent_cache_directory={tmp_path / 'own'} --tf_xla_clustering_debug"
    told = "print(answers(2), os.environ.get('TF_XLA_FLAGS'))"
    off = output_of(told, "off")
    assert off[1] == "None"
    assert output_of(told, tmp_path / "cache") == off
    (tmp_path / "own").mkdir()
    own = output_of(told, tmp_path / "cache", TF_XLA_FLAGS=flags)
    assert own == [off[0], *flags.split()]
    assert len(list((tmp_path / "own").iterdir())) == 1


def test_a_place_where_nothing_can_be_left_is_no_error(tmp_path):
    script = """
first = answers(2)
from skembed.training.keras._tensorflow import exchange
place = exchange().folder
place.rmdir()
place.write_text("in the way")
print(first, answers(2), answers(3))
"""
    first, again, other = output_of(script, tmp_path)
    assert first == again
    assert output_of("print(answers(3))", "off") == [other]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SKEMBED_CACHE_DIR", str(tmp_path))
    return tmp_path / "programs"


def test_entries_are_kept_until_they_are_forgotten(folder):
    write_entry("a", b"contents")
    assert read_entry("a") == b"contents"
    write_entry("a", b"others")
    assert read_entry("a") == b"others"
    forget_entry("a")
    forget_entry("a")
    assert read_entry("a") is None
    assert list(folder.iterdir()) == []


def test_the_oldest_entries_go_where_they_are_too_many(folder, monkeypatch):
    monkeypatch.setattr(_cache_folder, "MAX_BYTES", 1000)
    monkeypatch.setattr(_cache_folder, "_KEPT_BYTES", 700)
    for number in range(4):
        write_entry(str(number), bytes(200))
        os.utime(folder / f"{number}.program", (number + 1, number + 1))
    assert read_entry("0") is not None  # used: now the last to go
    write_entry("new", bytes(200))
    assert [name for name in ("0", "1", "2", "3", "new") if read_entry(name)] == ["0", "3", "new"]
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 1000


def test_what_others_may_write_to_is_not_used(folder):
    write_entry("a", b"contents")
    for place in (folder, folder.parent):
        place.chmod(0o777)
        assert cache_folder() is None
        assert read_entry("a") is None
        place.chmod(0o700)
    assert read_entry("a") == b"contents"


@pytest.mark.parametrize("word", ["", "off", "0", "None"])
def test_words_turn_the_folder_off(word, monkeypatch):
    monkeypatch.setenv("SKEMBED_CACHE_DIR", word)
    assert cache_folder() is None
    write_entry("a", b"contents")
    assert read_entry("a") is None


def test_a_place_that_is_no_folder_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SKEMBED_CACHE_DIR", str(tmp_path / "file"))
    assert cache_folder() is None


def test_folders_of_processes_that_were_killed_go(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(60)
    old, young = tmp_path / f"process-{ended.pid}-a", tmp_path / f"process-{ended.pid}-b"
    running = tmp_path / f"process-{os.getpid()}-c"  # for days, as notebooks do
    for place in (old, young, running):
        place.mkdir()
    for place in (old, running):
        os.utime(place, (time.time() - 3 * 24 * 3600,) * 2)
    exchange = _cache_folder.Exchange(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([young, running, exchange.folder])


def test_what_the_callers_own_functions_have_left_stays(tmp_path):
    exchange = _cache_folder.Exchange(tmp_path)
    own = exchange.folder / "own.pb"
    own.write_bytes(b"own")
    with exchange.lending({"lent.pb": b"lent"}) as found:
        (exchange.folder / "new.pb").write_bytes(b"new")
    assert found == {"lent.pb": b"lent", "new.pb": b"new"}
    assert list(exchange.folder.iterdir()) == [own]
