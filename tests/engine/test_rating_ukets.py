"""Real data: verified emissions against free allocation of UK ETS installations, 2021-2024."""

from __future__ import annotations

import csv
import os
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa
import pytest

from tanma.domain.rating import find, grade_of, level_of
from tanma.engine.rating import rate

SCHEME = find("uk-ets-allocation")


@pytest.fixture(scope="module")
def joined() -> pa.Table:
    """Installation-years with both figures; the year is the period, all form one group."""
    root = os.environ.get("TANMA_DATA")
    if not root:
        pytest.skip("TANMA_DATA is not set: it names the folder that holds ukets_installations/")
    folder = Path(root) / "ukets_installations"
    verified = read(folder / "verified_emissions.csv", "verified_tco2e")
    allocated = read(folder / "free_allocation.csv", "free_allowances")
    keys = sorted(verified.keys() & allocated.keys())
    return pa.table(
        {
            "id": [key[0] for key in keys],
            "period": [key[1] for key in keys],
            "group": ["UK"] * len(keys),
            "numerator": pa.array([verified[key] for key in keys], pa.int64()),
            "denominator": pa.array([allocated[key] for key in keys], pa.int64()),
        }
    )


def read(file: Path, column: str) -> dict[tuple[str, str], int]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {(row["installation_id"], row["year"]): int(row[column]) for row in rows}


@pytest.fixture(scope="module")
def rows(joined: pa.Table) -> list[dict[str, Any]]:
    return rate(joined, SCHEME).to_pylist()


def test_installation_years_with_both_figures(rows: list[dict[str, Any]]) -> None:
    assert 1789 == sum(row["basis"] == "main" for row in rows)
    unrated = [row for row in rows if row["basis"] is None]
    assert all("DENOMINATOR_NOT_POSITIVE" in row["flags"] for row in unrated)
    assert unrated


def test_median_ratios_by_year(rows: list[dict[str, Any]]) -> None:
    medians = {
        year: round(median(r["intensity"] for r in rows if r["period"] == year and r["basis"]), 1)
        for year in ("2021", "2022", "2023", "2024")
    }
    assert {"2021": 2.6, "2022": 2.7, "2023": 2.5, "2024": 2.3} == medians


def test_benchmark_is_the_ratio_of_sums_of_the_year(
    joined: pa.Table, rows: list[dict[str, Any]]
) -> None:
    given = [r for r in joined.to_pylist() if r["period"] == "2023" and r["denominator"] > 0]
    sums = [sum(row[name] for row in given) for name in ("numerator", "denominator")]
    row = next(r for r in rows if r["period"] == "2023" and r["basis"])
    assert sums == [int(row["sum_numerator"]), int(row["sum_denominator"])]
    assert len(given) == row["n"]
    assert float(Fraction(*sums)) == row["benchmark"]


def test_every_row_agrees_with_the_scalar_functions(
    joined: pa.Table, rows: list[dict[str, Any]]
) -> None:
    for given, row in zip(joined.to_pylist(), rows, strict=True):
        if row["basis"] is None:
            assert (None, None) == (row["level"], row["grade"])
            continue
        own = given["numerator"], given["denominator"]
        sums = int(row["sum_numerator"]), int(row["sum_denominator"])
        assert level_of(*own, SCHEME).id == row["level"]
        assert grade_of(*own, *sums, SCHEME) == row["grade"]
    assert {1, 2, 3, 4, 5} == {row["grade"] for row in rows if row["grade"]}
