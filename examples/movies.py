"""Recommend the next film from the films that a user liked before.

Who liked Alien and then Aliens may like Terminator next. This script learns such sequences
from MovieLens: the terms of a row are the films that a user liked, the label is the film
that the same user liked next, and a softmax over all films says how likely each one is.
To recommend is to list the films with the highest scores that the user has not seen.

- A like is a rating of 4 or more. Each user's ratings are in order of time, those of the
  same second in order of the film's number.
- Held out are the last 5 likes of each user with 10 likes or more. Of such a user, only
  what was rated before the first of these 5 is used for anything else: the history.
- A training row has the last 20 likes before some like of a history as its terms and that
  like as its label. A user gives at most 200 rows, drawn at random.
- To recommend, the network reads the last 20 likes of the history. Films that were rated
  in the history, well or not, are left out of the lists of all methods.
- Recall@20 is the share of the 5 held-out likes that are among the first 20 films of the
  list, as a mean over users. Likes of films that nobody liked before cannot be found; they
  count as missed.

The rivals are the films with the most likes, the same for everybody, and a truncated SVD of
the matrix of users and films: a user's row of likes is projected onto the first singular
vectors, and what they restore are the scores. As the network reads the latest likes only, a
second SVD may do so, too.

The held-out likes chose nothing. The dimension of the SVDs, the number of latest likes that
the second one reads and the parameters of the network were chosen by the recall of another
5 likes, split off the histories in the same way: "validation" in the table. On MovieLens,
which takes a minute or two:

====================  ==========  ==========
recall@20             validation    held out
====================  ==========  ==========
popularity                0.1007      0.0880
SVD, all likes            0.1806      0.1600
SVD, latest likes         0.1908      0.1632
embedding network         0.2106      0.1840
====================  ==========  ==========

The network's numbers are means of 3 seeds, each of which was above the SVDs.

The neighbours of a film are those that lead to the same next films. Sequels are among them,
and so are films that users rated one after the other for other reasons, such as that
MovieLens listed them together: Pulp Fiction is near to Batman.

Run it with ``python examples/movies.py``. The data are sought in $SKEMBED_DATA/movielens:
mlsmall2016_ratings.parquet (userId, movieId, rating, timestamp) and
mlsmall2016_movies.parquet (movieId, title), the tables of GroupLens' MovieLens small of 2016
(https://grouplens.org/datasets/movielens). Where they are not there, generated ratings take
their place. Nothing was tuned for those, and an SVD of latest likes suits them best: they
are made of a dozen kinds of film that users keep to for a while.
"""

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.decomposition import TruncatedSVD

from skembed import EmbeddingDNNClassifier, TermEmbeddings, VocabularyTransformer

LIKED = 4.0  # the lowest rating that is a like
N_HELD_OUT = 5  # likes a user
N_LATEST = 20  # likes that the network reads
MAX_ROWS = 200  # training rows a user
SEEDS = (0, 1, 2)

# Chosen on the validation likes, with N_LATEST and MAX_ROWS. There, half the dimensions, 60
# rows a user, all likes as terms, a longer training or hidden layers lost, twice the
# dimensions or all rows gained nothing. The wide part of the network stays away by itself:
# it would have a weight for each pair of thousands of films.
PARAMETERS = {
    "embedding_dim": 64,
    "hidden_units": (),
    "term_dropout": 0.5,
    "embedding_l2": 1.0,
    "embedding_init": "random",
    "batch_size": 256,
    "max_epochs": 8,
}

DIMENSIONS = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 80, 100, 150, 200, 300)  # of the SVD
LATEST = (5, 10, 20, 30, 50, 100)  # likes that the second SVD may read

FAMOUS = ("Toy Story (", "Matrix, The (", "Star Wars: Episode IV", "Godfather, The", "Pulp Fiction")
MIN_LIKES = 20  # of a film that is shown as a neighbour


@dataclass(frozen=True)
class Problem:
    """Histories to learn from and the likes to find; films are their titles."""

    likes: dict[int, list[str]]  # by user, in order of time
    seen: dict[int, list[str]]  # what each user rated in the history, likes or not
    held_out: dict[int, list[str]]  # of the users that have some
    films: VocabularyTransformer  # the columns: films that somebody liked in the histories

    @property
    def histories(self) -> list[list[str]]:
        """The likes of the users to recommend to, those with held-out likes."""
        return [self.likes[user] for user in self.held_out]


Networks = list[EmbeddingDNNClassifier]


class Score(NamedTuple):
    """A row of the table."""

    method: str
    validation: float
    recall: float
    note: str = ""


def load_ratings() -> pd.DataFrame:
    """Read MovieLens, or make ratings: userId, movieId, title, rating, timestamp."""
    root = os.environ.get("SKEMBED_DATA")
    folder = Path(root or ".", "movielens")
    if root and (folder / "mlsmall2016_ratings.parquet").exists():
        ratings = pd.read_parquet(folder / "mlsmall2016_ratings.parquet")
        movies = pd.read_parquet(
            folder / "mlsmall2016_movies.parquet", columns=["movieId", "title"]
        )
        return ratings.merge(with_distinct_titles(movies), on="movieId")
    print(
        "These are generated ratings. For real ones set SKEMBED_DATA to a folder with\n"
        "movielens/mlsmall2016_ratings.parquet and movielens/mlsmall2016_movies.parquet.\n"
    )
    return make_ratings()


def with_distinct_titles(movies: pd.DataFrame) -> pd.DataFrame:
    """Add the number to the titles that two films share."""
    numbered = movies["title"] + " #" + movies["movieId"].astype(str)
    shared = movies["title"].duplicated(keep=False)
    return movies.assign(title=movies["title"].mask(shared, numbered))


def make_ratings(n_users: int = 400, n_films: int = 600, n_kinds: int = 12) -> pd.DataFrame:
    """Make ratings by users who watch mostly films of one kind, and change it at times."""
    rng = np.random.default_rng(0)
    popularity = 1 / np.arange(1, n_films + 1) ** 0.6
    kind_of = rng.integers(n_kinds, size=n_films)
    parts = []
    for user in range(n_users):
        n = min(int(rng.lognormal(4, 0.6)) + 1, n_films // 2)
        kinds = np.repeat(rng.integers(n_kinds, size=n), 40)[:n]
        films: list[int] = []
        for kind in kinds:
            weights = popularity * np.where(kind_of == kind, 1.0, 0.03)
            weights[films] = 0
            films.append(rng.choice(n_films, p=weights / weights.sum()))
        rating = np.clip(np.round(rng.normal(3.5 + (kind_of[films] == kinds), 1)), 1, 5)
        parts.append(pd.DataFrame({"userId": user, "movieId": films, "rating": rating}))
    ratings = pd.concat(parts, ignore_index=True)
    titles = np.array([f"Film {film} of kind {kind}" for film, kind in enumerate(kind_of)])
    return ratings.assign(title=titles[ratings["movieId"]], timestamp=np.arange(len(ratings)))


def split_off_last(ratings: pd.DataFrame, k: int = N_HELD_OUT) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split ratings into histories and the last k likes of users with 2 k likes or more."""
    ratings = ratings.sort_values(["userId", "timestamp", "movieId"])
    like = ratings["rating"] >= LIKED
    likes_of_user = like.groupby(ratings["userId"])
    n_likes = likes_of_user.transform("sum")
    is_late = (likes_of_user.cumsum() > n_likes - k) & (n_likes >= 2 * k)
    return ratings[~is_late], ratings[is_late & like]


def make_problem(history: pd.DataFrame, held_out: pd.DataFrame) -> Problem:
    """Collect each user's films."""
    likes = titles_by_user(history[history["rating"] >= LIKED])
    films = sorted({film for row in likes.values() for film in row})
    return Problem(
        likes,
        titles_by_user(history),
        titles_by_user(held_out),
        VocabularyTransformer(films).fit([]),
    )


def titles_by_user(ratings: pd.DataFrame) -> dict[int, list[str]]:
    """Return each user's films in the order of the rows."""
    return ratings.groupby("userId")["title"].agg(list).to_dict()


def training_rows(
    problem: Problem, *, max_rows: int = MAX_ROWS, seed: int = 0
) -> tuple[list[list[str]], list[str]]:
    """Return the likes before a like, and that like, for at most `max_rows` likes a user."""
    rng = np.random.default_rng(seed)
    before, after = [], []
    for likes in problem.likes.values():
        places = rng.permutation(np.arange(1, len(likes)))[:max_rows]
        before += [latest(likes[:place]) for place in places]
        after += [likes[place] for place in places]
    return before, after


def latest(likes: list[str], n: int = N_LATEST) -> list[str]:
    """Return the last n likes."""
    return likes[-n:]


def recall(scores: np.ndarray, problem: Problem, *, length: int = 20) -> float:
    """Mean share of a user's held-out likes among the first unseen films by score.

    The scores have a row for each user with held-out likes and a column for each film.
    """
    seen = encode(problem, (problem.seen[user] for user in problem.held_out)).toarray() > 0
    wanted = encode(problem, problem.held_out.values()).toarray()
    listed = np.argpartition(np.where(seen, np.inf, -scores), length - 1)[:, :length]
    n_found = np.take_along_axis(wanted, listed, axis=1).sum(axis=1)
    n_wanted = [len(films) for films in problem.held_out.values()]
    return float(np.mean(n_found / n_wanted))


def encode(problem: Problem, rows: Iterable[list[str]]) -> sp.csr_matrix:
    """Return a row for each list and a column for each film; new films are left out."""
    return problem.films.transform(list(rows))


def popularity_scores(problem: Problem) -> np.ndarray:
    """Count the likes of each film: the same scores for every user."""
    counts = encode(problem, problem.likes.values()).sum(axis=0)
    return np.repeat(np.asarray(counts).reshape(1, -1), len(problem.held_out), axis=0)


def singular_vectors(problem: Problem, most: int = max(DIMENSIONS)) -> np.ndarray:
    """Return the right singular vectors of the likes of all users, (dimension, films)."""
    matrix = encode(problem, problem.likes.values())
    most = min(most, min(matrix.shape) - 1)
    return TruncatedSVD(most, algorithm="arpack", random_state=0).fit(matrix).components_


def svd_scores(
    problem: Problem, vectors: np.ndarray, dimension: int, n_latest: int | None = None
) -> np.ndarray:
    """Project the users' likes, all or the latest ones, onto some vectors and restore them."""
    rows = [likes if n_latest is None else latest(likes, n_latest) for likes in problem.histories]
    return encode(problem, rows) @ vectors[:dimension].T @ vectors[:dimension]


def fit_network(problem: Problem, seed: int) -> EmbeddingDNNClassifier:
    """Learn which film comes after which."""
    before, after = training_rows(problem, seed=seed)
    network = EmbeddingDNNClassifier(**PARAMETERS, random_state=seed)
    return network.fit(encode(problem, before), after)


def network_scores(problem: Problem, network: EmbeddingDNNClassifier) -> np.ndarray:
    """Score all films; those that never were the next film come last."""
    rows = encode(problem, map(latest, problem.histories))
    scores = np.full(rows.shape, -np.inf, dtype=np.float32)
    columns = [problem.films.vocabulary_[film] for film in network.classes_]
    scores[:, columns] = network.decision_function(rows)
    return scores


def compare_svds(validation: Problem, test: Problem) -> list[Score]:
    """Measure the SVDs that are best on the validation likes."""
    vectors, test_vectors = singular_vectors(validation), singular_vectors(test)
    dimensions = [dimension for dimension in DIMENSIONS if dimension <= len(vectors)]
    table = []
    for method, choices in (("SVD, all likes", [None]), ("SVD, latest likes", LATEST)):
        found = {
            (dimension, n): recall(svd_scores(validation, vectors, dimension, n), validation)
            for dimension, n in product(dimensions, choices)
        }
        dimension, n = max(found, key=found.__getitem__)
        scores = svd_scores(test, test_vectors, dimension, n)
        note = f"{dimension} dimensions" + (f", {n} likes" if n else "")
        table.append(Score(method, found[dimension, n], recall(scores, test), note))
    return table


def measure(problem: Problem, networks: Networks) -> np.ndarray:
    """Return the recall of each network."""
    return np.array([recall(network_scores(problem, network), problem) for network in networks])


def compare(
    validation: Problem, test: Problem, trials: Networks, networks: Networks
) -> list[Score]:
    """Measure all methods; the trials are the networks that learned without validation likes."""
    popular = [recall(popularity_scores(problem), problem) for problem in (validation, test)]
    found = measure(test, networks)
    note = "seeds: " + ", ".join(f"{value:.4f}" for value in found)
    return [
        Score("popularity", *popular),
        *compare_svds(validation, test),
        Score("embedding network", measure(validation, trials).mean(), found.mean(), note),
    ]


def neighbours(problem: Problem, network: EmbeddingDNNClassifier) -> dict[str, list[str]]:
    """Return the 5 films nearest to some famous ones, or to the most liked ones."""
    counts = popularity_scores(problem)[0]
    titles = problem.films.get_feature_names_out()
    known = counts >= MIN_LIKES
    embeddings = TermEmbeddings(titles[known], network.embeddings_[known])
    famous = [title for start in FAMOUS for title in embeddings.terms if title.startswith(start)]
    chosen = famous or titles[np.argsort(-counts, kind="stable")[:3]]
    return {
        film: [title for title, _ in embeddings.most_similar(film, topn=5)]
        for film in chosen
        if film in embeddings
    }


def show_table(table: list[Score]) -> None:
    """Print a line for each method."""
    print(f"{'recall@20':<20} {'validation':>10} {'held out':>10}")
    for row in table:
        print(f"{row.method:<20} {row.validation:>10.4f} {row.recall:>10.4f}  {row.note}".rstrip())


def show_neighbours(nearest: dict[str, list[str]]) -> None:
    """Print a film and, indented, what is near."""
    print(
        "\nNearest by the cosine of their embeddings are films that are followed by the same ones"
    )
    print(f"(of those with {MIN_LIKES} likes or more):")
    for film, others in nearest.items():
        print("\n    ".join([film, *others]))


def main(ratings: pd.DataFrame, seeds: Sequence[int] = SEEDS) -> list[Score]:
    """Train, compare and print."""
    history, held_out = split_off_last(ratings)
    test, validation = make_problem(history, held_out), make_problem(*split_off_last(history))
    print(
        f"{len(test.likes)} users, {len(test.films.vocabulary_)} films, "
        f"{sum(map(len, test.likes.values()))} likes to learn from, {len(held_out)} held out",
        flush=True,
    )
    started = time.perf_counter()
    trials = [fit_network(validation, seed) for seed in seeds]
    networks = [fit_network(test, seed) for seed in seeds]
    seconds = (time.perf_counter() - started) / (2 * len(seeds))
    print(f"{seconds:.0f} s for each fit of the network\n", flush=True)
    table = compare(validation, test, trials, networks)
    show_table(table)
    show_neighbours(neighbours(test, networks[0]))
    return table


if __name__ == "__main__":
    main(load_ratings())
