"""Helpers in the number reading; the other readings are held against it in tests/agreement."""

import duckdb
import pytest

from tanma.domain.quantities import Bounded, Total, choose, smaller, total, total_sql


def test_smaller_and_choose():
    assert smaller(2.0, 3.0) == 2.0
    assert smaller(3.0, 2.0) == 2.0
    assert choose(1.0 <= 1.0, "kept", "other") == "kept"
    assert choose(2.0 <= 1.0, "kept", "other") == "other"


@pytest.mark.parametrize(
    ("expected", "lines"),
    [
        (Total(6, 6, 0, 6, 6), [1, 2, 3]),
        (Total(None, 3, 1, None, None), [1, 2, None]),
        (Total(None, 3, 1, 8, 12), [1, 2, Bounded(None, 5, 9)]),
        (Total(None, 3, 1, 8, None), [1, 2, Bounded(None, 5)]),
        (Total(None, 0, 0, None, None), []),
        (Total(2**70, 2**70, 0, 2**70, 2**70), [2**69, 2**69]),
    ],
)
def test_total_gives_value_known_missing_and_bounds(expected, lines):
    """A missing line leaves no value; no line at all is missing, not zero."""
    assert expected == total(lines)


@pytest.mark.parametrize(
    "lines",
    [
        [Bounded(1), Bounded(2)],
        [Bounded(1), Bounded(None)],
        [Bounded(2**62), Bounded(2**62), Bounded(None, 5, 9)],
        [Bounded(-4), Bounded(None, -3)],
        [],
    ],
)
def test_total_sql_gives_the_same_five_fields(lines):
    con = duckdb.connect()
    con.execute("CREATE TABLE line (x BIGINT, low BIGINT, high BIGINT)")
    if lines:
        con.executemany("INSERT INTO line VALUES (?, ?, ?)", [list(line) for line in lines])
    fields = ", ".join(total_sql("x", "low", "high")[field] for field in Total._fields)
    assert con.execute(f"SELECT {fields} FROM line").fetchone() == tuple(total(lines))
