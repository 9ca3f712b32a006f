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
    """What each feature of some rows adds to each output.

    `explain` makes it. Contributions and base value of a row add up to the model's
    `decision_function`, or to what a regressor predicts.

    Parameters
    ----------
    contributions : csr_matrix of shape (n_samples, n_features), or list of them
        One matrix for one output, a list for several. An absent feature adds nothing.

    base_value : float, or ndarray of shape (n_outputs,)
        Output for an empty row.

    feature_names : ndarray of shape (n_features,)
        Names of the features, or of the columns.

    output_names : ndarray of shape (n_outputs,)
        Classes or labels that the outputs stand for; of two classes the second. Numbers for
        a regressor.

    rows : object, default=None
        Rows as a pipeline got them, for the views of their text; `explain` sets it.

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
        """Return base value and contributions, added up.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            What the model's `decision_function` gives, or `predict` of a regressor.
        """
        sums = np.column_stack([np.asarray(part.sum(axis=1)).ravel() for part in self._parts])
        sums = sums + self.base_value
        return sums if isinstance(self.contributions, list) else sums[:, 0]

    def to_frame(self, row: int, output: Any = None, *, top: int | None = None) -> pd.DataFrame:
        """Return the contributions to one prediction, the largest first.

        Parameters
        ----------
        row : int
            Number of the row.

        output : one of `output_names`, default=None
            Needed where there are several.

        top : int, default=None
            Most features; None for all of the row.

        Returns
        -------
        DataFrame
            Columns feature and contribution, in order of the absolute values.

        Raises
        ------
        ValueError
            If `output` is missing or is none of `output_names`.

        IndexError
            If there is no such row.
        """
        own = self._parts[self._number_of(output)][self._checked(row)]
        order = np.argsort(-np.abs(own.data), kind="stable")[:top]
        names = self.feature_names[own.indices[order]]
        return pd.DataFrame({"feature": names, "contribution": own.data[order]})

    def summary(self, output: Any = None) -> pd.DataFrame:
        """Return the effect of each feature over all rows, the largest first.

        Parameters
        ----------
        output : one of `output_names`, default=None
            Needed where there are several.

        Returns
        -------
        DataFrame
            Columns feature, n_rows (that have it), mean_contribution and
            mean_abs_contribution, of the rows that have it; in order of the sum of absolute
            contributions.
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
        """Draw the contributions to one prediction as bars, the largest at the top.

        Parameters
        ----------
        row : int
            Number of the row.

        output : one of `output_names`, default=None
            Needed where there are several.

        top : int, default=12
            Most features; the others are one bar.

        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

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
        """Draw each feature's mean contribution against the number of rows that have it.

        Parameters
        ----------
        output : one of `output_names`, default=None
            Needed where there are several.

        top : int, default=20
            Features to label: those whose absolute mean contribution, times log(1 + rows), is
            largest.

        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

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
            raise ValueError("No row has a feature, so there is nothing to draw.")
        return draw_summary(table, self.output_names[self._number_of(output)], top, ax)

    def unknown_terms(self, row: int) -> list[str]:
        """Return the terms of a row that the vocabulary does not have, and that add nothing.

        Parameters
        ----------
        row : int
            Number of the row.

        Returns
        -------
        list of str
            Each term once, in order of the row. Empty where no pipeline with a
            `VocabularyTransformer` was explained.
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
        """Show rows with their words coloured by what each adds, as a page without scripts.

        A tab for each output shows the row as the pipeline got it, and a table of the
        strongest contributions. The sign of a contribution is in a colour and in the line
        below a word, solid or dashed. Without a pipeline there is the table alone.

        Parameters
        ----------
        path : path-like, default=None
            The file; one that is there is replaced. None returns the page.

        rows : int or list of int, default=0
            Numbers of the rows.

        outputs : list of `output_names`, default=None
            Outputs to show; None for those of the highest values, six at most.

        title : str, default="Why this prediction?"
            Title of the page.

        Returns
        -------
        str or pathlib.Path
            The page, or the file.

        Raises
        ------
        TypeError
            If `rows` are no integers.

        ValueError
            If one of `outputs` is none of `output_names`.

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
            raise IndexError(f"row is {row}, but {len(self)} rows were explained.")
        return row % len(self)

    def _number_of(self, output: Any) -> int:
        names = self.output_names.tolist()
        if output is None:
            if len(names) > 1:
                raise ValueError(f"There are {len(names)} outputs: give one of {names!r:.200}.")
            return 0
        if output not in names:
            raise ValueError(f"output is {output!r}; give one of {names!r:.200}.")
        return names.index(output)
