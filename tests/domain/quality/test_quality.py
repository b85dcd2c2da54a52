"""The catalogue of flags, their parameters and methods: complete, in both languages, our own."""

from __future__ import annotations

import pytest

from tanma.domain import quality
from tanma.domain.messages import Problem


def test_every_flag_has_its_own_bit_and_both_names() -> None:
    flags = quality.flags().values()
    assert list(range(len(flags))) == [f.bit for f in flags]
    assert all(f.name_zh and f.name_en and f.note_zh and f.note_en for f in flags)
    assert {"interval", "day"} == {f.scope for f in flags}


def test_every_parameter_belongs_to_a_flag_and_has_a_default_for_all_carriers() -> None:
    for parameter in quality.parameters():
        assert parameter.flag in quality.flags()
    assert all(quality.default(name) > 0 for name in quality.names())


def test_a_carrier_may_have_a_default_of_its_own() -> None:
    assert (21_600, 86_400, 43_200) == tuple(
        quality.default("freeze_s", carrier) for carrier in ("electricity", "heat", "water")
    )


def test_the_defaults_say_that_they_are_our_own() -> None:
    assert "own" == quality.card()["evidence"]
    assert "不出自任何标准" in quality.card()["note_zh"]


def test_bits_and_names_go_both_ways() -> None:
    bits = quality.mask(["gap", "spike"])
    assert 1 | 64 == bits
    assert ["gap", "spike"] == [f.flag for f in quality.flags_of(bits)]


def test_nothing_is_replaced_by_default() -> None:
    assert {"none", "omit", "slot"} == set(quality.methods())


@pytest.mark.parametrize(
    ("parameter", "text", "code", "zh", "en"),
    [
        ("colour", "1", "quality_parameter", "没有名为“colour”", "no quality parameter colour"),
        ("gap_percent", "1.5", "quality_number", "“1.5”", "'1.5'"),
        ("gap_percent", "-1", "quality_number", "非负整数", "whole number"),
        ("substitution", "guess", "quality_method", "没有名为“guess”", "substitution guess"),
        ("substitution_flags", "gap|odd", "quality_flag", "没有名为“odd”", "quality flag odd"),
    ],
)
def test_what_cannot_be_a_parameter_is_refused(
    parameter: str, text: str, code: str, zh: str, en: str
) -> None:
    with pytest.raises(Problem) as problem:
        quality.check(parameter, text)
    assert code == problem.value.code
    assert zh in problem.value.text("zh")
    assert en in problem.value.text("en")


@pytest.mark.parametrize(
    ("parameter", "text"),
    [("gap_percent", "200"), ("substitution", "slot"), ("substitution_flags", "spike|range")],
)
def test_what_can_be_one_is_taken(parameter: str, text: str) -> None:
    quality.check(parameter, text)


def test_an_unknown_parameter_has_no_default() -> None:
    with pytest.raises(Problem) as problem:
        quality.default("colour")
    assert "quality_parameter" == problem.value.code
