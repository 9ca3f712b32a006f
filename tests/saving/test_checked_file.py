"""Files that are damaged, cut short or no models at all."""

import json
import pickle
import random
import struct

import numpy as np
import pytest
from fitted_models import REVIEWS
from model_files import put_together, refused, resealed, taken_apart

from skembed.saving._save_load import ModelFormatError, load


def damaged(data, rng):
    """Return data with one random fault."""
    place, size = rng.randrange(len(data)), rng.randint(1, 64)
    end = min(place + size, len(data))
    fault = rng.choice(["bit", "bytes", "cut", "drop", "insert", "swap", "zero", "append"])
    if fault == "bit":
        return data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 :]
    if fault == "cut":
        return data[:place]
    if fault == "drop":
        return data[:place] + data[end:]
    if fault == "swap":
        other = rng.randrange(len(data) - size)
        first, last = sorted((min(place, len(data) - size), other))
        a, b = data[first : first + size], data[last : last + size]
        if last - first >= size:
            return data[:first] + b + data[first + size : last] + a + data[last + size :]
        return data[:first] + a[::-1] + data[first + size :]
    if fault == "append":
        return data + rng.randbytes(size)
    new = bytes(end - place) if fault == "zero" else rng.randbytes(end - place)
    return data[:place] + new + data[place if fault == "insert" else end :]


def test_damaged_files_are_refused_or_predict_the_same(pipeline, saved, tmp_path):
    path, expected = tmp_path / "model", pipeline.predict_proba(REVIEWS)
    for seed in range(1000):
        path.write_bytes(damaged(saved, random.Random(seed)))
        try:
            np.testing.assert_array_equal(load(path).predict_proba(REVIEWS), expected)
        except ModelFormatError as error:
            assert str(error).startswith(f"{path}: ") and len(str(error)) > len(str(path)) + 20


def test_every_byte_counts(saved, tmp_path):
    places = [*range(60), *range(60, len(saved), 23)]
    for place in places:
        data = saved[:place] + bytes([saved[place] ^ 0x40]) + saved[place + 1 :]
        assert refused(data, tmp_path / "model") not in ("read", None), place


@pytest.mark.parametrize(
    "data, message",
    [
        (b"", "truncated: it has 0 bytes"),
        (b"\x93SKEM", "truncated: it has 5 bytes"),
        (b"PK\x03\x04" + bytes(100), "does not begin"),
        (pickle.dumps({"a": 1}), "does not begin"),
        (put_together({}, version=3), "format version is 3, newer than 2.*upgrade skembed"),
        (put_together({}, version=0), "version is 0"),
        (put_together({}, length=2**63), "its manifest has 9223372036854775808 bytes, at most 2"),
        (put_together({}), "does not say 'format'"),
        (put_together({"format": "skembed", "format_version": True}), "'format_version': 1"),
        (put_together([]), "not a JSON object"),
        (put_together(b"[" * 100_000), "nested too deeply"),
        (put_together(b'{"a":' * 1000 + b"1" + b"}" * 1000), "."),
        (put_together(b'{"a": 1, "a": 2}'), "the key 'a' twice"),
        (put_together(b'{"a": NaN}'), "the number NaN"),
        (put_together(b'{"a": 1e999}'), "the number 1e999"),
        (put_together(b'{"a": ' + b"9" * 10_000 + b"}"), "the number 9999"),
        (put_together(b'{"a": "\xff"}'), "not JSON"),
        (put_together(b'{"a": 1} x'), "not JSON"),
    ],
)
def test_files_that_are_no_models(data, message, tmp_path):
    path = tmp_path / "model"
    path.write_bytes(data)
    with pytest.raises(ModelFormatError, match=message):
        load(path)


@pytest.mark.parametrize(
    "header, body, message",
    [
        ({"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}, b"xx", "safetensors"),
        ({"a": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 0]}}, b"", "safetensors"),
        ({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, b"xxxx", "safetensors"),
        ({"a": {"dtype": "BOOL", "shape": [1], "data_offsets": [0, 1]}}, b"\x07", "not 0 or 1"),
        ({}, b"x" * 100, "safetensors"),
    ],
)
def test_safetensors_that_lie(saved, header, body, message, tmp_path):
    manifest, members = taken_apart(saved)
    text = json.dumps(header).encode()
    members[0] = struct.pack("<Q", len(text)) + text + body
    (tmp_path / "model").write_bytes(resealed(manifest, members))
    with pytest.raises(ModelFormatError, match=message):
        load(tmp_path / "model")
