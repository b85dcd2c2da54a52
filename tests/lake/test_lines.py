"""The canonical lines that DuckDB writes are those of `domain.canonical`, byte for byte."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanma.domain import canonical
from tanma.domain.messages import Problem
from tanma.lake.lines import Lines
from tests.duck import session

SCHEMA = pa.schema(
    [
        ("area", pa.string()),
        ("id", pa.int64()),
        ("big", pa.decimal128(38, 0)),
        ("name", pa.string()),
        ("day", pa.date32()),
        ("raw", pa.binary()),
        ("known", pa.bool_()),
    ]
)
KEY = ("area", "id")


def reference(rows: list[dict[str, Any]]) -> bytes:
    """The definition in plain Python."""
    ordered = sorted(rows, key=lambda r: (r["area"].encode(), r["id"]))
    lines = [canonical.encode({"columns": SCHEMA.names, "key": list(KEY)})]
    lines += [canonical.encode([plain(row[n]) for n in SCHEMA.names]) for row in ordered]
    return b"".join(line + b"\n" for line in lines)


def plain(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


def lines_of(con: duckdb.DuckDBPyConnection, table: pa.Table, **changes: Any) -> Lines:
    con.register("rows", table)
    return Lines(con, "rows", **({"key": KEY, "columns": tuple(table.column_names)} | changes))


ROW = {"big": None, "name": None, "day": None, "raw": None, "known": None}
CONTROLS = "".join(map(chr, range(0x21))) + '"\\/\x7f\u2028甲é😀\uffff\\u001f\\x41'


def table_of(rows: list[dict[str, Any]]) -> pa.Table:
    decimal_rows = [r | {"big": None if r["big"] is None else str(r["big"])} for r in rows]
    text = pa.schema([(f.name, pa.string() if f.name == "big" else f.type) for f in SCHEMA])
    return pa.Table.from_pylist(decimal_rows, schema=text).cast(SCHEMA)


rows_of = st.lists(
    st.fixed_dictionaries(
        {
            "area": st.one_of(st.text(max_size=3), st.text(CONTROLS, max_size=3)),
            "id": st.integers(-(2**63), 2**63 - 1),
            "big": st.one_of(st.none(), st.integers(-(10**38) + 1, 10**38 - 1)),
            "name": st.one_of(st.none(), st.text(), st.text(CONTROLS)),
            "day": st.one_of(st.none(), st.dates(min_value=dt.date(1900, 1, 1))),
            "raw": st.one_of(st.none(), st.binary()),
            "known": st.one_of(st.none(), st.booleans()),
        }
    ),
    unique_by=lambda row: (row["area"], row["id"]),
    max_size=8,
)


@given(rows_of)
def test_digest_and_lines_equal_the_reference(rows: list[dict[str, Any]]) -> None:
    with session() as con:
        lines = lines_of(con, table_of(rows))
        written = "".join(text for batch in lines.batches() for text in batch.to_pylist())
        assert reference(rows) == lines.header() + b"\n" + written.encode()
        assert canonical.digest(reference(rows)) == lines.digest()


def test_every_character_that_needs_an_escape() -> None:
    rows = [ROW | {"area": "x", "id": code, "name": f"a{chr(code)}b"} for code in range(0x180)]
    rows.append(ROW | {"area": CONTROLS, "id": 1, "name": CONTROLS})
    with session() as con:
        assert canonical.digest(reference(rows)) == lines_of(con, table_of(rows)).digest()


@given(rows_of)
def test_leaves_equal_the_hashes_of_the_reference_lines(rows: list[dict[str, Any]]) -> None:
    expected = [canonical.leaf_hash(line) for line in reference(rows).split(b"\n")[1:-1]]
    with session() as con:
        assert expected == lines_of(con, table_of(rows)).leaves()


def test_order_of_rows_and_batches_change_no_digest() -> None:
    rows = [ROW | {"area": f"{n % 7}", "id": n, "name": "名" * (n % 5)} for n in range(70_000)]
    table = table_of(rows)
    with session() as con:
        forward = lines_of(con, table).digest()
        backward = lines_of(con, table.sort_by([("id", "descending")])).digest()
    assert canonical.digest(reference(rows)) == forward == backward


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([], True),
        ([("a", 1)], True),
        ([("a", 1), ("a", 2), ("b", 0)], True),
        ([("Z", 9), ("a", 1), ("é", 0), ("甲", 0), ("😀", 0)], True),
        ([("a", 2), ("a", 1)], False),
        ([("b", 1), ("a", 2)], False),
        ([("a", 1), ("a", 1)], False),
        ([("a", None)], False),
    ],
)
def test_rows_in_order_are_recognised(keys: list[tuple[str, int]], expected: bool) -> None:
    table = table_of([ROW | {"area": area, "id": number} for area, number in keys])
    with session() as con:
        assert expected == lines_of(con, table).in_order()


def test_disorder_across_batches_is_seen() -> None:
    ids = [*range(1, 66_000), 65_999, *range(66_000, 140_000)]
    with session() as con:
        con.register("rows", pa.table({"id": ids}))
        assert not Lines(con, "rows", ("id",), ("id",)).in_order()
        con.register("rows", pa.table({"id": list(range(140_000))}))
        assert Lines(con, "rows", ("id",), ("id",)).in_order()


def test_sums_beyond_64_bits_are_digits() -> None:
    with session() as con:
        con.execute(
            "CREATE TABLE sums AS SELECT 1 AS id, sum(x) AS s"
            " FROM (VALUES (9223372036854775807), (1)) t(x)"
        )
        (batch,) = Lines(con, "sums", ("id",), ("id", "s")).batches()
    assert ["[1,9223372036854775808]\n"] == batch.to_pylist()


def test_another_order_of_columns_is_another_digest() -> None:
    table = table_of([ROW | {"area": "a", "id": 1}])
    with session() as con:
        columns = tuple(reversed(SCHEMA.names))
        assert lines_of(con, table).digest() != lines_of(con, table, columns=columns).digest()


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        ([("a", 1), ("a", 2), ("a", 1)], "area=a, id=1"),
        ([("a", None), ("a", 2)], "area=a, id=None"),
    ],
)
def test_a_key_twice_or_missing_is_refused(rows: list[tuple[str, int]], shown: str) -> None:
    table = table_of([ROW | {"area": area, "id": number} for area, number in rows])
    with session() as con, pytest.raises(Problem) as caught:
        lines_of(con, table).digest()
    assert "result_key_doubtful" == caught.value.code
    assert shown in caught.value.text("zh")
    assert shown in caught.value.text("en")


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (pa.float64(), "canonical_float"),
        (pa.float32(), "canonical_float"),
        (pa.timestamp("us"), "result_column_type"),
        (pa.decimal128(18, 2), "result_column_type"),
        (pa.list_(pa.int64()), "result_column_type"),
    ],
)
def test_columns_without_canonical_text_are_refused(kind: pa.DataType, code: str) -> None:
    table = pa.table({"area": ["a"], "id": [1], "odd": pa.array([None], kind)})
    with session() as con, pytest.raises(Problem) as caught:
        lines_of(con, table).digest()
    assert code == caught.value.code
    assert "odd" in caught.value.text("zh")
    assert "odd" in caught.value.text("en")
