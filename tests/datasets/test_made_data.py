from collections import Counter

import numpy as np
import pandas as pd
import pytest

from skembed.datasets import make_listings, make_watch_histories
from skembed.datasets._histories import _SUBJECTS, _series
from skembed.datasets._listings import _DISTRICTS, _KINDS, _PLAIN, _ROOMS, _TURN, _TURNING

PARTS = ["", " II", " III", " IV"]


@pytest.fixture(scope="module")
def histories():
    return make_watch_histories(2000, random_state=0)


@pytest.fixture(scope="module")
def listings():
    return make_listings(20_000, random_state=0)


def series_of(film):
    return " ".join(film.split()[:2])


def part_of(film):
    return PARTS.index(film.removeprefix(series_of(film)))


def test_films_are_those_of_the_catalogue(histories):
    titles, genres = _series()
    films = {film for parts in titles for film in parts}
    assert len(films) == 300 and len(titles) == len(genres) == 120
    assert {film for history in histories for film in history} == films


def test_no_film_is_watched_twice_and_parts_are_in_order(histories):
    for history in histories:
        assert 8 <= len(history) <= 60
        seen = Counter()
        for film in history:
            assert part_of(film) == seen[series_of(film)]
            seen[series_of(film)] += 1


def test_a_sequel_often_comes_next(histories):
    n_parts = {titles[0]: len(titles) for titles in _series()[0]}
    pairs = [pair for history in histories for pair in zip(history, history[1:], strict=False)]
    going_on = [
        series_of(after) == series_of(before)
        for before, after in pairs
        if part_of(before) + 1 < n_parts[series_of(before)]
    ]
    assert 0.4 < np.mean(going_on) < 0.47


def test_users_have_two_favourite_genres(histories):
    genre_of = {word: genre for genre, words in _SUBJECTS.items() for word in words.split()}
    shares = [
        sum(n for _, n in Counter(genre_of[film.split()[1]] for film in films).most_common(2))
        / len(films)
        for films in histories
    ]
    assert 0.85 < np.mean(shares) < 0.95


def test_listings_have_the_documented_columns(listings):
    assert listings["district"].nunique() == len(_DISTRICTS.split()) == 24
    assert set(listings["room_type"]) == set(_ROOMS)
    assert set(listings["guests"]) == set(range(1, 9))
    assert all(type(cell) is list for cell in listings["amenities"])
    assert (listings[["minutes", "price"]] > 0).all(axis=None)
    assert listings["price"].dtype == listings["minutes"].dtype == np.float64


def has(titles, word):
    return np.array([word in title.split() for title in titles])


@pytest.mark.parametrize("word", ["rustic", "central", "open"])
def test_words_turn_with_the_kind_of_home(listings, word):
    logarithm = np.log(listings["price"])
    for kind, (nouns, _) in _KINDS.items():
        of_kind = np.any([has(listings["title"], noun) for noun in nouns.split()], axis=0)
        said = has(listings["title"], word) & of_kind
        expected = _TURN if kind in _TURNING[word].split() else -_TURN
        rise = logarithm[said].mean() - logarithm[of_kind & ~said].mean()
        assert abs(rise - expected) < 0.12  # who says this word says fewer others


def test_plain_words_mean_the_same(listings):
    logarithm = np.log(listings["price"])
    means = [logarithm[has(listings["title"], word)].mean() for word in _PLAIN]
    assert means == sorted(means, reverse=True)


def test_parking_is_worth_something_farther_out(listings):
    parks = listings["amenities"].map(lambda names: "parking" in names)
    outer = listings["minutes"] > 34
    inner = listings["minutes"] < 22
    logarithm = np.log(listings["price"])
    rises = [
        logarithm[part & parks].mean() - logarithm[part & ~parks].mean() for part in (outer, inner)
    ]
    np.testing.assert_allclose(rises, [0.25, 0], atol=0.06)


@pytest.mark.parametrize("make", [make_listings, make_watch_histories])
def test_the_seed_decides(make):
    first, again, other = (make(30, random_state=seed) for seed in (3, np.random.RandomState(3), 4))
    same = pd.DataFrame.equals if make is make_listings else list.__eq__
    assert same(first, again) and not same(first, other)
    assert len(first) == 30


@pytest.mark.parametrize(
    "make, name", [(make_listings, "n_samples"), (make_watch_histories, "n_users")]
)
def test_none_asked_for(make, name):
    with pytest.raises(ValueError, match=f"{name} is 0, expected 1 or more"):
        make(0)
