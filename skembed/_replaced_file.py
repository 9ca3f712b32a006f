"""Files that are replaced as a whole: at any time there is the old one, or the new one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import uuid4


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[str]:
    """Name of a new file in the same folder, which replaces `path` if all goes well.

    An error, of a full disk too, leaves the old file as it was, and nothing beside it.
    """
    final = os.path.realpath(os.fsdecode(path))
    if os.path.isdir(final):
        raise IsADirectoryError(f"{final} is a folder; give the name of a file")
    partial = f"{final}.{uuid4().hex}.tmp"
    open(partial, "xb").close()  # Python's own error if the folder is missing or read-only
    try:
        yield partial
        with open(partial, "rb+") as file:
            os.fsync(file.fileno())
        if os.path.exists(final):
            shutil.copymode(final, partial)
        os.replace(partial, final)
    finally:
        with suppress(FileNotFoundError):
            os.remove(partial)
    _sync_folder(os.path.dirname(final))


def _sync_folder(folder: str) -> None:
    """Make a rename last, where the system can open folders."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
