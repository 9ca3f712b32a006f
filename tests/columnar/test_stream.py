"""Streams of files give the rows of the files, and what is wrong with these is named."""

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset as ds
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError
from small_estimators import small

from skembed import (
    ChunkStream,
    EmbeddingDNNRegressor,
    EmbeddingRecommender,
    VocabularyTransformer,
    stream_dataset,
)


def joined(stream):
    """All features, as a table, and all labels of a pass in the natural order."""
    chunks = list(stream)
    return pa.concat_tables([X for X, *_ in chunks]), np.concatenate([y for _, y, *_ in chunks])


@pytest.mark.parametrize("rows_per_chunk", [1, 64, 400, 5000])
def test_chunks_have_the_rows_of_the_files_in_their_order(folder, table, identity, rows_per_chunk):
    stream = stream_dataset(folder, identity, label="liked", rows_per_chunk=rows_per_chunk)
    X, y = joined(stream)
    assert X.equals(table.drop_columns(["liked"]))
    assert_array_equal(y, table["liked"])
    sizes = [len(y) for _, y in stream]
    assert set(sizes[:-1]) <= {rows_per_chunk} and sizes[-1] <= rows_per_chunk


def test_columns_that_are_chosen_come_in_their_order(folder, table, identity):
    chosen = stream_dataset(folder, identity, label="liked", columns=["terms", "row"])
    assert joined(chosen)[0].equals(table.select(["terms", "row"]))
    weighted = stream_dataset(folder, identity, label="liked", sample_weight="weight")
    (X, _, weights), *_ = weighted
    assert X.column_names == ["row", "city", "terms"]
    assert_array_equal(weights, table["weight"])
    one = stream_dataset(folder, None, label=None, columns="terms")
    ((array,),) = one
    assert isinstance(array, pa.ListArray) and array.equals(table["terms"].combine_chunks())


def test_columns_that_are_not_chosen_are_not_read(table, tmp_path, identity):
    path = tmp_path / "damaged.parquet"
    pq.write_table(table.select(["city", "row", "liked"]), path, compression="none")
    column = pq.ParquetFile(path).metadata.row_group(0).column(0)
    start = column.dictionary_page_offset
    damaged = bytearray(path.read_bytes())
    damaged[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(damaged)
    X, _ = joined(stream_dataset(path, identity, label="liked", columns=["row"]))
    assert X.equals(table.select(["row"]))
    with pytest.raises(ValueError, match=r"damaged\.parquet cannot be read"):
        joined(stream_dataset(path, identity, label="liked"))


def test_one_chunk_fits_as_its_rows_do(folder, table):
    transformer = VocabularyTransformer().fit(table.select(["city", "terms"]))
    X = transformer.transform(table.select(["city", "terms"]))
    stream = stream_dataset(
        folder,
        transformer,
        label="liked",
        columns=["city", "terms"],
        sample_weight="weight",
        shuffle=False,
    )
    streamed = small().fit(stream)
    rows = X, table["liked"].to_numpy(), table["weight"].to_numpy()
    whole = small().fit(ChunkStream(lambda: [rows]))
    assert streamed.history_ == whole.history_
    assert_array_equal(streamed.embeddings_, whole.embeddings_)


FORMATS = {
    "parquet": pq.write_table,
    "feather": pa.feather.write_feather,
    "csv": pa.csv.write_csv,
}


@pytest.mark.parametrize("format", FORMATS)
def test_formats_give_the_same_rows(format, table, tmp_path, identity):
    rows = table.select(["row", "city", "liked"])
    for number in range(3):
        FORMATS[format](rows.slice(400 * number, 400), tmp_path / f"{number}.{format}")
    stream = stream_dataset(tmp_path, identity, label="liked", format=format, rows_per_chunk=150)
    X, y = joined(stream)
    assert X.equals(rows.drop_columns(["liked"]))
    assert_array_equal(y, rows["liked"])
    shares = [joined(stream.shard(i, 3))[0]["row"].to_pylist() for i in range(3)]
    assert sorted(sum(shares, [])) == list(range(1200))
    paths = [str(tmp_path / f"{number}.{format}") for number in (2, 0)]
    some = stream_dataset(paths, identity, label="liked", format=format)
    assert joined(some)[0]["row"].to_pylist() == [*range(800, 1200), *range(400)]


def test_folders_of_partitions_are_columns_and_filters_leave_files_out(table, tmp_path, identity):
    years = pa.array(np.arange(1200) % 3 + 2020)
    ds.write_dataset(
        table.append_column("year", years),
        tmp_path,
        format="parquet",
        partitioning=ds.partitioning(pa.schema([("year", pa.int64())]), flavor="hive"),
    )
    X, _ = joined(stream_dataset(tmp_path, identity, label="liked"))
    assert_array_equal(X["year"].to_numpy(), np.array(X["row"]) % 3 + 2020)
    late = stream_dataset(tmp_path, identity, label="year", filter=ds.field("year") > 2020)
    X, y = joined(late)
    assert sorted(X["row"].to_pylist()) == [row for row in range(1200) if row % 3 > 0]
    assert_array_equal(y, np.array(X["row"]) % 3 + 2020)
    (tmp_path / "year=2022" / "part-0.parquet").write_bytes(b"not read, as the year is 2022")
    again = stream_dataset(tmp_path, identity, label="year", filter=[("year", "=", 2021)])
    assert set(joined(again)[1]) == {2021}


@given(st.integers(0, 1200), st.integers(0, 1200))
def test_a_filter_leaves_the_rows_that_it_keeps(folder, low, high):
    keeps = (ds.field("row") >= low) & (ds.field("row") < high)
    kept = list(range(low, high))
    try:
        stream = stream_dataset(folder, None, label="liked", filter=keeps, rows_per_chunk=64)
        assert joined(stream)[0]["row"].to_pylist() == kept
        # row groups that cannot have such rows are not read
        assert len(stream._parts) == len({row // 50 for row in kept})
    except ValueError as error:
        assert "leaves no rows of" in str(error) and not kept


def test_a_filter_that_no_row_passes_is_told(folder, identity):
    stream = stream_dataset(folder, identity, label="liked", filter=ds.field("city") == "c35")
    with pytest.raises(ValueError, match=r"leaves no rows of the 3 files from .*part-0\.parquet"):
        small().fit(stream)


LABELS = {
    "strings": (pa.array(["no", "yes"] * 60), None),
    "dictionary": (pa.array(["no", "yes"] * 60).dictionary_encode(), None),
    "booleans": (pa.array([False, True] * 60), None),
    "decimals": (pa.array([0, 1] * 60).cast(pa.decimal128(19, 0)), np.int64),
}


@pytest.mark.parametrize("kind", LABELS)
def test_kinds_of_labels(kind, tmp_path):
    labels, dtype = LABELS[kind]
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"terms": ["a", "b"] * 60, "y": labels}), path)
    transformer = VocabularyTransformer().fit(["a", "b"])
    stream = stream_dataset(path, transformer, label="y", columns="terms", label_dtype=dtype)
    model = small(learning_rate=0.1, max_epochs=20).fit(stream)
    expected = labels[:2].cast(pa.int64()) if dtype else labels[:2]
    assert model.predict(transformer.transform(["a", "b"])).tolist() == expected.to_pylist()


def test_several_outputs_are_columns_or_lists(table, tmp_path, identity):
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(100, 2))
    lists = pa.FixedSizeListArray.from_arrays(outputs.ravel(), 2)
    path = tmp_path / "rows.parquet"
    columns = {"city": table["city"][:100], "one": outputs[:, 0], "two": outputs[:, 1]}
    pq.write_table(pa.table({**columns, "both": lists}), path)
    transformer = VocabularyTransformer().fit(table["city"])
    for label in (["one", "two"], "both"):
        stream = stream_dataset(path, transformer, label=label, columns="city")
        ((_, y),) = stream
        assert_array_equal(y, outputs)
        assert EmbeddingDNNRegressor(2, max_epochs=1).fit(stream).n_outputs_ == 2


def test_a_recommender_takes_lists_and_matrices(folder, table):
    settings = {"embedding_dim": 4, "max_epochs": 2, "random_state": 0}
    lists = stream_dataset(folder, None, label=None, columns="terms")
    model = EmbeddingRecommender(**settings).fit(lists)
    assert sorted(model.items_) == list("abcdefgh")
    vocabulary = VocabularyTransformer().fit(table["terms"])
    matrices = stream_dataset(folder, vocabulary, label=None, columns="terms", rows_per_chunk=100)
    without = {**settings, "early_stopping": False}
    one, other = (EmbeddingRecommender(**without).fit(matrices) for _ in range(2))
    assert_array_equal(one.coefs_[0], other.coefs_[0])
    plain = stream_dataset(
        folder, vocabulary, label=None, columns="terms", rows_per_chunk=100, shuffle=False
    )
    assert (EmbeddingRecommender(**without).fit(plain).coefs_[0] != one.coefs_[0]).any()


def write(path, column, values):
    pq.write_table(pa.table({"row": np.arange(len(values)), column: values}), path)


@pytest.mark.parametrize(
    "kept", [None, ds.field("row") > 4, ds.field("row").isin([1, 3, 8, 17, 30])]
)
@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_missing_label_is_named_by_file_and_row(tmp_path, identity, missing, kept):
    labels = [0.0] * 31
    write(tmp_path / "a.parquet", "y", pa.array(labels))
    labels[17] = missing
    table = pa.table({"row": np.arange(31), "y": pa.array(labels, pa.float64())})
    pq.write_table(table, tmp_path / "b.parquet", row_group_size=10)
    stream = stream_dataset(tmp_path, identity, label="y", filter=kept, rows_per_chunk=7)
    with pytest.raises(ValueError, match=r"column 'y' is missing in row 17 of .*b\.parquet"):
        list(stream)


def test_a_missing_weight_and_a_missing_output_are_named(tmp_path, identity):
    path = tmp_path / "rows.parquet"
    pairs = pa.array([[1.0, 2.0], [3.0, None]], pa.list_(pa.float64(), 2))
    table = pa.table({"x": ["a", "b"], "y": [0, 1], "w": [1.0, None], "pairs": pairs})
    pq.write_table(table, path)
    weighted = stream_dataset(path, identity, label="y", sample_weight="w")
    with pytest.raises(ValueError, match="sample weight in column 'w' is missing in row 1 of"):
        list(weighted)
    with pytest.raises(ValueError, match="label in column 'pairs' is missing in row 1 of"):
        list(stream_dataset(path, identity, label="pairs"))


def test_a_label_that_the_type_cannot_represent_is_named(tmp_path, identity):
    write(tmp_path / "rows.parquet", "y", pa.array([0.0, 1.0, 0.5]))
    stream = stream_dataset(tmp_path, identity, label="y", label_dtype=np.int64)
    with pytest.raises(ValueError, match=r"row 2 of .*rows\.parquet, counted from 0, is 0\.5"):
        list(stream)


def test_files_that_differ_are_named(tmp_path, identity):
    write(tmp_path / "a.parquet", "y", pa.array([0, 1]))
    write(tmp_path / "b.parquet", "z", pa.array([0, 1]))
    with pytest.raises(ValueError, match=r"b\.parquet has no column 'y'"):
        stream_dataset(tmp_path, identity, label="y")
    write(tmp_path / "b.parquet", "y", pa.array([0.0, 1.0]))
    with pytest.raises(ValueError, match=r"b\.parquet has column 'y' as double.* as int64"):
        stream_dataset(tmp_path, identity, label="y")
    schema = pa.schema([("row", pa.int64()), ("y", pa.float32())])
    cast = ds.dataset(tmp_path, schema=schema)
    assert joined(stream_dataset(cast, identity, label="y"))[1].tolist() == [0.0, 1.0, 0.0, 1.0]


def test_errors_of_the_transformer_have_the_row_of_the_file(tmp_path):
    for name in "ab":
        terms = ["x"] * 6 if name == "a" else ["x", None, "x"]
        write(tmp_path / f"{name}.parquet", "terms", terms)
    transformer = VocabularyTransformer().fit(["x"])
    stream = stream_dataset(tmp_path, transformer, label="row", columns="terms")
    with pytest.raises(ValueError, match="Row 7 has a missing value") as caught:
        list(stream)
    assert "row 6 of this chunk is row 0 of" in caught.value.__notes__[0]
    assert "b.parquet" in caught.value.__notes__[0]


WRONG = {
    "no column 'price'": dict(label="price"),
    "no column 'prices'": dict(columns=["prices"]),
    "'liked' is in columns": dict(columns=["liked", "city"]),
    "No column is left": dict(columns=[]),
    "does not fit the files": dict(filter=ds.field("year") > 2000),
    "Pass an expression": dict(filter="year > 2000"),
    "rows_per_chunk is 0": dict(rows_per_chunk=0),
    "sample_weight needs label": dict(label=None, sample_weight="weight"),
    "cannot be opened as csv": dict(format="csv"),
}


@pytest.mark.parametrize("message", WRONG)
def test_wrong_arguments_are_refused_at_once(folder, identity, message):
    with pytest.raises(ValueError, match=message):
        stream_dataset(folder, identity, **{"label": "liked", **WRONG[message]})


def test_wrong_types_are_refused_at_once(folder, table, tmp_path, identity):
    with pytest.raises(TypeError, match="'terms' is of type list"):
        stream_dataset(folder, identity, label="terms")
    with pytest.raises(TypeError, match="'city' of sample weights is of type string"):
        stream_dataset(folder, identity, label="liked", sample_weight="city")
    with pytest.raises(TypeError, match="source is a Table"):
        stream_dataset(table, identity, label="liked")
    with pytest.raises(TypeError, match="rows_per_chunk is 1.5"):
        stream_dataset(folder, identity, label="liked", rows_per_chunk=1.5)
    with pytest.raises(NotFittedError):
        stream_dataset(folder, VocabularyTransformer(), label="liked")
    with pytest.raises(ValueError, match="no files in"):
        stream_dataset(tmp_path, identity, label="liked")
    with pytest.raises(FileNotFoundError, match="gone"):
        stream_dataset(tmp_path / "gone", identity, label="liked")
