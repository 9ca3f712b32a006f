"""Plans: what "auto" and None stand for in a fit, number of epochs and batch size included.

With the defaults a fit first trains on nine tenths of the rows, once for each candidate
below, watches the loss of the rest, and then trains on all rows as the best candidate was
at its best epoch (`_trials`). How candidates and numbers were chosen is in the decisions
on the recipe, docs/development/decisions/recipe.md.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from skembed.training._batch_shape import RowLengths
from skembed.training._parameters import Parameters, is_auto
from skembed.training._target_statistics import deepest_order

# Rows from which held-out ones tell candidates apart.
MIN_ROWS = 30
# Fewer rows than these are held out in turn, a fold of a fifth at a time: all, or two folds of
# them. More are told apart by a tenth.
_ROWS_OF_ALL_FOLDS, _ROWS_OF_TWO_FOLDS = 2000, 10_000
N_FOLDS = 5
# Most epochs of a trial.
MAX_EPOCHS = 50
# Share of the mean over the epochs that an epoch's weights leave as it was.
AVERAGING = 0.8
# Penalties of squared weights, as 1 / C of logistic regression.
EMBEDDING_L2 = 5.0
LINEAR_L2 = 0.12
# Units of the hidden layer, and of that of the last candidate for many classes.
HIDDEN_UNITS = 64
_MANY_UNITS = 256
_MANY_CLASSES = range(17, 257)  # with more the output layer takes most of the time, by its inputs
# Share of hidden units that are dropped.
DROPOUT = 0.3
_TERM_DROPOUT = 0.3
# Units and their dropped share with target statistics of combinations.
_STATISTICS_UNITS = 128
_STATISTICS_DROPOUT = 0.15
# Networks that are trained with n_members="auto": as many, at most, as make so many epochs.
_MAX_MEMBERS = 4
_MEMBER_EPOCHS = 20
# Features for each row from which there are many rare ones.
_RARE_FEATURES = 0.1
# Bounds of the rows of a step with batch_size="auto".
_MIN_BATCH, _MAX_BATCH = 32, 256
# Where held-out rows say when to end, rows of so few entries, on average, that tell a single
# output make steps twice as large as the bound: they lose nothing by fewer steps.
_FEW_ENTRIES = 64
# With max_epochs=None small data is passed over until this many steps are made.
_MIN_STEPS = 200
_MIN_EPOCHS = 5


@dataclass(frozen=True)
class Plan:
    """What was chosen: what "auto" stands for in a fit."""

    embedding_init: Any = "log_odds"
    hidden_units: Any = HIDDEN_UNITS
    term_dropout: float = 0.0
    dropout: float = 0.0
    embedding_l2: float = 0.0
    linear_l2: float = 0.0
    averaging: float = 0.0
    row_size: bool = False
    target_statistics: int = 0  # most columns of a combination
    keeps_categories: bool = True  # beside their statistics
    n_members: int = 1  # networks that are trained and merged
    batch_size: int = 1  # rows of a step, once the data are known
    held_out: bool = False  # whether rows are held out that say when to end
    one_pass: bool = False  # whether training ends after one epoch, whatever the parameters say
    n_epochs: int | None = None  # at most; None until the data are known
    loss: float = math.nan  # on the rows held out
    network_share: float = 1.0  # of the outputs, see `Blend`
    linear_share: float = 0.0  # of those of a linear model beside the network
    linear_penalty: float = math.nan  # of its squared weights
    linear_log_ratios: bool = False  # whether its features are scaled by log-count ratios
    latent_share: float = 0.0  # of the outputs of a linear model in a latent space
    latent_penalty: float = math.nan  # of its squared weights
    latent_directions: int = 0  # coordinates that it has
    candidates: tuple[dict[str, Any], ...] = ()  # that rows held out have judged

    def as_dict(self) -> dict[str, Any]:
        """What the plan says, in strings, numbers and lists; no loss where none was measured."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        del values["held_out"], values["one_pass"]
        for name in ("loss", "linear_penalty"):
            if math.isnan(values[name]):
                del values[name]
        if math.isnan(self.linear_penalty):
            del values["linear_log_ratios"]
        if not self.latent_share:
            del values["latent_share"], values["latent_penalty"], values["latent_directions"]
        values["candidates"] = list(self.candidates)
        if not values["candidates"]:
            del values["candidates"]
        if not isinstance(self.hidden_units, int):
            values["hidden_units"] = [int(units) for units in self.hidden_units]
        if not isinstance(self.embedding_init, str):
            values["embedding_init"] = f"vectors of {type(self.embedding_init).__name__}"
        return values


def described(judged: list[Plan], chosen: Plan) -> tuple[dict[str, Any], ...]:
    """What candidates differ by, their losses and best epochs, and which was chosen."""
    told = [plan for plan in judged if math.isfinite(plan.loss)]
    return tuple(
        {name: plan.as_dict()[name] for name in _TOLD} | {"chosen": plan is chosen} for plan in told
    )


_TOLD = (
    "embedding_init",
    "hidden_units",
    "term_dropout",
    "target_statistics",
    "keeps_categories",
    "n_epochs",
    "loss",
)

# Long rows that say things many times over gain from dropped terms, rows in which each
# term stands for a column lose. Scores tell most where terms are frequent; the scores of
# rare ids tell their own rows' targets, and what is learned from that is wrong elsewhere.
_SCORES = "log_odds"
_RANDOM = "random"
_CANDIDATES = ((_SCORES, 0.0), (_SCORES, _TERM_DROPOUT), (_RANDOM, _TERM_DROPOUT))
# How much lower, as a share, the loss of a later candidate must be: less is as often chance.
_LEAST_GAIN = 0.01
# The same for statistics of combinations, times the root of the number of rows held out.
_LEAST_STATISTICS_GAIN = 0.4
# Epochs for which the rate at which a loss falls is thought to go on: from scores it falls at
# once, from random embeddings slowly at first.
_SCORES_HORIZON, _HORIZON = 5, 8

_PENALTIES = {"embedding_l2": EMBEDDING_L2, "linear_l2": LINEAR_L2}
_HELD_OUT = {**_PENALTIES, "dropout": DROPOUT, "row_size": True, "held_out": True}


def n_folds(n_rows: int) -> int:
    """Folds, of `N_FOLDS`, that are held out of so many rows; 0 for a share that is held out."""
    if n_rows < _ROWS_OF_ALL_FOLDS:
        return N_FOLDS
    return 2 if n_rows < _ROWS_OF_TWO_FOLDS else 0


def fixed_plan(
    parameters: Parameters, *, validated: bool, streamed: bool = False, one_pass: bool = False
) -> Plan:
    """Plan of a fit that tries no candidates.

    Parameters
    ----------
    parameters : Parameters
        What the caller asks for.
    validated : bool
        Whether rows held out say when to end.
    streamed : bool
        Whether the rows come from a stream: log-odds would take another pass over it.
    one_pass : bool
        Whether this is one of several passes over rows of which it does not know the number.
    """
    init = "random" if streamed and is_auto(parameters.embedding_init) else _SCORES
    order = parameters.target_statistics
    order = 0 if is_auto(order) or streamed or one_pass else int(order)
    n_members = 1 if is_auto(parameters.n_members) or one_pass else int(parameters.n_members)
    given = {"target_statistics": order, "n_members": n_members}
    if validated:
        plan = _plan(parameters, init, {**_HELD_OUT, **given})
        return replace(plan, n_epochs=MAX_EPOCHS if parameters.epochs_are_open else None)
    # penalties stand in for ending early, unless the caller has said how long to train
    open_ended = parameters.epochs_are_open and not one_pass and not parameters.warm_start
    chosen = _PENALTIES if open_ended else {}
    plan = _plan(parameters, init, {**chosen, **given})
    return replace(plan, n_epochs=1, one_pass=True) if one_pass else plan


def for_rows(plan: Plan, parameters: Parameters, row_lengths: RowLengths, n_outputs: int) -> Plan:
    """The plan with the rows of a step and the number of epochs that suit the data."""
    plan = replace(plan, batch_size=_batch_size(plan, parameters, row_lengths, n_outputs))
    n_epochs = plan.n_epochs or _n_epochs(parameters, row_lengths.n_rows, plan.batch_size)
    return replace(plan, n_epochs=n_epochs)


def _batch_size(plan: Plan, parameters: Parameters, row_lengths: RowLengths, n_outputs: int) -> int:
    """Rows of a step: about a hundred steps an epoch, fewer on large data."""
    if not isinstance(parameters.batch_size, str):
        return parameters.batch_size
    n_rows = row_lengths.n_rows
    most = max(_MAX_BATCH, n_rows / 1000)
    size = 1 << round(math.log2(min(max(n_rows / 100, _MIN_BATCH), most)))
    tells_little = row_lengths.mean <= _FEW_ENTRIES and n_outputs == 1
    size = 2 * size if plan.held_out and size == _MAX_BATCH and tells_little else size
    n_workers = 1 if parameters.cluster is None else parameters.cluster.n_workers
    return -(-size // n_workers) * n_workers


def _n_epochs(parameters: Parameters, n_rows: int, batch_size: int) -> int:
    """Passes over the rows, where nothing else has said how many."""
    steps = -(-n_rows // batch_size)
    if parameters.max_epochs is not None:
        return parameters.max_epochs
    if parameters.max_steps is not None:
        return -(-parameters.max_steps // steps)
    return max(_MIN_EPOCHS, -(-_MIN_STEPS // steps))


def candidates(
    parameters: Parameters, n_columns: int = 0, *, has_lists: bool = False, has_scores: bool = True
) -> list[Plan]:
    """Plans to be tried, the simplest first, as far as the caller leaves a choice.

    `n_columns` is the number of columns of categories, of which there can be statistics,
    `has_lists` whether there are lists of terms besides, and `has_scores` whether terms have
    scores to start from.
    """
    plain, order = _plain_candidates(parameters, has_scores), parameters.target_statistics
    if not n_columns or order is False or order == 0:
        return plain
    if not is_auto(order):
        return [_with_statistics(parameters, int(order))]
    first = replace(plain[0], target_statistics=1, keeps_categories=False)
    deep = _with_statistics(parameters, deepest_order(n_columns))
    # dropped terms pay in lists; where scores mislead, as of rare ids, statistics do not
    return [first, deep, *(plain if has_lists else plain[:1])]


def _with_statistics(parameters: Parameters, order: int) -> Plan:
    """Candidate with target statistics beside the categories."""
    chosen = {
        **_HELD_OUT,
        "hidden_units": _STATISTICS_UNITS,
        "dropout": _STATISTICS_DROPOUT,
        "term_dropout": _TERM_DROPOUT,
        "averaging": AVERAGING,
        "target_statistics": order,
    }
    return _plan(parameters, _SCORES, chosen)


def race_horizon(plan: Plan) -> int:
    """Epochs at the present rate that a candidate's loss is trusted to fall, see `Race`."""
    init = plan.embedding_init
    return _SCORES_HORIZON if isinstance(init, str) and init == _SCORES else _HORIZON


def with_members(plan: Plan, parameters: Parameters, features_per_row: float) -> Plan:
    """The plan that was chosen, with the number of networks that are worth their time.

    Several pay where there are many rare categories, which networks learn in different ways,
    and training soon ends.
    """
    if not is_auto(parameters.n_members):
        return replace(plan, n_members=int(parameters.n_members))
    rare = features_per_row >= _RARE_FEATURES
    if not rare or not plan.target_statistics or parameters.callbacks is not None:
        return plan
    affordable = _MEMBER_EPOCHS // max(plan.n_epochs or _MEMBER_EPOCHS, 1)
    return replace(plan, n_members=min(max(affordable, 1), _MAX_MEMBERS))


def _plain_candidates(parameters: Parameters, has_scores: bool) -> list[Plan]:
    """Candidates without target statistics."""
    given = parameters.embedding_init
    plans = {}
    for init, term_dropout in _CANDIDATES:
        init = init if has_scores else _RANDOM
        chosen = {**_HELD_OUT, "term_dropout": term_dropout, "averaging": AVERAGING}
        plan = _plan(parameters, init, chosen)
        plans[init if is_auto(given) else "given", plan.term_dropout] = plan
    if isinstance(given, str) or not parameters.trainable_embeddings:
        return list(plans.values())
    # vectors that were given may be worse than none
    return [
        *plans.values(),
        *_plain_candidates(replace(parameters, embedding_init="auto"), has_scores),
    ]


def wider(plan: Plan, parameters: Parameters, n_classes: int) -> Plan | None:
    """Plan to be tried after the best candidate, if there is one."""
    if not is_auto(parameters.hidden_units) or n_classes not in _MANY_CLASSES:
        return None
    return replace(plan, hidden_units=_MANY_UNITS)


def in_order_of_trials(plans: list[Plan]) -> list[Plan]:
    """The plans as `best` tries them: the deepest statistics first."""
    return [plans[place] for place in _order_of_trials(plans)]


def _order_of_trials(plans: list[Plan]) -> list[int]:
    return sorted(range(len(plans)), key=lambda place: -plans[place].target_statistics)


def best(plans: Iterable[Plan], tried: Callable[[Plan, float], Plan], n_held_out: int) -> Plan:
    """The candidate to take: the first, unless the loss of a later one is clearly lower.

    `tried` returns a plan with its loss, and may give up on one whose loss will not be
    below a number. The deepest statistics are tried first: they are the best where columns
    matter together, and trials of the others then end early.
    """
    plans = list(plans)

    def least_gain(place: int) -> float:
        of_statistics = _LEAST_STATISTICS_GAIN / math.sqrt(n_held_out)
        return of_statistics if plans[place].target_statistics else _LEAST_GAIN

    chosen, chosen_place = None, -1
    for place in _order_of_trials(plans):
        if chosen is None:
            to_beat = math.inf
        elif place > chosen_place:
            to_beat = chosen.loss - least_gain(place) * abs(chosen.loss)
        else:  # the loss from which on the one chosen so far is clearly lower
            gain = least_gain(chosen_place)
            to_beat = chosen.loss + gain / (1 - gain) * abs(chosen.loss)
        result = tried(plans[place], to_beat)
        if chosen is None or result.loss < to_beat:
            chosen, chosen_place = result, place
    assert chosen is not None
    return chosen


# What a plan decides where the parameter is "auto".
_OPEN = ("hidden_units", "term_dropout", "dropout", "embedding_l2", "linear_l2", "row_size")


def _plan(parameters: Parameters, init: str, chosen: dict[str, Any]) -> Plan:
    """Plan with what was chosen, where the caller's parameters are "auto"."""
    given = {name: getattr(parameters, name) for name in _OPEN}
    own = {name: value for name, value in given.items() if not is_auto(value)}
    given_init = parameters.embedding_init
    return Plan(init if is_auto(given_init) else given_init, **(chosen | own))
