"""Contributions of features to predictions, with their names."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from skembed._replaced_file import replacing
from skembed.explanation._plots import draw_row, draw_summary
from skembed.explanation._row_cells import ExplainedRows
from skembed.explanation._view import OutputView, RowView, fragment, page

# Outputs that a view shows, the highest, where none are named.
_MOST_OUTPUTS = 6


@dataclass(frozen=True)
class Explanation:
    """Contributions of features to predictions, with tables and plots.

    `explain` returns an object of this class. The contributions and the base value of a row
    add up to the model's `decision_function`, or to the prediction of a regressor.

    Parameters
    ----------
    contributions : csr_matrix of shape (n_samples, n_features), or list of them
        Contribution of each feature to each row's output. One matrix for a single output, a
        list with one matrix per output otherwise. An absent feature contributes 0.

    base_value : float, or ndarray of shape (n_outputs,)
        Output for an empty row.

    feature_names : ndarray of shape (n_features,)
        Names of the features, or of the columns with ``by="column"``.

    output_names : ndarray of shape (n_outputs,)
        Class or label of each output. A binary classifier has one output, named after the
        second class. The outputs of a regressor are named "y", or "y0", "y1" and so on.

    rows : object, default=None
        Input rows of the pipeline, for the methods that show their text. `explain` sets it.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from skembed import EmbeddingDNNClassifier, VocabularyTransformer, explain
    >>> reviews = ["a great film", "a bad film", "great", "bad"] * 20
    >>> model = make_pipeline(
    ...     VocabularyTransformer(tokenizer="word"),
    ...     EmbeddingDNNClassifier(max_epochs=20, random_state=0),
    ... )
    >>> model = model.fit(reviews, ["liked", "disliked"] * 40)
    >>> explanation = explain(model, ["a great film"])
    >>> explanation.to_frame(0)["feature"][0]
    'great'
    """

    contributions: Any
    base_value: Any
    feature_names: np.ndarray
    output_names: np.ndarray
    rows: ExplainedRows | None = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return self._parts[0].shape[0]

    @property
    def _parts(self) -> list[sp.csr_matrix]:
        parts = self.contributions
        return parts if isinstance(parts, list) else [parts]

    def outputs(self) -> np.ndarray:
        """Return the sum of the base value and the contributions of each row.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The values of the model's `decision_function`, or of `predict` for a regressor.
        """
        sums = np.column_stack([np.asarray(part.sum(axis=1)).ravel() for part in self._parts])
        sums = sums + self.base_value
        return sums if isinstance(self.contributions, list) else sums[:, 0]

    def to_frame(self, row: int, output: Any = None, *, top: int | None = None) -> pd.DataFrame:
        """Return the contributions to one prediction as a table, largest first.

        Parameters
        ----------
        row : int
            Number of the row.

        output : one of `output_names`, default=None
            Output to explain. Required if there are several.

        top : int, default=None
            Maximum number of features. None returns all features of the row.

        Returns
        -------
        DataFrame
            The columns feature and contribution, sorted by absolute contribution.

        Raises
        ------
        ValueError
            If `output` is None with several outputs, or is not in `output_names`.

        IndexError
            If there is no such row.
        """
        own = self._parts[self._number_of(output)][self._checked(row)]
        order = np.argsort(-np.abs(own.data), kind="stable")[:top]
        names = self.feature_names[own.indices[order]]
        return pd.DataFrame({"feature": names, "contribution": own.data[order]})

    def summary(self, output: Any = None) -> pd.DataFrame:
        """Return the mean contribution of each feature as a table, largest effect first.

        Parameters
        ----------
        output : one of `output_names`, default=None
            Output to explain. Required if there are several.

        Returns
        -------
        DataFrame
            The columns feature, n_rows (number of rows that have the feature),
            mean_contribution and mean_abs_contribution (means over these rows), sorted by
            the sum of the absolute contributions.
        """
        part = self._parts[self._number_of(output)]
        n_rows = np.bincount(part.indices, minlength=part.shape[1])
        sums = np.bincount(part.indices, part.data, minlength=part.shape[1])
        absolute = np.bincount(part.indices, np.abs(part.data), minlength=part.shape[1])
        present = np.flatnonzero(n_rows)
        order = present[np.argsort(-absolute[present], kind="stable")]
        return pd.DataFrame(
            {
                "feature": self.feature_names[order],
                "n_rows": n_rows[order],
                "mean_contribution": sums[order] / n_rows[order],
                "mean_abs_contribution": absolute[order] / n_rows[order],
            }
        )

    def plot(self, row: int, output: Any = None, *, top: int = 12, ax: Any = None) -> Any:
        """Plot the contributions to one prediction as a bar chart, largest at the top.

        Parameters
        ----------
        row : int
            Number of the row.

        output : one of `output_names`, default=None
            Output to explain. Required if there are several.

        top : int, default=12
            Maximum number of features. The others are added up in one bar.

        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        matplotlib Axes
            The axes.
        """
        number = self._number_of(output)
        table = self.to_frame(row, output)
        base = float(np.atleast_1d(self.base_value)[number])
        return draw_row(table, base, self.output_names[number], top, ax)

    def plot_summary(self, output: Any = None, *, top: int = 20, ax: Any = None) -> Any:
        """Plot each feature's mean contribution against its number of rows.

        Parameters
        ----------
        output : one of `output_names`, default=None
            Output to explain. Required if there are several.

        top : int, default=20
            Number of features to label: those with the largest absolute mean contribution
            times log(1 + rows).

        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        matplotlib Axes
            The axes.

        Raises
        ------
        ImportError
            If matplotlib or textalloc is not installed.

        ValueError
            If no row has a feature.
        """
        table = self.summary(output)
        if table.empty:
            raise ValueError(
                "No explained row has a feature, so there is nothing to plot; explain rows with "
                "at least one known feature."
            )
        return draw_summary(table, self.output_names[self._number_of(output)], top, ax)

    def unknown_terms(self, row: int) -> list[str]:
        """Return the terms of a row that are not in the vocabulary.

        These terms contribute nothing to the prediction.

        Parameters
        ----------
        row : int
            Number of the row.

        Returns
        -------
        list of str
            Each unknown term once, in the order of the row. Empty if the explained model is
            not a pipeline with a `VocabularyTransformer`.
        """
        row = self._checked(row)
        return [] if self.rows is None else self.rows.unknown_terms(row)

    def to_html(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        rows: Any = 0,
        outputs: Any = None,
        title: str = "Why this prediction?",
    ) -> str | Path:
        """Write an HTML page that shows rows with their words coloured by contribution.

        Each output has a tab with the input row of the pipeline and a table of the largest
        contributions. Blue with a solid underline marks a positive contribution, orange with
        a dashed underline a negative one. Without a pipeline, only the table is shown. The
        page contains no scripts.

        Parameters
        ----------
        path : path-like, default=None
            File to write; an existing file is replaced. None returns the page as a string.

        rows : int or list of int, default=0
            Numbers of the rows to show.

        outputs : list of `output_names`, default=None
            Outputs to show. None shows the outputs with the highest values, at most six.

        title : str, default="Why this prediction?"
            Title of the page.

        Returns
        -------
        str or pathlib.Path
            The page if `path` is None, otherwise the path of the file.

        Raises
        ------
        TypeError
            If `rows` is not an integer or a list of integers.

        ValueError
            If one of `outputs` is not in `output_names`.

        IndexError
            If there is no such row.

        Examples
        --------
        >>> from sklearn.pipeline import make_pipeline
        >>> from skembed import EmbeddingDNNClassifier, VocabularyTransformer, explain
        >>> model = make_pipeline(
        ...     VocabularyTransformer(tokenizer="word"),
        ...     EmbeddingDNNClassifier(max_epochs=5, random_state=0),
        ... )
        >>> model = model.fit(["a great film", "a bad film"] * 40, ["liked", "disliked"] * 40)
        >>> page = explain(model, ["A great film!"]).to_html(title="One review")
        >>> "<title>One review</title>" in page
        True
        """
        numbers = np.atleast_1d(rows)
        if numbers.dtype.kind not in "iu":
            raise TypeError(f"rows is {rows!r:.80}; give the number of a row, or a list of them.")
        text = page(title, [self._view(number, outputs) for number in numbers.tolist()])
        if path is None:
            return text
        with replacing(path) as partial:
            Path(partial).write_text(text, encoding="utf-8")
        return Path(path)

    def _repr_html_(self) -> str:
        if not len(self):
            return "<p>Explanation of 0 rows</p>"
        more = f"<p>Row 0 of {len(self)}. <code>to_html(path, rows=[...])</code> shows others.</p>"
        return fragment(self._view(0, None)) + more * (len(self) > 1)

    def _view(self, row: int, outputs: Any) -> RowView:
        """What a page shows of a row."""
        row = self._checked(row)
        totals = [float(part[row].sum()) for part in self._parts]
        totals = np.add(totals, self.base_value)
        if outputs is None:
            numbers = np.argsort(-totals, kind="stable")[:_MOST_OUTPUTS].tolist()
        else:
            numbers = [self._number_of(output) for output in outputs]
        shown = []
        for number in numbers:
            name = self.output_names[number]
            table = self.to_frame(row, name)
            names, values = table["feature"].tolist(), table["contribution"].tolist()
            base = float(np.atleast_1d(self.base_value)[number])
            shown.append(OutputView(number, name, base, float(totals[number]), names, values))
        cells = [] if self.rows is None else self.rows.cells(row)
        n_left_out = len(totals) - len(numbers)
        return RowView(row, cells, shown, self.unknown_terms(row), n_left_out)

    def _checked(self, row: int) -> int:
        """Number of a row from 0."""
        if not -len(self) <= row < len(self):
            raise IndexError(f"row is {row}, but {len(self)} rows were explained, numbered from 0.")
        return row % len(self)

    def _number_of(self, output: Any) -> int:
        names = self.output_names.tolist()
        if output is None:
            if len(names) > 1:
                raise ValueError(
                    f"output is None, but there are {len(names)} outputs; pass one of "
                    f"{names!r:.200}."
                )
            return 0
        if output not in names:
            raise ValueError(f"output is {output!r}; pass one of {names!r:.200}.")
        return names.index(output)
