"""The import contracts in pyproject.toml are kept, and a tree that breaks them is refused."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytest.importorskip("importlinter")

ROOT = Path(__file__).parents[1]
CONTRACTS = [
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
]
# An import for each module that breaks a contract or two; together they break all.
BREAKS = {
    "network/_pooling.py": "import tensorflow, skembed._compat",
    "training/_stream.py": "import skembed.estimators",
    "vocabulary/_lists.py": "import skembed._version",
    "inspection/_cosine.py": "import skembed.parallel",
    "tfrecord/_files.py": "import skembed.network",
}
LINT = (
    "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
)


def lint(root: Path) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(root), "NO_COLOR": "1", "COLUMNS": "200"}
    command = [sys.executable, "-c", LINT]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)


def test_contracts_are_kept():
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_breaks_of_every_contract_are_found(tmp_path):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "skembed", tmp_path / "skembed")
    for name, line in BREAKS.items():
        with (tmp_path / "skembed" / name).open("a") as file:
            file.write(f"\n{line}\n")
    result = lint(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    assert [name for name in CONTRACTS if f"{name} BROKEN" not in result.stdout] == []
