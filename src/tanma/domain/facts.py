"""The columns of a fact, defined once: intake writes them, the store keeps them, the lake mirrors.

A fact is what somebody said or a device measured. `value` counts at the item's declared scale;
`valid_to` is exclusive; `stamp` is the known time in µs since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

TYPES: dict[str, pa.DataType] = {
    "seq": pa.int64(),
    "stamp": pa.int64(),
    "subject": pa.int64(),
    "item": pa.string(),
    "kind": pa.string(),
    "valid_from": pa.date32(),
    "valid_to": pa.date32(),
    "value": pa.int64(),
    "text": pa.string(),
    "reported": pa.string(),
    "source": pa.string(),
    "revision": pa.int64(),
    "data_class": pa.string(),
    "author": pa.string(),
    "evidence": pa.string(),
    "corrects": pa.string(),
    "version": pa.int32(),
    "digest": pa.binary(),
}
STATED = (
    "item", "kind", "valid_from", "valid_to", "value", "text", "reported", "source", "revision",
    "data_class", "evidence", "corrects",
)  # fmt: skip
"""What a source says; subject, sequence, stamp, author, version and digest are added later."""


def schema(names: Iterable[str]) -> pa.Schema:
    """The Arrow schema of some columns of a fact, in the order given."""
    return pa.schema([(name, TYPES[name]) for name in names])


INPUT = schema(("subject", *STATED))
"""Columns of an append."""
MIRROR = schema(name for name in TYPES if name != "corrects")
"""Columns of the lake's mirror."""
