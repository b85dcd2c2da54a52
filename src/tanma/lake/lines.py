r"""The canonical text of a result table, its digest and its Merkle leaves, produced by DuckDB.

Definition (docs/design/lake.md). The first line is the canonical encoding of
`{"columns": [...], "key": [...]}`; then one line per row: the canonical encoding of the list of the
row's values in that order. Rows are ordered by the key, integers and dates by value, text by its
UTF-8 bytes. Integers are digits, text and dates (`2026-09-30`) are JSON text, bytes are lower-case
hexadecimal text, a missing value is `null`; floats are refused. Every line ends with one line feed.
The digest is that of all bytes; a Merkle leaf is the hash of one row's line without the line feed.
A test holds this against `domain.canonical` row by row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tanma.domain import canonical
from tanma.domain.messages import Problem
from tanma.lake import sql

BATCH_ROWS = 65_536
_INTEGERS = {
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
}
_SHORT_ESCAPES = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r"}


@dataclass(frozen=True)
class Lines:
    """The canonical lines of `relation`, a table function or view that `con` can read."""

    con: duckdb.DuckDBPyConnection
    relation: str
    key: tuple[str, ...]
    columns: tuple[str, ...]

    def header(self) -> bytes:
        """The first line, without its line feed."""
        return canonical.encode({"columns": list(self.columns), "key": list(self.key)})

    def batches(self) -> Iterator[pa.Array]:
        """The rows' lines in order, each ending with a line feed, as arrays of text."""
        return self._ordered(f"{self._line()} || chr(10)")

    def digest(self) -> str:
        """`sha256:<hex>` over header and rows; refuses a key that is missing or stands twice."""
        self.refuse_doubtful_keys()
        state = hashlib.sha256(self.header() + b"\n")
        for lines in self.batches():
            state.update(_bytes_of(lines))
        return f"{canonical.ALGORITHM}:{state.hexdigest()}"

    def leaves(self) -> list[bytes]:
        """Merkle leaves of the rows in order, as `domain.canonical.leaf_hash` makes them."""
        hashed = f"unhex(sha256(unhex('00') || encode({self._line()})))"
        return [leaf for batch in self._ordered(hashed) for leaf in batch.to_pylist()]

    def _ordered(self, expression: str) -> Iterator[pa.Array]:
        reader = self.con.sql(
            f"SELECT {expression} AS line FROM {self.relation} ORDER BY {_names(self.key)}"
        ).to_arrow_reader(BATCH_ROWS)
        for batch in reader:
            yield batch.column(0)

    def _line(self) -> str:
        types = dict(zip(self._described("column_name"), self._described("column_type")))
        values = [_value_text(name, types[name]) for name in self.columns]
        return "'[' || " + " || ',' || ".join(values) + " || ']'"

    def _described(self, what: str) -> list[str]:
        query = f"SELECT {what} FROM (DESCRIBE FROM {self.relation})"
        return [str(value) for (value,) in self.con.execute(query).fetchall()]

    def refuse_doubtful_keys(self) -> None:
        """A Problem when a key is missing or stands twice: rows would have no order."""
        missing = " OR ".join(f"{_name(n)} IS NULL" for n in self.key)
        found = self.con.execute(
            f"SELECT {_names(self.key)}, count(*) AS times FROM {self.relation}"
            f" GROUP BY ALL HAVING count(*) > 1 OR {missing} LIMIT 1"
        ).fetchall()
        if found:
            *key, times = found[0]
            shown = ", ".join(f"{n}={v}" for n, v in zip(self.key, key))
            raise Problem("result_key_doubtful", relation=self.relation, key=shown, times=times)


def _bytes_of(lines: pa.Array) -> memoryview:
    """The bytes of all texts of an array, which lie one after the other."""
    lines = lines.cast(pa.large_string())
    if len(lines) == 0:
        return memoryview(b"")
    size = pc.sum(pc.binary_length(lines)).as_py()
    offsets = memoryview(lines.buffers()[1]).cast("q")
    start = offsets[lines.offset]
    return memoryview(lines.buffers()[2])[start : start + size]


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _names(columns: Sequence[str]) -> str:
    return ", ".join(_name(c) for c in columns)


def _value_text(column: str, kind: str) -> str:
    """SQL for the canonical text of one value."""
    name = _name(column)
    if kind in _INTEGERS or (kind.startswith("DECIMAL(") and kind.endswith(",0)")):
        return f"coalesce({name}::VARCHAR, 'null')"
    if kind == "BOOLEAN":
        return f"coalesce({name}::VARCHAR, 'null')"
    if kind == "DATE":
        return f"""coalesce('"' || {name}::VARCHAR || '"', 'null')"""
    if kind == "BLOB":
        return f"""coalesce('"' || lower(hex({name})) || '"', 'null')"""
    if kind == "VARCHAR":
        return f"""coalesce('"' || {_escaped(name)} || '"', 'null')"""
    if kind in {"DOUBLE", "FLOAT"}:
        raise Problem("canonical_float", where=column)
    raise Problem("result_column_type", column=column, kind=kind)


def _escaped(name: str) -> str:
    """SQL for JSON text as RFC 8785 writes it: only quote, backslash and controls are escaped."""
    escapes = {92: "\\\\", 34: '\\"'}
    escapes |= {c: _SHORT_ESCAPES.get(c, f"\\u{c:04x}") for c in range(32)}
    chain = name
    for code, escape in escapes.items():
        chain = f"replace({chain}, chr({code}), {sql.text(escape)})"
    doubtful = f"regexp_matches({name}, '[\\x00-\\x1f\"\\\\]')"
    return f"CASE WHEN {doubtful} THEN {chain} ELSE {name} END"
