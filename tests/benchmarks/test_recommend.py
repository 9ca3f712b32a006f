"""The recommending benchmark on made likes: splits leak nothing, rivals rank, lines are told."""

import json

import numpy as np
import pandas as pd
import pytest
from made_histories import histories

pytest.importorskip("tabulate")
from benchmarks.recommend import _comparison, _problems, _rivals
from benchmarks.recommend.__main__ import main


@pytest.fixture
def likes():
    rows = histories(n_users=60, n_of_kind=14)
    rng = np.random.default_rng(0)
    pairs = [(user, item) for user, row in enumerate(rows) for item in row]
    more = [(user, f"k{rng.integers(4)}_{place}") for user in range(60) for place in range(8)]
    return pd.DataFrame(pairs + more, columns=["user", "item"]).drop_duplicates()


@pytest.mark.parametrize("make", [_problems.new_users, _problems.last_items])
def test_what_is_hidden_is_in_no_history_that_is_learned_from(likes, make):
    splits = make(likes)
    assert len(splits) == _problems.N_SPLITS
    for split in splits:
        for given, hidden in (
            (split.tuning_given, split.tuning_hidden),
            (split.given, split.hidden),
        ):
            assert given.multiply(hidden).nnz == 0
            assert (hidden.sum(axis=1) >= 1).all()
        whole = (split.given + split.hidden).toarray()
        learned = {row.tobytes() for row in split.histories.toarray()}
        assert not {row.astype(np.float32).tobytes() for row in whole} & learned


def test_the_users_judge_once_each(likes):
    splits = _problems.new_users(likes)
    rows, n_items = _problems.lists(likes)
    judged = sum(split.given.shape[0] for split in splits)
    assert judged == len(rows)
    assert splits[0].given.shape[1] == n_items


def test_every_rival_ranks_better_than_chance(likes):
    split = _problems.new_users(likes)[0]
    for rival in _rivals.rivals():
        scores = rival.fit(split.histories, rival.grid[0])(split.given)
        assert scores.shape == split.given.shape
        assert np.isfinite(scores).all()


def test_differences_have_standard_errors():
    assert _comparison.gain(np.array([0.1, 0.2, 0.3])) == "+0.2000 ± 0.0577"


def test_the_command_prints_and_keeps_what_rivals_had(likes, tmp_path, monkeypatch, capsys):
    problem = _problems.Problem("made", lambda: _problems.new_users(likes)[:2])
    quick = [one for one in _rivals.rivals() if one.title in ("popularity", "EASE")]
    monkeypatch.setattr("benchmarks.recommend.__main__.problems", lambda: {"made": problem})
    monkeypatch.setattr("benchmarks.recommend.__main__.CACHE", tmp_path / "cache")
    monkeypatch.setattr(_comparison, "rivals", lambda: quick)
    main(["--data", "made"])
    lines = capsys.readouterr().out.splitlines()
    models = [line.split("|")[2].strip() for line in lines]
    assert models == [_comparison.OURS, "popularity", "EASE"]
    kept = json.loads((tmp_path / "cache" / "made EASE.json").read_text())
    assert len(kept) == 2 and kept[0]["scores"].keys() == _comparison.METRICS.keys()
