"""Registering quantities, the graph their names make, and posting."""

import duckdb
import pytest

from tanma.domain.messages import Problem
from tanma.domain.quantities import (
    Input,
    Ratio,
    below,
    choose,
    declare,
    find,
    quantity,
    smaller,
    symbol,
)

DESCRIBED = {"source": "S", "evidence": "recalled", "name_zh": "量", "name_en": "quantity"}


def leaf(name, unit="t", kind="activity"):
    declare(Input(name, kind, unit, name.upper(), "入", "in", 0, 10))


@pytest.fixture
def process():
    """Clinker and dust times a factor, the factor itself a formula."""
    for name in ("clinker_t", "dust_t", "lime_fraction"):
        leaf(name)

    @quantity(unit="tCO2/t", symbol="EF", **DESCRIBED)
    def factor(lime_fraction):
        return lime_fraction * Ratio(44, 56)

    @quantity(unit="tCO2", symbol="E", quantum="mg", **DESCRIBED)
    def process_co2(clinker_t, dust_t, factor):
        return (clinker_t + dust_t) * factor

    return process_co2


VALUES = {"clinker_t": 1000, "dust_t": 2.5, "lime_fraction": 0.65}


def test_number_follows_the_names(process):
    assert (1000.0 + 2.5) * (0.65 * (44 / 56)) == process.number(VALUES)
    assert (3.0 + 4.0) * 0.5 == process(3.0, 4.0, 0.5)


def test_a_given_value_replaces_the_formula_of_that_name(process):
    assert 1002.5 * 0.525 == process.number({**VALUES, "factor": 0.525})


def test_missing_propagates(process):
    assert process.number({**VALUES, "lime_fraction": None}) is None
    assert process.number({"clinker_t": 1}) is None
    assert process.posted({}) is None


def test_inputs_and_what_lies_below(process):
    assert process.inputs() == ("clinker_t", "dust_t", "lime_fraction")
    assert [q.id for q in below("process_co2")] == ["process_co2", "factor"]
    assert symbol("factor") == "EF"
    assert (process.name("zh"), process.name("en")) == ("量", "quantity")


def test_written_and_with_values(process):
    assert process.written() == "(CLINKER_T + DUST_T) × EF"
    assert process.with_values({**VALUES, "factor": 0.5}) == "(1,000 + 2.5) × 0.5"
    assert find("factor").written() == "LIME_FRACTION × 44/56"


def sql_row(quantity, columns, row, *, posted=True):
    con = duckdb.connect()
    names = ", ".join(f"?::DOUBLE AS {name}" for name in row)
    expression = quantity.posted_sql(columns) if posted else quantity.sql(columns).text
    query = f"SELECT {expression}, {quantity.flag_sql(columns)} FROM (SELECT {names})"
    return con.execute(query, list(row.values())).fetchone()


def test_sql_gives_the_same_integer(process):
    assert process.posted(VALUES) == sql_row(process, {}, VALUES)[0]


def test_sql_reads_other_columns_and_given_quantities(process):
    row = {"activity": 3.0, "dust_t": 1.0, "ef": 0.5}
    columns = {"clinker_t": "activity", "factor": "ef"}
    assert (2_000_000_000, None) == sql_row(process, columns, row)


def test_what_does_not_fit_is_a_problem_and_a_flag(process):
    huge = {**VALUES, "clinker_t": 1e12}
    with pytest.raises(Problem) as caught:
        process.posted(huge)
    assert caught.value.code == "quantity_out_of_range"
    assert "超出可过账的范围" in caught.value.text("zh")
    assert "too large to be posted" in caught.value.text("en")
    assert (None, "quantity_out_of_range") == sql_row(process, {}, huge)


def test_division_by_zero_is_a_problem_and_a_flag():
    leaf("part")
    leaf("whole")

    @quantity(unit="1", symbol="R", **DESCRIBED)
    def share(part, whole):
        return part / whole

    with pytest.raises(Problem) as caught:
        share.number({"part": 1, "whole": 0})
    assert caught.value.code == "quantity_division_by_zero"
    assert "除数为零（PART = 1, WHOLE = 0）" in caught.value.text("zh")
    assert "divides by zero (PART = 1, WHOLE = 0)" in caught.value.text("en")
    flagged = sql_row(share, {}, {"part": 1.0, "whole": 0.0}, posted=False)
    assert (None, "quantity_division_by_zero") == flagged
    assert (None, None) == sql_row(share, {}, {"part": 1.0, "whole": None}, posted=False)


@pytest.mark.parametrize("a", [None, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("b", [None, 2.0])
@pytest.mark.parametrize("c", [None, 7.0])
def test_smaller_and_choose_agree_with_sql_when_something_is_missing(a, b, c):
    for name in "abc":
        leaf(name)

    @quantity(unit="t", symbol="M", **DESCRIBED)
    def least(a, b):
        return smaller(a, b)

    @quantity(unit="t", symbol="W", **DESCRIBED)
    def chosen(a, b, c):
        return choose(a >= b, b, c)

    row = {"a": a, "b": b, "c": c}
    assert sql_row(least, {}, row, posted=False)[0] == least.number(row)
    assert sql_row(chosen, {}, row, posted=False)[0] == chosen.number(row)


def test_a_lost_factor_of_1000_shows_in_the_magnitude_through_units():
    """kg per t has no dimension, so only the magnitude tells."""
    leaf("mass_t")
    leaf("rate_kg_per_t", "kgCO2/t", "factor")

    @quantity(unit="tCO2", symbol="E", **DESCRIBED)
    def forgotten(mass_t, rate_kg_per_t):
        return mass_t * rate_kg_per_t

    @quantity(unit="tCO2", symbol="E", **DESCRIBED)
    def converted(mass_t, rate_kg_per_t):
        return mass_t * rate_kg_per_t / Ratio(1000, unit="kg/t")

    row = {"mass_t": 2.0, "rate_kg_per_t": 500.0}
    assert forgotten.number(row) != pytest.approx(forgotten.measured(row).magnitude("tCO2"))
    assert converted.number(row) == pytest.approx(converted.measured(row).magnitude("tCO2"))


def test_heat_factor_on_electricity_shows_in_the_dimension_of_the_magnitude():
    leaf("power_kwh", "kWh")
    leaf("heat_factor", "tCO2/GJ", "factor")

    @quantity(unit="tCO2", symbol="E", **DESCRIBED)
    def confused(power_kwh, heat_factor):
        return power_kwh / Ratio(1000, unit="kWh/MWh") * heat_factor

    row = {"power_kwh": 1000.0, "heat_factor": 0.11}
    assert confused.number(row) != pytest.approx(confused.measured(row).magnitude("tCO2"))


def refused(code, register, zh, en):
    with pytest.raises(Problem) as caught:
        register()
    assert caught.value.code == code
    assert zh in caught.value.text("zh")
    assert en in caught.value.text("en")


def test_an_unknown_parameter_is_refused():
    def nothing(nowhere_t):
        return nowhere_t

    register = quantity(unit="t", symbol="X", **DESCRIBED)
    refused(
        "quantity_input_unknown",
        lambda: register(nothing),
        "参数 “nowhere_t”",
        "'nowhere_t' of formula 'nothing'",
    )


def test_a_clause_needs_text_that_was_read():
    def cited():
        return 1

    register = quantity(unit="t", symbol="X", clause="5.2", **DESCRIBED)
    refused("quantity_clause_unread", lambda: register(cited), "条款 “5.2”", "clause '5.2'")


def test_the_quantum_must_divide_the_unit():
    def wrong():
        return 1

    register = quantity(unit="tce", symbol="X", quantum="mg", **DESCRIBED)
    refused("quantity_quantum_wrong", lambda: register(wrong), "计量单位 “tce”", "unit 'tce'")


def test_a_name_means_one_thing(process):
    refused("quantity_twice", lambda: leaf("factor"), "“factor” 重复定义", "'factor' is defined")


def test_unknown_and_unposted_quantities_say_what_to_do(process):
    refused("quantity_unknown", lambda: find("nope"), "factor, process_co2", "factor, process_co2")
    refused(
        "quantity_not_posted",
        lambda: find("factor").posted({"lime_fraction": 1}),
        "没有声明过账单位",
        "declares no quantum",
    )
