"""Each folder of benchmarks/ is a command of its name."""

import importlib
from pathlib import Path

import pytest

import benchmarks

FOLDER = Path(benchmarks.__file__).parent
COMMANDS = sorted(path.parent.name for path in FOLDER.glob("*/__main__.py"))


def test_each_package_but_the_shared_one_is_a_command():
    packages = {path.parent.name for path in FOLDER.glob("*/__init__.py")}
    assert packages - {"shared"} == set(COMMANDS)
    assert {"lesson", "quality", "rows", "speed", "vocabulary"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_how_it_is_run(name, capsys):
    command = importlib.import_module(f"benchmarks.{name}.__main__")
    with pytest.raises(SystemExit, match="0"):
        command.main(["--help"])
    assert capsys.readouterr().out.startswith(f"usage: python -m benchmarks.{name}")


@pytest.mark.parametrize("name", [*COMMANDS, "shared", "shared.data"])
def test_each_file_is_described(name):
    files = FOLDER.joinpath(*name.split(".")).glob("_[a-z]*.py")
    text = importlib.import_module(f"benchmarks.{name}").__doc__
    assert [file.stem for file in files if f"`{file.stem}`" not in text] == []
    assert f"- `{name.split('.')[0]}` :" in benchmarks.__doc__
