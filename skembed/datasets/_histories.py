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
    """Generate artificial watch histories: the films of each user in the order watched.

    Use it to try out recommenders. The next film of a user depends both on the user's taste,
    which shows in the whole history, and on the latest film.

    Parameters
    ----------
    n_users : int, default=2000
        Number of users.
    random_state : int, RandomState instance or None, default=None
        Seed of the random numbers. Pass an int to get the same histories every time.

    Returns
    -------
    list of list of str, length n_users
        Titles of the films that each user watched, earliest first.

    Raises
    ------
    ValueError
        If `n_users` is less than 1.

    Notes
    -----
    The catalogue has 300 films in 120 series of one to four parts ("Silent Crypt", "Silent
    Crypt II"). There are 20 series in each of six genres: horror, comedy, western, space,
    crime and romance. The second word of a title determines the genre. The popularity of the
    series follows a Zipf-like distribution.

    Each user has two favourite genres and a history of 8 to 60 films (log-normal, median 20)
    without repeats. The next film is drawn as follows:

    - If the latest film has a sequel that the user has not seen, that sequel is next with a
      probability of 40 %.
    - Otherwise a series is drawn, from the favourite genres with a probability of 85 % and
      from all genres with 15 %. Its first part that the user has not seen is next.

    Examples
    --------
    >>> from skembed.datasets import make_watch_histories
    >>> histories = make_watch_histories(100, random_state=0)
    >>> len(histories), len({film for films in histories for film in films}) <= 300
    (100, True)
    """
    if n_users < 1:
        raise ValueError(f"n_users is {n_users}, expected 1 or more.")
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
