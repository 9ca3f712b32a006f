"""Shards have each row once, in parts of nearly equal sizes."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.preprocessing import FunctionTransformer

from skembed import (
    ChunkStream,
    VocabularyTransformer,
    learn_dataset,
    stream_dataset,
    stream_tfrecord,
    write_tfrecord,
)
from skembed.training._part_stream import shared_out


def rows_of(stream):
    return np.concatenate([np.array(X["row"]) for X, _ in stream])


@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(1, 9)), min_size=1, max_size=4),
    st.integers(1, 6),
    st.integers(1, 40),
)
@settings(max_examples=25)
def test_shards_have_each_row_once(tmp_path_factory, files, n_shards, rows_per_chunk):
    folder, start, n_groups = tmp_path_factory.mktemp("shards"), 0, 0
    for number, (n_rows, group) in enumerate(files):
        rows = np.arange(start, start + n_rows)
        table = pa.table({"row": rows, "y": rows % 2})
        pq.write_table(table, folder / f"{number}.parquet", row_group_size=group)
        start += n_rows
        n_groups += -(-n_rows // group)
    stream = stream_dataset(folder, FunctionTransformer(), label="y", rows_per_chunk=rows_per_chunk)
    assert stream.shardable
    if n_groups < n_shards:
        with pytest.raises(ValueError, match=f"has {n_groups} row groups, too few for {n_shards}"):
            stream.shard(0, n_shards)
        return
    shards = [stream.shard(index, n_shards) for index in range(n_shards)]
    rows = [rows_of(shard) for shard in shards]
    assert_array_equal(np.sort(np.concatenate(rows)), np.arange(start))
    for shard, read in zip(shards, rows, strict=True):
        assert_array_equal(read, np.sort(read))  # in the order of the files
        drawn = rows_of(shard.chunks(np.random.default_rng(0)))
        assert_array_equal(np.sort(drawn), read)
    sizes = list(map(len, rows))
    assert max(sizes) - min(sizes) <= max(group for _, group in files)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20), st.integers(1, 8))
def test_parts_are_dealt_evenly(sizes, n_shards):
    if len(sizes) < n_shards:
        return
    parts = list(enumerate(sizes))
    shares = [
        shared_out(parts, lambda part: part[1], i, n_shards, "parts") for i in range(n_shards)
    ]
    assert sorted(sum(shares, [])) == parts
    assert all(shares)  # none goes without a part, be all of size 0
    totals = [sum(size for _, size in share) for share in shares]
    assert max(totals) - min(totals) <= max(sizes)


def test_a_shard_can_be_shared_out_again(folder, identity):
    stream = stream_dataset(folder, identity, label="liked")
    halves = [stream.shard(0, 2).shard(i, 2) for i in range(2)]
    both = np.concatenate([rows_of(half) for half in halves])
    assert_array_equal(np.sort(both), rows_of(stream.shard(0, 2)))


def test_what_cannot_be_shared_out_is_refused(folder, identity):
    plain = ChunkStream(lambda: [])
    assert not plain.shardable
    with pytest.raises(TypeError, match="Only streams of files can be shared out"):
        plain.shard(0, 2)
    stream = stream_dataset(folder, identity, label="liked")
    with pytest.raises(ValueError, match="index is 2, expected 0 to 1"):
        stream.shard(2, 2)
    with pytest.raises(ValueError, match="n_shards is 0"):
        stream.shard(0, 0)
    with pytest.raises(TypeError, match="index is 0.5, expected an int"):
        stream.shard(0.5, 2)


def test_tfrecord_files_are_shared_out(tmp_path):
    paths, lists = [], []
    for number in range(5):
        terms = [[f"t{number}"] * (number + 1)] * (10 + number)
        paths.append(tmp_path / f"{number}.tfrecord")
        write_tfrecord(paths[-1], terms, [1.0] * len(terms))
        lists += terms
    vocabulary = VocabularyTransformer(weighting="count").fit(lists)
    counts = [10, 11, 12, 13, 14]
    stream = stream_tfrecord(paths, vocabulary, rows_per_chunk=7, expected_records=counts)
    totals = [sum(X.sum(axis=0) for X, _ in stream.shard(i, 3)) for i in range(3)]
    assert_array_equal(sum(totals), vocabulary.transform(lists).sum(axis=0))
    files_of = [(np.asarray(total).ravel() > 0).nonzero()[0].tolist() for total in totals]
    assert sorted(sum(files_of, [])) == list(range(5))  # each file in one shard
    assert stream.shardable
    with pytest.raises(ValueError, match="has 5 files, too few for 6 shards"):
        stream.shard(0, 6)


def test_vocabularies_of_shards_merge_to_that_of_all(folder, table):
    transformer = VocabularyTransformer(min_frequency=2)
    given = {"columns": ["city", "terms"], "rows_per_chunk": 64}
    parts = [learn_dataset(folder, transformer, shard=(i, 3), **given) for i in range(3)]
    merged = parts[0].merge(*parts[1:])
    whole = learn_dataset(folder, transformer, **given)
    fitted = transformer.fit(table.select(["city", "terms"]))
    for other in (whole, fitted):
        assert merged.vocabulary_ == other.vocabulary_
        for one, two in zip(merged.document_counts_, other.document_counts_, strict=True):
            assert_array_equal(one, two)
        assert merged.n_samples_seen_ == other.n_samples_seen_ == 1200
