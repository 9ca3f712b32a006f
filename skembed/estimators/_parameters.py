"""An estimator's parameters, read once into one frozen object."""

from dataclasses import fields
from typing import Any

from skembed.network._field_layout import DEFAULT_DIM, FieldLayout, checked_fields
from skembed.training._parameters import Parameters


def resolve_parameters(estimator: Any) -> Parameters:
    """Read what the estimator asks of a fit."""
    given = estimator.get_params(deep=False)
    return Parameters(**{field.name: given[field.name] for field in fields(Parameters)})


def field_layout(parameters: Parameters, brought: Any, n_features: int) -> FieldLayout | None:
    """Lay out the fields that the parameter tells, or those that X has brought."""
    given = parameters.fields
    if isinstance(given, str):
        given = brought
    if given is None:
        return None
    dim = parameters.embedding_dim
    dim = DEFAULT_DIM if isinstance(dim, str) else dim
    return FieldLayout.of(checked_fields(given, n_features), dim)
