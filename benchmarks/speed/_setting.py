"""Setting of a run: its size, its data, its folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.shared._processes import Answer, answers_in_turns
from benchmarks.speed._features import Imdb
from benchmarks.speed._probe import PROBE

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

    def answers(
        self, questions: Sequence[Mapping[str, Any]], repeats: int | None = None
    ) -> list[list[Answer]]:
        """Answers of fresh processes, which take turns, about rows in the folder."""
        asked = [{**question, "folder": str(self.folder)} for question in questions]
        return answers_in_turns(PROBE, asked, repeats or self.sized(min(self.repeats, 3), 1))
