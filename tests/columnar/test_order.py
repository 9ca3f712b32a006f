"""Row groups come in random orders that are drawn from the generator of the fit."""

import threading

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

from skembed import (
    ChunkStream,
    EmbeddingDNNClassifier,
    FitCheckpoint,
    VocabularyTransformer,
    stream_dataset,
)
from skembed.columnar._chunks import one_ahead
from skembed.training import _keeper


@pytest.fixture(scope="module")
def vocabulary():
    return VocabularyTransformer().fit([list("abcdefgh")])


def rows_of(chunks):
    return np.concatenate([np.array(X["row"]) for X, _ in chunks])


def fitted(stream, callbacks=None, random_state=0):
    return EmbeddingDNNClassifier(
        4,
        hidden_units=8,
        max_epochs=3,
        batch_size=32,
        dropout=0.2,
        callbacks=callbacks,
        random_state=random_state,
    ).fit(stream)


def weights_of(model):
    return [model.embeddings_.tobytes(), *(layer.tobytes() for layer in model.coefs_)]


def test_passes_with_a_generator_are_orders_of_row_groups(folder, identity):
    stream = stream_dataset(folder, identity, label="liked", rows_per_chunk=130)
    rng = np.random.default_rng(0)
    first, second = (rows_of(stream.chunks(rng)) for _ in range(2))
    again = rows_of(stream.chunks(np.random.default_rng(0)))
    assert_array_equal(first, again)
    assert (first != second).any()
    for rows in (first, second):
        assert_array_equal(np.sort(rows), np.arange(1200))
        groups = rows.reshape(-1, 50)
        assert_array_equal(groups, groups[:, :1] + np.arange(50))  # whole ones
    assert_array_equal(rows_of(stream), np.arange(1200))


def test_streams_that_do_not_shuffle_leave_the_generator_alone(folder, identity):
    for stream in (
        stream_dataset(folder, identity, label="liked", shuffle=False),
        ChunkStream(lambda: [({"row": np.arange(3)}, 0)]),
    ):
        rng = np.random.default_rng(0)
        list(stream.chunks(rng))
        assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


def test_fits_are_reproducible_and_shuffling_changes_them(folder, vocabulary):
    stream, plain = (
        stream_dataset(
            folder,
            vocabulary,
            label="liked",
            columns="terms",
            rows_per_chunk=200,
            shuffle=shuffle,
        )
        for shuffle in (True, False)
    )
    model = fitted(stream)
    assert weights_of(model) == weights_of(fitted(stream))
    assert weights_of(model) != weights_of(fitted(plain))
    assert weights_of(model) != weights_of(fitted(stream, random_state=1))


class Broken(BaseException):
    """Stands for the end of the process."""


def break_after(patch, n_states):
    """Break a fit off when so many states have been written."""
    written, write = [], _keeper.Keeper.write

    def counted(self, *given):
        write(self, *given)
        written.append(1)
        if len(written) == n_states:
            raise Broken

    patch.setattr(_keeper.Keeper, "write", counted)


@pytest.mark.parametrize("n_states", [1, 2])
def test_a_broken_fit_goes_on_in_the_same_orders(folder, vocabulary, tmp_path, n_states):
    stream = stream_dataset(folder, vocabulary, label="liked", columns="terms", rows_per_chunk=200)
    whole = fitted(stream)
    with pytest.MonkeyPatch.context() as patch:
        break_after(patch, n_states)
        with pytest.raises(Broken):
            fitted(stream, [FitCheckpoint(tmp_path, minutes=0)])
    resumed = fitted(stream, [FitCheckpoint(tmp_path, minutes=0)])
    assert weights_of(resumed) == weights_of(whole)
    assert resumed.history_ == whole.history_


def test_a_broken_fit_does_not_go_on_with_other_row_groups(folder, table, vocabulary, tmp_path):
    given = {"label": "liked", "columns": "terms", "rows_per_chunk": 200}
    with pytest.MonkeyPatch.context() as patch:
        break_after(patch, 1)
        with pytest.raises(Broken):
            fitted(stream_dataset(folder, vocabulary, **given), [FitCheckpoint(tmp_path / "fit")])
    pq.write_table(table, tmp_path / "whole.parquet", row_group_size=100)
    other = stream_dataset(tmp_path / "whole.parquet", vocabulary, **given)
    with pytest.raises(ValueError, match="different data: stream"):
        fitted(other, [FitCheckpoint(tmp_path / "fit")])
    unordered = stream_dataset(folder, vocabulary, shuffle=False, **given)
    with pytest.raises(ValueError, match="different data: stream"):
        fitted(unordered, [FitCheckpoint(tmp_path / "fit")])


class Counting(pa.fs.FileSystemHandler):
    """The local file system, with a list of the files that were opened."""

    def __init__(self):
        self.local, self.opened = pa.fs.LocalFileSystem(), []

    def open_input_file(self, path):
        self.opened.append(path)
        return self.local.open_input_file(path)

    def open_input_stream(self, path):
        return self.open_input_file(path)

    def get_file_info(self, paths):
        return self.local.get_file_info(paths)

    def get_file_info_selector(self, selector):
        return self.local.get_file_info(selector)

    def get_type_name(self):
        return "counting"

    def normalize_path(self, path):
        return path

    def _not_needed(self, *_):
        raise NotImplementedError

    copy_file = create_dir = delete_dir = delete_dir_contents = delete_file = _not_needed
    delete_root_dir_contents = move = open_append_stream = open_output_stream = _not_needed


def test_reading_ahead_is_bounded(tmp_path, identity):
    for number in range(40):
        rows = pa.table({"row": np.arange(20 * number, 20 * number + 20), "y": [0, 1] * 10})
        pq.write_table(rows, tmp_path / f"{number:02}.parquet")
    counting = Counting()
    files = pa.fs.PyFileSystem(counting)
    dataset = ds.dataset(str(tmp_path), filesystem=files, format="parquet")
    stream = stream_dataset(dataset, identity, label="y", rows_per_chunk=40)
    counting.opened.clear()
    most = 0
    for number, (X, _) in enumerate(stream, 1):
        assert len(X) == 40
        most = max(most, len(set(counting.opened)) - 2 * number)
    # at most: a chunk that was transformed ahead, one waiting for that, and one being read
    assert most <= 3 * 2
    assert len(set(counting.opened)) == 40


def test_a_pass_that_is_ended_early_ends_its_threads(folder, identity):
    stream = stream_dataset(folder, identity, label="liked", rows_per_chunk=10)
    chunks = stream.chunks()
    next(chunks)
    chunks.close()
    assert_array_equal(rows_of(stream), np.arange(1200))


def test_a_pass_that_its_own_thread_collects_as_garbage_ends():
    dropped, ended, held = threading.Event(), threading.Event(), []

    def items():
        try:
            yield 1
            assert dropped.wait(10)
            held.clear()  # the last reference, in the thread that the iterator would wait for
            yield 2
        finally:
            ended.set()

    held.append(one_ahead(items))
    assert next(held[0]) == 1
    dropped.set()
    assert ended.wait(10)
