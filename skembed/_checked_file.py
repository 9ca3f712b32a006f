r"""The file of a saved model or a fit on its way: a manifest and members, every byte checked.

====== ======== ==================================================
offset size     content
====== ======== ==================================================
0      8        ``\x93SKEMBED``
8      4        format version, little-endian as all numbers
12     8        size of the manifest
20     32       SHA-256 of the manifest
52     as said  the manifest, a JSON object in ASCII
then   as said  the members, back to back in the manifest's order
====== ======== ==================================================

In version 2 the members are compressed, each a stream of LZMA2.
"""

import json
import lzma
import math
import os
import struct
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, BinaryIO, NoReturn

from skembed._replaced_file import replacing
from skembed._version import __version__

FORMAT_NAME = "skembed"
FORMAT_VERSION = 2
# Version of files whose members are plain, so that earlier releases read them.
_PLAIN_VERSION = 1
# What members may grow to: so many times the file, and so many bytes.
_MOST_TIMES, _MOST_MORE = 16, 64 * 2**20
_DICTIONARY = 32 * 2**20

_MAGIC = b"\x93SKEMBED"
_HEADER = struct.Struct("<8sIQ32s")
# Long lists and strings of any number are members; what is left is small.
_MAX_MANIFEST = 4 * 2**20
_MAX_DIGITS = 40


class ModelFormatError(ValueError):
    """A file is not a model that this release of skembed can read.

    It is damaged, was made by something else or by a newer release; the message says
    what is wrong.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> from skembed import load
    >>> with NamedTemporaryFile() as file:
    ...     load(file.name)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    skembed._checked_file.ModelFormatError: ...: the file is truncated: it has 0 bytes.
    """


def write_archive(
    path: str | os.PathLike[str],
    manifest: dict[str, Any],
    members: Mapping[str, bytes],
    *,
    compressed: bool = False,
) -> None:
    """Write a file such that `path` is the old file or the whole new one at any time."""
    with replacing(path) as partial, open(partial, "wb") as file:
        _write(file, manifest, members, compressed)


def read_archive(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the manifest and the members of a file, all sizes and digests checked."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        manifest = _read_manifest(file, size)
        room = size - file.tell()
        entries = _member_entries(manifest)
        needed = sum(entry["size"] for entry in entries)
        if needed != room:
            fault = "truncated" if needed > room else "too long"
            raise ModelFormatError(
                f"the file is {fault}: its members have {needed} bytes, there are {room}."
            )
        members = {entry["name"]: _read_member(file, entry) for entry in entries}
        if manifest["format_version"] > _PLAIN_VERSION:
            members = _decompressed(members, _MOST_TIMES * size + _MOST_MORE)
        return manifest, members


def _filters(size: int) -> list[dict[str, int]]:
    """How members of a size are compressed; a reader takes the largest."""
    dictionary = min(max(size, 2**12), _DICTIONARY)  # no more memory than there is content
    return [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": dictionary}]


def _decompressed(members: dict[str, bytes], most: int) -> dict[str, bytes]:
    """Members as they were, of at most so many bytes together."""
    plain = {}
    for name, data in members.items():
        reader = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=_filters(_DICTIONARY))
        try:
            plain[name] = reader.decompress(data, max_length=most)
        except lzma.LZMAError as error:
            raise ModelFormatError(
                f"the member {name!r} cannot be decompressed: {error}."
            ) from None
        most -= len(plain[name])
        if not reader.eof and most <= 0:
            raise ModelFormatError(f"the member {name!r} is much larger than the file.")
        if not reader.eof or reader.unused_data:
            raise ModelFormatError(f"the member {name!r} is not one whole stream.")
    return plain


def _write(
    file: BinaryIO, manifest: dict[str, Any], members: Mapping[str, bytes], compressed: bool
) -> None:
    if compressed:
        members = {
            name: lzma.compress(data, lzma.FORMAT_RAW, filters=_filters(len(data)))
            for name, data in members.items()
        }
    entries = [
        {"name": name, "size": len(data), "sha256": sha256(data).hexdigest()}
        for name, data in members.items()
    ]
    version = FORMAT_VERSION if compressed else _PLAIN_VERSION
    frame = {"format": FORMAT_NAME, "format_version": version}
    content = {**frame, **manifest, "members": entries}
    text = json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")
    if len(text) > _MAX_MANIFEST:
        raise ValueError(
            f"The description of the model has {len(text)} bytes, at most {_MAX_MANIFEST} can be "
            "saved; shorten its parameters (a dict of dicts, for example)."
        )
    file.write(_HEADER.pack(_MAGIC, version, len(text), sha256(text).digest()))
    file.write(text)
    for data in members.values():
        file.write(data)


def _read_manifest(file: BinaryIO, size: int) -> dict[str, Any]:
    header = file.read(_HEADER.size)
    if header[: len(_MAGIC)] != _MAGIC[: len(header)]:
        raise ModelFormatError("the file does not begin as one that skembed.save wrote.")
    if len(header) < _HEADER.size:
        raise ModelFormatError(f"the file is truncated: it has {size} bytes.")
    _, version, length, digest = _HEADER.unpack(header)
    _check_version(version)
    if length > min(size - _HEADER.size, _MAX_MANIFEST):
        raise ModelFormatError(
            f"the file is truncated or damaged: its manifest has {length} bytes, at most "
            f"{min(size - _HEADER.size, _MAX_MANIFEST)} are possible."
        )
    text = file.read(length)
    if sha256(text).digest() != digest:
        raise ModelFormatError("the manifest is damaged: its SHA-256 is not that of the header.")
    manifest = _parse(text)
    for name, expected in ("format", FORMAT_NAME), ("format_version", version):
        if type(manifest.get(name)) is not type(expected) or manifest[name] != expected:
            raise ModelFormatError(f"the manifest does not say {name!r}: {expected!r}.")
    return manifest


def _check_version(version: int) -> None:
    if version == 0:
        raise ModelFormatError("the format version is 0, the first was 1.")
    if version > FORMAT_VERSION:
        raise ModelFormatError(
            f"the format version is {version}, newer than {FORMAT_VERSION}, the last that skembed "
            f"{__version__} can read; upgrade skembed."
        )


def _parse(text: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(
            text.decode("ascii"),
            object_pairs_hook=_distinct_keys,
            parse_constant=_no_number,
            parse_float=_finite,
            parse_int=_short,
        )
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ModelFormatError(f"the manifest is not JSON: {error}.") from None
    except RecursionError:
        raise ModelFormatError("the manifest is nested too deeply.") from None
    if not isinstance(manifest, dict):
        raise ModelFormatError("the manifest is not a JSON object.")
    return manifest


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content:
            raise ModelFormatError(f"the manifest has the key {key!r} twice in one object.")
        content[key] = value
    return content


def _no_number(text: str) -> NoReturn:
    raise ModelFormatError(f"the manifest has the number {text}.")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_number(text[:_MAX_DIGITS])


def _short(text: str) -> int:
    return int(text) if len(text) <= _MAX_DIGITS else _no_number(text[:_MAX_DIGITS] + "...")


def _member_entries(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    entries = manifest.get("members")
    if not isinstance(entries, list):
        raise ModelFormatError("the manifest has no list of members.")
    names = set()
    for entry in entries:
        if not isinstance(entry, dict) or set(entry) != {"name", "size", "sha256"}:
            raise ModelFormatError(f"the manifest describes a member by {str(entry)[:80]}.")
        name, size, digest = entry["name"], entry["size"], entry["sha256"]
        if type(name) is not str or type(size) is not int or type(digest) is not str or size < 0:
            raise ModelFormatError(f"the manifest describes a member by {str(entry)[:80]}.")
        names.add(name)
    if len(names) < len(entries):
        raise ModelFormatError("the manifest names a member twice.")
    return entries


def _read_member(file: BinaryIO, entry: dict[str, Any]) -> bytes:
    data = file.read(entry["size"])
    if sha256(data).hexdigest() != entry["sha256"]:
        raise ModelFormatError(
            f"the member {entry['name']!r} is damaged: its SHA-256 is not that of the manifest."
        )
    return data
