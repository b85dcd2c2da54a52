"""What a scheme says about itself."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from tanma.domain.rating import find, shipped
from tanma.domain.rating.scheme import EVIDENCE

ZHEJIANG = find("zhejiang-carbon-efficiency")
UK = find("uk-ets-allocation")


def test_the_zhejiang_scheme_does_not_pose_as_official() -> None:
    assert "碳效码分级（公开资料整理，未经主管部门确认）" == ZHEJIANG.title.zh
    assert "unconfirmed" == ZHEJIANG.evidence
    assert all(word not in ZHEJIANG.title.zh for word in ("官方", "DB33"))


def test_smaller_is_better_is_said_in_both_languages() -> None:
    assert ("数值越小越好", "Smaller is better") == (ZHEJIANG.direction.zh, ZHEJIANG.direction.en)


def test_cuts_and_words() -> None:
    assert (Fraction(3, 5), Fraction(2)) == ZHEJIANG.intensity.cuts
    assert ("低碳", "中碳", "高碳") == tuple(b.zh for b in ZHEJIANG.intensity.bands)
    assert (Fraction(3, 5), Fraction(4, 5), Fraction(6, 5), Fraction(2)) == ZHEJIANG.ratio.cuts
    expected = ("远优于", "优于", "接近", "劣于", "远劣于")
    assert expected == tuple(b.zh.removesuffix("行业平均") for b in ZHEJIANG.ratio.bands)


def test_the_numerator_of_the_code_is_energy_alone() -> None:
    assert "energy_co2_net" == ZHEJIANG.numerator.id
    assert "不含过程排放" in ZHEJIANG.numerator.definition.zh
    assert ("t", 9) == (ZHEJIANG.numerator.unit, ZHEJIANG.numerator.scale)


def test_population_and_fallback() -> None:
    population = ZHEJIANG.population
    assert ("above", 5, Fraction(3)) == (
        population.size_class, population.min_n, population.min_neff,
    )  # fmt: skip
    assert ZHEJIANG.fallback is not None
    assert Fraction(1, 50) == ZHEJIANG.fallback.below_share
    assert UK.fallback is None


def test_validity_has_an_exclusive_end() -> None:
    assert UK.covers(date(2021, 1, 1))
    assert not UK.covers(date(2020, 12, 31))


def test_every_source_carries_its_evidence() -> None:
    for scheme in shipped():
        assert scheme.evidence in EVIDENCE
        assert scheme.sources
        assert all(source.evidence in EVIDENCE for source in scheme.sources)


def test_own_cut_offs_are_called_an_example() -> None:
    assert "example" == UK.evidence
    assert "示例" in UK.title.zh
