"""Which enterprises are called up: each condition alone, at its edge, and without a past."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tanma.domain.rating.attention import Standing, enterprise_rule, reasons

RULE = enterprise_rule()


def standing(grade: int | None, k_thousandths: int = 1_000) -> Standing:
    """A standing with K in thousandths."""
    return Standing(grade, k_thousandths, 1_000, 1_000, 1_000)


def test_k_is_the_exact_quotient_of_quotients():
    assert Fraction(3, 4) == Standing(2, 24, 10, 320, 100).ratio


@pytest.mark.parametrize(
    "broken",
    [
        Standing(3, None, 1, 1, 1), Standing(3, 1, 0, 1, 1), Standing(3, 1, 1, 0, 1),
        Standing(3, 1, 1, 1, -1), Standing(3),
    ],
)  # fmt: skip
def test_k_is_missing_where_a_part_is(broken):
    assert broken.ratio is None


@pytest.mark.parametrize(("grade", "found"), [(5, ("grade",)), (4, ()), (None, ())])
def test_grade_five_needs_no_past(grade, found):
    assert found == reasons(RULE, standing(grade), None)


@pytest.mark.parametrize(
    ("now", "before", "found"),
    [(4, 2, ("drop",)), (3, 2, ()), (1, 3, ()), (5, 3, ("grade", "drop"))],
)
def test_a_drop_counts_from_two_grades(now, before, found):
    assert found == reasons(RULE, standing(now), standing(before))


def test_a_rise_of_k_by_exactly_a_fifth_is_not_yet_one():
    assert () == reasons(RULE, standing(3, 1_200), standing(3, 1_000))
    assert ("ratio",) == reasons(RULE, standing(3, 1_201), standing(3, 1_000))


def test_a_year_before_without_grade_compares_nothing():
    assert () == reasons(RULE, standing(4, 9_000), standing(None, 1_000))
    assert () == reasons(RULE, standing(None, 9_000), standing(1, 1_000))
