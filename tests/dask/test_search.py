"""A search under joblib's backend for Dask is the serial one."""

import dask_rows
import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from skembed import EmbeddingDNNClassifier
from skembed.parallel._cores import thread_limit

distributed = pytest.importorskip("distributed")


def test_a_search_equals_the_serial_one(client):
    X, y = dask_rows.rows()
    grid = {"embedding_dim": [2, 4], "max_epochs": [1, 2]}
    searches = [GridSearchCV(EmbeddingDNNClassifier(random_state=0), grid, cv=2) for _ in range(2)]
    with joblib.parallel_config("dask"):
        searches[0].fit(X, y)
    searches[1].fit(X, y)
    assert searches[0].best_params_ == searches[1].best_params_
    for name, scores in searches[1].cv_results_.items():
        if "score" in name and "time" not in name:
            np.testing.assert_array_equal(searches[0].cv_results_[name], scores)
    np.testing.assert_array_equal(*(search.predict_proba(X) for search in searches))
    # one thread per task, on each worker that has trained
    told = client.run(dask_rows.thread_variables).values()
    assert all(set(variables.values()) <= {"1", None} for variables in told)
    assert any(variables["TF_NUM_INTRAOP_THREADS"] == "1" for variables in told)


def test_a_task_without_a_nanny_has_one_thread(monkeypatch):
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    with distributed.Client(
        processes=False, n_workers=1, threads_per_worker=2, dashboard_address="127.0.0.1:0"
    ) as client:
        assert client.submit(thread_limit).result() == 1
        assert thread_limit() is None
        monkeypatch.setenv("OMP_NUM_THREADS", "3")  # what the user has set holds
        assert client.submit(thread_limit, pure=False).result() == 3
