"""Where real data is: below the folder that the variable SKEMBED_DATA names."""

import os
from pathlib import Path


def data_folder() -> Path | None:
    """Return the folder of all data sets; None where SKEMBED_DATA is not set."""
    name = os.environ.get("SKEMBED_DATA")
    return Path(name) if name else None


def data_path(place: str) -> Path | None:
    """Return the path of a file or folder below it; None where that is not there."""
    folder = data_folder()
    return folder / place if folder is not None and (folder / place).exists() else None
