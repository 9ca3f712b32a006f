"""The rivals, at their defaults and prepared as their own documentation advises.

Each is an estimator that takes a DataFrame whose kinds of columns it is told. Libraries are
imported where they are used: which are installed, `_models` finds out.
"""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, KBinsDiscretizer

from benchmarks.tables._native_columns import NativeColumns
from skembed.comparison._column_kinds import Kind
from skembed.comparison._rivals import LinearRival, Training, TreesRival
from skembed.comparison._scores import Part, Scoring
from skembed.comparison._table_features import expand, linear_features, names_by_kind
from skembed.comparison._tuned_linear import TABLE_GRID, LinearModel, inner_splits
from skembed.tables import TargetStatisticsEncoder

Kinds = Mapping[str, Kind]


class Rival(BaseEstimator):
    """A model for a task, told the kinds of columns."""

    def __init__(self, task: str, kinds: Kinds, random_state: int = 0) -> None:
        self.task = task
        self.kinds = kinds
        self.random_state = random_state

    @property
    def _classifies(self) -> bool:
        return self.task == "classes"

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> Self:
        """Prepare the columns and fit."""
        self.model_ = self._fitted(X, y)
        return self

    def _fitted(self, X: pd.DataFrame, y: np.ndarray) -> Any:
        raise NotImplementedError

    def _prepared(self, X: pd.DataFrame) -> Any:
        return X

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Predict values."""
        return np.asarray(self.model_.predict(self._prepared(X))).ravel()

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Predict probabilities."""
        return np.asarray(self.model_.predict_proba(self._prepared(X)))

    @property
    def note(self) -> str:
        """What was chosen."""
        return getattr(self, "chosen_", "")


class _Named(Rival):
    """A rival that `compare` knows by name."""

    def _fitted(self, X: pd.DataFrame, y: np.ndarray) -> Any:
        inner = inner_splits(None, y, None, stratify=self._classifies, seed=self.random_state)
        training = Training(Part(X, y), X, None, inner, self.random_state)
        model, self.chosen_ = self._rival(y).fitted(training)
        return model

    def _rival(self, y: np.ndarray) -> Any:
        raise NotImplementedError


class Linear(_Named):
    """Logistic or ridge regression with its penalty tuned, as "linear" of `compare`."""

    def _rival(self, y: np.ndarray) -> LinearRival:
        if self._classifies:
            model, score = LinearModel.for_classes(y, None, TABLE_GRID), "neg_log_loss"
        else:
            model, score = LinearModel.for_numbers(TABLE_GRID), "r2"
        return LinearRival(model, Scoring.of(score, default=score, weighted=False), None)


class LinearOnStatistics(Rival):
    """Logistic or ridge regression on the features of `Linear` and our target statistics.

    Statistics are of categories and of numbers in 16 bins. The penalty is chosen on a fifth of
    the training rows, with the statistics of the others.
    """

    def _fitted(self, X: pd.DataFrame, y: np.ndarray) -> Any:
        cells = FunctionTransformer(expand, kw_args={"kinds": dict(self.kinds)})
        bins = KBinsDiscretizer(16, encode="ordinal", quantile_method="averaged_inverted_cdf")
        imputer = SimpleImputer(strategy="median", keep_empty_features=True)
        kinds = names_by_kind(self.kinds)
        columns = ColumnTransformer(
            [
                ("category", "passthrough", kinds["category"]),
                ("number", make_pipeline(imputer, bins), kinds["number"]),
            ]
        )
        statistics = TargetStatisticsEncoder(
            target_type="auto" if self._classifies else "continuous",
            random_state=self.random_state,
        )
        features = FeatureUnion(
            [
                ("linear", linear_features(self.kinds, len(X))),
                ("statistics", make_pipeline(cells, columns, statistics)),
            ]
        )
        inner = inner_splits(None, y, None, stratify=self._classifies, seed=self.random_state)
        if self._classifies:
            model, grid = LogisticRegression(max_iter=1000), {"model__C": [0.01, 0.1, 1.0]}
        else:
            model, grid = Ridge(), {"model__alpha": [1.0, 10.0, 100.0]}
        pipeline = Pipeline([("features", features), ("model", model)])
        score = "neg_log_loss" if self._classifies else "r2"
        search = GridSearchCV(pipeline, grid, scoring=score, cv=inner).fit(X, y)
        self.chosen_ = ", ".join(
            f"{name.removeprefix('model__')} = {value:g}"
            for name, value in search.best_params_.items()
        )
        return search.best_estimator_


class Trees(_Named):
    """HistGradientBoosting with categories and target statistics, as "trees" of `compare`."""

    def _rival(self, y: np.ndarray) -> TreesRival:
        return TreesRival(self._classifies)


class _OnNativeColumns(Rival):
    """A rival that takes a DataFrame of categories and numbers."""

    def _fitted(self, X: pd.DataFrame, y: np.ndarray) -> Any:
        self.columns_ = NativeColumns(self.kinds, self.random_state).fit(X, y)
        return self._model().fit(self._prepared(X), y)

    def _prepared(self, X: pd.DataFrame) -> pd.DataFrame:
        return self.columns_.transform(X)

    def _model(self) -> Any:
        raise NotImplementedError


class LightGBM(_OnNativeColumns):
    """LightGBM, which takes pandas categories."""

    def _model(self) -> Any:
        import lightgbm

        kind = lightgbm.LGBMClassifier if self._classifies else lightgbm.LGBMRegressor
        return kind(random_state=self.random_state, verbose=-1)


class RealMLP(_OnNativeColumns):
    """RealMLP with its tuned defaults."""

    def _model(self) -> Any:
        from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

        kind = RealMLP_TD_Classifier if self._classifies else RealMLP_TD_Regressor
        return kind(random_state=self.random_state, device="cpu")


class TabM(_OnNativeColumns):
    """TabM with its defaults."""

    def _model(self) -> Any:
        from pytabkit import TabM_D_Classifier, TabM_D_Regressor

        kind = TabM_D_Classifier if self._classifies else TabM_D_Regressor
        return kind(random_state=self.random_state, device="cpu")


class CatBoost(Rival):
    """CatBoost with cat_features and text_features; a list is a text of its terms."""

    def _fitted(self, X: pd.DataFrame, y: np.ndarray) -> Any:
        import catboost

        kind = catboost.CatBoostClassifier if self._classifies else catboost.CatBoostRegressor
        cells = self._prepared(X)
        texts = [name for name, each in self.kinds.items() if each in ("text", "list")]
        strings = [name for name in cells if not pd.api.types.is_numeric_dtype(cells[name].dtype)]
        model = kind(
            random_seed=self.random_state,
            cat_features=[name for name in strings if name not in texts] or None,
            text_features=texts or None,
            verbose=False,
            allow_writing_files=False,
        )
        return model.fit(cells, y)

    def _prepared(self, X: pd.DataFrame) -> pd.DataFrame:
        cells = expand(X, self.kinds)
        for name, kind in self.kinds.items():
            if kind == "list":
                cells[name] = cells[name].map(_as_text)
        return cells


def _as_text(terms: Any) -> str:
    """Terms as words, the spaces within them taken out."""
    return "" if terms is None else " ".join("_".join(str(term).split()) for term in terms)
