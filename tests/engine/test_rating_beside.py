"""Shadow grade and probabilities: they stand beside the grade and never change it."""

from __future__ import annotations

import math
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from tanma.domain.rating import find
from tanma.engine.rating import rate
from tanma.engine.rating_beside import normal_cdf

ZHEJIANG = find("zhejiang-carbon-efficiency")
T, WAN = 10**9, 10**6


def rated(rows: list[tuple[str, str, int, int]], **more: list[Any]) -> dict[str, dict[str, Any]]:
    names = ("id", "group", "numerator", "denominator")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    return {row["id"]: row for row in rate(pa.table(columns | more), ZHEJIANG).to_pylist()}


def test_distribution_function_agrees_with_the_library() -> None:
    for z in (-6.0, -2.5, -1.0, -0.25, 0.0, 0.1674, 0.7, 1.96, 4.0):
        row = duckdb.execute(f"SELECT {normal_cdf('z')} FROM (SELECT {z}::DOUBLE AS z)").fetchone()
        assert row is not None
        assert row[0] == pytest.approx((1 + math.erf(z / math.sqrt(2))) / 2, abs=2e-7)


@pytest.mark.parametrize(("grade", "probability", "ratio"), [(2, 0.60, 790), (3, 0.57, 1190)])
def test_probability_near_a_cut_off(grade: int, probability: float, ratio: int) -> None:
    """5 % of uncertainty leaves a firm at K 0.79 in grade 2 with 60 %, at 1.19 in 3 with 57 %."""
    rows = [(f"p{i}", "3011", 1000 * T, 1000 * WAN) for i in range(5)]
    rows += [("own", "3011", ratio * T, 1000 * WAN)]
    own = rated(rows, member=[True] * 5 + [False], uncertainty=[None] * 5 + [0.05])["own"]
    assert (grade, probability) == (own["grade"], round(own["probability"], 2))
    assert pytest.approx(1) == sum(own["probabilities"])
    assert "BORDERLINE" in own["flags"]


def test_no_probability_without_uncertainty() -> None:
    rows = [(f"p{i}", "3011", T, WAN) for i in range(5)]
    found = rated(rows, uncertainty=[None, 0.0, 0.01, 0.01, 0.01])
    assert [None, None] == [found[i]["probability"] for i in ("p0", "p1")]
    assert pytest.approx(1) == found["p2"]["probability"]
    assert rated(rows)["p0"]["probabilities"] is None


def test_dominant_firm_is_compared_with_the_others() -> None:
    """95 % of value added at three times the intensity: 1.03 becomes 3.0, grade 5."""
    rows = [("big", "cement", 2850 * T, 950 * WAN)]
    rows += [(f"p{i}", "cement", 10 * T, 10 * WAN) for i in range(5)]
    big = rated(rows)["big"]
    assert (3, 5) == (big["grade"], big["shadow_grade"])
    assert pytest.approx(3.0) == big["shadow_ratio"]


def test_half_of_the_industry_is_dominant_too() -> None:
    rows = [("big", "cement", 150 * T, 50 * WAN)]
    rows += [(f"p{i}", "cement", 10 * T, 10 * WAN) for i in range(5)]
    big = rated(rows)["big"]
    assert (pytest.approx(1.5), pytest.approx(3.0)) == (big["ratio"], big["shadow_ratio"])


def test_unit_error_does_not_move_the_shadow_benchmark() -> None:
    """One record a hundred times too high makes all peers look excellent; the shadow does not."""
    rows = [(f"p{i}", "3011", (90 + i) * T, 100 * WAN) for i in range(20)]
    rows += [("slip", "3011", 10_000 * T, 100 * WAN)]
    found = rated(rows)
    assert (1, 3) == (found["p9"]["grade"], found["p9"]["shadow_grade"])
    assert ["OUTLIER"] == found["slip"]["flags"]
    assert 5 == found["slip"]["shadow_grade"]
    assert "OUTLIER" not in found["p9"]["flags"]
    assert pytest.approx(99 * 20 / sum(range(90, 110))) == found["p9"]["shadow_ratio"]


def test_equal_members_are_no_outliers_of_one_another() -> None:
    rows = [(f"p{i}", "3011", 100 * T, 100 * WAN) for i in range(9)]
    found = rated([*rows, ("own", "3011", 101 * T, 100 * WAN)])
    assert [] == found["own"]["flags"]
    assert 3 == found["own"]["shadow_grade"]


@pytest.mark.parametrize(("shadow", "excess"), [(1, 0), (2, 1)])
def test_shadow_grade_is_exact_for_huge_integers(shadow: int, excess: int) -> None:
    big = 9 * 10**18
    rows = [(f"p{i}", "3011", big, big) for i in range(6)]
    rows += [("own", "3011", big // 10 * 6 + excess, big)]
    assert shadow == rated(rows, member=[True] * 6 + [False])["own"]["shadow_grade"]


def test_alone_there_is_no_shadow() -> None:
    own = rated([("own", "cement", T, WAN)])["own"]
    assert (3, None, None) == (own["grade"], own["shadow_grade"], own["shadow_ratio"])
