"""Data to learn from: made on the spot, or the IMDB reviews of the lesson.

- `_reviews` : `make_reviews`, film reviews with words of praise and blame.
- `_imdb` : `fetch_imdb`, the reviews that the lesson was written for.
- `_histories` : `make_watch_histories`, films watched.
- `_listings` : `make_listings`, homes to rent with prices.
"""

from skembed.datasets._histories import make_watch_histories
from skembed.datasets._imdb import fetch_imdb
from skembed.datasets._listings import make_listings
from skembed.datasets._reviews import make_reviews

__all__ = ["fetch_imdb", "make_listings", "make_reviews", "make_watch_histories"]
