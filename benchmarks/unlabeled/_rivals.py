"""The rivals: what scikit-learn has for few labels, each prepared as its documentation shows."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.semi_supervised import SelfTrainingClassifier

_N_COMPONENTS = 100


class LatentLogistic:
    """Logistic regression on the coordinates of latent semantic analysis of all rows.

    Rows are weighted by tf-idf. C is chosen by cross-validation of the rows with a label.
    """

    def fit(self, X: sp.csr_matrix, y: np.ndarray) -> "LatentLogistic":
        """Decompose all rows; rows with the label -1 have none."""
        self.weighting_ = TfidfTransformer()
        self.svd_ = TruncatedSVD(_N_COMPONENTS, random_state=0)
        coordinates = self.svd_.fit_transform(self.weighting_.fit_transform(X))
        self.model_ = _tuned().fit(coordinates[y != -1], y[y != -1])
        return self

    def predict_proba(self, X: sp.csr_matrix) -> np.ndarray:
        """Predict probabilities."""
        return self.model_.predict_proba(self.svd_.transform(self.weighting_.transform(X)))


class SelfTraining:
    """Self-training with logistic regression on tf-idf, C chosen on the rows with a label."""

    def fit(self, X: sp.csr_matrix, y: np.ndarray) -> "SelfTraining":
        """Train on rows with a label, then on those that it is sure of, too."""
        self.weighting_ = TfidfTransformer()
        X = self.weighting_.fit_transform(X)
        best = float(_tuned().fit(X[y != -1], y[y != -1]).C_)
        self.model_ = SelfTrainingClassifier(LogisticRegression(C=best, max_iter=1000)).fit(X, y)
        return self

    def predict_proba(self, X: sp.csr_matrix) -> np.ndarray:
        """Predict probabilities."""
        return self.model_.predict_proba(self.weighting_.transform(X))


class LabelsAlone:
    """A model of the rows with a label alone."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, X: sp.csr_matrix, y: np.ndarray) -> "LabelsAlone":
        """Leave out the others."""
        self.model.fit(X[y != -1], y[y != -1])
        return self

    def predict_proba(self, X: sp.csr_matrix) -> np.ndarray:
        """Predict probabilities."""
        return self.model.predict_proba(X)


def _tuned() -> LogisticRegressionCV:
    return LogisticRegressionCV(
        Cs=np.logspace(-3, 3, 13),
        l1_ratios=(0,),
        scoring="neg_log_loss",
        use_legacy_attributes=False,
        max_iter=1000,
    )
