import gzip

import numpy as np
import pytest
from records import SHORT, SMALL, assert_rows, error, row, write_records

from skembed.tfrecord._read import read_tfrecord


def test_plain_file_cut_anywhere(small):
    path, data, ends = small
    for cut in [0, 1, 11, 12, *range(ends[1] - 1, len(data))]:
        path.write_bytes(data[:cut])
        number = sum(end <= cut for end in ends) - 1
        if cut in ends:
            assert_rows(read_tfrecord(path, **SHORT), SMALL[:number], [1.0, 0.0][:number])
            continue
        fault = "header" if cut - ends[number] < 12 else "cut short"
        with pytest.raises(ValueError, match=error(path, number, fault)):
            read_tfrecord(path, **SHORT)


def test_plain_file_with_any_byte_flipped(small):
    path, data, ends = small
    for position in [0, 8, 12, ends[1] - 1, *range(ends[1], len(data))]:
        damaged = bytearray(data)
        damaged[position] ^= 0x41
        path.write_bytes(damaged)
        number = sum(end <= position for end in ends) - 1
        with pytest.raises(ValueError, match=error(path, number, "checksum")):
            read_tfrecord(path, **SHORT)


def test_gzip_file_cut_anywhere(small):
    path, data, ends = small
    packed = gzip.compress(data[: ends[1]])
    for cut in range(1, len(packed)):
        path.write_bytes(packed[:cut])
        with pytest.raises(ValueError, match=error(path, r"\d", "(gzip data end|header)")):
            read_tfrecord(path, **SHORT)


def test_gzip_file_with_any_byte_flipped(small):
    path, data, ends = small
    packed = gzip.compress(data[: ends[1]])
    for position in range(10, len(packed)):  # gzip's own header has no checksum
        damaged = bytearray(packed)
        damaged[position] ^= 0x41
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=error(path, r"\d", "gzip data")):
            read_tfrecord(path, **SHORT)


def test_gzip_cut_late_names_the_record(path):
    rng = np.random.default_rng(0)
    records = [row(rng.bytes(3000).hex().encode()) for _ in range(50)]
    write_records(path, records)
    path.write_bytes(gzip.compress(path.read_bytes())[:-5100])
    with pytest.raises(ValueError, match=error(path, 48, "gzip data end here")):
        read_tfrecord(path)


@pytest.mark.parametrize("extra", [1, 11])
def test_gzip_of_a_file_that_ends_in_a_header(small, extra):
    path, data, _ = small
    path.write_bytes(gzip.compress(data + data[:extra]))
    with pytest.raises(ValueError, match=error(path, 2, "ends inside this record's header")):
        read_tfrecord(path, **SHORT)


def test_gzip_of_several_members(small):
    path, data, _ = small
    members = [data[:50], b"", data[50:], data]
    path.write_bytes(b"".join(map(gzip.compress, members)) + bytes(20))
    assert_rows(read_tfrecord(path, **SHORT), SMALL * 2, [1.0, 0.0] * 2)


def test_gzip_followed_by_rubbish(small):
    path, data, _ = small
    path.write_bytes(gzip.compress(data) + b"rubbish")
    with pytest.raises(ValueError, match=error(path, 2, "not gzip data, or damaged")):
        read_tfrecord(path, **SHORT)


def test_wrong_compression_names_the_right_one(small):
    path, data, _ = small
    with pytest.raises(ValueError, match=error(path, 0, "not gzip.*compression='none'")):
        read_tfrecord(path, **SHORT, compression="gzip")
    path.write_bytes(gzip.compress(data))
    with pytest.raises(ValueError, match=error(path, 0, "looks like gzip.*compression='auto'")):
        read_tfrecord(path, **SHORT, compression="none")


def test_plain_file_that_looks_like_gzip(path):
    size = int.from_bytes(b"\x1f\x8b\x08", "little")
    term = b"x" * (size - len(row(b"x" * size)) + size)
    write_records(path, [row(term), row(b"a")])
    data = path.read_bytes()
    assert data.startswith(b"\x1f\x8b\x08")
    assert_rows(read_tfrecord(path), [[term.decode()], ["a"]], [1.0, 1.0])
    path.write_bytes(data[:1000])
    with pytest.raises(ValueError, match=error(path, 0, "cut short")):
        read_tfrecord(path)


def test_not_a_tfrecord_file(path):
    path.write_text("great film\n" * 100)
    with pytest.raises(ValueError, match=error(path, 0, "not a TFRecord file")):
        read_tfrecord(path)
