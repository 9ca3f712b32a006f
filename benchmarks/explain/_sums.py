"""How near contributions and base value add up to what is predicted."""

import numpy as np

from benchmarks.shared.data._problem import Problem
from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor, explain

# The sums do not depend on how long a network was trained.
_EPOCHS, _N_ROWS = 3, 1000


def largest_error(problem: Problem) -> tuple[float, float]:
    """Largest error of the sums of some test rows, and the largest output, by absolute value."""
    X = problem.X_test[:_N_ROWS]
    if problem.task == "values":
        regressor = EmbeddingDNNRegressor(max_epochs=_EPOCHS, random_state=0)
        model = regressor.fit(problem.X_train, problem.y_train)
        outputs = model.predict(X)
    else:
        classifier = EmbeddingDNNClassifier(max_epochs=_EPOCHS, random_state=0)
        model = classifier.fit(problem.X_train, problem.y_train)
        outputs = model.decision_function(X)
    error = np.abs(explain(model, X).outputs() - outputs).max()
    return float(error), float(np.abs(outputs).max())
