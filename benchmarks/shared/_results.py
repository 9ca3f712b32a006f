"""Files in benchmarks/results: where they are, what stands above their tables, writing."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "results"
PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "tensorflow",
    "keras",
    "scikeras",
    "torch",
    "fasttext-numpy2",
)


def heading(title: str, command: str, packages: Sequence[str] = PACKAGES) -> str:
    """Return the title, and the command with the machine and the versions that it ran on."""
    return f"# {title}\n\n`python -m benchmarks.{command}` on {machine(packages)}."


def machine(packages: Sequence[str] = PACKAGES) -> str:
    """Describe what this ran on, without names of hosts or folders."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [x for x in cpuinfo.read_text().splitlines() if x.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    versions = ", ".join(map(_version, packages))
    return f"{model}, {os.cpu_count()} cores; Python {platform.python_version()}, {versions}"


def _version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"no {package}"


def write(path: Path, text: str) -> None:
    """Write a report, and tell where."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    print(f"Written to benchmarks/results/{path.name}.")
