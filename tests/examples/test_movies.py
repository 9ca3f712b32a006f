from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from examples import movies


def tiny_ratings():
    """Users 1 and 2 with four likes each and dislikes between them; user 3 with one like."""
    rows = [
        (1, "a", 5, 10),
        (1, "b", 4, 11),
        (1, "x", 2, 12),
        (1, "c", 4, 13),
        (1, "y", 1, 14),
        (1, "d", 5, 15),
        (2, "c", 4, 20),
        (2, "d", 5, 20),
        (2, "a", 4, 22),
        (2, "new", 4, 23),
        (3, "c", 5, 30),
    ]
    ratings = pd.DataFrame(rows, columns=["userId", "title", "rating", "timestamp"])
    ratings["movieId"] = ratings["title"].map({t: i for i, t in enumerate("abcdxy")}).fillna(9)
    return ratings.sample(frac=1, random_state=0)


def tiny_problem():
    return movies.make_problem(*movies.split_off_last(tiny_ratings(), 2))


@pytest.fixture(scope="module")
def made_ratings():
    return movies.make_ratings(n_users=80, n_films=120, n_kinds=4)


def test_the_last_likes_are_held_out_and_nothing_later_is_kept():
    problem = tiny_problem()
    assert problem.likes == {1: ["a", "b"], 2: ["c", "d"], 3: ["c"]}
    assert problem.seen == {1: ["a", "b", "x"], 2: ["c", "d"], 3: ["c"]}
    assert problem.held_out == {1: ["c", "d"], 2: ["a", "new"]}
    assert problem.films.get_feature_names_out().tolist() == ["a", "b", "c", "d"]


def test_users_with_few_likes_keep_them_all():
    history, held_out = movies.split_off_last(tiny_ratings(), 3)
    assert len(history) == len(tiny_ratings())
    assert held_out.empty


def test_held_out_films_are_never_in_the_users_training_rows(made_ratings):
    problem = movies.make_problem(*movies.split_off_last(made_ratings))
    assert len(problem.held_out) > 60
    for user, held_out in problem.held_out.items():
        alone = replace(problem, likes={user: problem.likes[user]})
        before, after = movies.training_rows(alone)
        assert len(held_out) == movies.N_HELD_OUT
        assert not set(held_out) & {
            *problem.seen[user],
            *after,
            *(f for row in before for f in row),
        }


def test_validation_likes_come_from_the_histories(made_ratings):
    history, held_out = movies.split_off_last(made_ratings)
    _, validation = movies.split_off_last(history)
    assert not set(validation.index) & set(held_out.index)
    assert validation.index.isin(history.index).all()


def test_training_rows_are_the_latest_likes_before_a_like(made_ratings):
    problem = movies.make_problem(*movies.split_off_last(made_ratings))
    user = max(problem.likes, key=lambda user: len(problem.likes[user]))
    likes = problem.likes[user]
    alone = replace(problem, likes={user: likes})
    before, after = movies.training_rows(alone)
    assert sorted(after) == sorted(likes[1:])
    for row, film in zip(before, after, strict=True):
        place = likes.index(film)
        assert row == likes[max(0, place - movies.N_LATEST) : place]
    assert len(movies.training_rows(alone, max_rows=7)[1]) == 7


def test_a_perfect_ranking_has_recall_one(made_ratings):
    problem = movies.make_problem(*movies.split_off_last(made_ratings))
    perfect = movies.encode(problem, problem.held_out.values()).toarray()
    assert perfect.sum() == movies.N_HELD_OUT * len(perfect)  # all are known films
    assert movies.recall(perfect, problem) == 1
    assert movies.recall(-perfect, problem) == 0


def test_a_film_that_nobody_liked_before_counts_as_missed():
    problem = tiny_problem()
    perfect = movies.encode(problem, problem.held_out.values()).toarray()
    assert movies.recall(perfect, problem, length=2) == np.mean([2 / 2, 1 / 2])


def test_popularity_agrees_with_a_computation_by_hand():
    problem = tiny_problem()
    scores = movies.popularity_scores(problem)
    np.testing.assert_array_equal(scores, [[1, 1, 2, 1]] * 2)
    # unseen and most liked: c for user 1, who wants c and d; a or b for user 2, who wants a
    assert movies.recall(scores + [0.1, 0, 0, 0], problem, length=1) == np.mean([1 / 2, 1 / 2])
    assert movies.recall(scores + [0, 0.1, 0, 0], problem, length=1) == np.mean([1 / 2, 0])


def test_films_already_seen_are_not_listed():
    problem = tiny_problem()
    only_seen_score_high = movies.encode(problem, problem.histories).toarray()
    assert movies.recall(only_seen_score_high, problem, length=2) == np.mean([2 / 2, 1 / 2])


def test_an_svd_of_full_rank_restores_the_likes():
    problem = tiny_problem()
    matrix = movies.encode(problem, problem.likes.values()).toarray()
    vectors = np.linalg.svd(matrix)[2]
    scores = movies.svd_scores(problem, vectors, 4)
    np.testing.assert_allclose(scores, [[1, 1, 0, 0], [0, 0, 1, 1]], atol=1e-6)
    latest = movies.svd_scores(problem, vectors, 4, n_latest=1)
    np.testing.assert_allclose(latest, [[0, 1, 0, 0], [0, 0, 0, 1]], atol=1e-6)
    found = movies.singular_vectors(problem)
    np.testing.assert_allclose(
        np.abs(found @ vectors[: len(found)].T), np.eye(len(found)), atol=1e-5
    )


def test_films_that_never_came_next_are_scored_last():
    problem = tiny_problem()
    scores = movies.network_scores(problem, movies.fit_network(problem, 0))
    never_next = np.isneginf(scores).all(axis=0)
    assert never_next.tolist() == [True, False, True, False]  # a and c only came first
    assert np.isfinite(scores[:, ~never_next]).all()


def test_shared_titles_are_told_apart():
    films = pd.DataFrame({"movieId": [1, 2, 3], "title": ["Emma", "Heat", "Emma"]})
    assert movies.with_distinct_titles(films)["title"].tolist() == ["Emma #1", "Heat", "Emma #3"]


@pytest.mark.parametrize("root", [None, "empty"])
def test_without_data_it_says_what_is_wanted(root, monkeypatch, capsys, tmp_path):
    monkeypatch.delenv("SKEMBED_DATA", raising=False)
    if root:
        monkeypatch.setenv("SKEMBED_DATA", str(tmp_path))
    monkeypatch.setattr(movies, "make_ratings", tiny_ratings)
    movies.load_ratings()
    assert "movielens/mlsmall2016_ratings.parquet" in capsys.readouterr().out


def test_movielens_is_read_with_titles(monkeypatch, tmp_path, capsys):
    (tmp_path / "movielens").mkdir()
    ratings = pd.DataFrame({"userId": 1, "movieId": [7, 8], "rating": 4.0, "timestamp": [2, 1]})
    ratings.to_parquet(tmp_path / "movielens" / "mlsmall2016_ratings.parquet")
    films = pd.DataFrame({"movieId": [7, 8, 9], "title": ["Heat", "Emma", "Emma"]})
    films.to_parquet(tmp_path / "movielens" / "mlsmall2016_movies.parquet")
    monkeypatch.setenv("SKEMBED_DATA", str(tmp_path))
    assert movies.load_ratings()["title"].tolist() == ["Heat", "Emma #8"]
    assert capsys.readouterr().out == ""


def test_it_runs_on_made_ratings(made_ratings, capsys):
    table = {row.method: row for row in movies.main(made_ratings, seeds=[0])}
    assert list(table) == ["popularity", "SVD, all likes", "SVD, latest likes", "embedding network"]
    assert all(0 <= row.recall <= 1 and 0 <= row.validation <= 1 for row in table.values())
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("80 users, ")
    title = next(line for line in lines if line.startswith("Film "))
    assert [line[:9] for line in lines[lines.index(title) + 1 :][:5]] == ["    Film "] * 5


def test_famous_films_are_found_by_title(made_ratings):
    is_first = made_ratings["movieId"] == 0
    title = made_ratings["title"].mask(is_first, "Toy Story (1995)")
    renamed = made_ratings.assign(title=title)
    problem = movies.make_problem(*movies.split_off_last(renamed))
    assert list(movies.neighbours(problem, movies.fit_network(problem, 0))) == ["Toy Story (1995)"]
