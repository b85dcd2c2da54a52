"""Readings: long, wide, and a real year of a steel mill by its mapping file."""

import datetime as dt
import os
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from tanma.intake.tables import READING_SCHEMA, Context, check, read

UTC = dt.UTC
LONG = "表计编号,开始时间,结束时间,读数,单位\n"


def test_a_long_reading_is_an_interval_in_utc_and_a_count(judge):
    readings = judge(LONG + "M-1,2026-09-01 00:00,2026/09/01 00:15,12.5,kWh\n").readings
    assert READING_SCHEMA == readings.schema
    row = readings.to_pylist()[0]
    assert ("M-1", "electricity.purchased", 12500, "kWh", "0.001") == tuple(
        row[k] for k in ("channel", "quantity", "value", "unit", "resolution")
    )
    assert dt.datetime(2026, 8, 31, 16, 0, tzinfo=UTC) == row["start_utc"]
    assert dt.datetime(2026, 8, 31, 16, 15, tzinfo=UTC) == row["end_utc"]


def test_the_quantity_of_a_row_decides_its_unit(judge):
    head = "表计编号,计量项目,开始时间,结束时间,读数,单位\n"
    body = (
        "G-1,天然气用量,2026-09-01 00:00,2026-09-01 01:00,1.5,m3\n"
        "M-1,光伏发电量,2026-09-01 00:00,2026-09-01 01:00,0.002,MWh\n"
    )
    readings = judge(head + body).readings
    assert [1500, 2000] == readings["value"].to_pylist()
    assert ["m3", "kWh"] == readings["unit"].to_pylist()


@pytest.mark.parametrize(
    ("row", "code", "zh"),
    [
        ("M,2026-09-01 00:15,2026-09-01 00:15,1,kWh", "interval_wrong", "不晚于开始时间"),
        ("M,01/09/2026,2026-09-01 00:15,1,kWh", "time_unknown", "“01/09/2026” 不是时间"),
        ("M,2026-09-01 00:00,2026-09-01 00:15,1,t", "unit_mismatch", "不能用于购入电力"),
        ("M,2026-09-01 00:00,2026-09-01 00:15,x,kWh", "number_not_decimal", "不是十进制数"),
        ("M,2026-09-01 00:00,2026-09-01 00:15,0.0001,kWh", "reading_too_fine", "0.001 更细"),
        ("M,2026-09-01 00:00,2026-09-01 00:15,1e16,kWh", "reading_too_large", "超出可保存的范围"),
        ("M,2005-09-01 00:00,2005-09-01 00:15,1,kWh", "period_too_old", "早于 2006-11-01"),
        ("M,2027-09-01 00:00,2027-09-01 00:15,1,kWh", "period_future", "晚于 2026-11-20"),
    ],
)
def test_a_bad_reading_is_named(row, code, zh, judge):
    checked = judge(LONG + row + "\nM,2026-09-02 00:00,2026-09-02 00:15,1,kWh\n")
    lines = [x for x in checked.report.lines() if x.code.removeprefix("cell_") == code]
    assert [2] == [x.row for x in lines]
    assert zh in lines[0].zh
    assert [3] == checked.readings["row"].to_pylist()


def test_the_same_interval_with_two_values_is_a_conflict(judge):
    body = "".join(f"M,2026-09-01 00:00,2026-09-01 00:15,{v},kWh\n" for v in (1, 2))
    assert {"key_conflict": 2} == judge(LONG + body).report.counts()


def test_a_wide_row_is_as_many_readings_as_it_has_values(judge):
    head = "表计编号,日期,单位,00:00,00:30,23:00\n"
    readings = judge(head + "M-1,2026-09-01,kWh,1,,3\n").readings
    zone = ZoneInfo("Asia/Shanghai")
    spans = [
        (r["start_utc"].astimezone(zone), r["end_utc"].astimezone(zone), r["value"])
        for r in readings.to_pylist()
    ]
    day = [dt.datetime(2026, 9, 1, h, m, tzinfo=zone) for h, m in ((0, 0), (0, 30), (23, 0))]
    midnight = dt.datetime(2026, 9, 2, tzinfo=zone)
    assert [(day[0], day[1], 1000), (day[2], midnight, 3000)] == spans


def test_a_bad_cell_of_a_wide_row_is_named_by_its_column(judge, line):
    head = "表计编号,日期,单位,00:00,12:00\n"
    checked = judge(head + "M-1,2026-09-01,kWh,1,断线\nM-1,2026-09-02,kWh,1,2\n")
    assert (2, "12:00", "断线") == (line(checked).row, line(checked).column, line(checked).value)
    assert [3, 3] == checked.readings["row"].to_pylist()


@pytest.fixture(scope="module")
def steel():
    folder = os.environ.get("TANMA_DATA")
    if not folder:
        pytest.skip("TANMA_DATA is not set: the folder with uci_steel/Steel_industry_data.csv")
    path = Path(folder) / "uci_steel" / "Steel_industry_data.csv"
    return check(read(path), Context(today=dt.date(2026, 11, 20)))


def test_the_steel_mill_has_every_quarter_hour_of_2018(steel):
    zone = ZoneInfo("Asia/Seoul")
    starts = steel.readings["start_utc"].to_pylist()
    first = dt.datetime(2018, 1, 1, tzinfo=zone)
    assert 35_040 == len(starts)
    assert {first + i * dt.timedelta(minutes=15) for i in range(35_040)} == set(starts)


def test_the_steel_mill_used_959_64_mwh(steel):
    total_kwh = sum(v or 0 for v in steel.readings["value"].to_pylist()) / 100
    assert 959.64 == round(total_kwh / 1000, 2)
    assert {"0.01"} == set(steel.readings["resolution"].to_pylist())


def test_each_day_of_the_steel_mill_sums_right_across_midnight(steel):
    """The file lists 96 rows of a day one after the other, so its own order gives the days."""
    con = duckdb.connect()  # its own: others may have left the shared one in the middle
    con.register("readings", steel.readings)
    days = con.execute(
        "SELECT CAST(timezone('Asia/Seoul', start_utc) AS DATE) AS day, count(*), sum(value),"
        " sum(sum(value)) OVER (), min(row), max(row) FROM readings GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert 365 == len(days)
    assert {96} == {d[1] for d in days}
    assert [(2 + 96 * i, 97 + 96 * i) for i in range(365)] == [(d[4], d[5]) for d in days]


def test_the_row_of_zeros_of_the_steel_mill_is_missing_not_zero(steel, line):
    found = line(steel)
    assert (29_857, "reading_zero_missing", "warning") == (found.row, found.code, found.severity)
    assert "按缺测保存" in found.zh
    missing = [r["row"] for r in steel.readings.to_pylist() if r["value"] is None]
    assert [29_857] == missing


def test_the_mapping_needs_no_file_to_be_tried(judge):
    """Two rows of the same shape: the last interval of a day, and the row of zeros."""
    text = (
        "\ufeffdate,Usage_kWh,Lagging_Current_Reactive_Power_kVarh,"
        "Leading_Current_Reactive_Power_kVarh,NSM\n"
        "31/12/2018 23:45,4,1,0,85500\n31/12/2018 00:00,3.42,3.46,0,0\n07/11/2018 00:00,0,0,0,0\n"
    )
    readings = judge(text).readings.to_pylist()
    last = readings[1]
    assert dt.datetime(2018, 12, 31, 14, 45, tzinfo=UTC) == last["start_utc"]
    assert dt.datetime(2018, 12, 31, 15, 0, tzinfo=UTC) == last["end_utc"]
    assert [400, 342, None] == [r["value"] for r in readings]
