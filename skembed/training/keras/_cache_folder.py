"""The user's folder of compiled programs: where it is, who may write there, how large it grows."""

import atexit
import hashlib
import os
import platform
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import platformdirs

# The variable that names another folder, or turns the cache off by one of the words.
CACHE_VARIABLE = "SKEMBED_CACHE_DIR"
_OFF = ("", "off", "0", "none", "false")
# Bytes of all files together, and to how many they are cut when they are more.
MAX_BYTES = 256 * 2**20
_KEPT_BYTES = 192 * 2**20
# Seconds after which a folder that a process has left behind is removed.
_ABANDONED = 2 * 24 * 3600
_SUFFIX = ".program"
_DIGEST_BYTES = 32


def cache_folder() -> Path | None:
    """The folder of this user's programs, made if it is missing; None for no cache.

    There is none where the variable says so, where the folder cannot be made, and where others
    than the user may write to it: a program is native code.
    """
    named = os.environ.get(CACHE_VARIABLE)
    if named is not None and named.strip().lower() in _OFF:
        return None
    try:
        folder = Path(named) if named else platformdirs.user_cache_path("skembed", appauthor=False)
        folder = folder.expanduser().absolute() / "programs"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder if _is_own(folder) else None
    except (OSError, RuntimeError):  # read-only, or no home
        return None


def _is_own(folder: Path) -> bool:
    """Whether nobody but the user may write to the folder, or move it away."""
    if not hasattr(os, "geteuid"):  # Windows: folders of a user are the user's
        return os.access(folder, os.W_OK)
    for place in (folder, folder.parent):
        status = place.stat()
        if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return False
    return os.access(folder, os.W_OK | os.X_OK)


@cache
def processor() -> str:
    """What a compiled program may ask of the processor."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            wanted = ("model name", "flags", "Features", "CPU implementer", "CPU part")
            first = dict(
                reversed([line.split(":", 1) for line in lines if line.startswith(wanted)])
            )
        return repr(sorted(first.items()))
    except (OSError, ValueError):  # no Linux: then programs are this computer's
        return f"{platform.processor()} of {platform.node()}"


def read_entry(name: str) -> bytes | None:
    """Contents that were written under this name; None where there are none, or other ones."""
    folder = cache_folder()
    if folder is None:
        return None
    file = folder / (name + _SUFFIX)
    try:
        data = file.read_bytes()
        digest, contents = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
        if hashlib.sha256(contents).digest() != digest:
            file.unlink()
            return None
        os.utime(file)  # used: the last to be removed
    except OSError:
        return None
    return contents


def write_entry(name: str, contents: bytes) -> None:
    """Keep contents under a name, as far as possible; the oldest go where they are too many."""
    folder = cache_folder()
    if folder is None or len(contents) > _KEPT_BYTES:
        return
    try:
        _remove_oldest(folder, len(contents))
        # a file of the owner's only; readers see the old one or the new one, whole
        handle, aside = tempfile.mkstemp(dir=folder, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(hashlib.sha256(contents).digest())
                out.write(contents)
            os.replace(aside, folder / (name + _SUFFIX))
        except BaseException:
            os.unlink(aside)
            raise
    except OSError:  # a full disk, a folder that is gone
        return


def forget_entry(name: str) -> None:
    """Remove what was written under a name, if anything."""
    folder = cache_folder()
    if folder is not None:
        try:
            (folder / (name + _SUFFIX)).unlink(missing_ok=True)
        except OSError:
            return


def _remove_oldest(folder: Path, coming: int) -> None:
    """Remove the files that were not used for the longest time, if all are too large together."""
    files = []
    for entry in os.scandir(folder):
        if not entry.is_file(follow_symlinks=False):
            continue
        status = entry.stat(follow_symlinks=False)
        if entry.name.endswith(".part") and time.time() - status.st_mtime > _ABANDONED:
            os.unlink(entry.path)
        elif entry.name.endswith(_SUFFIX):
            files.append((status.st_mtime, status.st_size, entry.path))
    total = coming + sum(size for _, size, _ in files)
    if total <= MAX_BYTES:
        return
    for _, size, path in sorted(files):
        if total <= _KEPT_BYTES:
            return
        try:
            os.unlink(path)
        except FileNotFoundError:  # by another process
            pass
        total -= size


class Exchange:
    """A folder of this process where TensorFlow puts executables and looks for them.

    TensorFlow trusts each file that it finds there, and fails on a damaged one. So it never sees
    the cache itself: it finds copies of files that are sound, and what it leaves is taken away.

    Parameters
    ----------
    parent : Path
        The folder in which it is made, and removed when the process ends.
    """

    PREFIX = "process-"
    _LEFT = "*.pb"  # what TensorFlow leaves, once it is whole

    def __init__(self, parent: Path) -> None:
        _remove_abandoned(parent, self.PREFIX)
        self.folder = Path(tempfile.mkdtemp(prefix=f"{self.PREFIX}{os.getpid()}-", dir=parent))
        atexit.register(self._remove)
        self._lock = threading.Lock()

    @contextmanager
    def lending(self, files: dict[str, bytes]) -> Iterator[dict[str, bytes]]:
        """Put files into the folder; afterwards the dict that is given holds them and new ones.

        Files that were there before are the caller's own functions', which TensorFlow compiles.
        """
        with self._lock:
            found: dict[str, bytes] = {}
            self.folder.mkdir(mode=0o700, exist_ok=True)  # something may have tidied up
            before = {file.name for file in self.folder.glob(self._LEFT)}
            try:
                for name, contents in files.items():
                    (self.folder / name).write_bytes(contents)
                yield found
            finally:
                for file in self.folder.glob(self._LEFT):
                    if file.name not in before:
                        found[file.name] = file.read_bytes()
                        file.unlink()

    def move(self) -> None:
        """Let the folder's path lead to another place: nothing can be written where it was."""
        self._remove()
        elsewhere = tempfile.mkdtemp(prefix=f"skembed-{self.PREFIX}")  # the owner's only
        atexit.register(shutil.rmtree, elsewhere, ignore_errors=True)
        self.folder.symlink_to(elsewhere, target_is_directory=True)

    def _remove(self) -> None:
        if self.folder.is_dir() and not self.folder.is_symlink():
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            self.folder.unlink(missing_ok=True)


def _remove_abandoned(parent: Path, prefix: str) -> None:
    """Remove folders of processes that ended long ago, without time to do so themselves."""
    for entry in os.scandir(parent):
        if entry.name.startswith(prefix) and entry.is_dir(follow_symlinks=False):
            age = time.time() - entry.stat(follow_symlinks=False).st_mtime
            pid = entry.name[len(prefix) :].partition("-")[0]
            if age > _ABANDONED and not (pid.isdigit() and _is_running(int(pid))):
                shutil.rmtree(entry.path, ignore_errors=True)


def _is_running(pid: int) -> bool:
    """Whether a process of this number runs; on Windows, where asking would end it, unknown."""
    if not hasattr(os, "geteuid"):
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # of another user
        return True
    return True
