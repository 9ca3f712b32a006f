"""Shares of network and linear model: what rows held out say, and what is kept of it."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose
from scipy.special import expit

from skembed.estimators._fitted import with_linear_weights
from skembed.network._linear_model import LinearModel
from skembed.network._network import Network, Table
from skembed.network._pooling import Pooling
from skembed.training._blend import Beside, Judged, blended, choose_blend
from skembed.training._class_targets import ClassTargets
from skembed.training._plan import Plan
from skembed.training._value_targets import ValueTargets

TARGETS = ClassTargets(np.array([0, 1]), totals=np.array([10.0, 3.0]))
BASE = TARGETS.base_outputs


def judged(outputs, encoded):
    n_rows = len(encoded)
    base = np.tile(BASE, (n_rows, 1))
    return Judged(base, outputs, encoded, np.ones(n_rows))


@pytest.fixture
def truth():
    """True log-odds (20,000, 1) of rows, and classes drawn by them."""
    rng = np.random.default_rng(0)
    odds = BASE + rng.normal(size=(20_000, 1)) * 2
    return odds, (rng.random(20_000) < expit(odds[:, 0])).astype(float)


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_outputs_that_are_too_sure_are_shrunken(factor, truth):
    odds, y = truth
    sure = BASE + factor * (odds - BASE)
    blend, number = choose_blend(judged(sure, y), [], TARGETS)
    assert number is None
    assert blend.network == pytest.approx(1 / factor, rel=0.05)
    assert blend.linear == 0


def test_two_models_share_by_what_each_knows(truth):
    odds, y = truth
    rng = np.random.default_rng(1)
    part = rng.normal(size=odds.shape)
    blend, _ = choose_blend(judged(part + BASE, y), [(odds - BASE - part) + BASE], TARGETS)
    assert (blend.network, blend.linear) == pytest.approx((1, 1), abs=0.05)


def test_a_linear_model_that_knows_nothing_is_left_out(truth):
    odds, y = truth
    noise = BASE + np.random.default_rng(1).normal(size=odds.shape)
    blend, number = choose_blend(judged(odds, y), [noise], TARGETS)
    assert (blend, number) == choose_blend(judged(odds, y), [], TARGETS)
    assert number is None
    assert blend.linear == 0


def test_a_network_that_knows_nothing_has_no_share(truth):
    odds, y = truth
    noise = BASE + np.random.default_rng(1).normal(size=odds.shape)
    blend, _ = choose_blend(judged(noise, y), [odds], TARGETS)
    assert blend.network < 0.05
    assert blend.linear == pytest.approx(1, abs=0.05)


def test_few_rows_hardly_move_the_shares():
    y = np.array([0.0, 1, 1, 0])
    wrong, right = BASE - (2 * y - 1)[:, None], BASE + (2 * y - 1)[:, None]
    blend, _ = choose_blend(judged(wrong, y), [right], TARGETS)
    assert blend.network < 0.5 < blend.linear
    assert (blend.network, blend.linear) == pytest.approx((0.5, 0.5), abs=0.1)


@pytest.mark.parametrize("n_rows", [40, 20_000])
def test_a_later_linear_model_is_taken_where_it_is_clearly_better(n_rows, truth):
    odds, y = (values[:n_rows] for values in truth)
    rng = np.random.default_rng(1)
    noise = BASE + rng.normal(size=odds.shape)
    models = [odds + rng.normal(size=odds.shape) * deviation for deviation in (1.0, 0.8)]
    _, number = choose_blend(judged(noise, y), models, TARGETS)
    assert number == int(n_rows > 40)
    _, number = choose_blend(judged(noise, y), models[::-1], TARGETS)
    assert number == 0


def test_a_model_in_a_latent_space_that_knows_all_stands_alone(truth):
    odds, y = truth
    rng = np.random.default_rng(1)
    noise = BASE + rng.normal(size=odds.shape)
    for models in ([], [odds + 3 * rng.normal(size=odds.shape)]):
        blend, number = choose_blend(judged(noise, y), models, TARGETS, latent=odds)
        assert (blend.network, blend.linear, blend.latent) == pytest.approx((0, 0, 1), abs=0.05)
    blend, number = choose_blend(judged(odds, y), [], TARGETS, latent=noise)
    assert (blend.latent, number) == (0, None)


def test_three_models_share_by_what_each_knows():
    rng = np.random.default_rng(1)
    parts = rng.normal(size=(3, 20_000, 1))
    y = (rng.random(20_000) < expit(BASE + parts.sum(axis=0))[:, 0]).astype(float)
    first, second, third = parts + BASE
    blend, number = choose_blend(judged(first, y), [second], TARGETS, latent=third)
    assert (blend.network, blend.linear, blend.latent) == pytest.approx((1, 1, 1), abs=0.05)
    assert number == 0


def network(targets, dtype=np.float64):
    rng = np.random.default_rng(0)
    n_outputs = targets.n_outputs
    table = rng.normal(size=(6, 3 + n_outputs)).astype(dtype)
    kernels = [rng.normal(size=(3, 4)).astype(dtype), rng.normal(size=(4, n_outputs)).astype(dtype)]
    biases = [rng.normal(size=4).astype(dtype), rng.normal(size=n_outputs).astype(dtype)]
    scale = np.full(n_outputs, 0.3, dtype)
    return Network(table, kernels, biases, "tanh", Pooling("sqrtn"), scale)


@pytest.mark.parametrize(
    "targets",
    [
        TARGETS,
        ClassTargets(np.arange(3), totals=np.array([10.0, 2, 3, 5])),
        ValueTargets("squared_error", np.array([5.0, 1]), np.array([2.0, 30])),
        ValueTargets("poisson", np.array([0.7]), np.array([1.0])),
    ],
)
@pytest.mark.parametrize(
    "shares", [(0.4, 0.7, 0.0), (0.4, 0.0, 0.3), (0.0, 0.0, 1.2), (0.4, 0.7, 0.3)]
)
def test_what_is_kept_has_the_blended_outputs(targets, shares):
    rng = np.random.default_rng(1)
    X = sp.random(20, 6, 0.5, "csr", random_state=0)
    weights, intercept = rng.normal(size=(6, targets.n_outputs)), rng.normal(size=targets.n_outputs)
    in_space = rng.normal(size=weights.shape), rng.normal(size=targets.n_outputs)
    plan = Plan(network_share=shares[0], linear_share=shares[1], latent_share=shares[2])
    beside = Beside(
        (LinearModel(Table(weights)), intercept) if plan.linear_share else None,
        in_space if plan.latent_share else None,
    )
    plain, base = network(targets), targets.base_outputs
    models = (
        plain.logits(X),
        X @ weights + intercept,
        plain.pooling.matrix(X) @ in_space[0] + in_space[1],
    )
    expected = base + sum(
        share * (model - base) for share, model in zip(shares, models, strict=True)
    )
    kept, model, pooled = blended(plain, beside, plan, targets)
    kept = targets.folded(kept)
    if pooled is not None:
        parts = with_linear_weights(Table(kept.table), kept.linear_scale, pooled)
        kept.table, kept.linear_scale = parts["_table"].rows, parts["_linear_scale"]
    outputs = kept.logits(X) + (0 if model is None else model.outputs(X))
    offset = targets.offset if targets.loss == "squared_error" else 0
    assert_allclose(outputs, expected * targets.unit + offset, atol=1e-9)


def test_a_network_alone_stays_as_it_is():
    plain = network(TARGETS)
    assert blended(plain, Beside(), Plan(), TARGETS) == (plain, None, None)


def test_a_compact_model_gives_the_outputs_of_a_whole_one():
    from skembed.network._used_columns import Columns

    weights = np.arange(1.0, 4)[:, None]
    X = sp.csr_matrix(np.array([[0, 2.0, 0, 1, 0, 3], [5, 0, 4, 0, 0, 0]]))
    columns = Columns.of(sp.csr_matrix(np.array([[0, 1.0, 0, 1, 0, 1]])))
    compact = LinearModel(Table.compact(weights, columns))
    assert_allclose(compact.outputs(X), LinearModel(Table(compact.table.whole())).outputs(X))
    assert_allclose(compact.outputs(X)[:, 0], [2 + 2 + 9, 0])
