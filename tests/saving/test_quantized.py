"""Small files: rounded tables, compressed, whose predictions are near those of the model."""

import json
import lzma
import os
import subprocess
import sys

import numpy as np
import pytest
from fitted_models import make_model_pipeline
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from model_files import put_together, refused, taken_apart
from served_models import ROWS, TABLE, Y, classifier, regressor
from sklearn.pipeline import make_pipeline

from skembed import (
    EmbeddingRecommender,
    VocabularyTransformer,
    explain,
    load,
    make_embedding_pipeline,
    save,
)
from skembed.network._quantized_rows import QuantizedRows


def saved_small(model, folder):
    save(model, folder / "small", quantize="int8")
    return load(folder / "small")


@settings(max_examples=100, deadline=None)
@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 40), st.integers(1, 6)),
        elements=st.floats(-1000, 1000, width=32),
    )
)
def test_rows_are_at_most_half_a_step_off_along_each_axis(table):
    rows = QuantizedRows.of(table)
    steps = np.linalg.norm(rows.basis, axis=1)
    bound = np.linalg.norm(steps) / 2 + 1e-3
    assert np.linalg.norm(rows.whole() - table, axis=1).max() <= bound
    np.testing.assert_allclose(rows[np.arange(len(table))], rows.whole(), atol=1e-3)
    assert rows.shape == table.shape
    assert rows.dtype == table.dtype


@pytest.mark.parametrize("y", [Y, np.array(["a", "b", "c"])[np.arange(300) % 3]], ids=["2", "3"])
def test_predictions_are_near_and_the_file_small(y, tmp_path):
    model = make_pipeline(VocabularyTransformer(ngram_range=(1, 2)), classifier()).fit(ROWS, y)
    save(model, tmp_path / "whole")
    small = saved_small(model, tmp_path)
    assert small[-1]._table.rows.codes.dtype == np.int8
    np.testing.assert_allclose(small.predict_proba(ROWS), model.predict_proba(ROWS), atol=0.1)
    sizes = [(tmp_path / name).stat().st_size for name in ("small", "whole")]
    assert sizes[0] < sizes[1] / 4
    # once rounded, rows stay
    again = saved_small(small, tmp_path)
    np.testing.assert_array_equal(again.predict_proba(ROWS), small.predict_proba(ROWS))


def test_rounded_rows_serve_for_all_that_tables_do(tmp_path):
    model = make_pipeline(VocabularyTransformer(), classifier()).fit(ROWS, Y)
    small = saved_small(model, tmp_path)
    for rows in (ROWS[:1], ROWS):  # rows of the used features alone, and the whole table
        logits = small.decision_function(rows)
        np.testing.assert_allclose(explain(small, rows).outputs(), logits, atol=1e-5)
    assert small[-1].embeddings_.shape == model[-1].embeddings_.shape
    X = small[0].transform(ROWS)
    assert small[-1].transform(X).shape == model[-1].transform(X).shape
    before = small.predict_proba(ROWS)
    small[-1].set_params(warm_start=True, max_epochs=1).fit(X, Y)
    assert isinstance(small[-1]._table.rows, np.ndarray)
    assert not np.array_equal(small.predict_proba(ROWS), before)
    save(saved_small(model, tmp_path), tmp_path / "whole")
    np.testing.assert_allclose(load(tmp_path / "whole").predict_proba(ROWS), before, atol=1e-4)


@pytest.mark.parametrize("estimator", [classifier, regressor])
def test_tables_with_statistics_and_a_linear_model(estimator, tmp_path):
    model = make_embedding_pipeline(estimator(target_statistics=True))
    y = Y if estimator is classifier else TABLE["size"].fillna(3) * 2
    small = saved_small(model.fit(TABLE, y), tmp_path)
    found, expected = small.predict(TABLE), model.predict(TABLE)
    if estimator is regressor:
        assert np.corrcoef(found, expected)[0, 1] > 0.99
    else:
        assert np.mean(found == expected) > 0.97


@pytest.mark.parametrize("kernel", ["Haswell", "SkylakeX", "Prescott"])
def test_a_row_predicts_the_same_bytes_whatever_rows_come_with_it(kernel, tmp_path):
    model = make_pipeline(VocabularyTransformer(ngram_range=(1, 2)), classifier()).fit(ROWS, Y)
    save(model, tmp_path / "small", quantize="int8")
    code = """
import json, sys
import numpy as np
from skembed import load
model, rows = load(sys.argv[1]), json.loads(sys.argv[2])
whole = model.decision_function(rows)
alone = np.concatenate([model.decision_function([row]) for row in rows])
few = np.concatenate([model.decision_function(rows[i : i + 7]) for i in range(0, len(rows), 7)])
print(whole.tobytes() == alone.tobytes() == few.tobytes())
"""
    arguments = [sys.executable, "-c", code, str(tmp_path / "small"), json.dumps(ROWS)]
    environment = os.environ | {"OPENBLAS_CORETYPE": kernel}
    done = subprocess.run(arguments, capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split()[-1] == "True"


def test_pruned_rows_are_the_mean_and_rare(tmp_path):
    words = VocabularyTransformer(ngram_range=(1, 2), num_oov_buckets=2)
    model = make_pipeline(words, classifier()).fit(ROWS, Y)
    save(model, tmp_path / "small", quantize="int8")
    save(model, tmp_path / "pruned", quantize="int8", prune=0.5)
    assert (tmp_path / "pruned").stat().st_size < (tmp_path / "small").stat().st_size
    pruned = load(tmp_path / "pruned")
    rows = pruned[-1]._table.rows
    lost = ~rows.codes.any(axis=1)
    assert lost.sum() == pytest.approx(0.5 * len(rows), rel=0.05)
    np.testing.assert_allclose(rows[np.flatnonzero(lost)[:3]], np.tile(rows.mean, (3, 1)))
    counts = model[0].document_counts_
    assert counts[lost[: len(counts)]].mean() < counts[~lost[: len(counts)]].mean()
    assert not lost[-2:].any()  # buckets, of which it is not known
    correlation = np.corrcoef(pruned.decision_function(ROWS), model.decision_function(ROWS))[0, 1]
    assert correlation > 0.8
    for prune, quantize in ((1.0, "int8"), (-0.1, "int8"), (0.5, None)):
        with pytest.raises(ValueError, match="expected a fraction from 0 to below 1"):
            save(model, tmp_path / "small", quantize=quantize, prune=prune)


def test_other_estimators_are_compressed_alone(tmp_path):
    items = EmbeddingRecommender(max_epochs=1, random_state=0).fit(ROWS)
    small = saved_small(items, tmp_path)
    np.testing.assert_array_equal(small.recommend(ROWS[:3]), items.recommend(ROWS[:3]))
    with pytest.raises(ValueError, match="quantize is 'int4'"):
        save(items, tmp_path / "small", quantize="int4")


def test_damaged_members_are_refused(tmp_path):
    save(make_model_pipeline(), tmp_path / "small", quantize="int8")
    data = (tmp_path / "small").read_bytes()
    manifest, members = taken_apart(data)
    assert manifest["format_version"] == 2

    def again(number, member):
        from hashlib import sha256

        changed = [*members]
        changed[number] = member
        for entry, part in zip(manifest["members"], changed, strict=True):
            entry.update(size=len(part), sha256=sha256(part).hexdigest())
        return refused(put_together(manifest, changed, version=2), tmp_path / "model")

    assert again(1, members[1]) == "read"
    assert "cannot be decompressed" in again(1, b"\xff" * 50)
    assert "not one whole stream" in again(1, members[1][:-4])
    assert "not one whole stream" in again(1, members[1] + b"more")
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 32 * 2**20}]
    bomb = lzma.compress(bytes(2**28), lzma.FORMAT_RAW, filters=filters)
    assert "much larger than the file" in again(1, bomb)


def test_tables_that_are_none_are_refused(tmp_path):
    from skembed.saving._quantized_state import expanded_state
    from skembed.saving._save_load import ModelFormatError

    good = QuantizedRows.of(np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32))
    state = {"_linear_scale": np.ones(1, np.float32)}
    assert expanded_state({**state, "_quantized_table": good})["embeddings_"].shape == (9, 2)
    wrong = [
        None.__class__,
        QuantizedRows(good.codes.astype(np.int16), good.basis, good.mean),
        QuantizedRows(good.codes[:, :2], good.basis, good.mean),
        QuantizedRows(good.codes, good.basis * np.nan, good.mean),
        QuantizedRows(good.codes, good.basis, good.mean.astype(np.float64)),
        QuantizedRows(good.codes[:0], good.basis, good.mean),
    ]
    for rows in wrong:
        with pytest.raises(ModelFormatError, match="_quantized_table is not valid"):
            expanded_state({**state, "_quantized_table": rows})
    with pytest.raises(ModelFormatError, match="_quantized_table is not valid"):
        expanded_state({"_quantized_table": good})
