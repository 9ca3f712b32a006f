"""Hash of the code of skembed that a fit depends on, but for its prose."""

import ast
import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import skembed

_PACKAGE = Path(skembed.__file__).parent
_ESTIMATORS = ("skembed.estimators",)


@cache
def source_digest(roots: Sequence[str] = _ESTIMATORS) -> str:
    """Hash the code of modules and of all that they import within skembed."""
    found = code_behind(roots)
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:16]


def code_behind(roots: Sequence[str] = _ESTIMATORS) -> dict[str, str]:
    """Return the code of modules and of all that they import within skembed, by name.

    Imports within functions count, those for type checkers alone do not. Neither does
    `skembed/__init__.py`: it names everything, and loads none of it before it is used.
    """
    waiting, found = list(roots), {}
    while waiting:
        name = waiting.pop()
        if name not in found:
            tree = without_type_checking(ast.parse(_file_of(name).read_text()))
            waiting += _imported(tree)
            found[name] = without_prose(tree)
    return found


def _file_of(name: str) -> Path:
    """File of a module, or of the package of this name."""
    path = _PACKAGE.parent.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _imported(tree: ast.Module) -> Iterator[str]:
    """Yield the modules of skembed that a module imports, or imports names from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (name for name in names if name.startswith("skembed.") and _is_module(name))


def _is_module(name: str) -> bool:
    return _file_of(name).exists()


class _WithoutTypeChecking(ast.NodeTransformer):
    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return node.orelse
        return self.generic_visit(node)


def without_type_checking(tree: ast.Module) -> ast.Module:
    """Code without what stands under `if TYPE_CHECKING`, which never runs; changes the tree."""
    return ast.fix_missing_locations(_WithoutTypeChecking().visit(tree))


def without_prose(tree: ast.Module) -> str:
    """Code without comments, layout and docstrings; changes the tree."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)
