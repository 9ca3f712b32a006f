"""Tables: where each is, its columns, its split and what it is scored by."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.shared.data._folder import data_path
from benchmarks.shared.data._problem import Split, given_split, numbered, random_split
from benchmarks.shared.data._reviews import IMDB, read_imdb, without_breaks
from skembed.comparison._column_kinds import Kind, column_kinds

ADULT = "adult/adult.parquet"
AMAZON = "amazon_access/amazon_access.parquet"
CATBOOST_SPLIT = "amazon_access/catboost_split.npz"
LISTINGS = "airbnb_nyc/airbnb_nyc_2019.parquet"
COOKING = "whats_cooking/whats_cooking_train.parquet"
_LISTING_COLUMNS = [
    "neighbourhood_group",
    "neighbourhood",
    "room_type",
    "host_id",
    "latitude",
    "longitude",
    "minimum_nights",
    "number_of_reviews",
    "reviews_per_month",
    "calculated_host_listings_count",
    "availability_365",
]


@dataclass(frozen=True)
class Table:
    """Training and test rows of a table. `task` is "classes" (y: 0, 1, ...) or "values"."""

    task: str
    train: pd.DataFrame
    y_train: np.ndarray
    test: pd.DataFrame
    y_test: np.ndarray

    def head(self, n_rows: int) -> "Table":
        """Keep the first rows of either part."""
        train, test = (part.head(n_rows) for part in (self.train, self.test))
        return Table(self.task, train, self.y_train[:n_rows], test, self.y_test[:n_rows])

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """Kind of each column."""
        return column_kinds(self.train)

    @cached_property
    def library_kinds(self) -> dict[str, Kind]:
        """The same for libraries that take integers for numbers unless told otherwise."""
        integers = self.train.select_dtypes("integer").columns
        return {name: "number" if name in integers else kind for name, kind in self.kinds.items()}

    @property
    def description(self) -> str:
        """What is to be told of it in a report."""
        counts = pd.Series(self.kinds).value_counts(sort=False)
        plural = {"category": "categories"}
        columns = [
            f"{n} {plural.get(kind, kind + 's') if n > 1 else kind}" for kind, n in counts.items()
        ]
        target = "a number" if self.task == "values" else f"{int(self.y_train.max()) + 1} classes"
        return f"{len(self.train):,} + {len(self.test):,} rows; {', '.join(columns)}; {target}"

    @cached_property
    def digest(self) -> str:
        """Hash of all that models get to see."""
        found = hashlib.sha256(self.task.encode())
        for frame, y in ((self.train, self.y_train), (self.test, self.y_test)):
            found.update(repr(frame.dtypes.to_dict()).encode())
            cells = frame.map(lambda cell: tuple(cell) if isinstance(cell, np.ndarray) else cell)
            found.update(pd.util.hash_pandas_object(cells.astype(str), index=False).to_numpy().data)
            found.update(np.ascontiguousarray(y).data)
        return found.hexdigest()[:16]


@dataclass(frozen=True)
class TableSet:
    """Where a table is, how it is read, what it is judged by and what others have published."""

    title: str
    file: str  # below $SKEMBED_DATA
    make: Callable[[Path], Table]
    score: str = "log loss"
    published: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path | None:
        """Where it is; None where it is not there."""
        return data_path(self.file)


def _divided(task: str, frame: pd.DataFrame, y: np.ndarray, split: Split) -> Table:
    train, test = (frame.iloc[rows].reset_index(drop=True) for rows in split)
    return Table(task, train, y[split[0]], test, y[split[1]])


def _adult(path: Path) -> Table:
    frame = pd.read_parquet(path)
    columns = frame.drop(columns=["income", "split"])
    return _divided("classes", columns, numbered(frame["income"]), given_split(frame["split"]))


def _amazon(path: Path, *, published_split: bool = False) -> Table:
    """Ids are categories, whatever their type; the published split has all columns."""
    folder = path.parent
    frame = pd.read_parquet(folder / Path(AMAZON).name)
    y = numbered(frame["ACTION"])
    columns = frame.drop(columns="ACTION").astype(str)
    if not published_split:
        # a function of ROLE_TITLE
        columns = columns.drop(columns="ROLE_CODE")
        return _divided("classes", columns, y, random_split(len(frame), 0.25, y))
    with np.load(path) as arrays:
        return _divided("classes", columns, y, (arrays["train"], arrays["test"]))


def _listings(path: Path, *, words: bool = False) -> Table:
    frame = pd.read_parquet(path)
    frame = frame[frame["price"] > 0].reset_index(drop=True)
    columns = frame[_LISTING_COLUMNS + ["name"] * words].astype({"host_id": str})
    y = np.log(frame["price"].to_numpy(float))
    return _divided("values", columns, y, random_split(len(frame), 0.25))


def _cooking(path: Path) -> Table:
    frame = pd.read_parquet(path)
    counts = frame["ingredients"].map(len)
    columns = pd.DataFrame({"ingredients": frame["ingredients"], "n_ingredients": counts})
    y = numbered(frame["cuisine"])
    return _divided("classes", columns, y, random_split(len(frame), 0.25, y))


def _imdb(path: Path) -> Table:
    frame = read_imdb(path)
    text = without_breaks(frame["text"])
    columns = pd.DataFrame({"text": text, "n_characters": text.str.len()})
    return _divided("classes", columns, numbered(frame["label"]), given_split(frame["split"]))


SETS: dict[str, TableSet] = {
    "adult": TableSet("Adult", ADULT, _adult),
    "amazon": TableSet("Amazon access", AMAZON, _amazon),
    "amazon-catboost": TableSet(
        "Amazon access, CatBoost's split",
        CATBOOST_SPLIT,
        partial(_amazon, published_split=True),
        published={
            "CatBoost, defaults": ".1381",
            "CatBoost, tuned": ".1377",
            "LightGBM, defaults": ".1672",
            "LightGBM, tuned": ".1636",
        },
    ),
    "listings": TableSet("Listings, log price", LISTINGS, _listings, "R2"),
    "listings-words": TableSet(
        "Listings with words, log price", LISTINGS, partial(_listings, words=True), "R2"
    ),
    "cooking": TableSet("What's Cooking, a list", COOKING, _cooking),
    "imdb": TableSet("IMDB, a text", IMDB, _imdb),
}
