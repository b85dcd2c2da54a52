"""Derived tables: the newest derivation counts, marks travel with rows, nothing is set back."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanma.domain.messages import Problem
from tanma.lake.derived import DAY, INTERVAL, RESTATEMENT, ActivityDays, Restatements, Validated
from tests.duck import session

BEGIN = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
QUARTER = dt.timedelta(minutes=15)


def intervals(*rows: tuple[int, int, int | None]) -> pa.Table:
    """(channel, quarter after BEGIN, count), without flags."""
    return pa.Table.from_pylist(
        [
            {"channel": c, "start_utc": BEGIN + q * QUARTER, "end_utc": BEGIN + (q + 1) * QUARTER,
             "count": v, "flags": 0}
            for c, q, v in rows
        ],
        schema=INTERVAL,
    )  # fmt: skip


def day(channel: int, number: int, milli: int | None, derived: int, **more: Any) -> dict[str, Any]:
    """A day of September (of October beyond 30) as the engine derives it."""
    date = dt.date(2026, 9, 1) + dt.timedelta(days=number - 1)
    given = {"channel": channel, "day": date, "item": "electricity.purchased", "milli": milli}
    return dict.fromkeys(DAY.names) | given | {"derived": derived, "n": 96} | more


def days(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=DAY)


def counts(files: list[str]) -> list[tuple[Any, ...]]:
    table = pa.concat_tables([pq.ParquetFile(f).read() for f in files])
    return sorted(zip(table["channel"].to_pylist(), table["count"].to_pylist(), strict=True))


def found(table: ActivityDays, months: list[str] | None = None) -> dict[tuple[int, str], Any]:
    with session() as con:
        table.view(con, months)
        rows = con.execute("SELECT channel, day, milli FROM days").fetchall()
    answer = {(channel, date.isoformat()): milli for channel, date, milli in rows}
    assert len(rows) == len(answer)
    return answer


def test_a_partition_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    table = Validated(tmp_path)
    assert 0 == table.true_to("2026-09", 0)
    assert table.replace("2026-09", 0, intervals((1, 0, 5), (1, 1, None)), 100)
    assert table.replace("2026-09", 1, intervals((5000, 0, 7)), 100)
    assert table.replace("2026-09", 0, intervals((1, 0, 6)), 200)
    assert [(1, 6)] == counts(table.files("2026-09", 0))
    assert [(1, 6), (5000, 7)] == counts(table.files("2026-09"))
    assert [] == table.files("2026-08")
    assert (200, 100) == (table.true_to("2026-09", 0), table.true_to("2026-09", 1))


def test_an_older_derivation_does_not_set_a_partition_back(tmp_path: Path) -> None:
    table = Validated(tmp_path)
    table.replace("2026-09", 0, intervals((1, 0, 6)), 200)
    assert not table.replace("2026-09", 0, intervals((1, 0, 5)), 199)
    assert table.replace("2026-09", 0, intervals((1, 0, 7)), 200)
    assert [(1, 7)] == counts(table.files("2026-09", 0))


def test_parts_of_many_workers_are_published_at_once(tmp_path: Path) -> None:
    worker, driver = Validated(tmp_path), Validated(tmp_path)
    parts = [worker.write("2026-09", b, intervals((b * 4096, 0, b)), 9) for b in range(3)]
    assert [] == driver.files("2026-09")
    assert 3 == driver.publish(parts)
    assert [(0, 0), (4096, 1), (8192, 2)] == counts(driver.files("2026-09"))
    assert 0 == driver.publish([])


def test_an_empty_partition_is_known_to_be_empty(tmp_path: Path) -> None:
    table = Validated(tmp_path)
    table.replace("2026-09", 0, intervals((1, 0, 6)), 200)
    assert table.replace("2026-09", 0, intervals(), 300)
    assert ([], 300) == (table.files("2026-09", 0), table.true_to("2026-09", 0))


def test_a_month_has_a_form(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        Validated(tmp_path).write("2026-9/..", 0, intervals(), 1)
    assert "derived_month" == caught.value.code
    for language in ("zh", "en"):
        assert "2026-9/.." in caught.value.text(language)


def test_the_newest_derivation_of_a_day_counts(tmp_path: Path) -> None:
    table = ActivityDays(tmp_path)
    assert {} == found(table)
    table.put(days(day(1, 1, 10, 100), day(1, 2, 20, 100), day(2, 30, 5, 100), day(2, 31, 6, 100)))
    table.put(days(day(1, 2, 21, 200)), {"cursor": 200})
    table.put(days(day(1, 2, 19, 150)))
    expected = {(1, "2026-09-01"): 10, (1, "2026-09-02"): 21, (2, "2026-09-30"): 5}
    october = {(2, "2026-10-01"): 6}
    assert expected | october == found(table)
    assert expected == found(table, ["2026-09"])
    assert 200 == table.mark("cursor")
    assert 1 == table.compact()
    assert expected | october == found(table)
    assert 0 == table.compact()


def test_of_equal_derivations_the_one_put_last_counts(tmp_path: Path) -> None:
    table = ActivityDays(tmp_path)
    for milli in (1, 2, 3):
        table.put(days(day(1, 1, milli, 100)))
        assert {(1, "2026-09-01"): milli} == found(table)
    table.compact()
    table.put(days(day(1, 1, 4, 100)))
    assert {(1, "2026-09-01"): 4} == found(table)


puts = st.lists(
    st.tuples(
        st.lists(
            st.tuples(st.integers(1, 2), st.integers(29, 32), st.integers(0, 5)),
            min_size=1, max_size=3, unique_by=lambda row: row[:2],
        ),
        st.integers(1, 4),
        st.booleans(),
    ),
    max_size=6,
)  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(puts)
def test_days_agree_with_a_model(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[list[Any], int, bool]]
) -> None:
    table = ActivityDays(tmp_path_factory.mktemp("lake"))
    model: dict[tuple[int, str], tuple[int, int]] = {}
    for rows, derived, compacted in history:
        said = [day(*row, derived) for row in rows]
        table.put(days(*said))
        for row in said:
            key = (row["channel"], row["day"].isoformat())
            model[key] = max(model.get(key, (0, 0)), (derived, row["milli"]), key=lambda v: v[0])
            if model[key][0] == derived:
                model[key] = (derived, row["milli"])
        if compacted:
            table.compact(fresh_files=1)
    assert {key: milli for key, (_, milli) in model.items()} == found(table)


def test_sums_beyond_64_bits_are_refused(tmp_path: Path) -> None:
    rows = days(day(1, 1, None, 100))
    place = rows.schema.get_field_index("milli")
    huge = rows.set_column(place, "milli", pa.array([2**63], pa.uint64()))
    with pytest.raises(Problem) as caught:
        ActivityDays(tmp_path).put(huge)
    assert "derived_range" == caught.value.code
    for language in ("zh", "en"):
        assert "9223372036854775808" in caught.value.text(language)


def test_columns_that_are_missing_are_named(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        ActivityDays(tmp_path).put(days().drop(["milli", "n"]))
    assert "derived_columns_missing" == caught.value.code
    for language in ("zh", "en"):
        assert "milli, n" in caught.value.text(language)


def note(number: int, stamp: int, cause: str = "late") -> dict[str, Any]:
    date = dt.date(2026, 9, 1) + dt.timedelta(days=number - 1)
    values = {"channel": 1, "day": date, "after_milli": stamp, "cause": cause, "stamp": stamp}
    return dict.fromkeys(RESTATEMENT.names) | values


def restated(table: Restatements, *args: Any) -> list[int]:
    with session() as con:
        table.view(con, *args)
        return [row[0] for row in con.execute("SELECT stamp FROM restated ORDER BY 1").fetchall()]


def test_restatements_only_grow(tmp_path: Path) -> None:
    table = Restatements(tmp_path)
    assert [] == restated(table)
    for stamp in range(1, 5):
        rows = [note(1, stamp), note(31, stamp)]
        table.append(pa.Table.from_pylist(rows, schema=RESTATEMENT), {"cursor": stamp})
    assert 4 == table.mark("cursor")
    assert 2 == table.compact(fresh_files=4)
    assert [1, 1, 2, 2, 3, 3, 4, 4] == restated(table)
    assert [3, 4] == restated(table, ["2026-10"], 2)
    assert [] == restated(table, None, 4)


def test_a_mark_may_travel_without_rows(tmp_path: Path) -> None:
    days_table, notes = ActivityDays(tmp_path), Restatements(tmp_path)
    days_table.put(days(), {"cursor": 5})
    notes.append(pa.Table.from_pylist([], schema=RESTATEMENT), {"cursor": 6})
    assert (5, 6) == (days_table.mark("cursor"), notes.mark("cursor"))


def test_files_that_nobody_names_are_swept(tmp_path: Path) -> None:
    table = Validated(tmp_path)
    table.replace("2026-09", 0, intervals((1, 0, 5)), 1)
    table.replace("2026-09", 0, intervals((1, 0, 6)), 2)
    assert [] == table.table.sweep(1)
    assert 1 == len(table.table.sweep(0))
    assert [(1, 6)] == counts(table.files("2026-09"))


def test_other_engines_read_the_derived_tables(tmp_path: Path) -> None:
    Validated(tmp_path).replace("2026-09", 3, intervals((4096 * 3, 0, 5)), 1)
    frame = pl.read_delta(str(tmp_path / "validated"))
    assert [("2026-09", 3, 5)] == frame.select("month", "bucket", "count").rows()
