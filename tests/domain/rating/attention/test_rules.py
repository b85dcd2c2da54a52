"""The rule files: what they hold, and one broken text per mistake."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tanma.domain.messages import Problem
from tanma.domain.rating.attention import EnterpriseRule, IndexRule, enterprise_rule, index_rule
from tanma.domain.rating.attention.rules import FOLDER, parse_rule

INDEX = (FOLDER / "regional-index.toml").read_text(encoding="utf-8")
FIRMS = (FOLDER / "enterprise-attention.toml").read_text(encoding="utf-8")


def test_the_rules_are_marked_as_our_own():
    assert {"own_rule"} == {index_rule().origin, enterprise_rule().origin}
    assert "proposed" in {s.evidence for s in index_rule().sources}


def test_the_texts_print_the_numbers_of_the_rule():
    words = index_rule().conditions()
    assert "高于全域指数的 1.2 倍，且比上年同期上升" == words["above_region"].zh
    assert "more than 10 % higher than a year before" == words["yearly_rise"].en
    firms = enterprise_rule().conditions()
    assert "碳效等级为 5 级" == firms["grade"].zh
    assert "grade worse by 2 or more than a year before" == firms["drop"].en


def test_another_edition_changes_number_and_text():
    text = INDEX.replace('factor = "1.2"', 'factor = "1.5"')
    rule = parse_rule(IndexRule, text, "other.toml")
    assert Fraction(3, 2) == rule.above_region.factor
    assert "1.5" in rule.conditions()["above_region"].zh


@pytest.mark.parametrize(
    ("kind", "text", "code", "key"),
    [
        (IndexRule, INDEX + "\nmore = 1\n", "scheme_unknown_key", "sources[1].more"),
        (IndexRule, INDEX.replace('factor = "1.2"', "factor = 1.2"), "scheme_wrong_value",
         "above_region.factor"),
        (IndexRule, INDEX.replace('factor = "1.2"', ""), "scheme_missing_key",
         "above_region.factor"),
        (IndexRule, INDEX.replace('"own_rule"', '"law"'), "scheme_wrong_value", "origin"),
        (IndexRule, INDEX.replace("{factor}", "{faktor}"), "scheme_wrong_value", "zh"),
        (EnterpriseRule, FIRMS.replace("steps = 2", 'steps = "2"'), "scheme_wrong_value",
         "drop.steps"),
    ],
)  # fmt: skip
def test_unclear_rules_are_refused_with_file_and_key(kind, text, code, key):
    with pytest.raises(Problem) as caught:
        parse_rule(kind, text, "broken.toml")
    assert (code, "broken.toml", key) == (
        caught.value.code, caught.value.params["file"], caught.value.params["key"],
    )  # fmt: skip
    assert "broken.toml" in caught.value.text("zh")
    assert "broken.toml" in caught.value.text("en")
