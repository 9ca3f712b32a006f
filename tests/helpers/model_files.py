"""Saved files taken apart and put together again."""

import json
import struct
from hashlib import sha256

from skembed.saving._save_load import ModelFormatError, load


def refused(data, path):
    """Return the message with which a file is refused, or None where it is read."""
    path.write_bytes(data)
    try:
        return None if load(path) is None else "read"
    except ModelFormatError as error:
        return str(error)


WRONG_VALUES = [None, True, -1, 2**70, 0.5, "", "x", [], {}, [[]], {"kind": "array"}, {"kind": []}]
HEADER = struct.Struct("<8sIQ32s")


def taken_apart(data):
    _, version, length, _ = HEADER.unpack_from(data)
    manifest = json.loads(data[HEADER.size : HEADER.size + length])
    members, place = [], HEADER.size + length
    for entry in manifest["members"]:
        members.append(data[place : place + entry["size"]])
        place += entry["size"]
    return manifest, members


def put_together(text, members=(), version=1, length=None):
    """Return a file with correct digests around any manifest."""
    text = text if isinstance(text, bytes) else json.dumps(text).encode()
    length = len(text) if length is None else length
    return (
        HEADER.pack(b"\x93SKEMBED", version, length, sha256(text).digest())
        + text
        + b"".join(members)
    )


def resealed(manifest, members):
    """Return a file in which the digests of changed members are right."""
    for entry, data in zip(manifest["members"], members, strict=True):
        entry.update(size=len(data), sha256=sha256(data).hexdigest())
    return put_together(manifest, members)


def edit(where, value):
    """Return a function that sets the value at a path of keys; a callable changes it."""

    def change(manifest, members):
        content = manifest
        for key in where[:-1]:
            content = content[key]
        content[where[-1]] = value(content[where[-1]]) if callable(value) else value

    return change


def places_of(content, place=()):
    yield place
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items if isinstance(content, dict | list) else ():
        yield from (
            places_of(value, (*place, key)) if isinstance(value, dict | list) else [(*place, key)]
        )
