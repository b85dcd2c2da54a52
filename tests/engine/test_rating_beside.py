"""Shadow grade and probabilities: they stand beside the grade and never change it."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from tanma.domain.rating import Scheme, find
from tanma.domain.rating.scheme import Base
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


def test_members_errors_move_the_average_and_a_member_partly_moves_it_with_itself() -> None:
    """Of six equal members each holds a sixth: variance (1 - 2/6 + 6/36) u² = 5/6 u²."""
    rows = [(f"p{i}", "3011", 100 * T, 100 * WAN) for i in range(6)]
    rows += [("own", "3011", 100 * T, 100 * WAN)]
    found = rated(rows, member=[True] * 6 + [False], uncertainty=[0.2] * 7)
    for name, variance in (("p0", 5 / 6 * 0.04), ("own", 7 / 6 * 0.04)):
        sigma = math.sqrt(math.log(1 + variance))
        inside = normal(math.log(1.2) / sigma) - normal(math.log(0.8) / sigma)
        assert found[name]["probability"] == pytest.approx(inside, abs=1e-6)


def normal(z: float) -> float:
    return (1 + math.erf(z / math.sqrt(2))) / 2


def test_many_peers_say_how_far_an_uncertain_ratio_is_to_be_believed() -> None:
    """Ratios between 0.9 and 1.1: a told 1.8 with 40 % of error is likely less."""
    rows = [(f"p{i}", "3011", (90 + i % 21) * T, 100 * WAN) for i in range(63)]
    rows += [("own", "3011", 180 * T, 100 * WAN)]
    members, errors = [True] * 63 + [False], [0.01] * 63 + [0.4]
    many = rated(rows, member=members, uncertainty=errors)["own"]
    few = rated(rows[:20] + rows[-1:], member=members[-21:], uncertainty=errors[-21:])["own"]
    assert (4, 4) == (many["grade"], few["grade"])
    assert sum(few["probabilities"][:3]) < 0.25 < sum(many["probabilities"][:3])


def test_probabilities_do_not_depend_on_the_order_of_rows() -> None:
    rows = [(f"p{i}", "3011", (90 + i) * T, (50 + 7 * i) * WAN) for i in range(60)]
    errors = [0.01 + i / 1000 for i in range(60)]
    there = rated(rows, uncertainty=errors)
    back = rated(rows[::-1], uncertainty=errors[::-1])
    assert all(there[name]["probabilities"] == back[name]["probabilities"] for name in there)


BASE = replace(ZHEJIANG, base=Base("example", "2024", Fraction("0.1")))
HELD = ("base_benchmark", "ratio_frozen", "target_benchmark", "ratio_pathway")


def held(periods: list[str], scheme: Scheme = BASE, **more: list[Any]) -> list[tuple[Any, ...]]:
    """Five firms a period: L is 2.0 in the first period and halves in each that follows."""
    rows = [(f"p{i}", "3011", 200 * T >> at, 100 * WAN) for at in range(len(periods))
            for i in range(5)]  # fmt: skip
    names = ("id", "group", "numerator", "denominator")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    table = pa.table(columns | {"period": [p for p in periods for _ in range(5)]} | more)
    return [(row["ratio"], *(row[c] for c in HELD)) for row in rate(table, scheme).to_pylist()][::5]


def test_ratios_to_the_base_period_show_what_a_moving_average_hides():
    """All halve: K stays 1; against 2024 they are at 0.5, against its path of 1.8 at 1 ÷ 1.8."""
    first, second = held(["2024", "2025"])
    assert (1.0, 2.0, 1.0, 2.0, 1.0) == first
    assert (1.0, 2.0, 0.5, 1.8, pytest.approx(1 / 1.8)) == second


def test_the_base_period_may_go_by_another_name():
    assert [(1.0, 2.0, 0.5, 1.8)] == [row[:4] for row in held(["2024Q4/r4", "2025Q4/r4"])[1:]]


def test_a_name_that_is_no_period_has_no_place_on_the_path():
    assert (1.0, 2.0, 0.5, None, None) == held(["2024", "after"])[1]


@pytest.mark.parametrize("periods", [["2025", "2026"], ["before", "after"], ["", "2025"]])
def test_without_the_base_period_in_the_table_there_is_nothing_to_compare(periods: list[str]):
    assert [(1.0, None, None, None, None)] * 2 == held(periods)


def test_another_group_or_denominator_has_no_base_of_its_own():
    outputs = pa.array([400 * WAN] * 10, pa.int64())
    denominators = pa.array([100 * WAN] * 9 + [0], pa.int64())
    rows = [("a", "3011"), ("b", "3012")] * 5
    table = pa.table(
        {
            "id": [name for name, _ in rows], "group": [group for _, group in rows],
            "period": ["2024"] * 4 + ["2025"] * 6, "numerator": pa.array([T] * 10, pa.int64()),
            "denominator": denominators, "fallback_denominator": outputs,
        }
    )  # fmt: skip
    last = rate(table, BASE).to_pylist()[-1]
    assert ("fallback", None) == (last["basis"], last["ratio_frozen"])


def test_a_scheme_without_a_base_adds_no_column():
    table = pa.table({"id": ["a"], "group": ["x"], "numerator": [1], "denominator": [1]})
    assert set() == {*HELD} & {*rate(table, replace(BASE, base=None)).column_names}
