"""Files that were made to do harm: lengths of terabytes, and bytes that unpack to a full disk."""

import gzip
import zlib

import numpy as np
import pytest
from records import SHORT, SMALL, assert_rows, error, row, write_records

from skembed.tfrecord import _files
from skembed.tfrecord._files import _masked_crc32c
from skembed.tfrecord._read import iter_tfrecord, read_tfrecord

LENGTHS = [2**27, 2**33, 2**40, 2**63 - 1, 2**63, 2**64 - 1]


def header(length):
    data = int(length).to_bytes(8, "little")
    return data + _masked_crc32c(data)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("more", [b"", b"\0\0", bytes(100)])
def test_a_length_beyond_the_file_is_a_record_cut_short(path, length, more):
    path.write_bytes(header(length) + more)
    with pytest.raises(ValueError, match=error(path, 0, "is cut short")):
        read_tfrecord(path, **SHORT)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zlib.compress])
def test_records_before_it_are_read(small, pack):
    path, data, ends = small
    whole = data[: ends[-1]] + header(2**40) + bytes(20)
    path.write_bytes(pack(whole))
    n_rows = len(ends) - 1
    with pytest.raises(ValueError, match=error(path, n_rows, "is cut short")):
        read_tfrecord(path, **SHORT)
    if pack is bytes:
        chunks = iter_tfrecord(path, rows_per_chunk=1, **SHORT)
        assert_rows(next(chunks), SMALL[:1], [1.0])
        with pytest.raises(ValueError, match="is cut short"):
            list(chunks)


def test_a_damaged_length_fails_its_checksum(path):
    path.write_bytes((2**40).to_bytes(8, "little") + b"0000" + bytes(40))
    with pytest.raises(ValueError, match=error(path, 0, "fails its checksum")):
        read_tfrecord(path, **SHORT)


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_what_unpacks_to_a_full_disk_is_refused(path, pack, monkeypatch):
    monkeypatch.setattr(_files, "_MANY_BYTES", 2**20)
    path.write_bytes(pack(bytes(2**24)))
    with pytest.raises(ValueError, match="unpacks to more than 400 times its size"):
        read_tfrecord(path)


def test_records_that_repeat_are_no_bomb(path):
    write_records(path, [row(b"again")] * 20_000)
    path.write_bytes(gzip.compress(path.read_bytes()))
    terms, _ = read_tfrecord(path)
    assert len(terms) == 20_000
    assert np.unique(terms.flatten().to_numpy(zero_copy_only=False)).tolist() == ["again"]
