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
from collections.abc import Iterator, Mapping, Sequence
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
        """The rows' lines in order, each ending with a line feed, as arrays of text.

        Refuses a key that is missing or stands twice.
        """
        return self._ordered(self._line("chr(10)"))

    def digest(self) -> str:
        """`sha256:<hex>` over header and rows."""
        state = hashlib.sha256(self.header() + b"\n")
        for lines in self.batches():
            state.update(_bytes_of(lines))
        return f"{canonical.ALGORITHM}:{state.hexdigest()}"

    def sealed(self) -> tuple[str, list[bytes]]:
        """Digest and Merkle leaves in one pass over the rows."""
        state = hashlib.sha256(self.header() + b"\n")
        leaves: list[bytes] = []
        for lines in self.batches():
            joined = bytes(_bytes_of(lines))
            state.update(joined)
            # controls are escaped in canonical text, so that a line feed ends a line and no text
            leaves += map(canonical.leaf_hash, joined.split(b"\n")[:-1])
        return f"{canonical.ALGORITHM}:{state.hexdigest()}", leaves

    def leaves(self) -> list[bytes]:
        """Merkle leaves of the rows in order, as `domain.canonical.leaf_hash` makes them."""
        hashed = f"unhex(sha256(unhex('00') || encode({self._line()})))"
        return [leaf for batch in self._ordered(hashed) for leaf in batch.to_pylist()]

    def _ordered(self, expression: str) -> Iterator[pa.Array]:
        self.con.execute("SET preserve_insertion_order = true")
        order = ""
        if not self.in_order():
            self.refuse_doubtful_keys()
            order = f"ORDER BY {_names(self.key)}"
        query = f"SELECT {expression} AS line FROM {self.relation} {order}"
        for batch in self.con.sql(query).to_arrow_reader(BATCH_ROWS):
            yield batch.column(0)

    def in_order(self) -> bool:
        """Whether the rows lie in strict order of a complete key, so that no sort is needed."""
        query = f"SELECT {_names(self.key)} FROM {self.relation}"
        reader = self.con.sql(query).to_arrow_reader(BATCH_ROWS)
        last: pa.RecordBatch | None = None
        for batch in reader:
            if any(column.null_count for column in batch.columns):
                break
            if not _strictly_rising(batch, last):
                break
            last = batch.slice(batch.num_rows - 1) if batch.num_rows else last
        else:
            return True
        reader.close()
        return False

    def _line(self, end: str = "''") -> str:
        """SQL for a row's line. Few texts need an escape, so the many are not searched for each."""
        types = dict(zip(self._described("column_name"), self._described("column_type")))
        plain = self._joined(types, end, escaped=False)
        texts = [_name(n) for n in self.columns if types[n] == "VARCHAR"]
        if not texts:
            return plain
        doubtful = f"regexp_matches(concat({', '.join(texts)}), '[\\x00-\\x1f\"\\\\]')"
        some = self.con.execute(f"SELECT bool_or({doubtful}) FROM {self.relation}").fetchall()
        if not some[0][0]:  # the long expression costs more to plan than a look at the texts
            return plain
        careful = self._joined(types, end, escaped=True)
        return f"CASE WHEN {doubtful} THEN {careful} ELSE {plain} END"

    def _joined(self, types: Mapping[str, str], end: str, *, escaped: bool) -> str:
        values = [_value_text(name, types[name], escaped=escaped) for name in self.columns]
        return "concat('[', " + ", ',', ".join(values) + f", ']', {end})"

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


def _strictly_rising(batch: pa.RecordBatch, last: pa.RecordBatch | None) -> bool:
    """Whether each row's key is greater than the one before, column by column from the left."""
    rising: pa.Array | pa.Scalar = pa.scalar(False)
    for index in reversed(range(batch.num_columns)):
        values = batch.column(index)
        if last is not None:
            values = pa.concat_arrays([last.column(index), values])
        before, after = values.slice(0, len(values) - 1), values.slice(1)
        rising = pc.or_(pc.less(before, after), pc.and_(pc.equal(before, after), rising))
    return bool(pc.all(rising, min_count=0).as_py())


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


def _value_text(column: str, kind: str, *, escaped: bool) -> str:
    """SQL for the canonical text of one value."""
    name = _name(column)
    if kind in _INTEGERS or (kind.startswith("DECIMAL(") and kind.endswith(",0)")):
        return f"coalesce({name}::VARCHAR, 'null')"
    if kind == "BOOLEAN":
        return f"coalesce({name}::VARCHAR, 'null')"
    if kind == "DATE":
        return _quoted(f"{name}::VARCHAR")
    if kind == "BLOB":
        return _quoted(f"lower(hex({name}))")
    if kind == "VARCHAR":
        return _quoted(_escaped(name) if escaped else name)
    if kind in {"DOUBLE", "FLOAT"}:
        raise Problem("canonical_float", where=column)
    raise Problem("result_column_type", column=column, kind=kind)


def _quoted(expression: str) -> str:
    return f"""coalesce('"' || {expression} || '"', 'null')"""


def _escaped(name: str) -> str:
    """SQL for JSON text as RFC 8785 writes it: only quote, backslash and controls are escaped."""
    escapes = {92: "\\\\", 34: '\\"'}
    escapes |= {c: _SHORT_ESCAPES.get(c, f"\\u{c:04x}") for c in range(32)}
    chain = name
    for code, escape in escapes.items():
        chain = f"replace({chain}, chr({code}), {sql.text(escape)})"
    return chain
