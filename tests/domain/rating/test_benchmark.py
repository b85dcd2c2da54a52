"""The closest population that is large enough is used."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tanma.domain.rating import find
from tanma.domain.rating.benchmark import Aggregate, choose


def of(level: str, shares: list[int], numerator: int = 1) -> Aggregate:
    squares = sum(s * s for s in shares)
    return Aggregate(level, level, len(shares), numerator, sum(shares), squares)


def chosen(*candidates: Aggregate | None) -> tuple[str, bool, bool] | None:
    choice = choose(candidates, 5, Fraction(3))
    return choice and (choice.aggregate.level, choice.climbed, choice.small)


def test_own_industry_when_large_enough() -> None:
    assert ("class", False, False) == chosen(of("class", [1] * 5), of("group", [1] * 9))


def test_four_members_climb() -> None:
    assert ("group", True, False) == chosen(of("class", [1] * 4), of("group", [1] * 9))


def test_a_dominated_industry_climbs_however_many_its_members() -> None:
    assert ("group", True, False) == chosen(of("class", [1000] + [1] * 50), of("group", [1] * 9))


def test_effective_number_exactly_at_the_minimum_suffices() -> None:
    """Three equal members count as exactly 3; binary64 would be free to miss that by a hair."""
    shares = of("class", [6, 6, 6])
    assert Fraction(3) == shares.n_eff
    assert shares.enough(3, Fraction(3))
    assert not shares.enough(3, Fraction(3) + Fraction(1, 10**30))


def test_the_widest_is_used_and_marked_when_none_is_large_enough() -> None:
    assert ("all", True, True) == chosen(of("class", [1]), of("all", [1, 1]))


def test_levels_without_members_or_without_emission_are_passed() -> None:
    assert ("all", True, False) == chosen(None, of("group", [1] * 9, 0), of("all", [1] * 9))


def test_nothing_to_compare_with() -> None:
    assert chosen(None, of("all", [1] * 9, 0)) is None


def test_the_closest_average_that_was_too_small_is_kept_beside_the_wider_one() -> None:
    def own(*candidates: Aggregate | None) -> str | None:
        choice = choose(candidates, 5, Fraction(3))
        assert choice is not None
        return choice.own and choice.own.level

    wide = of("division", [1] * 9)
    assert "class" == own(of("class", [1]), of("group", [1, 1]), wide)
    assert "group" == own(None, of("group", [1, 1]), wide)
    assert "group" == own(of("class", [1], 0), of("group", [1, 1]), wide)
    assert "class" == own(of("class", [1]), of("all", [1, 1]))
    assert own(wide) is None
    assert own(of("label", [1])) is None


@given(st.lists(st.integers(1, 10**13), min_size=1, max_size=30))
def test_effective_number_lies_between_one_and_n(shares: list[int]) -> None:
    assert 1 <= of("class", shares).n_eff <= len(shares)


def test_industry_codes_climb_by_prefix_and_labels_do_not() -> None:
    population = find("zhejiang-carbon-efficiency").population
    climb = [("class", "3011"), ("group", "301"), ("division", "30"), ("all", "")]
    assert climb == population.candidates("3011")
    assert climb[1:] == population.candidates("301")
    for label in ("cement", "30111", "05", "4711", "3", "C3011"):
        assert [("label", label)] == population.candidates(label)


def test_a_year_is_a_label_where_the_scheme_knows_no_industries() -> None:
    assert [("label", "2023")] == find("uk-ets-allocation").population.candidates("2023")
