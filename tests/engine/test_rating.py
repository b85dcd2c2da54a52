"""A whole table rated at once: the vectors of the rule set, exactness, climbing, fallbacks."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanma.domain.messages import Problem
from tanma.domain.rating import Scheme, find, grade_of, level_of, neutrality_band
from tanma.domain.rating.scheme import NetNegative
from tanma.engine.rating import neutrality_sql, rate, rate_relation

ZHEJIANG = find("zhejiang-carbon-efficiency")
UK = find("uk-ets-allocation")
T, WAN = 10**9, 10**6
PEERS = [(f"p{i}", "3011", 100 * T, 100 * WAN) for i in range(5)]


def table(rows: Iterable[tuple[Any, ...]], **more: list[Any]) -> pa.Table:
    """Rows of id, group, numerator, denominator; further columns by name."""
    ids, groups, numerators, denominators = (list(column) for column in zip(*rows, strict=True))
    return pa.table(
        {
            "id": ids,
            "group": pa.array(groups, pa.string()),
            "numerator": pa.array(numerators, pa.int64()),
            "denominator": pa.array(denominators, pa.int64()),
            **more,
        }
    )


def by_id(rated: pa.Table) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in rated.to_pylist()}


def amounts(values: list[int | None]) -> pa.Array:
    return pa.array(values, pa.int64())


def test_two_firms_of_one_industry() -> None:
    """A (100 t on 100) and B (300 t on 100): the industry is the ratio of sums, 2.0."""
    rows = [("A", "3011", 100 * T, 100 * WAN), ("B", "3011", 300 * T, 100 * WAN)]
    rated = by_id(rate(table(rows), ZHEJIANG))
    assert (2.0, 0.5, 1) == tuple(rated["A"][c] for c in ("benchmark", "ratio", "grade"))
    assert (2.0, 1.5, 4) == tuple(rated["B"][c] for c in ("benchmark", "ratio", "grade"))
    assert "BENCHMARK_SMALL" in rated["A"]["flags"]


def test_high_carbon_grade_two() -> None:
    """L 2.4 in an industry of 3.2 is 高碳2级."""
    rows = [(f"p{i}", "3011", 3200 * T, 1000 * WAN) for i in range(9)]
    rows += [("own", "3011", 24 * T, 10 * WAN)]
    rated = by_id(rate(table(rows, member=[True] * 9 + [False]), ZHEJIANG))["own"]
    assert (0.75, 2.4, "high", 2) == tuple(
        rated[c] for c in ("ratio", "intensity", "level", "grade")
    )
    assert ["NOT_MEMBER"] == rated["flags"]
    assert rated["rank"] is None


@pytest.mark.parametrize(("grade", "excess"), [(1, 0), (2, 1)])
def test_tie_on_a_cut_off_with_huge_integers(grade: int, excess: int) -> None:
    """K is exactly 0.6, then 0.6 + 2e-18; the products have 38 digits and more."""
    big = 9 * 10**18
    rows = [(f"p{i}", "3011", big, big) for i in range(5)]
    rows += [("own", "3011", big // 10 * 6 + excess, big)]
    rated = by_id(rate(table(rows, member=[True] * 5 + [False]), ZHEJIANG))["own"]
    assert grade == rated["grade"]
    assert 0.6 == rated["ratio"]


@pytest.mark.parametrize(("grade", "excess"), [(1, 0), (2, 1)])
def test_tie_on_a_cut_off_of_provincial_size(grade: int, excess: int) -> None:
    """100 Mt and 100 bn yuan a firm stay inside 128 bits; the tie is as exact."""
    rows = [(f"p{i}", "3011", 10**17, 10**13) for i in range(1000)]
    rows += [("own", "3011", 6 * 10**16 + excess, 10**13)]
    rated = by_id(rate(table(rows, member=[True] * 1000 + [False]), ZHEJIANG))["own"]
    assert grade == rated["grade"]


@pytest.mark.parametrize(("level", "excess"), [("low", 0), ("mid", 1)])
def test_tie_on_a_level_with_huge_integers(level: str, excess: int) -> None:
    own = ("own", "3011", 6 * 10**17 + excess, 10**18)
    rated = rate(table([own]), ZHEJIANG, numerator_scale=18, denominator_scale=18)
    assert [level] == rated["level"].to_pylist()


def test_small_class_climbs_to_its_group_of_industries() -> None:
    rows = [(f"p{i}", "3012", 100 * T, 100 * WAN) for i in range(6)]
    rows += [("own", "3011", 300 * T, 100 * WAN), ("far", "3111", 900 * T, 100 * WAN)]
    rated = by_id(rate(table(rows), ZHEJIANG))
    assert ("group", "301", 7) == tuple(
        rated["own"][c] for c in ("benchmark_level", "benchmark_key", "n")
    )
    assert ["BENCHMARK_CLIMBED"] == rated["own"]["flags"]
    assert ("class", "3012") == (rated["p0"]["benchmark_level"], rated["p0"]["benchmark_key"])
    assert ("all", 8) == (rated["far"]["benchmark_level"], rated["far"]["n"])


def test_dominant_firm_makes_its_industry_climb() -> None:
    """95 % of the value added: five members count as 1.1, the class is no population."""
    rows = [("big", "3011", 2850 * T, 950 * WAN)]
    rows += [(f"p{i}", "3011", 10 * T, 10 * WAN) for i in range(5)]
    rows += [(f"o{i}", "3012", 1000 * T, 1000 * WAN) for i in range(5)]
    rated = by_id(rate(table(rows), ZHEJIANG))
    assert "group" == rated["big"]["benchmark_level"]
    # L 3 against 7,900 t on 6,000: K 2.28 instead of the 1.03 against itself
    assert (pytest.approx(3 * 6000 / 7900), 5) == (rated["big"]["ratio"], rated["big"]["grade"])


def test_dominant_firm_without_wider_industry_is_marked() -> None:
    """Self-inclusion hides it: three times its peers' intensity, yet K 1.03 and grade 3."""
    rows = [("big", "cement", 2850 * T, 950 * WAN)]
    rows += [(f"p{i}", "cement", 10 * T, 10 * WAN) for i in range(5)]
    rated = by_id(rate(table(rows), ZHEJIANG))
    assert 1.03 == round(rated["big"]["ratio"], 2)
    assert 3 == rated["big"]["grade"]
    assert {"DOMINANT", "BENCHMARK_SMALL"} == set(rated["big"]["flags"])
    assert (0.34, 1) == (round(rated["p0"]["ratio"], 2), rated["p0"]["grade"])


def test_label_does_not_climb() -> None:
    rated = by_id(rate(table([("own", "cement", T, WAN), *PEERS]), ZHEJIANG))
    assert ("label", "cement", 1) == tuple(
        rated["own"][c] for c in ("benchmark_level", "benchmark_key", "n")
    )


@pytest.mark.parametrize(
    ("reason", "value_added", "output"),
    [
        ("DENOMINATOR_NOT_POSITIVE", -5 * WAN, 400 * WAN),
        ("DENOMINATOR_NOT_POSITIVE", 0, 400 * WAN),
        ("DENOMINATOR_TINY", 8 * WAN - 1, 400 * WAN),
        ("DENOMINATOR_MISSING", None, 400 * WAN),
    ],
)
def test_fallback_on_output(reason: str, value_added: int | None, output: int) -> None:
    rows = [*PEERS, ("own", "3011", 200 * T, value_added)]
    outputs = amounts([400 * WAN] * 5 + [output])
    rated = by_id(rate(table(rows, fallback_denominator=outputs), ZHEJIANG))["own"]
    assert [reason, "DENOMINATOR_FALLBACK"] == rated["flags"]
    assert ("fallback", 6, None, None) == tuple(
        rated[c] for c in ("basis", "n", "level", "intensity")
    )
    # 200 t against (5 · 100 + 200) ÷ 6 t on equal output
    assert (pytest.approx(200 / (700 / 6)), 4) == (rated["ratio"], rated["grade"])


def test_two_percent_of_output_exactly_is_enough() -> None:
    outputs = amounts([400 * WAN])
    own = rate(table([("own", "3011", T, 8 * WAN)], fallback_denominator=outputs), ZHEJIANG)
    assert ["main"] == own["basis"].to_pylist()


@pytest.mark.parametrize(
    ("flags", "emission", "value_added", "output"),
    [
        (["NUMERATOR_MISSING", "UNRATED"], None, 5, 5),
        (["DENOMINATOR_NOT_POSITIVE", "UNRATED"], 5, 0, None),
        (["DENOMINATOR_NOT_POSITIVE", "UNRATED"], 5, -1, 0),
        (["DENOMINATOR_MISSING", "UNRATED"], -5, None, None),
    ],
)
def test_not_rated(
    flags: list[str], emission: int | None, value_added: int | None, output: int | None
) -> None:
    rows = [*PEERS, ("own", "3011", emission, value_added)]
    outputs = amounts([None] * 5 + [output])
    rated = by_id(rate(table(rows, fallback_denominator=outputs), ZHEJIANG))
    assert (None, None, None) == tuple(rated["own"][c] for c in ("grade", "level", "ratio"))
    assert flags == rated["own"]["flags"]
    assert 5 == rated["p0"]["n"]


def test_net_negative_is_grade_one_low() -> None:
    rated = by_id(rate(table([*PEERS, ("own", "3011", -1, WAN)]), ZHEJIANG))["own"]
    assert (1, "low", ["NET_NEGATIVE"]) == (rated["grade"], rated["level"], rated["flags"])


def test_no_population_still_has_a_level() -> None:
    rated = rate(table([("own", None, T, WAN)]), ZHEJIANG).to_pylist()[0]
    assert (None, "mid", ["NO_BENCHMARK"]) == (rated["grade"], rated["level"], rated["flags"])


def test_sums_are_exact_beyond_sixty_four_bits() -> None:
    rows = [(f"p{i}", "3011", 9 * 10**18 + i, 10**18) for i in range(7)]
    rated = rate(table(rows), ZHEJIANG).to_pylist()[0]
    assert 63 * 10**18 + 21 == int(rated["sum_numerator"])
    assert 7 * 10**18 == int(rated["sum_denominator"])
    assert 7.0 == rated["n_eff"]


def test_texts_of_a_scheme_are_no_sql() -> None:
    """A draft may hold anything: quotes in ids and pattern are letters, not the end of a text."""
    own = replace(
        ZHEJIANG,
        population=replace(
            ZHEJIANG.population,
            industry_pattern="[0-9]{4}|'\\) OR \\('x'='x",
            levels=tuple(replace(lv, id=f"{lv.id}'") for lv in ZHEJIANG.population.levels),
            rank_level="class'",
        ),
        intensity=replace(
            ZHEJIANG.intensity,
            bands=tuple(replace(b, id=f"{b.id}'\"") for b in ZHEJIANG.intensity.bands),
        ),
        net_negative=NetNegative("1", "low'\""),
    )
    rows = [*PEERS, ("label", "cement", T, WAN), ("below", "3011", -1, WAN)]
    plain, quoted = by_id(rate(table(rows), ZHEJIANG)), by_id(rate(table(rows), own))
    for name, row in plain.items():
        level = row["benchmark_level"] + ("'" if row["benchmark_level"] != "label" else "")
        assert row | {"level": f"{row['level']}'\"", "benchmark_level": level} == quoted[name]


def test_a_pattern_that_only_python_reads_is_told() -> None:
    own = replace(ZHEJIANG.population, industry_pattern="(?=3)[0-9]{4}")
    with pytest.raises(Problem) as caught:
        rate(table(PEERS), replace(ZHEJIANG, population=own))
    assert "rating_pattern_unusable" == caught.value.code
    assert "不用前瞻" in caught.value.text("zh")
    assert "invalid perl operator: (?=" in caught.value.text("en")


def test_rank_and_gap_within_the_class() -> None:
    rows = [(f"p{i}", "3011", (1 + i) * T, WAN) for i in range(4)]
    rows += [("tie", "3011", 2 * T, WAN), ("other", "3012", T, 10 * WAN)]
    rated = by_id(rate(table(rows), ZHEJIANG))
    assert [1, 2, 4, 5, 2, 1] == [rated[i]["rank"] for i, *_ in rows]
    assert (5, 2.0) == (rated["p2"]["ranked"], rated["p2"]["gap_to_best"])


def test_periods_are_compared_apart() -> None:
    rows = [(f"p{i}", "3011", 100 * T, 100 * WAN) for i in range(5)]
    later = [(f"p{i}", "3011", 50 * T, 100 * WAN) for i in range(5)]
    period = ["2026Q1"] * 5 + ["2026Q2"] * 5
    rated = rate(table([*rows, *later], period=period), ZHEJIANG)
    assert [1.0] * 5 + [0.5] * 5 == rated["benchmark"].to_pylist()
    assert [3] * 10 == rated["grade"].to_pylist()


def test_margins_say_how_far_the_neighbouring_grades_are() -> None:
    rated = by_id(rate(table([*PEERS]), ZHEJIANG))["p0"]
    assert pytest.approx(0.2) == rated["margin_better"]
    assert pytest.approx(0.2) == rated["margin_worse"]
    assert min(rated["margin_better"], rated["margin_worse"]) == rated["margin"]


def test_weights_count_a_firm_as_often() -> None:
    rows = [("A", "x", 100 * T, 100 * WAN), ("B", "x", 300 * T, 100 * WAN)]
    weighted = by_id(rate(table(rows, weight=amounts([3, 1])), ZHEJIANG))
    repeated = [("B", *rows[1][1:]), *((f"A{i}", *rows[0][1:]) for i in range(3))]
    assert 1.5 == weighted["A"]["benchmark"]
    assert 1.5 == by_id(rate(table(repeated), ZHEJIANG))["B"]["benchmark"]


def test_weight_too_large_is_told() -> None:
    rows = [("A", "x", 10**18, 10**18)]
    with pytest.raises(Problem) as caught:
        rate(table(rows, weight=amounts([100])), ZHEJIANG)
    assert "rating_too_large" == caught.value.code
    assert "64 位整数" in caught.value.text("zh")
    assert "64-bit" in caught.value.text("en")


def test_missing_column_is_told() -> None:
    with pytest.raises(Problem) as caught:
        rate(pa.table({"id": ["A"]}), ZHEJIANG)
    assert "group, numerator, denominator" == caught.value.params["missing"]


@pytest.mark.parametrize("column", ["numerator", "denominator"])
def test_floating_amounts_are_refused_not_rounded(column: str) -> None:
    given = table([("A", "x", 1, 1)])
    given = given.set_column(given.column_names.index(column), column, [[0.5]])
    with pytest.raises(Problem) as caught:
        rate(given, ZHEJIANG)
    assert "rating_not_integer" == caught.value.code
    assert f"列 {column} 的类型是 DOUBLE" in caught.value.text("zh")
    assert "expected integer counts" in caught.value.text("en")


def test_amounts_of_any_integer_type() -> None:
    given = pa.table({"id": [1], "group": [3011], "numerator": [None], "denominator": [7]})
    for kind in (pa.int16(), pa.uint64(), pa.decimal128(20, 0)):
        column = pa.array([5]).cast(kind)
        rated = rate(given.set_column(2, "numerator", column), UK).to_pylist()[0]
        assert (5 / 7, "3011") == (rated["intensity"], rated["group"])
    assert ["NUMERATOR_MISSING", "UNRATED"] == rate(given, UK).to_pylist()[0]["flags"]


def test_period_may_be_a_number_and_member_an_integer() -> None:
    given = table([("A", "x", 1, 1), ("B", "x", 3, 1)], period=[2025, 2026], member=[1, 0])
    rated = by_id(rate(given, UK))
    assert ("2025", 3) == (rated["A"]["period"], rated["A"]["grade"])
    assert ["NO_BENCHMARK", "NOT_MEMBER"] == rated["B"]["flags"]


def random_rows(n: int, seed: int = 7) -> list[tuple[Any, ...]]:
    draw = random.Random(seed)
    groups = [f"{draw.randint(13, 16)}{draw.randint(1, 4)}{draw.randint(1, 4)}" for _ in range(30)]
    rows = []
    for i in range(n):
        value_added = int(draw.lognormvariate(7, 1.3) * WAN)
        emission = int(value_added * 1000 * draw.lognormvariate(0, 0.7))
        rows.append((f"e{i}", draw.choice(groups), emission, value_added))
    return rows


@pytest.mark.parametrize(
    ("digest", "scheme"),
    [
        ("a865f377f8cf1844c4b2e5acc41dc2d8bbf5be35e788cc88c163b0055b4e4310", ZHEJIANG),
        ("35c23c983d1b5b6896c300f778a613fa693a7a7ee47da5bb3318854621c29e14", UK),
    ],
    ids=["code", "allocation"],
)
def test_what_an_edition_gives_stays_the_same_to_the_last_byte(digest: str, scheme: Scheme) -> None:
    """Taken before schemes could shrink or name a base; neither option is on here."""
    rows = random_rows(3000)
    outputs = amounts([row[3] * (4 if i % 7 else 60) for i, row in enumerate(rows)])
    given = table(rows, member=[i % 9 > 0 for i in range(3000)], fallback_denominator=outputs)
    rated = rate(given, replace(scheme, base=None)).to_pylist()
    assert digest == hashlib.sha256(json.dumps(rated, default=str).encode()).hexdigest()


def test_order_and_threads_do_not_matter() -> None:
    rows = random_rows(5000)
    shuffled = random.Random(3).sample(rows, len(rows))
    assert by_id(rate(table(rows), ZHEJIANG)) == by_id(rate(table(shuffled), ZHEJIANG))
    results = []
    for threads in (1, 4):
        with duckdb.connect(config={"threads": threads}) as con:
            con.register("enterprises", table(rows))
            rate_relation(con, "enterprises", ZHEJIANG, into="grades")
            results.append(con.sql("SELECT * FROM grades ORDER BY id").fetchall())
    assert results[0] == results[1]


def test_result_keeps_the_order_of_the_input_and_leaves_nothing_behind() -> None:
    rows = random_rows(3000)
    assert [row[0] for row in rows] == rate(table(rows), ZHEJIANG)["id"].to_pylist()
    with duckdb.connect() as con:
        con.register("enterprises", table(rows))
        rate_relation(con, "enterprises", ZHEJIANG, into="grades")
        tables = [name for (name,) in con.execute("SHOW TABLES").fetchall()]
        assert {"enterprises", "grades"} == set(tables)


firm = st.tuples(
    st.sampled_from(["3011", "3012", "301", "cement"]),
    st.integers(-(10**3), 2**63 - 1),
    st.integers(1, 2**63 - 1),
)


@settings(max_examples=25)
@given(st.lists(firm, min_size=1, max_size=12))
def test_columns_and_scalars_agree_for_any_integers(firms: list[tuple[str, int, int]]) -> None:
    """The set-based reading and the scalar functions give one level and one grade."""
    rated = rate(table([(str(i), *firm) for i, firm in enumerate(firms)]), ZHEJIANG)
    for (_, e, d), row in zip(firms, rated.to_pylist(), strict=True):
        assert level_of(e, d, ZHEJIANG).id == row["level"]
        if row["sum_numerator"] is None:
            assert (None if e >= 0 else 1) == row["grade"]
            continue
        sums = int(row["sum_numerator"]), int(row["sum_denominator"])
        assert grade_of(e, d, *sums, ZHEJIANG) == row["grade"]


@given(st.lists(st.tuples(st.integers(0, 10**18), st.integers(-5, 10**18)), min_size=1))
def test_neutrality_marks_agree_with_the_scalar(amounts: list[tuple[int, int]]) -> None:
    pairs = [*amounts, (1, 5), (2, 10), (4, 5), (5, 5), (0, 5), (0, 0)]
    values = ", ".join(f"({offset}, {gross})" for offset, gross in pairs)
    sql = neutrality_sql("o", "g", ZHEJIANG)
    found = duckdb.execute(f"SELECT {sql} FROM (VALUES {values}) t(o, g)").fetchall()
    marks = [neutrality_band(offset, gross, ZHEJIANG) for offset, gross in pairs]
    assert [mark and mark.id for mark in marks] == [mark for (mark,) in found]


def test_no_neutrality_mark_without_a_rule() -> None:
    assert "NULL::VARCHAR" == neutrality_sql("o", "g", UK)


def test_foreign_scheme_compares_a_single_group() -> None:
    rows = [(str(i), "2023", e, a) for i, (e, a) in enumerate([(50, 100), (150, 100), (7, 0)])]
    rated = by_id(rate(table(rows), UK))
    assert ("label", "2023", 2) == tuple(
        rated["0"][c] for c in ("benchmark_level", "benchmark_key", "n")
    )
    assert [("covered", 1), ("short", 4), (None, None)] == [
        (rated[i]["level"], rated[i]["grade"]) for i in ("0", "1", "2")
    ]
    assert ["DENOMINATOR_NOT_POSITIVE", "UNRATED"] == rated["2"]["flags"]
