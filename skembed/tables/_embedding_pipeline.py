"""From a table to an embedding network in one line."""

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from sklearn.pipeline import Pipeline

from skembed.tables._column_choice import check_choice
from skembed.tables._table_transformer import TableTransformer, default_encoders

Columns: TypeAlias = Iterable[Any] | re.Pattern | Callable[[Any], Iterable[Any]]


def make_embedding_pipeline(
    estimator: Any,
    *,
    categorical: Columns = (),
    numeric: Columns = (),
    text: Columns = (),
    dates: Columns = (),
    lists: Columns = (),
    drop: Columns = (),
    remainder: str | None = None,
) -> Pipeline:
    """Make a pipeline that encodes the columns of a table for an embedding network.

    If you name no columns, a `TableTransformer` detects the kind of each column in `fit`;
    ``model["columns"].plan_`` lists the kinds and the reasons. Each column of categories, texts or
    lists is a field with its own embeddings. Numbers become bins of several resolutions, and
    dates become their parts. Missing values are a category, also in columns of numbers.

    You can name columns by a list of names; by a compiled regular expression, which is searched
    for in all names; or by a callable that takes the table and returns names, such as
    `sklearn.compose.make_column_selector`.

    Parameters
    ----------
    estimator : estimator
        The last step: `EmbeddingDNNClassifier`, `EmbeddingDNNRegressor`, or any other estimator
        that takes sparse features.
    categorical : list of column names, regular expression or callable, default=()
        Columns of categories, or of lists of terms.
    numeric : list of column names, regular expression or callable, default=()
        Columns of numbers.
    text : list of column names, regular expression or callable, default=()
        Columns of texts, to be split into words.
    dates : list of column names, regular expression or callable, default=()
        Columns of dates, or of strings that are ISO dates.
    lists : list of column names, regular expression or callable, default=()
        Columns of lists of terms.
    drop : list of column names, regular expression or callable, default=()
        Columns to leave out.
    remainder : {"auto", "drop"}, default=None
        What to do with columns that you do not name: "auto" detects their kind, "drop" leaves
        them out. None means "drop" if you name columns of any kind but `drop`, else "auto".

    Returns
    -------
    Pipeline
        Pipeline with the steps "columns", a `TableTransformer`, and "network", the estimator.

    Raises
    ------
    ValueError
        If no columns would be used, a column is named twice, or you pass a string instead of a
        list.

    Examples
    --------
    >>> import pandas as pd
    >>> from skembed import EmbeddingDNNRegressor, make_embedding_pipeline
    >>> flats = pd.DataFrame(
    ...     {
    ...         "room": ["whole", "shared"] * 50,
    ...         "nights": [1, 2, 3, 4] * 25,
    ...         "advert": ["sunny loft by the park", "a bed near the station"] * 50,
    ...     }
    ... )
    >>> model = make_embedding_pipeline(EmbeddingDNNRegressor(random_state=0))
    >>> model = model.fit(flats, [100.0, 40.0] * 50)
    >>> model["columns"].plan_[["column", "kind", "why"]]
       column         kind                       why
    0    room  categorical        2 distinct strings
    1  nights  categorical  4 distinct whole numbers
    2  advert  categorical        2 distinct strings

    There are only two distinct adverts, so they are detected as categories. Name the column in
    `text` to split the adverts into words:

    >>> model = make_embedding_pipeline(
    ...     EmbeddingDNNRegressor(random_state=0), text=["advert"], remainder="auto"
    ... )
    >>> model = model.fit(flats, [100.0, 40.0] * 50)
    >>> model.predict(flats).shape
    (100,)
    """
    given = {
        "categorical": categorical,
        "numeric": numeric,
        "text": text,
        "dates": dates,
        "lists": lists,
        "drop": drop,
    }
    for kind, columns in given.items():
        check_choice(kind, columns)
    named = {kind: _as_list(columns) for kind, columns in given.items()}
    named = {kind: columns for kind, columns in named.items() if not _is_empty(columns)}
    _check_once(named)
    if remainder is None:
        remainder = "drop" if named.keys() - {"drop"} else "auto"
    if remainder == "drop" and not named.keys() - {"drop"}:
        raise ValueError("No columns are used; name at least one column, or pass remainder='auto'.")
    columns = TableTransformer(
        named or None, encoders=default_encoders(), remainder=remainder, ignores_set_output=True
    )
    return Pipeline([("columns", columns), ("network", estimator)])


def _as_list(columns: Columns) -> Any:
    return columns if callable(columns) or isinstance(columns, re.Pattern) else list(columns)


def _is_empty(columns: Any) -> bool:
    return isinstance(columns, list) and not columns


def _check_once(named: dict[str, Any]) -> None:
    """Raise if a name is given twice."""
    lists = (columns for columns in named.values() if isinstance(columns, list))
    names = [name for columns in lists for name in columns]
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"The column {twice[0]!r} is named twice; give it one kind.")
