from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from skembed import EmbeddingDNNClassifier
from skembed.training._batch_shape import RowLengths
from skembed.training._early_stopping import Race
from skembed.training._optimizer_traits import default_learning_rate
from skembed.training._parameters import Parameters
from skembed.training._plan import (
    AVERAGING,
    DROPOUT,
    Plan,
    best,
    candidates,
    fixed_plan,
    for_rows,
    wider,
    with_members,
)


def asked(**parameters):
    """What a classifier with these parameters asks of a fit."""
    return Parameters.of(EmbeddingDNNClassifier(**parameters))


def test_candidates_keep_what_the_caller_has_set():
    free = candidates(asked())
    assert {(plan.embedding_init, plan.term_dropout) for plan in free} == {
        ("log_odds", 0.3),
        ("log_odds", 0.0),
        ("random", 0.3),
    }
    assert all(plan.averaging == AVERAGING and plan.dropout == DROPOUT for plan in free)
    assert [p.embedding_init for p in candidates(asked(embedding_init="svd"))] == ["svd", "svd"]
    vectors = np.ones((3, 2))
    given = candidates(asked(embedding_init=vectors))
    assert [p.term_dropout for p in given[:2]] == [0.0, 0.3]
    assert all(p.embedding_init is vectors for p in given[:2])
    assert given[2:] == free  # the vectors may be worse than none
    kept = candidates(asked(embedding_init=vectors, trainable_embeddings=False))
    assert [p.term_dropout for p in kept] == [0.0, 0.3]
    one = candidates(asked(embedding_init="random", term_dropout=0.1, embedding_l2=2.0))
    assert [(p.term_dropout, p.embedding_l2, p.linear_l2) for p in one] == [(0.1, 2.0, 0.12)]


def test_without_scores_to_start_from_candidates_are_not_tried_twice():
    plans = candidates(asked(), has_scores=False)
    assert [(plan.embedding_init, plan.term_dropout) for plan in plans] == [
        ("random", 0.0),
        ("random", 0.3),
    ]
    assert len(candidates(asked())) == 3


@pytest.mark.parametrize(
    ("losses", "chosen"),
    [
        ((0.5, 0.499, 0.498), 0),
        ((0.5, 0.49, 0.488), 1),
        ((0.5, 0.499, 0.4), 2),
        ((0.5,), 0),
        ((-9.0, -8.95, -9.05), 0),  # of counts, whose loss may be below zero
        ((-9.0, -9.2), 1),
    ],
)
def test_a_later_candidate_must_be_clearly_better(losses, chosen):
    plans, limits = [Plan(n_epochs=number) for number in range(len(losses))], []

    def tried(plan, to_beat):
        limits.append(to_beat)
        return replace(plan, loss=losses[plan.n_epochs])

    assert best(plans, tried, n_held_out=1_000).n_epochs == chosen
    assert limits[0] == np.inf
    assert limits == sorted(limits, reverse=True)


@pytest.mark.parametrize(
    ("losses", "ends"),
    [
        ([0.57, 0.56, 0.55, 0.54], False),  # five more epochs at this rate: 0.49
        ([0.6, 0.599, 0.598, 0.597], True),
        ([0.4, 0.5, 0.6], False),  # too early to tell
        ([0.4, 0.5, 0.6, 0.7], True),
    ],
)
def test_a_race_ends_when_the_present_rate_would_not_do(losses, ends):
    run = SimpleNamespace(history={"val_loss": losses})
    assert Race(0.5, horizon=5).end_epoch(run, lambda: None) == ends
    assert not Race(np.inf, horizon=5).end_epoch(run, lambda: None)


def test_without_held_out_rows_auto_is_off():
    off = fixed_plan(asked(max_epochs=3), validated=False)
    on = fixed_plan(asked(max_epochs=3), validated=True)
    assert (off.dropout, off.embedding_l2, off.linear_l2, off.averaging) == (0, 0, 0, 0)
    assert (on.dropout, on.term_dropout, on.averaging) == (DROPOUT, 0, 0)
    assert fixed_plan(asked(max_epochs=3, dropout=0.5), validated=False).dropout == 0.5


@pytest.mark.parametrize(
    ("n_rows", "mean", "n_outputs", "held_out", "size"),
    [
        (500, 8, 1, True, 32),
        (18_000, 8, 1, True, 128),
        (18_200, 8, 1, True, 512),
        (18_200, 8, 1, False, 256),
        (18_200, 65, 1, True, 256),  # long rows
        (18_200, 8, 3, True, 256),  # more outputs
        (10**6, 65, 1, True, 1024),
        (10**6, 8, 1, True, 1024),
    ],
)
def test_steps_are_larger_where_rows_tell_little(n_rows, mean, n_outputs, held_out, size):
    lengths = RowLengths(n_rows, mean, 0.0, mean)
    plan = Plan(held_out=held_out)
    assert for_rows(plan, asked(), lengths, n_outputs).batch_size == size
    assert for_rows(plan, asked(batch_size=7), lengths, n_outputs).batch_size == 7


@pytest.mark.parametrize(
    ("given", "n_epochs"),
    [
        ({}, 20),  # 10 steps each, 200 in all
        ({"batch_size": 10}, 5),  # at least
        ({"max_epochs": 3}, 3),
        ({"max_steps": 25}, 3),
        ({"max_epochs": 2, "max_steps": 25}, 2),
    ],
)
def test_the_number_of_epochs_is_given_or_follows_from_the_rows(given, n_epochs):
    parameters = asked(**{"batch_size": 100, **given})
    plan = fixed_plan(parameters, validated=False)
    lengths = RowLengths(1_000, 8, 0.0, 8)
    assert for_rows(plan, parameters, lengths, n_outputs=1).n_epochs == n_epochs


@pytest.mark.parametrize(
    ("held_out", "batch_size", "rate"),
    [(False, 512, 0.002), (True, 32, 0.004), (True, 384, 0.006), (True, 4096, 0.008)],
)
def test_larger_steps_have_larger_rates(held_out, batch_size, rate):
    assert default_learning_rate("adam", held_out=held_out, batch_size=batch_size) == rate
    assert default_learning_rate("sgd", held_out=held_out, batch_size=batch_size) == 0.1


@pytest.mark.parametrize(("n_classes", "is_tried"), [(16, 0), (17, 1), (256, 1), (257, 0)])
def test_more_hidden_units_are_tried_for_many_classes(n_classes, is_tried):
    plan = fixed_plan(asked(), validated=True)
    more = wider(plan, asked(), n_classes)
    # by their values: NaN is not equal to itself
    expected = replace(plan, hidden_units=256).as_dict() if is_tried else None
    assert (more and more.as_dict()) == expected
    assert wider(plan, asked(hidden_units=(64,)), n_classes) is None


@pytest.mark.parametrize(("n_held_out", "chosen"), [(400, 0), (3_600, 1)])
def test_statistics_of_combinations_must_be_better_than_chance(n_held_out, chosen):
    plans = [Plan(target_statistics=1, n_epochs=0), Plan(target_statistics=2, n_epochs=1)]
    losses = [0.5, 0.495]  # a fall of 1 %
    found = best(plans, lambda plan, _: replace(plan, loss=losses[plan.n_epochs]), n_held_out)
    assert found.n_epochs == chosen


@pytest.mark.parametrize(
    ("order", "n_epochs", "n_members"), [(0, 3, 1), (2, 3, 4), (1, 6, 3), (2, 13, 1), (2, 50, 1)]
)
def test_members_make_twenty_epochs_together(order, n_epochs, n_members):
    plan = Plan(target_statistics=order, n_epochs=n_epochs)
    assert with_members(plan, asked(), features_per_row=0.5).n_members == n_members
    assert with_members(plan, asked(), features_per_row=0.05).n_members == 1
    assert with_members(plan, asked(n_members=2), features_per_row=0.05).n_members == 2
    assert with_members(plan, asked(callbacks=[]), features_per_row=0.5).n_members == 1
