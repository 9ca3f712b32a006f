"""A fit on Dask's workers is that of the same processes started by hand."""

import json
import pickle

import dask
import dask_rows
import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from workers import largest_difference, run

import skembed.dask
from skembed import (
    EmbeddingDNNClassifier,
    EmbeddingDNNRegressor,
    FieldTransformer,
    VocabularyTransformer,
)
from skembed.dask._on_worker import _environment

HOW = {"max_epochs": 3, "batch_size": 64, "random_state": 0}
BY_HAND = """
from dask_rows import parts
own = parts()[index::n_workers]
with skembed.distributed(rows="own"):
    write(EmbeddingDNNClassifier(max_epochs=3, batch_size=64, random_state=0).fit(
        ChunkStream(lambda: iter(own))))
"""


def arrays_of(model):
    arrays = {f"coef{number}": array for number, array in enumerate(model.coefs_)}
    arrays |= {f"intercept{number}": array for number, array in enumerate(model.intercepts_)}
    return arrays | {"embeddings": model.embeddings_, "loss": np.array(model.history_["loss"])}


def left_nothing(client):
    return not dask_rows.training_processes() and not any(client.run(dask_rows.folders).values())


def test_parts_are_shares_of_a_distributed_fit(client, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", f"{dask_rows.__file__.rsplit('/', 1)[0]}:.")
    by_hand = run(BY_HAND, tmp_path, 2)[0]["fit"]
    # delayed parts have no place yet: they are dealt in turn
    delayed = [dask.delayed(dask_rows.part)(number) for number in range(4)]
    model = EmbeddingDNNClassifier(**HOW)
    assert skembed.dask.fit(model, delayed, client=client) is model
    assert largest_difference(by_hand, arrays_of(model)) < 1e-6
    assert model.classes_.tolist() == [0, 1] and model.n_features_in_ == 300
    assert left_nothing(client)


def test_partitions_of_files_are_parts(client, tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"room": rng.choice(list("abcd"), 800), "nights": rng.normal(size=800) * 1e6}
    )
    price = frame["room"].map({"a": 1.0, "b": 2.0, "c": 5.0, "d": 0.0}) + frame["nights"]
    transformer = FieldTransformer(
        [("terms", VocabularyTransformer(), ["room"]), ("numbers", "passthrough", ["nights"])]
    ).fit(frame)
    frame["price"] = price
    shares = [frame.iloc[start : start + 200] for start in range(0, 800, 200)]
    for number, share in enumerate(shares):
        share.to_parquet(tmp_path / f"{number}.parquet")
    held = [
        (client.submit(transformer.transform, share[["room", "nights"]]), share["price"])
        for share in shares
    ]
    how = {"client": client, "workers": sorted(client.scheduler_info()["workers"])[:1]}
    encoded = how | {"label": "price", "transformer": transformer}
    # the warnings of a training process come along
    with pytest.warns(UserWarning, match="Scale"):
        from_tuples = skembed.dask.fit(EmbeddingDNNRegressor(**HOW), held, **how)
    with pytest.warns(UserWarning, match="Scale"):
        from_files = skembed.dask.fit(EmbeddingDNNRegressor(**HOW), str(tmp_path), **encoded)
    assert from_tuples._field_layout_ is not None  # the fields have come along
    assert largest_difference(arrays_of(from_tuples), arrays_of(from_files)) == 0


def test_parts_stay_where_they_are(client):
    from skembed.dask._parts import Parts
    from skembed.dask._placing import _homes

    first, second = sorted(client.scheduler_info()["workers"])
    held = client.scatter(dask_rows.parts(2), workers=[second])
    delayed = dask.delayed(dask_rows.part)(0)
    kept = client.persist(delayed, workers=[first])
    assert _homes(client, Parts([*held, delayed, kept])) == [
        {second},
        {second},
        frozenset(),
        {first},
    ]


def spoilt():
    X, y = dask_rows.rows()
    y = y.astype(float)
    y[1207] = np.nan
    return [(X[start : start + 500], y[start : start + 500]) for start in range(0, 2000, 500)]


@pytest.mark.parametrize(
    ("made", "error", "message"),
    [
        (spoilt, ValueError, r"tcp://127.0.0.1:\d+: in part 2: Input y contains NaN in row 207"),
        (lambda: [*dask_rows.parts(), "no part"], ValueError, "Part 4 is of type str, expected"),
    ],
)
def test_bad_parts_are_named_and_the_estimator_stays_as_it_was(client, made, error, message):
    X, y = dask_rows.rows()
    model = EmbeddingDNNClassifier(**HOW | {"max_epochs": 1}).fit(X, y)
    before = pickle.dumps(model)
    with pytest.raises(error, match=message):
        skembed.dask.fit(model, made(), client=client)
    assert pickle.dumps(model) == before
    assert left_nothing(client)


def refuse(X):
    raise ValueError("unknown room")


def frame_of(**columns):
    import dask.dataframe as dd

    return dd.from_pandas(pd.DataFrame(columns), npartitions=2)


NUMBERS = {"room": [1, 2, 3, 4], "price": [1.0, 2, 3, 4]}


@pytest.mark.parametrize(
    ("made", "how", "error", "message"),
    [
        (list, {}, ValueError, "parts is empty"),
        (lambda: 3, {}, TypeError, "parts is of type int, expected a list of tuples"),
        (dask_rows.parts, {"label": "y"}, ValueError, "label and transformer are for DataFrames"),
        (lambda: frame_of(**NUMBERS), {}, ValueError, r"label is None, .*'room', 'price'"),
        (lambda: frame_of(**NUMBERS), {"label": "rent"}, ValueError, "label is 'rent', expected"),
        (
            lambda: frame_of(room=list("abcd"), price=[1.0, 2, 3, 4]),
            {"label": "price"},
            ValueError,
            r"The columns \['room'\] do not hold numbers",
        ),
        (
            lambda: frame_of(**NUMBERS),
            {"label": "price", "transformer": VocabularyTransformer()},
            NotFittedError,
            "VocabularyTransformer",
        ),
        (
            lambda: frame_of(**NUMBERS),
            {"label": "price", "transformer": FunctionTransformer(refuse)},
            ValueError,
            r"Dask worker tcp://.*The transformer refuses part \d: unknown room",
        ),
        (dask_rows.parts, {"sync_steps": 0}, ValueError, "sync_steps is 0"),
        (dask_rows.parts, {"workers": ["tcp://127.0.0.1:1"]}, ValueError, "some of the cluster's"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(client, made, how, error, message):
    with pytest.raises(error, match=message):
        skembed.dask.fit(EmbeddingDNNClassifier(), made(), client=client, **how)
    assert left_nothing(client)


def test_fewer_parts_than_workers(client):
    workers = list(client.scheduler_info()["workers"])
    with pytest.raises(ValueError, match="2 workers cannot share 1 parts; split"):
        skembed.dask.fit(
            EmbeddingDNNClassifier(), dask_rows.parts(1), client=client, workers=workers
        )


def test_estimators_that_cannot_be_shared_are_refused(client):
    for estimator in (StandardScaler(), skembed.EmbeddingRecommender()):
        with pytest.raises(TypeError, match="expected an EmbeddingDNNClassifier or"):
            skembed.dask.fit(estimator, dask_rows.parts(), client=client)
    with pytest.raises(ValueError, match="batch_size is 33, which 2 workers cannot share"):
        skembed.dask.fit(EmbeddingDNNClassifier(batch_size=33), dask_rows.parts(), client=client)


def test_a_client_is_needed():
    with pytest.raises(ValueError, match="There is no Dask client"):
        skembed.dask.fit(EmbeddingDNNClassifier(), dask_rows.parts())


def test_a_training_process_has_the_threads_of_its_dask_worker():
    variables = _environment(["127.0.0.1:1", "127.0.0.1:2"], 1, 3)
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        assert variables[name] == "3"
    assert json.loads(variables["TF_CONFIG"])["task"] == {"type": "worker", "index": 1}
