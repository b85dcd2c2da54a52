"""One canonical encoding (RFC 8785, no floats), digests that name their algorithm, Merkle roots.

Whatever is signed, compared or sealed is encoded here first: object members sorted by UTF-16 code
units, no white space, integers and text only. Amounts enter as integers or decimal text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from tanma.domain.messages import Problem

ALGORITHM = "sha256"


def encode(value: Any) -> bytes:
    """Canonical bytes of null, booleans, integers, text, lists and objects with text keys."""
    _refuse_floats(value, "$")
    return _text(value).encode("utf-8")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda k: k.encode("utf-16-be"))
        return "{" + ",".join(f"{_text(k)}:{_text(value[k])}" for k in keys) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_text(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _refuse_floats(value: Any, where: str) -> None:
    if isinstance(value, float):
        raise Problem("canonical_float", where=where)
    if isinstance(value, dict):
        for key, item in value.items():
            _refuse_floats(item, f"{where}.{key}")
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _refuse_floats(item, f"{where}[{index}]")


def digest(data: bytes) -> str:
    """`sha256:<hex>` of bytes."""
    return f"{ALGORITHM}:{hashlib.sha256(data).hexdigest()}"


def leaf_hash(data: bytes) -> bytes:
    """Hash of a Merkle leaf; the prefix keeps leaves and nodes apart (RFC 6962)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _next_level(level: Sequence[bytes]) -> list[bytes]:
    pairs = list(map(node_hash, level[0:-1:2], level[1::2]))
    return pairs + ([level[-1]] if len(level) % 2 else [])


def merkle_root(leaves: Sequence[bytes]) -> str:
    """Root over already hashed leaves, `sha256:<hex>`; an odd node is carried up unchanged."""
    level = list(leaves) or [hashlib.sha256(b"").digest()]
    while len(level) > 1:
        level = _next_level(level)
    return f"{ALGORITHM}:{level[0].hex()}"


def merkle_path(leaves: Sequence[bytes], index: int) -> list[tuple[str, str]]:
    """The sibling hashes from a leaf to the root: ("left" | "right", hex)."""
    path: list[tuple[str, str]] = []
    level = list(leaves)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(("left" if sibling < index else "right", level[sibling].hex()))
        level, index = _next_level(level), index // 2
    return path


def follow_path(leaf: bytes, path: Sequence[tuple[str, str]]) -> str:
    """The root that a leaf and its path lead to."""
    current = leaf
    for side, sibling in path:
        other = bytes.fromhex(sibling)
        current = node_hash(other, current) if side == "left" else node_hash(current, other)
    return f"{ALGORITHM}:{current.hex()}"
