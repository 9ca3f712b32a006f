"""Scores of predictions, and differences with their standard errors."""

import numpy as np
import pytest
from sklearn.metrics import log_loss, r2_score, roc_auc_score

from benchmarks.shared._scores import calibration_error, gain, losses, placements, scores


def test_gain_and_its_error_are_those_of_a_hand_computation():
    ours = [np.array([0.1, 0.2, 0.6]), np.array([0.3, 0.2, 0.4])]
    theirs = [np.array([0.5, 0.1, 0.9])]
    found = gain(ours, theirs, "log loss", np.zeros(3))
    # rival - ours: [0.4, -0.1, 0.3] and [0.2, -0.1, 0.5]; means over seeds [0.3, -0.1, 0.4]
    assert found.value == pytest.approx(0.2)
    over_rows = (0.1**2 + 0.3**2 + 0.2**2) / 2 / 3
    over_seeds = 0.0  # either seed is 0.2 better
    assert found.error == pytest.approx(np.sqrt(over_rows + over_seeds))


def test_seeds_that_differ_widen_the_error():
    ours = [np.array([0.4, 0.6]), np.array([0.6, 0.8]), np.array([0.8, 1.0])]
    found = gain(ours, [np.zeros(2)], "R2", np.zeros(2))
    assert found.value == pytest.approx(0.7)
    # rows 0.6 and 0.8: variance 0.02 / 2; seeds 0.5, 0.7, 0.9: variance 0.04 / 3
    assert found.error == pytest.approx(np.sqrt(0.02 / 2 + 0.04 / 3))


def test_one_seed_leaves_the_error_of_rows():
    found = gain([np.array([1.0, 3.0])], [np.array([0.0, 0.0])], "R2", np.zeros(2))
    assert (found.value, found.error) == (2.0, pytest.approx(np.sqrt(2 / 2)))


def test_seeds_are_paired_and_further_ones_left_out():
    rows = [np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([9.0, 9.0])]
    found = gain(rows, rows[:2], "R2", np.zeros(2))
    assert (found.value, found.error) == (0, 0)


def test_placements_average_to_the_auc_and_their_error_is_de_longs():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 50)
    first, second = (np.round(rng.random(50) + share * y, 1) for share in (0.5, 0.2))
    a, b = placements(y, first), placements(y, second)
    assert a[y == 1].mean() == pytest.approx(roc_auc_score(y, first))
    assert a[y == 0].mean() == pytest.approx(roc_auc_score(y, first))
    found = gain([a], [b], "AUC", y)
    assert found.value == pytest.approx(roc_auc_score(y, first) - roc_auc_score(y, second))
    parts = [(a - b)[y == label] for label in (0, 1)]
    expected = sum(part.var(ddof=1) / len(part) for part in parts)
    assert found.error == pytest.approx(np.sqrt(expected))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_scores_of_classes_are_scikit_learns(n_classes):
    rng = np.random.default_rng(0)
    share = rng.dirichlet(np.ones(n_classes), 40)
    y = np.arange(40) % n_classes
    found = scores("classes", y, share)
    assert found["log loss"] == pytest.approx(log_loss(y, share))
    assert ("AUC" in found) == (n_classes == 2)


def test_scores_of_labels_and_values():
    y = np.array([[1, 0], [0, 1]])
    share = np.array([[0.8, 0.4], [0.6, 0.9]])
    found = scores("labels", y, share)
    assert found["log loss"] == pytest.approx(-np.log([0.8, 0.6, 0.4, 0.9]).mean())
    assert (found["micro-F1"], found["accuracy"]) == (pytest.approx(0.8), 0.5)
    targets = np.array([1.0, 2, 4])
    assert scores("values", targets, targets + [1, 0, 1])["R2"] == pytest.approx(
        r2_score(targets, targets + [1, 0, 1])
    )


def test_certain_errors_cost_a_finite_loss():
    assert losses("classes", np.array([0]), np.array([[0.0, 1.0]])) == pytest.approx(
        15.94, abs=0.01
    )


def test_calibration_is_the_distance_of_chances_from_what_happened():
    chance = np.array([0.9, 0.9, 0.9, 0.9, 0.6, 0.6])
    happened = np.array([1, 1, 1, 0, 1, 0])
    # 0.15 too sure in one bin, 0.1 in the other
    assert calibration_error(chance, happened) == pytest.approx((4 * 0.15 + 2 * 0.1) / 6)
    assert calibration_error(np.array([0.0, 1.0]), np.array([0, 1])) == 0
