"""Files with random changes: what comes of reading them."""

import json
import lzma
import os
import random
import resource
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import make_pipeline

from skembed import (
    EmbeddingDNNClassifier,
    ModelFormatError,
    VocabularyTransformer,
    load,
    read_tfrecord,
    save,
    write_tfrecord,
)

_HEADER = struct.Struct("<8sIQ32s")
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 32 * 2**20}]
_SECONDS, _BASE = 2.0, 100 * 2**20
ROWS = [["a", "great", "film"], ["dull", "and", "long"], ["great"], ["so", "dull"]]


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Change some bytes: a bit, a run, a cut, an insertion or a repetition."""
    place, size = rng.randrange(len(data)), rng.randint(1, 64)
    end = min(place + size, len(data))
    kind = rng.choice(["bit", "bytes", "cut", "drop", "insert", "zero", "append"])
    if kind == "bit":
        return data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 :]
    if kind == "cut":
        return data[:place]
    if kind == "drop":
        return data[:place] + data[end:]
    if kind == "append":
        return data + rng.randbytes(size)
    new = bytes(end - place) if kind == "zero" else rng.randbytes(end - place)
    return data[:place] + new + data[place if kind == "insert" else end :]


def taken_apart(data: bytes) -> tuple[dict, dict[str, bytes]]:
    """Manifest and members of a model's file."""
    _, _, length, _ = _HEADER.unpack(data[: _HEADER.size])
    manifest = json.loads(data[_HEADER.size : _HEADER.size + length])
    members, start = {}, _HEADER.size + length
    for entry in manifest["members"]:
        members[entry["name"]] = data[start : start + entry["size"]]
        start += entry["size"]
    return manifest, members


def put_together(manifest: dict, members: dict[str, bytes]) -> bytes:
    """A file with sizes and digests that are right."""
    entries = [
        {"name": name, "size": len(content), "sha256": sha256(content).hexdigest()}
        for name, content in members.items()
    ]
    text = json.dumps(manifest | {"members": entries}).encode("ascii")
    head = _HEADER.pack(
        b"\x93SKEMBED", manifest["format_version"], len(text), sha256(text).digest()
    )
    return head + text + b"".join(members.values())


def resealed(data: bytes, rng: random.Random) -> bytes:
    """Damage a member, and make its digest right again."""
    manifest, members = taken_apart(data)
    name = rng.choice(sorted(members))
    compressed = manifest["format_version"] > 1 and rng.random() < 0.8
    content = _decompressed(members[name]) if compressed else members[name]
    content = damaged(content, rng) if content else b"x"
    members[name] = _compressed(content) if compressed else content
    return put_together(manifest, members)


def _compressed(data: bytes) -> bytes:
    small = [_FILTERS[0] | {"dict_size": 2**16}]
    return lzma.compress(data, lzma.FORMAT_RAW, filters=small)


def _decompressed(data: bytes) -> bytes:
    return lzma.decompress(data, lzma.FORMAT_RAW, filters=_FILTERS)


_STRANGE: list[Any] = [
    *(None, True, -1, 0, 2**40, 2**63, 1e300, "", "x" * 50, [], {}, [[]], "nan"),
    *({"kind": "set", "items": [1, 1]}, {"kind": "type", "name": "object"}),
]


def restructured(data: bytes, rng: random.Random) -> bytes:
    """Change a node of the manifest, and make its digest right again."""
    manifest, members = taken_apart(data)
    del manifest["members"]
    places = list(_nodes(manifest))
    parent, key = rng.choice(places)
    kind = rng.choice(["replace", "delete", "move"])
    if kind == "delete" and isinstance(parent, dict):
        del parent[key]
    elif kind == "move":
        other, place = rng.choice(places)
        parent[key] = json.loads(json.dumps(other[place]))
    else:
        parent[key] = rng.choice(_STRANGE)
    return put_together(manifest, members)


def _nodes(node: Any) -> Any:
    """Each place of a manifest: what holds it, and its key there."""
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in list(children):
        yield node, key
        if isinstance(child, dict | list):
            yield from _nodes(child)


def _read_model(path: Path) -> None:
    model = load(path)
    try:
        found = model.predict_proba(ROWS)
    except ValueError as error:  # steps that do not go together, as scikit-learn tells it
        raise ModelFormatError(str(error)) from error
    if not np.isfinite(found).all():
        raise AssertionError("predictions that are not finite")


def _read_rows(path: Path) -> None:
    read_tfrecord(path)


KINDS: dict[str, tuple[str, Callable[[bytes, random.Random], bytes], type[Exception]]] = {
    "model, bytes": ("model", damaged, ModelFormatError),
    "model, members with right digests": ("model", resealed, ModelFormatError),
    "model, manifest with right digest": ("model", restructured, ModelFormatError),
    "small model, members with right digests": ("small", resealed, ModelFormatError),
    "TFRecord, bytes": ("rows", damaged, ValueError),
}


def sound_file(kind: str, folder: Path) -> bytes:
    """What is damaged."""
    path = folder / "sound"
    if kind == "rows":
        write_tfrecord(path, ROWS * 20, [1.0, 0.0, 1.0, 0.0] * 20)
    else:
        network = EmbeddingDNNClassifier(3, max_epochs=2, random_state=0)
        model = make_pipeline(VocabularyTransformer(), network).fit(ROWS * 3, [0, 1, 0, 1] * 3)
        save(model, path, quantize="int8" if kind == "small" else None)
    return path.read_bytes()


def outcomes(kind: str, n_files: int, folder: Path, seed: int = 0) -> Counter[str]:
    """Count what comes of so many damaged files."""
    import warnings

    file, change, expected = KINDS[kind]
    data, rng, found = sound_file(file, folder), random.Random(seed), Counter[str]()
    path, read = folder / "damaged", _read_rows if file == "rows" else _read_model
    warnings.simplefilter("ignore")
    for number in range(n_files):
        changed = change(data, rng)
        path.write_bytes(changed)
        before, start = _peak(), time.monotonic()
        try:
            read(path)
            result = "read"
        except expected:
            result = "refused"
        except Exception as error:
            result = f"FOREIGN: {type(error).__name__}: {error}"[:200]
        if time.monotonic() - start > _SECONDS:
            result = f"SLOW: file {number}"
        if _peak() - before > 10 * len(changed) + _BASE:
            result = f"MEMORY: file {number}"
        found[result] += 1
    return found


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    counts = outcomes(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    print(json.dumps(counts))
    os._exit(0)
