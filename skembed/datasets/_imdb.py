"""The IMDB reviews of the lesson, downloaded or read from a file."""

import re
import tarfile
from collections.abc import Iterator
from os import PathLike
from pathlib import Path, PurePosixPath
from types import ModuleType
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

_IMDB_URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
_IMDB_HASH = "md5:7c2ac02c03563afcf9b574c7e56c153a"
_IMDB_MEMBER = re.compile(r"(?:\./)?aclImdb/(train|test)/(neg|pos)/([0-9]+)_([0-9]+)\.txt")


def fetch_imdb(
    *,
    data_home: str | PathLike[str] | None = None,
    url: str = _IMDB_URL,
    known_hash: str | None = _IMDB_HASH,
    progress: bool = False,
) -> pd.DataFrame:
    """Fetch the 50,000 labelled IMDB film reviews of the ACL 2011 data set.

    The archive (84 MB) is downloaded once, verified by its checksum and cached. It is read
    as a stream and not unpacked to disk. Reviews without a label are excluded. The text is
    unchanged: line breaks are ``<br />``, and upper case is kept. Install the extra
    ``skembed[download]`` to use this function.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder of the cached archive, whose file name is the last part of `url`. You can also
        place the archive there yourself. None means `pooch.os_cache("skembed")`.
    url : str
        URL to download from. The default is the authors' page at Stanford.
    known_hash : str or None
        Expected checksum as ``"algorithm:digits"``. The default is the MD5 sum of the
        published file. None accepts any file.
    progress : bool, default=False
        Whether to show a progress bar during the download.

    Returns
    -------
    DataFrame
        One row per review, with the columns text (str), label (1 for a rating of 7 or more,
        0 for a rating of 4 or less), split ("train" or "test") and rating (int, 1 to 10). The
        rows are sorted: train before test, negative before positive, then by review number.
        Shuffle them before training that depends on the row order.

    Raises
    ------
    ImportError
        If pooch is not installed.
    ValueError
        If the file does not have the checksum `known_hash`, or contains no reviews.

    References
    ----------
    Maas, Daly, Pham, Huang, Ng and Potts. "Learning word vectors for sentiment analysis".
    ACL 2011.

    Examples
    --------
    >>> from skembed.datasets import fetch_imdb
    >>> reviews = fetch_imdb()  # doctest: +SKIP
    >>> reviews.groupby(["split", "label"]).size().tolist()  # doctest: +SKIP
    [12500, 12500, 12500, 12500]
    """
    pooch = _import_pooch()
    path = pooch.retrieve(
        url,
        known_hash=known_hash,
        fname=PurePosixPath(urlsplit(url).path).name or None,
        path=pooch.os_cache("skembed") if data_home is None else Path(data_home).expanduser(),
        progressbar=progress,
    )
    return _read_imdb(Path(path))


def _import_pooch() -> ModuleType:
    """Import pooch, or say which extra brings it."""
    try:
        import pooch
    except ImportError as error:
        raise ImportError(
            "fetch_imdb needs pooch, which is not installed; "
            "install it with: pip install 'skembed[download]'"
        ) from error
    return pooch


def _read_imdb(path: Path) -> pd.DataFrame:
    """Read the labelled reviews from the archive, in a fixed order."""
    with tarfile.open(path, mode="r|*") as archive:
        rows = sorted(_labelled_reviews(archive))
    if not rows:
        raise ValueError(
            f"{path} contains no reviews with names such as aclImdb/train/pos/0_9.txt; "
            "delete the file and pass the url of the aclImdb archive."
        )
    tests, labels, _, ratings, texts = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "text": texts,
            "label": np.array(labels, dtype=np.int64),
            "split": np.where(tests, "test", "train"),
            "rating": np.array(ratings, dtype=np.int64),
        }
    )


def _labelled_reviews(
    archive: tarfile.TarFile,
) -> Iterator[tuple[bool, bool, int, int, str]]:
    """Yield whether a review is a test one, whether it is positive, number, rating and text."""
    for member in archive:
        match = _IMDB_MEMBER.fullmatch(member.name)
        content = archive.extractfile(member) if match and member.isfile() else None
        if match and content:
            split, side, number, rating = match.groups()
            text = content.read().decode()
            yield split == "test", side == "pos", int(number), int(rating), text
