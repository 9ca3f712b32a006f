"""What the hash of the code that trains covers."""

import ast

import pytest

from benchmarks.shared._source_digest import (
    code_behind,
    source_digest,
    without_prose,
    without_type_checking,
)


@pytest.mark.parametrize("package", ["estimators", "training", "training.keras", "network"])
def test_the_code_that_trains_is_hashed(package):
    assert any(name.startswith(f"skembed.{package}._") for name in code_behind())


def test_code_that_fits_do_not_run_is_not_hashed():
    names = code_behind()
    assert not [name for name in names if name.startswith(("skembed.inspection", "skembed.vocab"))]
    assert source_digest() != source_digest(("skembed.vocabulary",))


def test_a_module_that_is_not_there_is_an_error():
    with pytest.raises(FileNotFoundError, match="_moved_away"):
        source_digest(("skembed._moved_away",))


def test_prose_is_not_hashed():
    def code(text):
        return without_prose(ast.parse(text))

    bare = code("def f():\n    return 1\n")
    assert bare == code('def f():\n    """Do."""\n    return 1  # one\n')
    assert bare != code("def f():\n    return 2\n")


def test_imports_for_type_checkers_are_not_hashed():
    code = ast.parse("if TYPE_CHECKING:\n    import pandas\nelse:\n    pandas = None\nx = 1\n")
    assert ast.unparse(without_type_checking(code)) == "pandas = None\nx = 1"
