"""Bodies to readings: a pure function of the bytes, their form and a scope.

Typed decoding is fast and all or nothing; when it fails, the rows are looked at one by one, so that
the good ones are taken and each of the others gets its reason.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from tanma.domain.messages import Problem
from tanma.intake.live import Refusal, Said, Scope, Taken, taken
from tanma.intake.live.refusals import shown
from tanma.intake.live.taking import Column

MOST_READINGS = 50_000
"""In one request."""
NEEDED, OPTIONAL = ("channel", "time", "value"), ("end", "revision")
_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
_BROKEN = (pa.ArrowException, OSError, ValueError, IndexError, OverflowError, struct.error)
"""What reading a stream raises that is none."""


class Row(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One reading of a list."""

    channel: int | str
    time: int | str
    value: int | float | str | None
    end: int | str | None = None
    revision: int | None = None


class Columns(msgspec.Struct, forbid_unknown_fields=True):
    """Readings as columns of equal length."""

    channel: list[int | str]
    time: list[int | str]
    value: list[int | float | str | None]
    end: list[int | str | None] | None = None
    revision: list[int | None] | None = None


_ROWS = msgspec.json.Decoder(list[Row])
_COLUMNS = msgspec.json.Decoder(Columns)
_ANY = msgspec.json.Decoder()


def decode(body: bytes, form: str, scope: Scope) -> Taken:
    """Readings of a body; raises a Problem when it is none, refuses single rows otherwise."""
    return FORMS[form](body, scope)


def _json(body: bytes, scope: Scope) -> Taken:
    start = body.lstrip()[:1]
    if start == b"[":
        return _json_rows(body, scope)
    if start == b"{":
        return _json_columns(body, scope)
    raise Problem("http_body_wrong", reason="[ or {")


def _json_rows(body: bytes, scope: Scope) -> Taken:
    try:
        rows = _ROWS.decode(body)
    except (msgspec.ValidationError, RecursionError):
        return _row_by_row(_parsed(body), scope)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem("http_body_wrong", reason=str(error)) from None
    _check_number(len(rows))
    return taken(_said(rows), scope)


def _said(rows: list[Row]) -> Said:
    return Said(
        _whole([r.channel for r in rows]),
        _whole([r.time for r in rows]),
        [r.value for r in rows],
        _some([r.end for r in rows]),
        _some([r.revision for r in rows]),
    )


def _whole(said: list[Any]) -> Column:
    """Numbers of 64 bits as an array, so that no later step looks at each; else as they came.

    Only for values whose types were checked: `array` would take True as 1.
    """
    try:
        return pa.array(np.array(array("q", said), np.int64))
    except (TypeError, OverflowError):  # a text, or beyond 64 bits
        return said


def _some(values: list[Any]) -> list[Any] | None:
    """A column, or None when it says nothing anywhere."""
    return values if any(v is not None for v in values) else None


def _parsed(body: bytes) -> Any:
    try:
        return _ANY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem("http_body_wrong", reason=str(error)) from None


def _row_by_row(rows: list[Any], scope: Scope) -> Taken:
    """The rows that have the right shape; the others are refused."""
    _check_number(len(rows))
    good: list[Row] = []
    places: list[int] = []
    wrong: list[Refusal] = []
    for index, row in enumerate(rows):
        try:
            good.append(msgspec.convert(row, Row))
            places.append(index)
        except msgspec.ValidationError as error:
            wrong.append(Refusal(index, "http_row_wrong", {"reason": shown(str(error))}))
    done = taken(_said(good), scope, np.array(places, np.int64))
    refused = sorted((*wrong, *done.refused), key=lambda r: r.index)
    return Taken(done.table, tuple(refused))


def _json_columns(body: bytes, scope: Scope) -> Taken:
    try:
        columns = _COLUMNS.decode(body)
        said = {n: getattr(columns, n) for n in (*NEEDED, *OPTIONAL)}
        said |= {"channel": _whole(columns.channel), "time": _whole(columns.time)}
    except msgspec.ValidationError:
        said = _loose_columns(_parsed(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem("http_body_wrong", reason=str(error)) from None
    return _columns(said, scope)


def _loose_columns(parsed: dict[str, Any]) -> dict[str, list[Any] | None]:
    """Columns whose values are not all of the right kind: refused row by row."""
    _check_names(parsed)
    said = {n: parsed.get(n) for n in (*NEEDED, *OPTIONAL)}
    for name, column in said.items():
        if not isinstance(column, list) and (column is not None or name in NEEDED):
            raise Problem("http_body_wrong", reason=f"{name}: {shown(column)}")
    return said


def _check_names(names: Mapping[str, object] | list[str]) -> None:
    missing = [n for n in NEEDED if n not in names]
    unknown = [shown(n) for n in names if n not in NEEDED + OPTIONAL]
    if missing or unknown:
        raise Problem(
            "http_columns_wrong",
            missing=", ".join(missing) or "–",
            unknown=", ".join(unknown[:9]) or "–",
        )


def _columns(said: Mapping[str, Any], scope: Scope) -> Taken:
    lengths = {n: len(c) for n, c in said.items() if c is not None}
    if len(set(lengths.values())) > 1:
        text = ", ".join(f"{n} {length}" for n, length in lengths.items())
        raise Problem("http_columns_differ", lengths=text)
    _check_number(lengths["channel"])
    return taken(Said(**said), scope)


def _check_number(rows: int) -> None:
    if rows == 0:
        raise Problem("http_body_empty")
    if rows > MOST_READINGS:
        raise Problem("http_too_many", readings=rows, most=MOST_READINGS)


def _arrow(body: bytes, scope: Scope) -> Taken:
    try:
        _refuse_compressed(body)
        table = _bounded(pa.ipc.open_stream(body))
    except _BROKEN as error:
        raise Problem("http_body_wrong", reason=shown(str(error))) from None
    _check_names(table.column_names)
    _check_number(table.num_rows)
    try:
        # What came over the network may point outside its buffers.
        table.validate(full=True)
        said = {n: _plain(table[n]) for n in table.column_names}
    except _BROKEN as error:
        raise Problem("http_body_wrong", reason=shown(str(error))) from None
    return _columns({n: said.get(n) for n in (*NEEDED, *OPTIONAL)}, scope)


def _bounded(reader: pa.RecordBatchStreamReader) -> pa.Table:
    """The table of a stream, given up as soon as it is too long."""
    batches, rows = [], 0
    if len(set(reader.schema.names)) < len(reader.schema.names):
        raise Problem("http_columns_wrong", missing="–", unknown=", ".join(reader.schema.names))
    for batch in reader:
        rows += batch.num_rows
        if rows > MOST_READINGS:
            raise Problem("http_too_many", readings=rows, most=MOST_READINGS)
        batches.append(batch)
    return pa.Table.from_batches(batches, reader.schema)


def _plain(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _refuse_compressed(body: bytes) -> None:
    """Compressed buffers can grow without bound; Content-Encoding is expanded within limits."""
    for metadata in _messages(body):
        if _has_compression(metadata):
            raise Problem("http_arrow_compressed")


def _messages(body: bytes) -> Iterator[bytes]:
    with pa.BufferReader(body) as stream:
        while True:
            try:
                message = pa.ipc.read_message(stream)
            except EOFError:
                return
            yield message.metadata.to_pybytes()


def _has_compression(metadata: bytes) -> bool:
    """Whether the record batch that a message describes has its fourth field, `compression`."""
    (root,) = struct.unpack_from("<I", metadata, 0)
    kind_at = _field(metadata, root, 1)
    kind = metadata[kind_at] if kind_at else 0
    if kind not in (_DICTIONARY_BATCH, _RECORD_BATCH):
        return False
    batch = _table(metadata, _field(metadata, root, 2))
    if kind == _DICTIONARY_BATCH:
        batch = _table(metadata, _field(metadata, batch, 1))
    return _field(metadata, batch, 3) != 0


def _field(metadata: bytes, table: int, number: int) -> int:
    """Where a field of a flatbuffer table lies; 0 when it is absent."""
    (back,) = struct.unpack_from("<i", metadata, table)
    vtable = table - back
    (size,) = struct.unpack_from("<H", metadata, vtable)
    if 4 + 2 * number >= size:
        return 0
    (offset,) = struct.unpack_from("<H", metadata, vtable + 4 + 2 * number)
    return table + offset if offset else 0


def _table(metadata: bytes, place: int) -> int:
    (offset,) = struct.unpack_from("<I", metadata, place)
    return int(place + offset)


FORMS: dict[str, Callable[[bytes, Scope], Taken]] = {"http-json": _json, "http-arrow": _arrow}
"""Name kept beside a raw body → the decoder that reads it again."""
MEDIA = {
    "application/json": "http-json",
    "application/vnd.apache.arrow.stream": "http-arrow",
}
"""Content-Type → form."""
