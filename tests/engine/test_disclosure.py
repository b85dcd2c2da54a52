"""What of a single result is withheld while it rests on facts for statistics alone."""

import random
from fractions import Fraction
from itertools import combinations

import pyarrow as pa
import pytest

from tanma.engine.disclosure import (
    closed_areas,
    closed_lines,
    few,
    least,
    single,
    singles,
    told,
    withheld,
)

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


TREE = {"t1": "c1", "t2": "c1", "t3": "c2", "c1": "r", "c2": "r"}


def areas(**size):
    return sorted(closed_areas(TREE, {code: (n, 10 * n) for code, n in size.items()}))


def test_an_area_of_few_takes_those_with_it_by_which_it_would_follow():
    # the town of one would follow from its county less the other town, so that one goes too
    assert ["t1", "t2"] == areas(t1=1, t2=4, c1=5, r=5)
    assert [] == areas(t1=3, t2=4, c1=7, t3=5, c2=5, r=12)


def test_who_lies_in_an_area_directly_is_a_part_of_it():
    # one of the county's five is in no town: county less town would tell it
    assert {"t1"} <= set(areas(t1=4, c1=5, r=5))


def test_a_region_of_few_tells_nothing():
    assert ["c1", "r", "t1"] == areas(t1=2, c1=2, r=2)


def shown(*sums):
    """Sums as texts of letters, one withheld amount each."""
    return told(list(sums))


def test_a_sum_of_one_or_two_is_refused_and_of_three_is_told():
    assert [False, False, True] == shown("a", "ab", "abc")
    assert [True] == shown("")


def test_what_would_follow_by_subtraction_is_refused_whichever_comes_last():
    assert [True, False] == shown("abcd", "abc")
    assert [True, False] == shown("abc", "abcd")
    # a county and three of its four towns: the last would give the fourth, of one
    assert [True, True, True, False] == shown("abcdefghij", "abc", "def", "ghi")


def test_two_hierarchies_that_overlap_do_not_tell_the_difference():
    # a park that is two towns less one enterprise
    assert [True, True, True, False] == shown("abcdef", "abc", "def", "abcde")


def test_the_difference_of_two_enterprises_is_no_figure_either():
    assert [True, False] == shown("acde", "bcde")
    assert [True, True] == shown("acde", "bfcde")


def test_what_is_the_same_as_something_shown_is_shown_too():
    assert [True, True, True, True] == shown("abcdef", "abc", "def", "fed")


def test_amounts_of_one_enterprise_do_not_count_as_several():
    coal_and_power = [("a", "coal"), ("a", "power"), ("b", "coal")]
    assert [False] == told([coal_and_power], owner=lambda amount: amount[0])
    assert [True] == told([[*coal_and_power, ("c", "coal")]], owner=lambda amount: amount[0])


def rank(rows):
    """Rank of integer rows, by fractions."""
    rows, found = [[Fraction(v) for v in row] for row in rows], 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((r for r in rows[found:] if r[column]), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        rows.insert(found, pivot)
        for i, row in enumerate(rows):
            if i != found and row[column]:
                times = row[column] / pivot[column]
                rows[i] = [a - times * b for a, b in zip(row, pivot, strict=True)]
        found += 1
    return found


def leaks(sums, enterprises):
    """Whether some combination of sums is of one or two enterprises alone, by ranks."""
    matrix = [[int(e in s) for e in enterprises] for s in sums]
    whole = rank(matrix)
    return any(
        rank([[v for e, v in zip(enterprises, row, strict=True) if e not in few_]
              for row in matrix]) < whole
        for n in (1, 2) for few_ in combinations(enterprises, n)
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_no_adding_and_subtracting_of_told_sums_leaves_one_or_two(seed):
    """Towns, counties, parks that cross them, and industries in each, by chance."""
    by_chance = random.Random(seed)
    enterprises = list(range(by_chance.randint(4, 11)))

    def drawn(n):
        return {e: by_chance.randrange(n) for e in enterprises}

    town, park, industry = drawn(4), drawn(3), drawn(2)
    keys = [lambda e: "all", lambda e: town[e] // 2, town.get, park.get, industry.get,
            lambda e: (town[e], industry[e])]  # fmt: skip
    sums = [
        {e for e in enterprises if key(e) == value}
        for key in keys for value in dict.fromkeys(map(key, enterprises))
    ]  # fmt: skip
    may = told(sums)
    open_ones = [s for s, shown in zip(sums, may, strict=True) if shown]
    assert not leaks(open_ones, enterprises)
    # nothing is refused for nothing: with what was refused, something would leak
    for n, shown in enumerate(may):
        if not shown:
            before = [s for s, shown in zip(sums[:n], may, strict=False) if shown]
            assert leaks([*before, sums[n]], enterprises)
