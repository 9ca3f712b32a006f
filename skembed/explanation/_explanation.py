"""Contributions of features to predictions, with their names."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp


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
        Names of the features.

    output_names : ndarray of shape (n_outputs,)
        Classes or labels that the outputs stand for; of two classes the second. Numbers for
        a regressor.

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
        if not -len(self) <= row < len(self):
            raise IndexError(f"row is {row}, but {len(self)} rows were explained.")
        part = self._parts[self._number_of(output)]
        own = part[row % len(self)]
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
        import matplotlib.pyplot as plt

        table = self.to_frame(row, output)
        number = self._number_of(output)
        names, values = table["feature"].tolist(), table["contribution"].tolist()
        if len(values) > top:
            n_others = len(values) - top
            names = [*names[:top], f"{n_others} others"]
            values = [*values[:top], sum(values[top:])]
        if ax is None:
            height = 1.1 + 0.28 * len(names)
            _, ax = plt.subplots(figsize=(6.4, height), layout="constrained")
        colours = ["C0" if value >= 0 else "C1" for value in values]
        hatches = ["" if value >= 0 else "///" for value in values]  # also in black and white
        places = np.arange(len(names))[::-1]
        ax.barh(places, values, color=colours, hatch=hatches, edgecolor="white")
        ax.set_yticks(places, [_plain(name) for name in names])
        ax.axvline(0, color="0.5", linewidth=0.8)
        base = float(np.atleast_1d(self.base_value)[number])
        total = base + sum(values)
        ax.set_xlabel(
            f"contribution to the output for {_plain(self.output_names[number])}: "
            f"{base:+.2f} for an empty row, {total:+.2f} in all"
        )
        return ax

    def _number_of(self, output: Any) -> int:
        names = self.output_names.tolist()
        if output is None:
            if len(names) > 1:
                raise ValueError(f"There are {len(names)} outputs: give one of {names!r:.200}.")
            return 0
        if output not in names:
            raise ValueError(f"output is {output!r}; give one of {names!r:.200}.")
        return names.index(output)


def _plain(name: Any) -> str:
    """A name as matplotlib shows it, without its markup."""
    return str(name).replace("$", r"\$")
