"""Monthly activity out of facts: differences, splits, choices between sources."""

from datetime import date

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanma.domain.numbers import largest_remainder
from tanma.domain.periods import month_number, month_start
from tanma.engine import activity

POWER = "electricity.purchased"
SCHEMA = pa.schema(
    [
        ("subject", pa.int64()), ("item", pa.string()), ("kind", pa.string()),
        ("valid_from", pa.date32()), ("valid_to", pa.date32()), ("value", pa.int64()),
        ("text", pa.string()), ("source", pa.string()), ("revision", pa.int64()),
        ("stamp", pa.int64()), ("seq", pa.int64()), ("data_class", pa.string()),
    ]
)  # fmt: skip


def fact(start, end, value, *, kind="amount", source="grid", item=POWER, subject=1, text=None):
    return {
        "subject": subject, "item": item, "kind": kind, "valid_from": date.fromisoformat(start),
        "valid_to": date.fromisoformat(end), "value": value, "source": source, "text": text,
        "data_class": "internal", "stamp": 1,
    }  # fmt: skip


def months(*facts, item=POWER, column="value", **options):
    con = duckdb.connect()
    rows = [f | {"seq": i} for i, f in enumerate(facts, 1)]
    con.register("known", pa.Table.from_pylist(rows, schema=SCHEMA))
    activity.build(con, [POWER, "water.total"], **options)
    sql = f"SELECT month, {column} FROM activity WHERE item = $1 ORDER BY month"
    return {m.isoformat()[:7]: v for m, v in con.execute(sql, [item]).fetchall()}


def test_a_plain_month_passes_as_it_is():
    assert {"2026-09": 5} == months(fact("2026-09-01", "2026-10-01", 5))


def test_cumulatives_are_differenced_and_january_with_february_is_split_by_days():
    found = months(
        fact("2026-01-01", "2026-03-01", 59, kind="cumulative"),
        fact("2026-01-01", "2026-04-01", 100, kind="cumulative"),
    )
    assert {"2026-01": 31, "2026-02": 28, "2026-03": 41} == found


def test_a_span_that_begins_in_the_year_still_knows_the_cumulative_before():
    found = months(
        fact("2026-01-01", "2026-07-01", 600, kind="cumulative"),
        fact("2026-01-01", "2026-08-01", 710, kind="cumulative"),
        since="2026-07-01",
    )
    assert {"2026-07": 110} == found


def test_a_revised_cumulative_restates_its_own_month_and_the_next():
    facts = [
        fact("2026-01-01", "2026-03-01", 59, kind="cumulative"),
        fact("2026-01-01", "2026-04-01", 110, kind="cumulative"),
        fact("2026-01-01", "2026-05-01", 150, kind="cumulative"),
    ]
    assert {"2026-01": 31, "2026-02": 28, "2026-03": 51, "2026-04": 40} == months(*facts)


def test_a_month_stated_beside_a_long_cumulative_keeps_its_own_amount():
    found = months(
        fact("2026-01-01", "2026-05-01", 100, kind="cumulative"),
        fact("2026-04-01", "2026-05-01", 10),
    )
    assert {"2026-01": 31, "2026-02": 28, "2026-03": 31, "2026-04": 10} == found


def test_a_month_that_says_more_than_its_cumulative_is_not_taken_out_of_it():
    found = months(
        fact("2026-01-01", "2026-03-01", 59, kind="cumulative"),
        fact("2026-02-01", "2026-03-01", 60),
    )
    assert {"2026-01": 31, "2026-02": 28} == found


def test_a_cumulative_whose_months_are_all_stated_is_a_revision_and_beats_them():
    found = months(
        fact("2026-01-01", "2026-03-01", 118, kind="cumulative"),
        fact("2026-01-01", "2026-02-01", 30), fact("2026-02-01", "2026-03-01", 29),
    )  # fmt: skip
    assert {"2026-01": 62, "2026-02": 56} == found


def test_a_cumulative_that_falls_gives_a_negative_month():
    found = months(
        fact("2026-01-01", "2026-03-01", 59, kind="cumulative"),
        fact("2026-01-01", "2026-04-01", 50, kind="cumulative"),
    )
    assert -9 == found["2026-03"]


def test_within_a_source_the_cumulative_beats_the_month():
    found = months(
        fact("2026-03-01", "2026-04-01", 40, source="stat.205-1"),
        fact("2026-01-01", "2026-03-01", 59, kind="cumulative", source="stat.205-1"),
        fact("2026-01-01", "2026-04-01", 100, kind="cumulative", source="stat.205-1"),
    )
    assert 41 == found["2026-03"]


def test_the_preferred_source_wins_and_the_loser_stays_visible():
    facts = [
        fact("2026-09-01", "2026-10-01", 5, source="declared"),
        fact("2026-09-01", "2026-10-01", 7, source="grid"),
    ]
    assert {"2026-09": 7} == months(*facts)
    assert {"2026-09": 5} == months(*facts, order=("declared", "grid"))


def test_a_quarter_fills_only_months_that_nobody_reported_alone():
    found = months(
        fact("2026-07-01", "2026-10-01", 92),
        fact("2026-09-01", "2026-10-01", 33),
        column="(value, split)",
    )
    assert {"2026-07": (31, True), "2026-08": (31, True), "2026-09": (33, False)} == found


def test_parts_of_a_month_are_added():
    found = months(fact("2026-09-01", "2026-09-11", 5), fact("2026-09-11", "2026-10-01", 6))
    assert {"2026-09": 11} == found


def test_an_uncontested_item_is_not_touched_by_the_choice_of_another():
    found = months(
        fact("2026-09-01", "2026-10-01", 5, item="water.total"),
        fact("2026-09-01", "2026-10-01", 7, source="grid"),
        fact("2026-09-01", "2026-10-01", 8, source="meter"),
        item="water.total",
    )
    assert {"2026-09": 5} == found


@given(
    st.integers(-(10**17), 10**17),
    st.dates(date(2024, 1, 2), date(2026, 1, 1)),
    st.integers(2, 300),
)
def test_an_amount_is_split_to_months_by_days_with_largest_remainder(count, start, days):
    end = date.fromordinal(start.toordinal() + days)
    numbers = range(month_number(start), month_number(end) + (1 if end.day > 1 else 0))
    spans = [(max(month_start(n), start), min(month_start(n + 1), end)) for n in numbers]
    names = [month_start(n).isoformat() for n in numbers]
    parts = largest_remainder(count, [(e - s).days for s, e in spans], names)
    found = months(fact(start.isoformat(), end.isoformat(), count))
    assert {n[:7]: v for n, v in zip(names, parts, strict=True)} == found
    assert count == sum(found.values())


@pytest.mark.parametrize(("day", "industry"), [("2026-06-30", "3011"), ("2026-07-01", "3012")])
def test_an_attribute_is_what_holds_on_the_day(day, industry):
    con = duckdb.connect()
    rows = [
        fact("2020-01-01", "9999-12-31", None, kind="attribute", item="industry", text="3011"),
        fact("2026-07-01", "9999-12-31", None, kind="attribute", item="industry", text="3012"),
    ]
    con.register("known", pa.Table.from_pylist(rows, schema=SCHEMA))
    activity.attributes(con, day)
    assert [(industry,)] == con.execute("SELECT text FROM attributes").fetchall()
