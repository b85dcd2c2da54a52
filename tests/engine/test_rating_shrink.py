"""Small industries that shrink: columns against hand-made vectors and a reading in plain Python."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from fractions import Fraction
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from tanma.domain.rating import Scheme, find, grade_of
from tanma.domain.rating.benchmark import Aggregate, choose
from tanma.domain.rating.scheme import Shrink
from tanma.domain.rating.shrink import Spread, blend, k_of
from tanma.engine.rating import rate, rate_relation

ZHEJIANG = replace(find("zhejiang-carbon-efficiency"), base=None)
T, WAN = 10**9, 10**6
MADE_OF = ("own_level", "own_key", "own_n", "own_n_eff", "shrink_weight", "shrink_k")


def shrinking(k: int | None = None, fallback: int = 2) -> Scheme:
    rule = Shrink("proposed", Fraction(fallback), None if k is None else Fraction(k))
    return replace(ZHEJIANG, population=replace(ZHEJIANG.population, shrink=rule))


def rated(scheme: Scheme, rows: list[tuple[Any, ...]], **more: list[Any]) -> dict[str, Any]:
    names = ("id", "group", "numerator", "denominator")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    return {row["id"]: row for row in rate(pa.table(columns | more), scheme).to_pylist()}


# One firm of class 3011 with L 1.0; with the six of 3012 the group 301 has 11,200 t on 700: 16.0.
OWN = ("own", "3011", 100 * T, 100 * WAN)
OTHERS = [(f"o{i}", "3012", 1850 * T, 100 * WAN) for i in range(6)]


def test_a_single_firm_keeps_half_of_its_own_average():
    """w = 1 ÷ (1 + 1): B = √(1 · 16) = 4, so K is 0.25 where climbing alone gives 1/16."""
    found = rated(shrinking(1), [OWN, *OTHERS])
    own, other = found["own"], found["o0"]
    assert (4.0, 0.25, 1) == (own["benchmark"], own["ratio"], own["grade"])
    assert ("class", "3011", 1, 1.0, "0.500000", "1.0000") == tuple(own[c] for c in MADE_OF)
    assert ("group", "301", 7) == (own["benchmark_level"], own["benchmark_key"], own["n"])
    assert ["BENCHMARK_SHRUNK"] == own["flags"]
    assert [None] * 6 == [other[c] for c in MADE_OF]
    assert (18.5, []) == (other["benchmark"], other["flags"])
    assert 1 / 16 == rated(ZHEJIANG, [OWN, *OTHERS])["own"]["ratio"]


@pytest.mark.parametrize(("grade", "excess"), [(1, 0), (2, 1)])
def test_a_tie_on_a_cut_off_is_exact(grade: int, excess: int):
    """L 2.4 t on an average of 4 is K 0.6; one milligram more is above."""
    guest = ("guest", "3011", 240 * T + excess, 100 * WAN)
    members = [True] * 7 + [False]
    own = rated(shrinking(1), [OWN, *OTHERS, guest], member=members)["guest"]
    assert (grade, 0.6) == (own["grade"], round(own["ratio"], 9))


def test_an_industry_without_members_climbs_to_the_closest_and_shrinks_from_there():
    """3021 has no member: the group 302 is the closest average there is, too small, and keeps w."""
    rows = [("a", "3022", 100 * T, 100 * WAN), *OTHERS, ("guest", "3021", T, WAN)]
    found = rated(shrinking(1), rows, member=[True] * 7 + [False])["guest"]
    assert ("group", "302", 1) == tuple(found[c] for c in MADE_OF[:3])
    assert ("division", "30") == (found["benchmark_level"], found["benchmark_key"])


def test_without_a_wider_population_nothing_is_shrunk():
    alone = rated(shrinking(1), [("own", "cement", T, WAN)])["own"]
    assert (["BENCHMARK_SMALL", "DOMINANT"], None) == (alone["flags"], alone["shrink_weight"])


def test_too_few_everywhere_is_shrunk_toward_the_widest_and_says_both():
    found = rated(shrinking(1), [OWN, ("far", "4411", 1600 * T, 100 * WAN)])["own"]
    assert {"BENCHMARK_SHRUNK", "BENCHMARK_SMALL", "DOMINANT"} == set(found["flags"])
    assert ("all", 2) == (found["benchmark_level"], found["n"])


def test_few_members_leave_the_fallback():
    assert "2.0000" == rated(shrinking(), [OWN, *OTHERS])["own"]["shrink_k"]


def test_where_industries_do_not_differ_small_ones_climb():
    rows = [(f"{g}{i}", g, (1, 4)[i % 2] * T, WAN) for g in ("3012", "3013") for i in range(20)]
    own = rated(shrinking(), [*rows, ("own", "3011", 2 * T, WAN)])["own"]
    assert (["BENCHMARK_CLIMBED"], None) == (own["flags"], own["shrink_k"])
    assert (
        own["benchmark"]
        == rated(ZHEJIANG, [*rows, ("own", "3011", 2 * T, WAN)])["own"]["benchmark"]
    )


def test_k_is_that_of_each_period():
    rows = [*mixed(400), *[(f"x{i}", "3011", T, WAN) for i in range(3)], ("y", "3012", 9 * T, WAN)]
    periods = ["2025"] * 400 + ["2026"] * 4
    found = rated(shrinking(fallback=7), rows, period=periods).values()
    told = {(row["period"], row["shrink_k"]) for row in found if row["shrink_k"]}
    assert ("2026", "7.0000") in told
    assert [("2025", False)] == [(p, k == "7.0000") for p, k in told if p == "2025"]


def test_firms_compared_by_output_shrink_too():
    """The weight is that of the output of the industry; k is the one of the period."""
    rows = [OWN, *OTHERS, ("own2", "3011", 50 * T, None)]
    outputs = pa.array([400 * WAN] * 7 + [200 * WAN], pa.int64())
    own = rated(shrinking(1), rows, fallback_denominator=outputs)["own2"]
    # two firms of 400 and 200: n_eff = 600² ÷ (400² + 200²) = 1.8
    assert ("fallback", 2, 1.8) == (own["basis"], own["own_n"], own["own_n_eff"])
    assert f"{1.8 / 2.8:.6f}" == own["shrink_weight"]


def test_a_shrunk_row_has_no_probability_and_the_others_keep_theirs():
    more = {"uncertainty": [0.05] * 7}
    shrunk, plain = (
        rated(shrinking(1), [OWN, *OTHERS], **more),
        rated(ZHEJIANG, [OWN, *OTHERS], **more),
    )
    assert (None, None) == (shrunk["own"]["probability"], shrunk["own"]["probabilities"])
    assert plain["o0"]["probabilities"] == shrunk["o0"]["probabilities"]
    assert plain["own"]["shadow_grade"] == shrunk["own"]["shadow_grade"]


def mixed(n: int, seed: int = 11) -> list[tuple[Any, ...]]:
    """Industries of every size from one member on, which differ among each other."""
    draw = random.Random(seed)
    groups = [f"{a}{b}{c}" for a in range(13, 18) for b in range(1, 4) for c in range(1, 5)]
    lift = {g: draw.lognormvariate(0, 0.5) for g in groups}
    rows = []
    for i in range(n):
        group = groups[int(len(groups) * draw.random() ** 3)]
        money = int(draw.lognormvariate(7, 1.3) * WAN)
        rows.append((f"e{i}", group, int(money * 1000 * lift[group] * draw.lognormvariate(0, 0.7)),
                     money))  # fmt: skip
    return rows


def in_python(rows: list[tuple[Any, ...]], scheme: Scheme) -> dict[str, tuple[Any, ...]]:
    """The same rating once more from the definition: every member, no SQL."""
    population, sums, spreads = scheme.population, {}, {}
    assert population.shrink is not None
    for _, group, e, d in rows:
        for place in population.candidates(group):
            n, se, sd, sq = sums.get(place, (0, 0, 0, 0))
            sums[place] = (n + 1, se + e, sd + d, sq + d * d)
        y = round(math.log(e / d) * 10**6)
        n, total, squares = spreads.get(group, (0, 0, 0))
        spreads[group] = (n + 1, total + y, squares + y * y)
    k = k_of(population.shrink, [Spread(*told) for told in spreads.values()])
    found = {}
    for name, group, e, d in rows:
        made = [Aggregate(*p, *sums[p]) for p in population.candidates(group)]
        choice = choose(made, population.min_n, population.min_neff)
        wide = choice.aggregate
        pair = (wide.sum_numerator, wide.sum_denominator)
        weight = None
        if choice.own is not None:
            mean = blend(choice.own, wide, k)
            pair, weight = (mean.numerator, mean.denominator), f"{float(mean.weight):.6f}"
        found[name] = (*pair, weight, grade_of(e, d, *pair, scheme))
    return found


@pytest.mark.parametrize("k", [None, 3])
def test_columns_and_the_definition_in_python_agree_to_the_last_digit(k: int | None):
    rows, scheme = mixed(2500), shrinking(k)
    found = {
        name: (int(r["sum_numerator"]), int(r["sum_denominator"]), r["shrink_weight"], r["grade"])
        for name, r in rated(scheme, rows).items()
    }
    assert in_python(rows, scheme) == found
    assert 20 < sum(weight is not None for *_, weight, _ in found.values()) < 2000


def test_order_and_threads_do_not_matter():
    rows = mixed(2500)
    shuffled = random.Random(3).sample(rows, len(rows))
    assert rated(shrinking(), rows) == rated(shrinking(), shuffled)
    results = []
    names = ("id", "group", "numerator", "denominator")
    table = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    for threads in (1, 4):
        with duckdb.connect(config={"threads": threads}) as con:
            con.register("enterprises", table)
            rate_relation(con, "enterprises", shrinking(), into="grades")
            results.append(con.sql("SELECT * FROM grades ORDER BY id").fetchall())
    assert results[0] == results[1]
