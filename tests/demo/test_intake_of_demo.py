"""The files through the door a user would use: planted errors are found, and nothing else."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections import Counter
from importlib.resources import files

import pyarrow as pa
import pytest

from tanma.demo import faults
from tanma.intake import tables

pytestmark = pytest.mark.slow  # the whole region is made first

TODAY = dt.date(2026, 11, 20)


@pytest.fixture(scope="module")
def industries():
    text = files("tanma.domain.reference").joinpath("data/industries.csv").read_text("utf-8")
    return {row["code"] for row in csv.DictReader(text.splitlines())}


def checked(made, path, package, context):
    return tables.check(tables.read(made.out / path, package), context)


@pytest.fixture(scope="module")
def arrived(made, industries):
    """Path → what the intake made of the file, areas first so that codes can be looked up."""
    areas = checked(made, "registry/areas.xlsx", "areas", tables.Context(today=TODAY))
    known = set(areas.facts["subject_value"].to_pylist())
    context = tables.Context(today=TODAY, areas=known, industries=industries)
    return {step.path: checked(made, step.path, step.package, context) for step in made.steps}


def test_nothing_but_the_planted_errors_is_found(arrived, city):
    found = Counter()
    for result in arrived.values():
        found.update(result.report.counts())
    assert {
        "uscc_check": faults.WRONG_CHECK,
        "key_conflict": 2 * faults.DUPLICATES,
        "value_not_positive": 12 * len(city.told.losing),
    } == dict(found)


def test_every_other_row_becomes_facts_or_readings(arrived):
    counts = Counter()
    for result in arrived.values():
        counts.update(result.counts)
    assert counts["rows"] - faults.WRONG_CHECK - 2 * faults.DUPLICATES == counts["good"]
    assert 1_000_000 < counts["facts"] < 1_700_000
    assert 6 * 30 * 96 == counts["readings"]


def usual_month(arrived, path):
    """History as an importer knows it after that file: the typical monthly count per item."""
    facts = arrived[path].facts.select(["subject_value", "item", "value"])
    grouped = facts.group_by(["subject_value", "item"]).aggregate([("value", "mean")])
    typical = grouped["value_mean"].cast(pa.float64())
    return pa.table(
        {
            "subject_value": grouped["subject_value"],
            "item": grouped["item"],
            "typical": typical,
        }
    )


@pytest.mark.parametrize(
    ("before", "path", "kind"),
    [
        ("statistics/2026Q2-energy.csv", "statistics/2026Q1-energy.csv", "coal_thousandfold"),
        ("grid/2026Q2-power.csv", "grid/2026Q1-power.csv", "kwh_declared_as_mwh"),
    ],
)
def test_slips_of_unit_are_held_back_once_history_is_known(made, arrived, before, path, kind):
    context = tables.Context(today=TODAY, history=usual_month(arrived, before))
    result = checked(made, path, "energy", context)
    errors = json.loads((made.out / "truth.json").read_text(encoding="utf-8"))["errors"]
    planted = {e["uscc"] for e in errors if e["kind"] == kind and e["step"] == path}
    lines = [line for line in result.report.lines() if line.severity == "error"]
    sheet = (made.out / path).read_text(encoding="utf-8-sig").splitlines()
    held = {sheet[line.row - 1].split(",")[0] for line in lines}
    assert 4 == len(planted)
    assert planted == held
