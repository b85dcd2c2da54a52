"""Bars, spreads and the share of high-carbon industries."""

from __future__ import annotations

from fractions import Fraction

import pytest
from django.utils import translation

from tanma.apps.areas.figures import area_figures, quotient
from tanma.apps.areas.frozen import frozen
from tanma.apps.cockpit import breakdowns
from tanma.apps.cockpit.disclosure import Part
from tests.apps.region import CITY, COUNTY_1

ROW = {"division": "30", "member_net_mg": 3 * 10**9, "member_value_added_fen": 2 * 10**6,
       "intensity_p10": 0.5, "intensity_p90": 2.0, "best_intensity": 0.25}  # fmt: skip


def test_a_division_averages_sum_over_sum():
    found = breakdowns.spread(ROW)
    assert (1.5, 0.5, 2.0, 0.25) == (found.average, found.low, found.high, found.best)
    assert breakdowns.spread(ROW | {"member_value_added_fen": None}) is None


def test_against_another_average_everything_is_divided():
    found = breakdowns.spread(ROW).over(3.0)
    assert (0.5, 0.5 / 3, 2 / 3, 0.25 / 3) == (found.average, found.low, found.high, found.best)


@pytest.mark.parametrize(("lang", "name"), [("zh-hans", "纺织业"), ("en", "Textiles")])
def test_a_division_has_a_short_name_in_the_language(lang, name):
    with translation.override(lang):
        assert (name, "99") == (breakdowns.division_name("17"), breakdowns.division_name("99"))


@pytest.mark.parametrize(("net", "above"), [(3_000, False), (3_001, True)])
def test_a_division_is_high_carbon_above_the_cut_and_not_at_it(net, above):
    row = {"member_net_mg": net * 1000, "member_value_added_fen": 2_000}
    assert above is breakdowns._above(row, Fraction(3, 2))


def test_the_rest_is_one_bar_and_shares_are_of_everything():
    named = [Part(f"n{i}", 10**13, 9) for i in range(10)]
    found = breakdowns._bars("x", "t", named, "n")
    assert 6 == len(found.rows)
    assert ("5.0", "50.0", "100.0%") == (
        found.rows[-1].value, found.rows[-1].share, found.rows[-1].width,
    )  # fmt: skip


def test_the_region_shows_intensity_and_a_county_its_ratio(published):
    data = frozen(published.run())
    whole = breakdowns.benchmark(data, area_figures(data, "statutory", CITY))
    part = breakdowns.benchmark(data, area_figures(data, "statutory", COUNTY_1))
    region = area_figures(data, "statutory", CITY)
    assert region.intensity == whole.reference
    assert 1.0 == part.reference
    own, base = (
        quotient(r["member_net_mg"], r["member_value_added_fen"])
        for r in (data.rows("industries", "statutory", c)[0] for c in (COUNTY_1, CITY))
    )
    assert own / base == pytest.approx(part.series[2].values[0], rel=1e-12)
