import json
import sys
from inspect import signature

import numpy as np
import pyarrow as pa
import pytest
from safetensors.numpy import load as from_bytes
from safetensors.numpy import save as to_bytes
from same_state import assert_same

from skembed.saving._manifest_values import RECORDS, Reader, Writer
from skembed.saving._save_load import ModelFormatError


def test_records_are_the_fields_of_their_classes():
    for name, (module, fields) in RECORDS.items():
        assert tuple(signature(getattr(sys.modules[module], name)).parameters) == fields


def test_small_files_do_not_become_much_in_memory():
    node = {"kind": "array", "tensor": "a", "of": "list"}
    values = Reader({"a": np.zeros(1000)}).value([node] * 1000)
    assert all(value is values[0] for value in values)


@pytest.mark.parametrize(
    "value",
    [
        (1, (2, [])),
        {"a": {1: None}, 2.5: float("inf"), None: -0.0},
        frozenset(["a", 1]),
        [1.5] * 100,
        ["", "a\0b", "\u2028"] * 30,
        list(range(-50, 50)),
        [2**63] * 70,
        np.float32(0.1),
        np.str_("a"),
        np.bool_(True),
        np.array("a"),
        np.array([["a", ""], ["ab", "\U0001f600"]], order="F"),
        np.array(["a\0", "", "ü"], dtype=object),
        np.zeros((0, 3), np.int8),
        np.arange(6, dtype=np.uint16).reshape(2, 3).T,
        pa.array(["a", "b", "c"], pa.large_string())[1:],
        np.float64,
    ],
)
def test_values_come_back_with_their_types(value):
    writer = Writer()
    node = json.loads(json.dumps(writer.node(value, "value"), allow_nan=False))
    reader = Reader(from_bytes(to_bytes(writer.tensors)))
    assert_same(reader.value(node), value)
    reader.check_all_used()


@pytest.mark.parametrize(
    "node",
    [
        {"kind": "array", "tensor": "t", "of": "junk"},
        {"kind": "array", "tensor": ["t"], "of": "rows"},
        {"kind": "array", "tensor": "t"},
        {"kind": "array", "tensor": "t", "of": "characters"},
        {"kind": "text", "tensor": "t", "of": "bytes"},
        {"kind": "text", "tensor": 1, "of": "list"},
        {"kind": "dict", "keys": ["a"], "values": []},
        {"kind": "dict", "keys": ["a", "a"], "values": [1, 2]},
        {"kind": "dict", "keys": [[]], "values": [1]},
        {"kind": "set", "items": 3},
        {"kind": "tuple", "items": {"kind": "array", "tensor": "t", "of": "rows"}},
        {"kind": "scalar", "array": {"kind": "array", "tensor": "t", "of": "rows"}},
        {"kind": "scalar", "array": 3},
        {"kind": "float", "value": "1_0"},
        {"kind": "type", "name": "object"},
        {"kind": "record", "name": "Field", "fields": {"n_buckets": 1}},
        {"kind": "record", "name": "Popen", "fields": {}},
        {"kind": "RandomState", "keys": {"kind": "array", "tensor": "t", "of": "rows"}, "rest": []},
        {
            "kind": "RandomState",
            "keys": {"kind": "array", "tensor": "keys", "of": "rows"},
            "rest": [10**6, 0, 0.0],
        },
    ],
)
def test_nodes_that_no_value_has(node):
    reader = Reader({"t": np.zeros(3), "keys": np.zeros(624, np.uint32)})
    with pytest.raises(ModelFormatError, match="no valid value|no tensor|code points"):
        reader.value(node)


def test_big_endian_arrays_become_native():
    writer = Writer()
    node = writer.node(np.array([1, 2], ">i4"), "value")
    assert_same(Reader(writer.tensors).value(node), np.array([1, 2], "i4"))


@pytest.mark.parametrize("kind", ["set", "frozenset"])
def test_integers_of_one_hash_are_refused(kind):
    modulus = sys.hash_info.modulus
    node = {"kind": kind, "items": [modulus * n for n in range(1, 20)]}
    with pytest.raises(ModelFormatError, match="an integer of more than 64 bits"):
        Reader({}).value(node)
    known = [2**64 - 1, -(2**63), 0]
    assert Reader({}).value({"kind": kind, "items": known}) == set(known)
