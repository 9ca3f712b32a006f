"""TFRecord files as bytes: plain, gzip or zlib, how records are framed, where one breaks off.

A record is the length of its data (8 bytes), a checksum of these (4), the data, and
a checksum of the data (4).
"""

import gzip
import mmap
import os
import struct
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

PathArg = str | os.PathLike[str]

FRAME = 16  # bytes of a record besides its data
RETRY = "fetch or write the file again"

_BUFFER = 1 << 20
_HEADER = 12  # bytes of a record before its data
_LENGTH = struct.Struct("<Q")
# Bytes that a record's length may be beyond the end of a file that was cut short.
_MOST_MISSING = 1 << 26
# Packed data that unpack to more bytes than this, and to so many times their size, are refused.
_MANY_BYTES, _MOST_TIMES = 1 << 28, 400
_GZIP_MAGIC = b"\x1f\x8b\x08"


def path_names(paths: PathArg | Iterable[PathArg]) -> list[str]:
    """Names of one file or many, at least one."""
    listed = [paths] if isinstance(paths, str | bytes | os.PathLike) else list(paths)
    if not listed:
        raise ValueError("paths is empty; pass at least one TFRecord file")
    return [os.fsdecode(path) for path in listed]


def check_keys(terms: str, label: str | None) -> None:
    """Raise unless the two feature keys are different strings."""
    if not isinstance(terms, str) or not isinstance(label, str | None):
        raise TypeError(f"feature keys must be str, got {terms!r} and {label!r}")
    if terms == label:
        raise ValueError(f"terms and label must be different features, both are {terms!r}")


@contextmanager
def plain_copy(name: str, compression: str) -> Iterator[str]:
    """Path of the file without compression: itself, or a temporary unpacked copy."""
    with open(name, "rb") as file:
        head = file.read(12)
    if compression == "auto":
        compression = "gzip" if _is_gzip(head) else "zlib" if _is_zlib(head) else "none"
    end = _end_of_sound_records(name) if compression == "none" else None
    if compression == "none" and end is None:
        yield os.path.abspath(name)
        return
    with tempfile.TemporaryDirectory(prefix="skembed-") as folder:
        plain = os.path.join(folder, "plain.tfrecord")
        if end is not None:
            _copy_cut_short(name, plain, end)
        elif compression == "gzip":
            _unpack(name, plain)
        else:
            _unpack_zlib(name, plain)
        if end is None and (end := _end_of_sound_records(plain)) is not None:
            _copy_cut_short(plain, plain := os.path.join(folder, "cut.tfrecord"), end)
        yield plain


def _end_of_sound_records(plain: str) -> int | None:
    """Offset of the first record whose length is far beyond the end of the file, or None.

    TensorFlow allocates as many bytes as the length says before it reads them, and crashes
    if the allocation fails.
    """
    size = os.path.getsize(plain)
    if size < FRAME:
        # too short for a record: of a length, at most
        with open(plain, "rb") as file:
            return 0 if _is_absurd(file.read(12), size) else None
    with open(plain, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start = 0
        while size - start >= _HEADER:
            (length,) = _LENGTH.unpack_from(data, start)
            if length > size - start - FRAME:
                header = data[start : start + _HEADER]
                return start if _is_absurd(header, size - start) else None
            start += FRAME + length
    return None


def _is_absurd(header: bytes, available: int) -> bool:
    """Whether a header has a valid checksum but a length far beyond the end of the file."""
    if len(header) < _HEADER or _masked_crc32c(header[:8]) != header[8:]:
        return False
    return int.from_bytes(header[:8], "little") > available + _MOST_MISSING


def _copy_cut_short(name: str, target: str, end: int) -> None:
    """Copy the records before `end`, and the header of one that is cut short."""
    length = (1).to_bytes(8, "little")
    with open(name, "rb") as source, open(target, "wb") as out:
        while end > 0 and (chunk := source.read(min(end, _BUFFER))):
            out.write(chunk)
            end -= len(chunk)
        out.write(length + _masked_crc32c(length))


def open_records(plain: str) -> Any:
    """Dataset of a plain file's records, as bytes; it raises DataLossError where one is damaged."""
    from skembed.training.keras._tensorflow import tensorflow

    tf = tensorflow()
    return tf.data.TFRecordDataset(plain, buffer_size=_BUFFER)


def record_error(name: str, number: int, fault: str) -> ValueError:
    """Error that names the file and the record."""
    return ValueError(f"{name}, record {number}: {fault}")


def describe_damage(plain: str, number: int, message: str) -> str:
    """Describe a record that TensorFlow cannot read, from TensorFlow's message."""
    what = "is cut short" if "truncated" in message else "fails its checksum"
    if number > 0:
        return f"{what}; {RETRY}"
    with open(plain, "rb") as file:
        if _is_gzip(file.read(12)):
            return f"{what}; the file looks like gzip, pass compression='auto'"
    return f"{what}; the file is damaged, or not a TFRecord file"


def _is_gzip(head: bytes) -> bool:
    """Whether a file's first 12 bytes start gzip data, not a record whose length looks like it."""
    return head.startswith(_GZIP_MAGIC) and _masked_crc32c(head[:8]) != head[8:]


def _is_zlib(head: bytes) -> bool:
    """Whether a file's first 12 bytes start zlib data: a method, a check, and no record's frame."""
    if len(head) < 2 or head[0] & 0x0F != 8 or head[0] >> 4 > 7 or head[1] & 0x20:
        return False
    return int.from_bytes(head[:2], "big") % 31 == 0 and _masked_crc32c(head[:8]) != head[8:]


def _masked_crc32c(data: bytes) -> bytes:
    """TFRecord's checksum of a few bytes, as 4 little-endian bytes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    masked = (crc >> 15 | crc << 17) + 0xA282EAD8
    return (masked & 0xFFFFFFFF).to_bytes(4, "little")


def _unpack(name: str, plain: str) -> None:
    """Unpack a gzip file; TensorFlow reads truncated gzip as complete, Python does not."""
    try:
        with gzip.open(name) as source, open(plain, "wb") as target:
            # read1 hands over what was unpacked before an error; read would lose it
            while chunk := source.read1(_BUFFER):
                target.write(chunk)
                _check_ratio(name, target.tell())
    except EOFError as error:
        fault = f"the gzip data end here, before the end of the stream; {RETRY}"
        raise record_error(name, _count_intact(plain), fault) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        fault = f"not gzip data, or damaged ({error}); {RETRY}, or pass compression='none'"
        raise record_error(name, _count_intact(plain), fault) from error


def _check_ratio(name: str, unpacked: int) -> None:
    """Refuse a file that unpacks to so many bytes that it may fill the disk."""
    if unpacked > _MANY_BYTES and unpacked > _MOST_TIMES * os.path.getsize(name):
        raise ValueError(
            f"{name} unpacks to more than {_MOST_TIMES} times its size and may fill the disk; if "
            "you trust the file, unpack it yourself and pass compression='none'"
        )


def _unpack_zlib(name: str, plain: str) -> None:
    """Unpack a zlib file."""
    unpacker = zlib.decompressobj()
    try:
        with open(name, "rb") as source, open(plain, "wb") as target:
            packed = source.read(_BUFFER)
            while packed and not unpacker.eof:
                target.write(unpacker.decompress(packed, _BUFFER))
                _check_ratio(name, target.tell())
                packed = unpacker.unconsumed_tail or source.read(_BUFFER)
            target.write(unpacker.flush())
    except zlib.error as error:
        fault = f"not zlib data, or damaged ({error}); {RETRY}, or pass compression='none'"
        raise record_error(name, _count_intact(plain), fault) from error
    if not unpacker.eof:
        fault = f"the zlib data end here, before the end of the stream; {RETRY}"
        raise record_error(name, _count_intact(plain), fault)
    if unpacker.unused_data or packed:
        fault = f"not zlib data, or damaged (other bytes follow the zlib data); {RETRY}"
        raise record_error(name, _count_intact(plain), fault)


def _count_intact(plain: str) -> int:
    """Count the complete records before the first damage."""
    from skembed.training.keras._tensorflow import tensorflow

    tf = tensorflow()
    number = 0
    try:
        for _ in open_records(plain):
            number += 1
    except tf.errors.DataLossError:
        pass
    return number
