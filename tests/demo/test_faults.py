from __future__ import annotations

import json
from collections import Counter

import pyarrow as pa
import pytest
from stdnum.cn import uscc

from tanma.demo import faults
from tests.demo.rating_check import read


@pytest.fixture(scope="module")
def errors(made):
    return json.loads((made.out / "truth.json").read_text(encoding="utf-8"))["errors"]


def test_every_kind_is_planted_in_its_number(errors):
    assert {
        "late_correction": 3 * faults.LATE_ENERGY
        + 3 * faults.LATE_ECONOMICS
        + 2 * faults.LATE_FORMS,
        "kwh_declared_as_mwh": 2 * faults.POWER_SLIPS,
        "coal_thousandfold": faults.COAL_SLIPS,
        "unmatched_code": faults.UNMATCHED,
        "wrong_check_character": faults.WRONG_CHECK,
        "duplicate_key": faults.DUPLICATES,
    } == dict(Counter(error["kind"] for error in errors))


def rows_like(made, step, error):
    return [
        row
        for row in read(made.out / step)
        if row["统一社会信用代码"] == error["uscc"]
        and (row.get("期间") or row["报告期别"]) == error["period"]
    ]


def amounts(rows):
    column = next(c for c in ("数量", "工业总产值", "消费量合计1-本月") if c in rows[0])
    unit = "单位" if "单位" in rows[0] else "金额单位"
    return {(float(row[column]), row[unit]) for row in rows}


def said(text):
    value, unit = text.split(" ")
    return float(value), unit


def test_files_say_the_error_and_corrections_say_the_truth(made, errors):
    corrected = [error for error in errors if error["corrected_in"]]
    for error in corrected[::17]:
        assert said(error["reported"]) in amounts(rows_like(made, error["step"], error))
        fixed = rows_like(made, error["corrected_in"], error)
        assert said(error["true"]) in amounts(fixed)
        assert {"1"} == {row["修订号"] for row in fixed}


def test_corrections_are_imported_last(made):
    paths = [step.path for step in made.steps]
    first = next(i for i, path in enumerate(paths) if path.startswith("corrections/"))
    assert 10 == len(paths) - first
    assert all(path.startswith("corrections/") for path in paths[first:])


def test_strangers_are_in_no_register_and_five_have_a_wrong_check_character(made, errors):
    known = {row["统一社会信用代码"] for row in read(made.out / "registry/enterprises.csv")}
    for error in errors:
        if error["kind"] == "unmatched_code":
            assert uscc.is_valid(error["uscc"])
            assert error["uscc"] not in known
        if error["kind"] == "wrong_check_character":
            assert not uscc.is_valid(error["uscc"])
            assert error["true"] in known


def test_duplicates_repeat_a_key_with_another_amount(made, errors):
    for error in [e for e in errors if e["kind"] == "duplicate_key"]:
        found = amounts(rows_like(made, error["step"], error))
        assert {said(error["reported"]), said(error["true"])} <= found
        assert said(error["reported"])[0] == pytest.approx(1.5 * said(error["true"])[0], abs=1e-3)


def test_a_replaced_cell_leaves_the_others(city_plan):
    columns = {
        "uscc": pa.array(["a", "b", "c"]),
        "period": pa.array(["2026-09"] * 3),
        "carrier": pa.array(["烟煤", "天然气", "烟煤"]),
        "quantity": pa.array([2.5, 7.0, 900.0]),
        "unit": pa.array(["t", "万m3", "t"]),
    }
    wrong, found = faults.coal_thousandfold(columns, "f.csv", city_plan.stream("t"))
    assert [2500.0, 7.0, 900.0] == wrong["quantity"].to_pylist()
    assert [("a", "2500.0 t", "2.5 t", None)] == [
        (f.uscc, f.reported, f.true, f.corrected_in) for f in found
    ]
