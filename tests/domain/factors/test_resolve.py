"""`resolve`: what stands beside each line, and that it agrees with single lookups."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanma.domain.factors.lookup import Query, lookup
from tanma.domain.factors.preferences import preferences, read_preferences
from tanma.domain.factors.resolve import missing_problem, missing_sql, relations, resolve_sql
from tanma.domain.messages import Problem
from tests.duck import session

TODAY = date(2026, 11, 20)
MONTH = date(2025, 3, 1)
LINES = pa.schema(
    [
        ("subject", pa.int64()),
        ("item", pa.string()),
        ("month", pa.date32()),
        ("region_code", pa.string()),
        ("amount", pa.float64()),
    ]
)
MEASURED = pa.schema(
    [
        ("subject", pa.int64()),
        ("item", pa.string()),
        ("month", pa.date32()),
        ("value", pa.float64()),
        ("source", pa.string()),
    ]
)


def connect(lines: list[dict[str, Any]], measured: list[tuple] = ()) -> duckdb.DuckDBPyConnection:
    con = session()
    for name, table in relations().items():
        con.register(name, table)
    con.register("lines", pa.Table.from_pylist(lines, schema=LINES))
    said = [dict(zip(MEASURED.names, m, strict=True)) for m in measured]
    con.register("measured", pa.Table.from_pylist(said, schema=MEASURED))
    return con


def line(item: str, subject: int = 1, month: date = MONTH, region: str | None = "330000") -> dict:
    return {
        "subject": subject,
        "item": item,
        "month": month,
        "region_code": region,
        "amount": 10.0,
    }


def resolve(lines, measured=(), order="province-average", known_on=TODAY, **options):
    con = connect(lines, measured)
    sql = resolve_sql(preferences(order), known_on=known_on, **options)
    return (
        con.sql(f"SELECT * FROM ({sql}) ORDER BY subject, item, month").to_arrow_table().to_pylist()
    )


def shown(row: dict, parameter: str) -> tuple:
    return tuple(row[f"{parameter}{s}"] for s in ("", "_choice", "_row", "_evidence", "_year"))


def test_a_default_leaves_value_choice_row_evidence_and_no_year():
    (row,) = resolve([line("fuel.diesel.burnt")])
    assert (42.652, "default", "fuel/NDRC-2015/diesel/ncv", "confirmed_2", None) == shown(
        row, "ncv_gj_per_unit"
    )
    assert 10.0 == row["amount"]


def test_the_first_set_that_has_the_fuel_wins():
    (row,) = resolve([line("fuel.coal_gangue.burnt")])
    assert "fuel/MEE-2022plus/coal_gangue/ncv" == row["ncv_gj_per_unit_row"]
    (row,) = resolve([line("fuel.carbide_furnace_gas.burnt")])
    assert "fuel/NDRC-2013/carbide_furnace_gas/ncv" == row["ncv_gj_per_unit_row"]


def test_a_fuel_without_default_oxidation_is_missing_not_one():
    (row,) = resolve([line("fuel.coal_gangue.burnt")])
    assert (None, "missing", None, None, None) == shown(row, "oxidation_fraction")


def test_an_unknown_fuel_is_missing():
    (row,) = resolve([line("fuel.unobtainium.burnt")])
    assert (None, "missing", None, None, None) == shown(row, "ncv_gj_per_unit")


def test_a_parameter_that_is_not_looked_for_is_null_without_choice():
    (row,) = resolve([line("heat.purchased")])
    assert (None, None, None, None, None) == shown(row, "ncv_gj_per_unit")
    assert (0.11, "default", "heat/NDRC-2013-2015/ef", "confirmed_1", None) == shown(
        row, "heat_tco2_per_gj"
    )


@pytest.mark.parametrize(
    ("expected", "order"),
    [
        (
            (0.4974, "latest_published", "grid/2023/330000/average", "confirmed_1", 2023),
            "province-average",
        ),
        (
            (0.55, "latest_published", "grid/2023/CN-EAST/average", "confirmed_2", 2023),
            "region-average",
        ),
        (
            (0.5306, "latest_published", "grid/2023/CN/average", "confirmed_2", 2023),
            "national-average",
        ),
        (
            (
                0.6096,
                "latest_published",
                "grid/2023/CN/average_excl_market_nonfossil",
                "confirmed_2",
                2023,
            ),
            "market-residual",
        ),
        ((None, "missing", None, None, None), "national-reporting"),
    ],
)
def test_electricity_by_edition(expected, order):
    (row,) = resolve([line("electricity.purchased")], order=order)
    assert expected == shown(row, "grid_tco2_per_mwh")


def test_every_electricity_item_gets_the_same_grid_factor():
    items = ["electricity.purchased", "electricity.sold", "electricity.pv.generated"]
    rows = resolve([line(i) for i in items])
    assert {"grid/2023/330000/average"} == {r["grid_tco2_per_mwh_row"] for r in rows}


def test_the_factor_is_that_of_the_month_of_the_data():
    rows = resolve(
        [line("electricity.purchased", month=date(y, 12, 1)) for y in (2021, 2022, 2026)]
    )
    assert [2021, 2022, 2023] == [r["grid_tco2_per_mwh_year"] for r in rows]


def test_a_run_known_earlier_sees_only_what_was_published():
    (row,) = resolve([line("electricity.purchased")], known_on=date(2025, 6, 30))
    assert 2022 == row["grid_tco2_per_mwh_year"]


def test_the_six_grids_of_2012_put_sichuan_in_central():
    lines = [line("electricity.purchased", month=date(2012, 5, 1), region="510000")]
    (row,) = resolve(lines, order="region-average")
    assert "grid/2012/CN-CENTRAL/average" == row["grid_tco2_per_mwh_row"]
    (row,) = resolve([line("electricity.purchased", region="510000")], order="region-average")
    assert "grid/2023/CN-SOUTHWEST/average" == row["grid_tco2_per_mwh_row"]


def test_a_line_without_region_is_kept_and_missing():
    (row,) = resolve([line("electricity.purchased", region=None)])
    assert (None, "missing") == shown(row, "grid_tco2_per_mwh")[:2]


def test_measured_wins_over_supplier_over_default_per_parameter():
    measured = [
        (1, "measured.bituminous.ncv", MONTH, 22.5, "lab"),
        (1, "measured.bituminous.ncv", MONTH, 21.0, "supplier"),
        (1, "measured.bituminous.cc", MONTH, 0.0255, "supplier"),
    ]
    (row,) = resolve([line("fuel.bituminous.burnt")], measured)
    assert (22.5, "measured", "measured.bituminous.ncv/lab", "fact", None) == shown(
        row, "ncv_gj_per_unit"
    )
    assert (0.0255, "supplier", "measured.bituminous.cc/supplier", "fact", None) == shown(
        row, "carbon_tc_per_gj"
    )
    assert "default" == row["oxidation_fraction_choice"]


def test_a_measurement_counts_for_its_subject_fuel_and_month_alone():
    measured = [(1, "measured.bituminous.ncv", MONTH, 22.5, "lab")]
    lines = [
        line("fuel.bituminous.burnt"),
        line("fuel.bituminous.burnt", subject=2),
        line("fuel.bituminous.burnt", month=date(2025, 4, 1)),
        line("fuel.anthracite.burnt"),
    ]
    choices = [r["ncv_gj_per_unit_choice"] for r in resolve(lines, measured)]
    assert 1 == choices.count("measured")
    assert 3 == choices.count("default")


def test_a_withdrawn_measurement_is_no_value():
    (row,) = resolve([line("fuel.coke.burnt")], [(1, "measured.coke.ncv", MONTH, None, "lab")])
    assert "default" == row["ncv_gj_per_unit_choice"]


def test_two_laboratories_do_not_make_two_lines():
    measured = [(1, "measured.coke.ncv", MONTH, v, s) for v, s in ((29.0, "b"), (28.0, "a"))]
    (row,) = resolve([line("fuel.coke.burnt")], measured)
    assert "measured.coke.ncv/a" == row["ncv_gj_per_unit_row"]


def test_measured_heat_does_not_reach_a_fuel():
    measured = [(1, "measured.heat.ef", MONTH, 0.1, "lab")]
    heat, fuel = resolve([line("heat.purchased"), line("fuel.coke.burnt")], measured)[::-1]
    assert (0.1, "measured") == shown(heat, "heat_tco2_per_gj")[:2]
    assert "default" == fuel["ncv_gj_per_unit_choice"]


def test_standard_coal_follows_the_measured_calorific_value():
    measured = [(1, "measured.bituminous.ncv", MONTH, 29.3076, "lab")]
    (row,) = resolve([line("fuel.bituminous.burnt")], measured)
    assert (1.0, "measured_ncv") == shown(row, "calorific_tce_per_unit")[:2]


def test_standard_coal_by_coefficient_then_by_default_calorific_value():
    diesel, gas = resolve([line("fuel.diesel.burnt"), line("fuel.natural_gas.burnt")])
    assert (1.4571, "default", "standard_coal/GBT2589-2020/diesel/tce") == shown(
        diesel, "calorific_tce_per_unit"
    )[:3]
    assert (389.31 / 29.3076, "derived_ncv", "fuel/NDRC-2015/natural_gas/ncv/kgce_ncv") == shown(
        gas, "calorific_tce_per_unit"
    )[:3]


def test_the_equivalent_coefficient_of_electricity_is_the_published_one_of_a_year_before():
    rows = resolve([line("electricity.purchased", month=date(y, 1, 1)) for y in (2015, 2024, 2026)])
    expected = [
        (None, "missing", None, None, None),
        (0.3019, "year_before", "power_coal/2023/CN/supply", "recalled", 2023),
        (0.3024, "year_before", "power_coal/2024/CN/supply", "recalled", 2024),
    ]
    assert expected == [shown(row, "equivalent_tce_per_mwh") for row in rows]
    assert {0.1229} == {row["calorific_tce_per_mwh"] for row in rows[1:]}


def test_the_equivalent_coefficient_of_heat_is_missing():
    (row,) = resolve([line("heat.purchased")])
    assert (None, "missing") == shown(row, "equivalent_tce_per_unit")[:2]


def test_a_frozen_grid_factor_for_trends():
    months = [date(y, 1, 1) for y in (2021, 2023, 2026)]
    rows = resolve(
        [line("electricity.purchased", month=m) for m in months], frozen_grid=(2022, "CN")
    )
    expected = (0.5366, "frozen", "grid/2022/CN/average", "confirmed_2", 2022)
    assert {expected} == {shown(r, "grid_tco2_per_mwh") for r in rows}


def test_without_measured_relation_nothing_is_asked_of_it():
    sql = resolve_sql(preferences("province-average"), measured=None, known_on=TODAY)
    assert "measured m" not in sql
    (row,) = resolve([line("fuel.coke.burnt")], measured=[], known_on=TODAY)
    assert "default" == row["ncv_gj_per_unit_choice"]


def test_process_lines_by_the_order_of_sectors():
    (row,) = resolve([line("process.dolomite.amount")])
    assert (0.47732, "default", "process/carbonates/dolomite") == shown(
        row, "process_tco2_per_unit"
    )[:3]


def test_what_is_missing_is_listed_with_the_reason():
    order = preferences("province-average")
    con = connect(
        [
            line("electricity.purchased", region="540000"),
            line("heat.purchased", region="540000"),
            line("fuel.diesel.burnt"),
        ]
    )
    con.execute(f"CREATE TABLE resolved AS {resolve_sql(order, known_on=TODAY)}")
    rows = con.sql(missing_sql(order)).fetchall()
    assert [
        ("electricity.purchased", "540000", MONTH, "grid_tco2_per_mwh", 1),
        ("heat.purchased", "540000", MONTH, "equivalent_tce_per_unit", 1),
    ] == rows
    codes = [missing_problem(order, *r[:4], known_on=TODAY).code for r in rows]
    assert ["factor_unknown", "factor_equivalent_missing"] == codes


def test_the_reason_names_the_nearest_edition_of_a_grid_region():
    order = preferences("region-average")
    problem = missing_problem(
        order,
        "electricity.purchased",
        "330000",
        date(2009, 1, 1),
        "grid_tco2_per_mwh",
        known_on=TODAY,
    )
    assert problem.code in {"factor_unknown", "factor_outside_validity"}
    later = missing_problem(
        order,
        "electricity.purchased",
        "330000",
        date(2011, 1, 1),
        "grid_tco2_per_mwh",
        known_on=date(2013, 1, 1),
    )
    assert "grid/2010/CN-EAST/average" in later.text("en")


def test_asking_why_something_is_missing_that_is_not():
    with pytest.raises(ValueError, match="is not missing"):
        missing_problem(
            preferences("national-average"),
            "electricity.purchased",
            "330000",
            MONTH,
            "grid_tco2_per_mwh",
            known_on=TODAY,
        )


def test_quotes_in_a_file_cannot_leave_their_place(tmp_path):
    file = tmp_path / "quoted.toml"
    file.write_text(
        'id = "q"\ntitle_zh = "引号"\ntitle_en = "q"\nevidence = "inferred"\n[[step]]\n'
        'family = "heat"\nparameter = "heat_tco2_per_gj"\norigin = "table"\nsource = "heat"\n'
        'take = "ef"\nset_id = "x\' OR 1=1 --"\nchoice = "default"\nmay_be_empty = true\n'
    )
    con = connect([line("heat.purchased")])
    (row,) = con.sql(resolve_sql(read_preferences(file), known_on=TODAY)).fetchall()
    assert "missing" in row


@settings(max_examples=12, deadline=None)
@given(
    year=st.integers(2019, 2027),
    month=st.integers(1, 12),
    region=st.sampled_from(["330000", "110000", "540000", "150000"]),
    known_year=st.integers(2023, 2027),
)
def test_the_join_agrees_with_a_single_lookup(year, month, region, known_year):
    on, known_on = date(year, month, 1), date(known_year, 7, 1)
    (row,) = resolve([line("electricity.purchased", month=on, region=region)], known_on=known_on)
    query = Query("grid", "electricity", "ef", on, region=region, kind="average")
    try:
        expected = lookup(query, known_on=known_on, rule="latest_published")
    except Problem:
        assert "missing" == row["grid_tco2_per_mwh_choice"]
    else:
        assert (expected.value, expected.row_id, expected.data_year) == (
            row["grid_tco2_per_mwh"],
            row["grid_tco2_per_mwh_row"],
            row["grid_tco2_per_mwh_year"],
        )


def test_one_enterprise_and_many_get_the_same():
    items = ["fuel.coke.burnt", "electricity.purchased", "heat.purchased"]
    many = resolve([line(i, subject=s) for s in range(1, 200) for i in items])
    (one, *rest) = (
        [{k: v for k, v in r.items() if k != "subject"} for r in many if r["subject"] == s]
        for s in range(1, 200)
    )
    assert 3 == len(one)
    assert all(r == one for r in rest)


def test_the_carbon_market_takes_the_reporting_tables_first():
    (row,) = resolve([line("fuel.bituminous.burnt")], order="carbon-market")
    assert "fuel/MEE-2022plus/bituminous/ncv" == row["ncv_gj_per_unit_row"]
    assert "fuel/MEE-2022plus/bituminous/cc" == row["carbon_tc_per_gj_row"]
    # No oxidation rate of solids there: the row that fills in is named on the line.
    assert "fuel/NDRC-2015/bituminous/of" == row["oxidation_fraction_row"]
