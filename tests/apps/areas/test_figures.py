"""Changes and quotients that an area is told by."""

from __future__ import annotations

import pytest

from tanma.apps.areas.figures import change, quotient


@pytest.mark.parametrize(("now", "before"), [(1, None), (None, 1), (1, 0), (1, -5)])
def test_a_change_needs_two_figures_and_a_positive_base(now, before):
    assert change(now, before) is None


def test_a_change_is_relative():
    assert 0.25 == change(5, 4)


@pytest.mark.parametrize("money", [None, 0, -1])
def test_a_quotient_without_money_is_missing(money):
    assert quotient(5, money) is None
