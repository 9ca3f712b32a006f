"""Fits that several processes share make the steps of a single one."""

import numpy as np
import pytest
from workers import largest_difference, run

# Fits of one script, each of which several workers and one worker make.
SAME_ROWS = """
import keras

class Stops(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = index == n_workers - 1 and epoch == 2

epoch = dict(max_epochs=1, early_stopping=False, batch_size=96, random_state=0)
penalties = dict(embedding_l2=2.0, linear_l2=0.2, dropout=0.2)
with skembed.distributed() as cluster:
    assert (cluster.index, cluster.n_workers, cluster.is_chief) == (index, n_workers, index == 0)
    for name, (X, y) in {
        "dense": dense(), "sparse": sparse(), "sparse float32": sparse(np.float32)
    }.items():
        write(EmbeddingDNNClassifier(**epoch, **penalties).fit(X, y), name)
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 2, (300, 1)) == rng.integers(0, 2, (1, 60))
    histories = sp.csr_matrix(rng.random((300, 60)) < 0.05 + 0.3 * groups).astype(np.float64)
    how = dict(term_dropout=0.0, max_epochs=4, random_state=0, batch_size=96)
    write(EmbeddingRecommender(8, **how).fit(histories), "recommender")
    if n_workers == 3:
        sys.exit()
    X, y = sparse()
    stream = ChunkStream(lambda: ((X[s : s + 700], y[s : s + 700]) for s in range(0, 2000, 700)))
    write(EmbeddingDNNRegressor(**epoch).fit(stream), "stream")
    X, y = dense(np.float32)
    model = EmbeddingDNNClassifier(term_dropout=0.0, random_state=0).fit(X, y)
    write(model, "default", n_epochs=model.n_epochs_, share=model.plan_["network_share"])
    model = EmbeddingDNNClassifier(early_stopping=True, random_state=0, batch_size=96).fit(X, y)
    write(model, "early stopping", best=model.best_epoch_, losses=model.history_["val_loss"])
    how = dict(max_epochs=9, early_stopping=False, random_state=0, batch_size=96)
    model = EmbeddingDNNClassifier(**how, callbacks=[Stops()]).fit(X, y)
    write(model, "callback", n_epochs=model.n_epochs_)
    model.set_params(warm_start=True, callbacks=None, max_epochs=1).fit(X, y)
    write(model, "warm start", n_epochs=model.n_epochs_)
    if n_workers > 1:  # a seed that is drawn is the chief's
        write(EmbeddingDNNClassifier(max_epochs=2).fit(X, y), "no seed")
"""


@pytest.fixture(scope="module")
def same_rows(tmp_path_factory):
    """Fits by one worker, two and three."""
    folder = tmp_path_factory.mktemp("same-rows")
    return {n_workers: run(SAME_ROWS, folder, n_workers) for n_workers in (1, 2, 3)}


TOLERANCES = {
    "dense": 1e-12,
    "sparse": 1e-12,
    "sparse float32": 1e-6,
    "recommender": 1e-10,
    "stream": 1e-12,
    "default": 1e-5,
    "early stopping": 1e-5,
    "callback": 1e-5,
    "warm start": 1e-5,
}
OF_THREE = ("dense", "sparse", "sparse float32", "recommender")


@pytest.mark.parametrize(
    ("n_workers", "name"), [(2, name) for name in TOLERANCES] + [(3, name) for name in OF_THREE]
)
def test_workers_with_the_same_rows_make_the_steps_of_one(same_rows, n_workers, name):
    alone, first = same_rows[1][0][name], same_rows[n_workers][0][name]
    assert largest_difference(alone, first) < TOLERANCES[name]
    for other in same_rows[n_workers][1:]:
        assert largest_difference(first, other[name]) == 0


def test_a_seed_that_is_drawn_is_the_chiefs(same_rows):
    first, *others = (fits["no seed"] for fits in same_rows[2])
    assert all(largest_difference(first, other) == 0 for other in others)


OWN_ROWS = """
X, y = sparse()

def parts():  # of chunks that are a batch each: uneven ones, and none of the last
    for start in range(0, 2000, 64):
        chunk = np.arange(start, min(start + 64, 2000))
        part = chunk if n_workers == 1 else [chunk[:32], chunk[32:]][index]
        if len(part):
            yield X[part], y[part]

epoch = dict(max_epochs=1, early_stopping=False, batch_size=64, random_state=0)
with skembed.distributed(rows="own"):
    model = EmbeddingDNNClassifier(**epoch).fit(ChunkStream(parts))
    write(model, "parts", classes=model.classes_, n_features=model.n_features_in_)
    if n_workers > 1:
        X, y = dense()
        own = np.arange(1000) < 150 if index == 0 else np.arange(1000) >= 150
        model = EmbeddingDNNClassifier(max_epochs=3, batch_size=64, random_state=0)
        model.fit(X[own], np.array(["no", "yes"])[y[own]], X_val=X[:50], y_val=["no", "yes"] * 25)
        write(model, "uneven", n_steps=model.n_steps_, losses=model.history_["val_loss"])
if n_workers > 1:
    import pyarrow as pa
    import pyarrow.parquet as pq

    ids = np.random.default_rng(0).integers(0, 30, 1000)
    table = pa.table({"id": ids.astype(str), "y": (ids % 2 == 0).astype(int)})
    path = os.path.join(folder, f"rows-{index}.parquet")  # the same rows on both
    pq.write_table(table, path, row_group_size=100)
    vocabulary = VocabularyTransformer().fit(table["id"])
    stream = stream_dataset(path, vocabulary, label="y", columns="id", rows_per_chunk=200)
    with skembed.distributed():
        model = EmbeddingDNNClassifier(max_epochs=4, batch_size=64, random_state=0).fit(stream)
    write(model, "files", n_steps=model.n_steps_)
for sync_steps in (1, 4):
    with skembed.distributed(sync_steps=sync_steps):
        X, y = sparse()
        model = EmbeddingDNNClassifier(**epoch, optimizer="sgd", learning_rate=0.1).fit(X, y)
        write(model, f"every {sync_steps}", n_steps=model.n_steps_)
"""


@pytest.fixture(scope="module")
def own_rows(tmp_path_factory):
    """Fits by one worker and by two."""
    folder = tmp_path_factory.mktemp("own-rows")
    return {n_workers: run(OWN_ROWS, folder, n_workers) for n_workers in (1, 2)}


def test_workers_with_rows_of_their_own_make_joint_steps(own_rows):
    alone, (first, second) = own_rows[1][0]["parts"], (fits["parts"] for fits in own_rows[2])
    assert largest_difference(alone, first) < 1e-12
    assert largest_difference(first, second) == 0


def test_workers_with_different_numbers_of_rows_end_their_epochs_together(own_rows):
    first, second = (fits["uneven"] for fits in own_rows[2])
    assert largest_difference(first, second) == 0
    assert first["n_steps"] == 3 * -(-850 // 32)
    assert first["loss"][-1] < first["loss"][0]


def test_files_are_shared_out_by_row_groups(own_rows):
    first, second = (fits["files"] for fits in own_rows[2])
    assert largest_difference(first, second) == 0
    # half of ten row groups of 100 rows each: chunks of 200, 200 and 100 rows, in parts of 32
    assert first["n_steps"] == 4 * (7 + 7 + 4)
    assert first["loss"][-1] < 0.8 * first["loss"][0]


def test_local_steps_are_averaged(own_rows):
    joint, (four, same) = own_rows[1][0]["every 1"], (fits["every 4"] for fits in own_rows[2])
    assert largest_difference(four, same) == 0
    assert four["n_steps"] == joint["n_steps"]
    assert 0 < np.abs(four["embeddings"] - joint["embeddings"]).max() < 1e-2
    np.testing.assert_allclose(four["loss"], joint["loss"], rtol=0.02)
