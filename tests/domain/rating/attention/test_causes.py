"""Causes of a change add up to it exactly, and each stands for what its name says."""

import random
from fractions import Fraction

import pytest

from tanma.domain.rating.attention.causes import (
    CAUSES,
    NOTHING,
    Part,
    contribution,
    decompose,
    shapley,
)

TOWN = {"17": Part(1_000, 500, 10_000), "30": Part(9_000, 3_000, 10_000)}


def grown(year, **changes):
    """A year with every part of it changed alike."""
    return {
        name: Part(*(int(getattr(p, field) * changes.get(field, 1))
                     for field in ("emission_mg", "energy_gce", "output_fen")))
        for name, p in year.items()
    }  # fmt: skip


def only(found):
    return {cause for cause, share in found.items() if share}


def test_shapley_of_two_factors_is_the_mean_of_both_orders():
    before, after = [Fraction(2), Fraction(3)], [Fraction(4), Fraction(5)]
    assert [Fraction(8), Fraction(6)] == shapley(before, after)
    assert 4 * 5 - 2 * 3 == sum(shapley(before, after))


def test_growth_of_everything_alike_is_activity_and_leaves_the_index():
    made = decompose(TOWN, grown(TOWN, emission_mg=2, energy_gce=2, output_fen=2))
    assert {"activity"} == only(made.emission_mg)
    assert set() == only(made.index)
    assert 10_000 == made.emission_mg["activity"]


def test_a_shift_between_industries_is_structure():
    shifted = {"17": Part(500, 250, 5_000), "30": Part(13_500, 4_500, 15_000)}
    made = decompose(TOWN, shifted)
    assert {"structure"} == only(made.index)
    assert Fraction(4_000, 20_000) == made.index["structure"]


def test_less_energy_for_the_same_output_is_energy():
    made = decompose(TOWN, grown(TOWN, emission_mg=0.5, energy_gce=0.5))
    assert {"energy"} == only(made.index) == only(made.emission_mg)
    assert -5_000 == made.emission_mg["energy"]


def test_less_carbon_in_the_same_energy_is_carbon():
    made = decompose(TOWN, grown(TOWN, emission_mg=0.5))
    assert {"carbon"} == only(made.index)


@pytest.mark.parametrize("seed", range(25))
def test_any_change_adds_up_to_the_last_digit(seed):
    draw = random.Random(seed)

    def year():
        made = {}
        for name in "abcde":
            kind = draw.random()
            if kind < 0.15:
                continue
            emission, energy = draw.randrange(10**12), draw.randrange(1, 10**9)
            if kind < 0.3:
                energy = 0  # emission that no energy explains
            elif kind < 0.4:
                emission = energy = 0
            made[name] = Part(emission, energy, draw.randrange(1, 10**11))
        return made or {"a": Part(1, 1, 1)}

    made = decompose(year(), year())
    assert made.index_change == sum(made.index.values())
    assert made.after.emission_mg - made.before.emission_mg == sum(made.emission_mg.values())
    assert set(CAUSES) == set(made.index) == set(made.emission_mg)


def test_an_industry_that_came_changes_the_mix_alone():
    made = decompose({"17": TOWN["17"]}, TOWN)
    assert {"structure"} == only(made.index)


@pytest.mark.parametrize("years", [({}, TOWN), (TOWN, {}), ({"a": NOTHING}, TOWN)])
def test_without_output_there_is_no_index_to_explain(years):
    assert decompose(*years) is None


def test_contributions_of_all_enterprises_add_up_to_the_change_of_the_index():
    draw = random.Random(7)
    years = [
        [Part(draw.randrange(10**12), 1, draw.randrange(1, 10**10)) for _ in range(50)]
        for _ in range(2)
    ]
    areas = [sum(year, NOTHING) for year in years]
    shares = [contribution(*pair, *areas) for pair in zip(*years, strict=True)]
    before, after = (Fraction(a.emission_mg, a.output_fen) for a in areas)
    assert after - before == sum(shares)


def test_who_grows_below_the_index_lowers_it():
    clean, rest = Part(10, 1, 1_000), Part(9_990, 1, 1_000)
    more = Part(20, 1, 2_000)
    share = contribution(clean, more, clean + rest, more + rest)
    assert share < 0
