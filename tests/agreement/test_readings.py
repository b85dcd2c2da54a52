"""Every registered quantity through numbers, SQL and units on random inputs.

Numbers and SQL must agree bit for bit, element by element, and so must the posted integers; units
must agree in magnitude.
"""

import math
import random
import struct

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanma.domain.messages import Problem
from tanma.domain.methods import shared  # noqa: F401  registers the families
from tanma.domain.quantities import Total, find, inputs, quantities, total_sql
from tests.duck import session

ROWS = 400


def has_lines(name):
    return any(inputs()[leaf].kind == "lines" for leaf in find(name).inputs())


SCALAR = sorted(name for name in quantities() if not has_lines(name))
LINES = sorted(name for name in quantities() if has_lines(name))


def bits(value):
    return None if value is None else struct.pack("<d", value)


def values_of(leaf):
    declared = inputs()[leaf]
    spans = st.floats(declared.low, declared.high, allow_nan=False)
    short = spans.map(lambda value: round(value, 4))
    return st.one_of(spans, short, st.none())


def columns_of(name, seed, rows=ROWS):
    """Random columns: plausible values, printed-looking values, extremes, zeros and NULLs."""
    rng = random.Random(f"{name}/{seed}")
    table = {}
    for leaf in find(name).inputs():
        declared = inputs()[leaf]
        span = declared.high - declared.low
        table[leaf] = [
            rng.choice(
                [
                    declared.low + span * rng.random(),
                    round(declared.low + span * rng.random(), rng.randrange(6)),
                    declared.low,
                    declared.high,
                    0.0,
                    span * 10.0 ** -rng.randrange(12),
                    None,
                ]
            )
            for _ in range(rows)
        ]
    return table


def number_or_none(quantity, row):
    """The number, or None and the flag that SQL must raise."""
    try:
        return quantity.number(row), None
    except Problem as problem:
        return None, problem.code


def posted_or_none(quantity, row):
    try:
        return quantity.posted(row)
    except Problem:
        return None


@pytest.mark.parametrize("name", SCALAR)
@pytest.mark.parametrize("seed", range(3))
def test_number_and_sql_agree_bit_for_bit(name, seed):
    quantity, table = find(name), columns_of(name, seed)
    rows = [dict(zip(table, row)) for row in zip(*table.values())]
    con = session()
    con.register("lines", pa.table({k: pa.array(v, pa.float64()) for k, v in table.items()}))
    answers = con.execute(f"SELECT {quantity.sql()}, {quantity.flag_sql()} FROM lines").fetchall()
    expected = [number_or_none(quantity, row) for row in rows]
    assert [bits(value) for value, _ in expected] == [bits(value) for value, _ in answers]
    divided = [flag for _, flag in expected]
    assert divided == [None if flag == "quantity_out_of_range" else flag for _, flag in answers]
    assert any(value is not None for value, _ in expected)


@pytest.mark.parametrize("name", [n for n in SCALAR if find(n).quantum])
def test_posted_integers_agree(name):
    quantity, table = find(name), columns_of(name, "posted", 2000)
    rows = [dict(zip(table, row)) for row in zip(*table.values())]
    con = session()
    con.register("lines", pa.table({k: pa.array(v, pa.float64()) for k, v in table.items()}))
    answers = con.execute(f"SELECT {quantity.posted_sql()} FROM lines").fetchall()
    assert [posted_or_none(quantity, row) for row in rows] == [posted for (posted,) in answers]


@pytest.mark.parametrize("name", LINES)
@given(lines=st.lists(st.one_of(st.none(), st.integers(-(2**62), 2**62)), max_size=30))
@settings(max_examples=25, deadline=None)
def test_totals_agree_as_integers(name, lines):
    quantity = find(name)
    (leaf,) = quantity.inputs()
    con = session()
    con.register("lines", pa.table({leaf: pa.array(lines, pa.int64())}))
    answer = con.execute(f"SELECT {quantity.sql()} FROM lines").fetchone()[0]
    assert quantity.number({leaf: lines}).value == answer
    fields = ", ".join(total_sql(leaf)[field] for field in Total._fields)
    row = con.execute(f"SELECT {fields} FROM lines").fetchone()
    assert tuple(quantity.number({leaf: lines})) == row


@pytest.mark.parametrize("name", SCALAR)
@pytest.mark.parametrize("item_unit", ["t", "10^4 m3"])
def test_number_and_units_agree_in_magnitude(name, item_unit):
    """A lost kg→t factor, 44/12 or coefficient shows as a different magnitude or dimension."""
    quantity, rng = find(name), random.Random(name)
    for _ in range(20):
        row = {
            leaf: inputs()[leaf].low + (inputs()[leaf].high - inputs()[leaf].low) * rng.random()
            for leaf in quantity.inputs()
        }
        through_units = quantity.measured(row, item_unit).magnitude(quantity.unit, item_unit)
        assert math.isclose(quantity.number(row), through_units, rel_tol=1e-9)


@pytest.mark.parametrize("name", LINES)
def test_totals_agree_in_units(name):
    quantity = find(name)
    (leaf,) = quantity.inputs()
    from tanma.domain.quantities.units import Units, registry

    measured = registry().Quantity([1.0, 2.0, 3.5], inputs()[leaf].unit)
    assert quantity(Units(measured)).magnitude(quantity.unit) == 6.5


@pytest.mark.parametrize("name", sorted(quantities()))
def test_every_quantity_has_a_text(name):
    """As written: every symbol it needs stands in the text."""
    quantity = find(name)
    for need in quantity.needs:
        described = quantities().get(need) or inputs()[need]
        assert described.symbol in quantity.written()


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_fuel_agrees_on_hypothesis_inputs(data):
    """The hardest-used formula once more on adversarial floats."""
    quantity = find("fuel_co2_t")
    row = {leaf: data.draw(values_of(leaf)) for leaf in quantity.inputs()}
    con = session()
    con.register("lines", pa.table({k: pa.array([v], pa.float64()) for k, v in row.items()}))
    value, posted = con.execute(
        f"SELECT {quantity.sql()}, {quantity.posted_sql()} FROM lines"
    ).fetchone()
    assert bits(quantity.number(row)) == bits(value)
    assert posted_or_none(quantity, row) == posted
