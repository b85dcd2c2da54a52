"""Formulas of virtual meters: read safely, exact, never in a circle."""

from __future__ import annotations

from fractions import Fraction

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanma.domain.messages import Problem
from tanma.engine.metering.virtual import Call, expand, of_meters, parse, reached, read


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("[A]", {"[A]": 1}),
        ("[总表] - [出口]", {"[总表]": 1, "[出口]": -1}),
        ('"A b" + #12', {"[A b]": 1, "#12": 1}),
        ("0.5 * ([A] - 2 × [B]) + [B]", {"[A]": Fraction(1, 2)}),
        ("-(-[A]) * 1.5", {"[A]": Fraction(3, 2)}),
        ("[A] + [A]", {"[A]": 2}),
    ],
)
def test_a_formula_is_a_sum_of_meters_times_constants(
    formula: str, expected: dict[str, Fraction]
) -> None:
    assert expected == parse(formula)


@pytest.mark.parametrize(
    ("formula", "place", "found"),
    [
        ("[A] + ", 7, ""),
        ("[A] ? [B]", 5, "?"),
        ("([A]", 5, ""),
        ("[A] [B]", 6, "B"),
        ("__import__('os')", 1, "_"),
        ("(" * 60 + "[A]", 52, "("),
    ],
)
def test_what_is_no_formula_is_refused_with_its_place(formula: str, place: int, found: str) -> None:
    with pytest.raises(Problem) as problem:
        parse(formula)
    assert "formula_syntax" == problem.value.code
    assert (place, found) == (problem.value.params["place"], problem.value.params["found"])
    assert f"第 {place} 个字符" in problem.value.text("zh")
    assert f"character {place}" in problem.value.text("en")


@pytest.mark.parametrize("formula", ["[A] * [B]", "[A] + 5", "5", "[A] - [A]"])
def test_only_sums_of_meters_are_formulas(formula: str) -> None:
    with pytest.raises(Problem) as problem:
        parse(formula)
    assert "formula_not_linear" == problem.value.code
    assert "相乘" in problem.value.text("zh")
    assert "Rewrite" in problem.value.text("en")


def number(_: int, reference: str) -> int | None:
    return int(reference[1:]) if reference.startswith("#") else None


def test_virtual_meters_may_stand_on_virtual_meters() -> None:
    done, wrong = expand({10: "#11 - 0.5 * #1", 11: "2 * #1 + #2"}, number)
    assert ({}, {1: Fraction(3, 2), 2: Fraction(1)}) == (wrong, done[10])


def test_a_circle_is_refused_with_its_members_and_hurts_nobody_else() -> None:
    done, wrong = expand({10: "#11", 11: "#12 + #1", 12: "#10", 13: "#1"}, number)
    assert {10, 11, 12} == set(wrong)
    assert "#10 → #11 → #12 → #10" in wrong[10].text("zh")
    assert "#10 → #11 → #12 → #10" in wrong[10].text("en")
    assert {13: {1: Fraction(1)}} == done


def test_a_meter_that_nobody_registered_is_named() -> None:
    _, wrong = expand({10: "[nobody] + #1"}, number)
    assert "formula_meter" == wrong[10].code
    assert ("[nobody]" in wrong[10].text("zh"), "[nobody]" in wrong[10].text("en")) == (True, True)


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(-9, 9)), min_size=1, max_size=6))
def test_constants_add_up(terms: list[tuple[str, int]]) -> None:
    expected: dict[str, Fraction] = {}
    for name, factor in terms:
        expected[f"[{name}]"] = expected.get(f"[{name}]", Fraction(0)) + factor
    expected = {name: factor for name, factor in expected.items() if factor}
    formula = " + ".join(f"({factor}) * [{name}]" for name, factor in terms)
    if expected:
        assert expected == parse(formula)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("standard_gas([A], [B], [C])", Call("standard_gas", ("[A]", "[B]", "[C]"))),
        (
            " standard_gas(#1, #2 + 101.30, #3, 0.95) ",
            Call("standard_gas", ("#1", "#2", "#3"), Fraction("101.3"), Fraction("0.95")),
        ),
        ("steam_heat(#1, [p], #3)", Call("steam_heat", ("#1", "[p]", "#3"))),
    ],
)
def test_a_call_names_an_amount_a_pressure_and_a_temperature(formula: str, expected: Call) -> None:
    assert expected == read(formula)
    assert expected == read(expected.text())


@pytest.mark.parametrize(
    ("formula", "place"),
    [
        ("standard_gas([A], [B])", 22),
        ("steam_heat([A], [B], [C], 0.9)", 25),
        ("2 * steam_heat([A], [B], [C])", 5),
        ("steam_heat([A], [B], [C]) + [D]", 27),
        ("standard_gas([A] + 1, [B], [C])", 18),
        ("steam_heat(5, [B], [C])", 12),
    ],
)
def test_a_call_of_another_shape_is_refused_with_its_place(formula: str, place: int) -> None:
    with pytest.raises(Problem) as problem:
        read(formula)
    assert "formula_syntax" == problem.value.code
    assert place == problem.value.params["place"]
    assert f"第 {place} 个字符" in problem.value.text("zh")
    assert f"character {place}" in problem.value.text("en")


def table(*rows: tuple[int, str, str, str | None]) -> pa.Table:
    """(channel, meter, item, formula)"""
    columns = ("channel", "meter", "item", "formula")
    return pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in rows])


GAS = (
    (1, "a", "gas.working", None), (2, "a", "state.pressure.gauge", None),
    (3, "a", "state.temperature", None), (4, "a", "state.pressure", None),
)  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "code", "zh", "en"),
    [
        ("standard_gas(#1, #2, #3)", "formula_pressure",
         "“压力（表压）”：表压须加", "gauge pressure"),
        ("standard_gas(#1, #4 + 101, #3)", "formula_pressure", "不得再加", "absolute one"),
        ("standard_gas(#1, #4, #2)", "formula_part", "#2", "#2"),
        ("steam_heat(#1, #4, #3)", "formula_part", "（蒸汽质量）", "(Mass of steam)"),
        ("standard_gas([nobody], #4, #3)", "formula_part", "[nobody]", "[nobody]"),
        ("standard_gas(#1, [A] + 101, #3)", "formula_part", "[A]", "[A]"),
    ],
)
def test_a_call_needs_the_right_quantities(formula: str, code: str, zh: str, en: str) -> None:
    _, wrong = of_meters(table(*GAS, (9, "v", "gas.standard", formula)), {"A": "a"})
    assert code == wrong[9].code
    assert (True, True) == (zh in wrong[9].text("zh"), en in wrong[9].text("en"))


def test_what_is_met_on_the_way_down_a_formula() -> None:
    met = reached(
        table(*GAS, (7, "u", "gas.standard", "0.5 * [V] + #3"),
              (9, "v", "gas.standard", "standard_gas([A], #4, [A])"),
              (10, "w", "gas.standard", "oops"), (11, "x", "gas.standard", "#11 + #10")),
        {"A": "a", "V": "v"},
    )  # fmt: skip
    assert {7: {1, 3, 4, 9}, 9: {1, 3, 4}, 10: set(), 11: {10}} == met
