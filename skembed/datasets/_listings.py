"""Ads of homes to rent, made on the spot: words, lists, categories and numbers with a price."""

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

# Words that name each kind of home, and the logarithm of its usual price.
_KINDS = {
    "studio": ("studio bedsit", 4.2),
    "loft": ("loft warehouse", 4.8),
    "house": ("house townhouse", 5.0),
    "cottage": ("cottage farmhouse", 4.6),
}
# Words that say the same of every home, with what they add to the logarithm of its price.
_PLAIN = {
    "luxury": 0.4,
    "elegant": 0.25,
    "spacious": 0.25,
    "renovated": 0.2,
    "bright": 0.1,
    "tidy": 0.0,
    "simple": -0.15,
    "small": -0.25,
    "noisy": -0.3,
    "shabby": -0.4,
}
# Words that raise the price of some kinds of home and lower that of the others.
_TURNING = {
    "rustic": "cottage house",
    "industrial": "loft studio",
    "remote": "cottage",
    "central": "studio loft",
    "compact": "studio",
    "rambling": "house cottage",
    "antique": "house cottage",
    "minimal": "loft studio",
    "open": "loft",
    "quaint": "cottage studio",
    "lively": "studio loft",
    "secluded": "house cottage",
}
_TURN = 0.3
_FILLER = "home in the of with a near for and to your from walk park train stay guests"
_AMENITIES = {
    "wifi": 0.02,
    "kitchen": 0.05,
    "washer": 0.08,
    "parking": 0.0,
    "pool": 0.3,
    "gym": 0.15,
    "balcony": 0.12,
    "fireplace": 0.1,
    "air conditioning": 0.12,
    "desk": 0.0,
}
_OUTER_PARKING = 0.25  # what parking adds far from the centre
_ROOMS = {"entire home": (0.6, 0.0), "private room": (0.32, -0.3), "shared room": (0.08, -0.6)}
_DISTRICTS = (
    "Abbey Bridge Castle Docks Exchange Foundry Garden Harbour Island Junction Kilns Lake Market "
    "Nursery Orchard Palace Quay Riverside Station Tannery Upland Vineyard Wharf Yards"
)
_NOISE = 0.2


def make_listings(
    n_samples: int = 10_000, *, random_state: int | np.random.RandomState | None = None
) -> pd.DataFrame:
    """Generate artificial rental listings with mixed columns and a price to predict.

    Use it to try out regression on a table with text, categories, lists and numbers. The
    effect of some words depends on other words, so a linear model of the title predicts worse
    than a model with interactions.

    Parameters
    ----------
    n_samples : int, default=10_000
        Number of listings.
    random_state : int, RandomState instance or None, default=None
        Seed of the random numbers. Pass an int to get the same listings every time.

    Returns
    -------
    DataFrame of shape (n_samples, 7)
        The columns are title (str, words in lower case), district (str, 24 distinct values),
        room_type (str), amenities (list of str), guests (int, 1 to 8), minutes (float, travel
        time to the centre) and price (float, per night, above 0).

    Raises
    ------
    ValueError
        If `n_samples` is less than 1.

    Notes
    -----
    The logarithm of the price per night is the sum of these effects:

    - The kind of home (studio, loft, house or cottage), which only the title mentions.
    - Words of the title with the same effect for all kinds ("luxury", "shabby").
    - Words whose effect depends on the kind of home. For example, "rustic" adds 0.3 for a
      cottage and subtracts 0.3 for a loft.
    - The room type (entire home, private room or shared room) and the district.
    - The amenities. Parking adds 0.25 in the half of the districts farther from the centre,
      and 0 elsewhere.
    - 0.2 times the logarithm of the number of guests, and -0.005 per minute to the centre.
    - Normal noise with a standard deviation of 0.2.

    Examples
    --------
    >>> from skembed.datasets import make_listings
    >>> listings = make_listings(100, random_state=0)
    >>> listings.columns.tolist()
    ['title', 'district', 'room_type', 'amenities', 'guests', 'minutes', 'price']
    >>> bool((listings["price"] > 0).all())
    True
    """
    if n_samples < 1:
        raise ValueError(f"n_samples is {n_samples}, expected 1 or more.")
    rng = check_random_state(random_state)
    titles, of_title = _draw_titles(rng, n_samples)
    places, of_place = _draw_places(rng, n_samples)
    rooms = list(_ROOMS)
    room = rng.choice(len(rooms), size=n_samples, p=[share for share, _ in _ROOMS.values()])
    of_room = np.array([level for _, level in _ROOMS.values()])[room]
    guests = rng.randint(1, 9, size=n_samples)
    has = rng.random_sample((n_samples, len(_AMENITIES))) < 0.35
    of_amenities = has @ np.array(list(_AMENITIES.values()))
    parks = has[:, list(_AMENITIES).index("parking")] & places["outer"].to_numpy()
    logarithm = of_title + of_place + of_room + of_amenities + 0.2 * np.log(guests)
    logarithm += _OUTER_PARKING * parks + rng.normal(0, _NOISE, n_samples)
    names = np.array(list(_AMENITIES), dtype=object)
    return pd.DataFrame(
        {
            "title": titles,
            "district": places["district"],
            "room_type": np.array(rooms)[room],
            "amenities": [names[row].tolist() for row in has],
            "guests": guests,
            "minutes": places["minutes"],
            "price": np.round(np.exp(logarithm), 2),
        }
    )


def _draw_titles(rng: np.random.RandomState, n: int) -> tuple[list[str], np.ndarray]:
    """Draw titles, and what each says of the logarithm of the price."""
    plain, turning, filler = list(_PLAIN), list(_TURNING), _FILLER.split()
    titles, levels = [], np.empty(n)
    for row, kind in enumerate(rng.choice(list(_KINDS), size=n)):
        nouns, level = _KINDS[kind]
        said = rng.choice(plain, size=rng.randint(1, 3), replace=False)
        turned = rng.choice(turning, size=rng.randint(1, 4), replace=False)
        others = rng.choice(filler, size=rng.randint(3, 8))
        words = np.concatenate([[rng.choice(nouns.split())], said, turned, others])
        titles.append(" ".join(rng.permutation(words)))
        levels[row] = level + sum(_PLAIN[word] for word in said)
        levels[row] += sum(_TURN if kind in _TURNING[word].split() else -_TURN for word in turned)
    return titles, levels


def _draw_places(rng: np.random.RandomState, n: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw districts and minutes to the centre, and what they say of the logarithm."""
    districts = np.array(_DISTRICTS.split())
    levels = rng.normal(0, 0.15, len(districts))
    shares = 1.0 / (np.arange(len(districts)) + 5.0)
    district = rng.choice(len(districts), size=n, p=shares / shares.sum())
    usual = rng.permutation(np.linspace(5, 50, len(districts)))
    outer = usual > np.median(usual)
    minutes = np.round(usual[district] * rng.uniform(0.8, 1.2, n), 1)
    places = pd.DataFrame(
        {"district": districts[district], "minutes": minutes, "outer": outer[district]}
    )
    return places, levels[district] - 0.005 * minutes
