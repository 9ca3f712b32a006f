"""Watch histories made on the spot, for recommending."""

import numpy as np
from sklearn.utils import check_random_state

_SUBJECTS = {
    "horror": "Crypt Cellar Curse Phantom Swamp",
    "comedy": "Wedding Neighbour Holiday Parrot Reunion",
    "western": "Saddle Canyon Sheriff Stagecoach Prairie",
    "space": "Orbit Comet Starship Asteroid Colony",
    "crime": "Alibi Heist Witness Detective Verdict",
    "romance": "Letter Waltz Orchard Summer Promise",
}
_MANNERS = "Silent Last Golden Broken"
_PARTS = ("", " II", " III", " IV")

_SEQUEL = 0.4
_TASTE = 0.85
_SHORTEST, _MEDIAN, _LONGEST = 8, 20, 60


def make_watch_histories(
    n_users: int = 2000, *, random_state: int | np.random.RandomState | None = None
) -> list[list[str]]:
    """Make the films that users watched, in the order in which they did.

    There are 300 films in 120 series of one to four parts ("Silent Crypt", "Silent Crypt
    II"), 20 series of each of six genres: horror, comedy, western, space, crime and
    romance. The second word of a title tells the genre. Series differ in popularity, with
    Zipf-like frequencies. Every user has two favourite genres and a history of 8 to 60
    films (log-normal, median 20), none of them twice. The next film is

    - with 40 %, where the last one has a sequel that the user has not seen, that sequel;
    - otherwise the first part that the user has not seen of a series: 85 % of the time of
      one in a favourite genre, 15 % of one in any genre.

    What comes next thus depends on the user's taste, which all films watched tell of, and on
    the latest film.

    Parameters
    ----------
    n_users : int, default=2000
        Number of histories.
    random_state : int, RandomState instance or None, default=None
        The source of randomness; an int gives the same histories every time.

    Returns
    -------
    list of list of str, length n_users
        The titles that each user watched, the earliest first.

    Raises
    ------
    ValueError
        If `n_users` is less than 1.

    Examples
    --------
    >>> from skembed.datasets import make_watch_histories
    >>> histories = make_watch_histories(100, random_state=0)
    >>> len(histories), len({film for films in histories for film in films}) <= 300
    (100, True)
    """
    if n_users < 1:
        raise ValueError(f"n_users is {n_users}, but must be 1 or more.")
    rng = check_random_state(random_state)
    titles, genres = _series()
    popularity = 1.0 / (rng.permutation(len(titles)) + 3.0)
    lengths = rng.lognormal(np.log(_MEDIAN), 0.5, size=n_users)
    lengths = np.clip(lengths, _SHORTEST, _LONGEST).astype(int)
    return [_history(rng, titles, genres, popularity, length) for length in lengths]


def _series() -> tuple[list[list[str]], np.ndarray]:
    """Return the titles of each series' parts, and the number of its genre."""
    titles, genres = [], []
    for genre, subjects in enumerate(_SUBJECTS.values()):
        for subject in subjects.split():
            for n_parts, manner in enumerate(_MANNERS.split(), start=1):
                titles.append([f"{manner} {subject}{part}" for part in _PARTS[:n_parts]])
                genres.append(genre)
    return titles, np.array(genres)


def _history(
    rng: np.random.RandomState,
    titles: list[list[str]],
    genres: np.ndarray,
    popularity: np.ndarray,
    length: int,
) -> list[str]:
    """Draw the films of one user."""
    favourites = rng.choice(len(_SUBJECTS), size=2, replace=False)
    liked = popularity * np.isin(genres, favourites)
    n_parts = np.array([len(parts) for parts in titles])
    n_seen = np.zeros(len(titles), dtype=int)
    films: list[str] = []
    last = 0
    while len(films) < length:
        unseen = n_seen < n_parts
        goes_on = films and unseen[last] and rng.random_sample() < _SEQUEL
        if not goes_on:
            # 50 to 60 films do not exhaust two genres of 50 films each.
            weights = (liked if rng.random_sample() < _TASTE else popularity) * unseen
            last = rng.choice(len(titles), p=weights / weights.sum())
        films.append(titles[last][n_seen[last]])
        n_seen[last] += 1
    return films
