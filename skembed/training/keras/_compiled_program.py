"""Compiled functions that outlive their process."""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

from skembed.training.keras import _cache_folder
from skembed.training.keras._log import log_filtered
from skembed.training.keras._program_graph import ProgramGraph
from skembed.training.keras._tensorflow import exchange, tf
from skembed.training.keras._traced import TracedFunction

# Programs of this process by their names: what trainers of equal keys share.
_KNOWN: dict[str, ProgramGraph] = {}
# Held by a first call: another one of the same program then finds it compiled.
_FIRST_CALL = Lock()


class CompiledProgram:
    """A function of tensors and variables that XLA compiles once for all processes of a user.

    The first call in a process looks for the traced graph and its executable in the cache, and
    else traces, compiles and keeps both. Without a cache, and where anything about it fails, it
    traces and compiles. Programs of equal keys share both within a process.

    Parameters
    ----------
    function : callable
        Of tensors, variables and structures of them, whose shapes are the same in each call; it
        makes no variables.
    variables : list of tf.Variable
        Those that the function reads and writes without being given them.
    key : str or None
        What the function computes, as far as its code and the arguments do not say it; None for
        a function whose code can change: this one is not kept.
    """

    def __init__(self, function: Callable, variables: list[tf.Variable], key: str | None) -> None:
        self._function = function
        self._variables = variables
        self._key = key
        self._call: Callable | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it has been called before."""
        return self._call is not None

    def __call__(self, *arguments: Any) -> Any:
        """Call it; all calls have arguments of the same structure, shapes and types."""
        if self._call is None:
            return self._first_call(arguments)
        return self._call(*arguments)

    def _first_call(self, arguments: tuple) -> Any:
        if self._key is None:
            self._call = TracedFunction(self._function, jit_compile=True)
            return self._call(*arguments)
        files, name = exchange(), _name(self._key, arguments)
        with _FIRST_CALL:
            program, executables = _find(name)
            try:
                return self._run_first(files, name, program, executables, arguments)
            except (tf.errors.OpError, OSError):
                if files is None:
                    raise
                _cache_folder.forget_entry(name)  # TensorFlow does not take the executable
                with suppress(OSError):
                    files.move()  # or it cannot leave one: the disk is full
            # under another name, as it remembers that the first one failed
            program = self._traced(f"{name}_again", arguments)
            return self._run_first(files, name, program, {}, arguments)

    def _run_first(
        self,
        files: _cache_folder.Exchange | None,
        name: str,
        program: ProgramGraph | None,
        executables: dict[str, bytes],
        arguments: tuple,
    ) -> Any:
        """Run a program that is known, or else traced now, and keep what is new."""
        call = None if program is None else self._bound(program)
        if program is None or call is None:
            program = self._traced(name, arguments)
            call = None if program is None else self._bound(program)
        if program is None or call is None:  # nothing that can be kept
            self._call = TracedFunction(self._function, jit_compile=True)
            return self._call(*arguments)
        result, found = _run_in(files, executables, call, arguments)
        if found.keys() != executables.keys() and found and name not in _KNOWN:
            _cache_folder.write_entry(name, program.to_bytes(found))
        _KNOWN[name] = program
        self._call = call
        return result

    def _traced(self, name: str, arguments: tuple) -> ProgramGraph | None:
        return ProgramGraph.of(self._function, arguments, self._variables, name)

    def _bound(self, program: ProgramGraph) -> Callable | None:
        """The program with this one's variables; None where TensorFlow does not take it."""
        try:
            handles = [self._variables[place].handle for place in program.captured]
            call = TracedFunction(program.callable())
        except Exception:  # of another version, by whatever error
            return None
        return lambda *arguments: call([*_tensors(arguments), *handles])[0]


def _tensors(arguments: tuple) -> list[tf.Tensor]:
    """The tensors of a structure in a fixed order, and variables' handles."""
    flat = tf.nest.flatten(arguments)
    return [value.handle if isinstance(value, tf.Variable) else value for value in flat]


def _find(name: str) -> tuple[ProgramGraph | None, dict[str, bytes]]:
    """The program of this name and the files of its executables, if it was kept."""
    if name in _KNOWN:
        return _KNOWN[name], {}
    contents = _cache_folder.read_entry(name)
    if contents is None:
        return None, {}
    try:
        return ProgramGraph.from_bytes(contents)
    except (ValueError, KeyError, TypeError):  # of another version
        return None, {}


def _run_in(
    files: _cache_folder.Exchange | None,
    executables: dict[str, bytes],
    call: Callable,
    arguments: tuple,
) -> tuple[Any, dict[str, bytes]]:
    """Result of the first call, and the files that TensorFlow has used or left."""
    if files is None:
        return call(*arguments), {}
    with files.lending(executables) as found:
        if not executables:
            return call(*arguments), found
        with log_filtered():
            return call(*arguments), found


def _name(key: str, arguments: tuple) -> str:
    """Name of a program: all that it depends on."""
    tensors = [(value.dtype.name, value.shape.as_list()) for value in tf.nest.flatten(arguments)]
    text = repr((key, tensors, _surroundings()))
    return "skembed_" + hashlib.sha256(text.encode()).hexdigest()[:40]


@cache
def _surroundings() -> str:
    """What all programs of this process depend on."""
    code = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        code.update(file.read_bytes())
    packages = [version(name) for name in ("tensorflow", "keras", "numpy")]
    names = ("XLA_FLAGS", "TF_XLA_FLAGS", "TF_NUM_INTRAOP_THREADS", "TF_ENABLE_ONEDNN_OPTS")
    flags = [os.environ.get(name) for name in names]
    threads = tf.config.threading.get_intra_op_parallelism_threads(), os.cpu_count()
    details = tf.config.experimental.get_device_details
    devices = [
        (device.device_type, sorted(details(device).items()) if device.device_type == "GPU" else [])
        for device in tf.config.list_physical_devices()
    ]
    machine = _cache_folder.processor(), devices
    return repr((packages, flags, threads, code.hexdigest(), machine))
