"""What of a single result is withheld while it rests on facts for statistics alone."""

import pyarrow as pa
import pytest

from tanma.engine.disclosure import closed_lines, few, least, single, singles, withheld

ROW = {
    "may_use": False, "restricted": False, "energy_restricted": False, "net_mg": 5, "gross_mg": 6,
    "energy_calorific_gce": 7, "value_added_fen": 8, "output_fen": 9, "revenue_fen": 10,
    "missing_upper_mg": 11, "name": "甲",
}  # fmt: skip
MONEY = {"value_added_fen", "output_fen", "revenue_fen"}
ENERGY = {"net_mg", "gross_mg", "energy_calorific_gce"}


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"restricted": True}, MONEY),
        ({"energy_restricted": True}, ENERGY),
        ({"restricted": True, "energy_restricted": True}, MONEY | ENERGY),
        ({"restricted": True, "energy_restricted": True, "may_use": True}, set()),
    ],
)
def test_each_kind_of_facts_closes_its_own_amounts(flags, expected):
    row = ROW | flags
    assert expected == withheld(row)
    assert {k: None if k in expected else v for k, v in row.items()} == single(row)


def test_the_table_says_the_same_as_its_rows():
    made = [
        ROW | {"restricted": a, "energy_restricted": b, "may_use": c}
        for a in (True, False, None) for b in (True, False) for c in (True, False)
    ]  # fmt: skip
    assert [single(row) for row in made] == singles(pa.Table.from_pylist(made)).to_pylist()


def test_an_older_row_without_the_mark_of_energy_keeps_its_energy():
    row = {k: v for k, v in ROW.items() if k != "energy_restricted"} | {"restricted": True}
    assert MONEY == withheld(row)


CELLS = {"a1": (9, 50), "a2": (1, 5), "a3": (8, 30), "b1": (9, 40), "b2": (7, 20), "b3": (9, 60)}


def closed(*lines):
    found = closed_lines([line.split() for line in lines], lambda c: CELLS[c][0],
                         lambda c: CELLS[c][1])  # fmt: skip
    return sorted(found)


def test_what_one_line_hides_is_not_given_away_by_another():
    assert 3 == least()
    assert few(2)
    assert not few(3)
    assert ["a2", "a3"] == closed("a1 a2 a3", "b1 b2 b3")
    # a3 went with a2, so that its own column has to hide another, and so on until nothing follows
    assert ["a2", "a3", "b2", "b3"] == closed("a1 a2 a3", "b1 b2 b3", "a1 b1", "a2 b2", "a3 b3")
    assert [] == closed("a1 a3", "b1 b2 b3")
    assert ["a2"] == closed("a2")
