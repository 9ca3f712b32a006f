"""What is left to the data: how long to train, what to start from, how many terms to drop.

With the defaults a fit first trains on nine tenths of the rows, once for each candidate
below, watches the loss of the rest, and then trains on all rows as the best candidate was
at its best epoch. How the candidates and numbers were chosen is in docs/decisions.md.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

# Rows from which held-out ones tell candidates apart.
MIN_ROWS = 1000
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
    batch_size: int = 1  # rows of a step, once the data are known
    held_out: bool = False  # whether rows are held out that say when to end
    n_epochs: int | None = None
    loss: float = math.nan  # on the rows held out

    def as_dict(self) -> dict[str, Any]:
        """What the plan says, in strings and numbers."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        del values["held_out"]  # always
        for name, kind in (("embedding_init", str), ("hidden_units", int)):
            if not isinstance(values[name], kind):
                values[name] = "given"
        return values


# Long rows that say things many times over gain from dropped terms, rows in which each
# term stands for a column lose. Scores tell most where terms are frequent; the scores of
# rare ids tell their own rows' targets, and what is learned from that is wrong elsewhere.
_SCORES = "log_odds"
_CANDIDATES = ((_SCORES, 0.0), (_SCORES, _TERM_DROPOUT), ("random", _TERM_DROPOUT))
# How much lower, as a share, the loss of a later candidate must be: less is as often chance.
_LEAST_GAIN = 0.01


_PENALTIES = {"embedding_l2": EMBEDDING_L2, "linear_l2": LINEAR_L2}
_HELD_OUT = {**_PENALTIES, "dropout": DROPOUT, "row_size": True, "held_out": True}


def plain(embedding_init: Any, settings: dict[str, Any]) -> Plan:
    """Plan of as many epochs as the caller has said: what is "auto" is off."""
    return _plan(embedding_init, settings, _SCORES, {})


def penalized(embedding_init: Any, settings: dict[str, Any]) -> Plan:
    """Plan of a fit that holds out nothing: penalties stand in for ending early."""
    return _plan(embedding_init, settings, _SCORES, _PENALTIES)


def regularized(embedding_init: Any, settings: dict[str, Any]) -> Plan:
    """Plan of a fit that ends when the loss of rows held out stops falling."""
    return _plan(embedding_init, settings, _SCORES, _HELD_OUT)


def candidates(embedding_init: Any, settings: dict[str, Any]) -> list[Plan]:
    """Plans to be tried, as far as the caller's settings leave a choice."""
    plans = {}
    for init, term_dropout in _CANDIDATES:
        chosen = {**_HELD_OUT, "term_dropout": term_dropout, "averaging": AVERAGING}
        plan = _plan(embedding_init, settings, init, chosen)
        plans[init if is_auto(embedding_init) else "given", plan.term_dropout] = plan
    return list(plans.values())


def wider(plan: Plan, hidden_units: Any, n_classes: int) -> Plan | None:
    """Plan to be tried after the best candidate, if there is one."""
    if not is_auto(hidden_units) or n_classes not in _MANY_CLASSES:
        return None
    return replace(plan, hidden_units=_MANY_UNITS)


def best(plans: Iterable[Plan], tried: Callable[[Plan, float], Plan]) -> Plan:
    """The candidate to take: the first, unless the loss of a later one is clearly lower.

    `tried` returns a plan with its loss, and may give up on one whose loss will not be
    below a number.
    """
    chosen, to_beat = None, math.inf
    for plan in plans:
        result = tried(plan, to_beat)
        if result.loss < to_beat or chosen is None:
            chosen, to_beat = result, result.loss - _LEAST_GAIN * abs(result.loss)
    assert chosen is not None
    return chosen


def _plan(given: Any, settings: dict[str, Any], init: str, chosen: dict[str, Any]) -> Plan:
    """Plan with what was chosen, where the caller's settings are "auto"."""
    own = {name: value for name, value in settings.items() if not is_auto(value)}
    return Plan(init if is_auto(given) else given, **(chosen | own))


def is_auto(value: Any) -> bool:
    """Whether a parameter is left to the data."""
    return isinstance(value, str) and value == "auto"
