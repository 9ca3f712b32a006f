"""What the rows of the speed benchmark are run with."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks._features import Imdb

T = TypeVar("T")


@dataclass(frozen=True)
class Setting:
    """Size of a run, its data, and a folder for what other processes read."""

    quick: bool
    repeats: int
    folder: Path
    imdb: Imdb | None

    @property
    def data(self) -> Imdb:
        """IMDB, in rows that run only where it is."""
        assert self.imdb is not None
        return self.imdb

    def sized(self, full: T, quick: T) -> T:
        """Choose by the size of the run."""
        return quick if self.quick else full
