"""The rule files: what they hold, and one broken text per mistake."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tanma.domain.messages import Problem
from tanma.domain.rating import find, parse_scheme
from tanma.domain.rating.attention import IndexRule, enterprise_rule, index_rule
from tanma.domain.rating.attention.rules import FOLDER, parse_rule
from tanma.domain.rating.loader import FOLDER as SCHEMES

INDEX = (SCHEMES / "regional-carbon-index.toml").read_text(encoding="utf-8")
FIRMS = (FOLDER / "enterprise-attention.toml").read_text(encoding="utf-8")


def test_the_rules_are_marked_as_our_own():
    assert "own_rule" == enterprise_rule().origin
    assert "proposed" == index_rule().scheme.evidence
    assert "proposed" in {s.evidence for s in index_rule().scheme.sources}


def test_the_texts_print_the_numbers_of_the_rule():
    words = index_rule().conditions()
    assert "高于全域指数的 1.2 倍，且比上年同期上升" == words["above_region"].zh
    assert "more than 10 % higher than a year before" == words["yearly_rise"].en
    firms = enterprise_rule().conditions()
    assert "碳效等级为 5 级" == firms["grade"].zh
    assert "grade worse by 2 or more than a year before" == firms["drop"].en


def test_another_edition_changes_number_and_text():
    scheme = parse_scheme(INDEX.replace('up_to = "1.2"', 'up_to = "1.5"'), "other.toml")
    assert (Fraction(3, 2),) == scheme.ratio.cuts
    assert "1.5" in IndexRule(scheme, scheme.abnormal).conditions()["above_region"].zh


def test_the_index_is_a_scheme_like_the_others():
    assert index_rule().scheme is find("regional-carbon-index")
    assert find("zhejiang-carbon-efficiency").abnormal is None


def test_an_area_is_compared_by_the_same_engine():
    """Township A at 1.2 times the average of both is within the cut-off, B is not."""
    import pyarrow as pa

    from tanma.engine.rating import rate

    table = pa.table({
        "id": ["A", "B", "C"], "group": ["99"] * 3, "numerator": [1200, 1300, 500],
        "denominator": [1000, 1000, 1000],
    })  # fmt: skip
    assert [1, 2, 1] == rate(table, find("regional-carbon-index"))["grade"].to_pylist()


@pytest.mark.parametrize(
    ("text", "code", "key"),
    [
        (INDEX + "\nmore = 1\n", "scheme_unknown_key", "abnormal.conditions[1].more"),
        (INDEX.replace('up_to = "1.2"', "up_to = 1.2"), "scheme_wrong_value",
         "ratio.bands[0].up_to"),
        (INDEX.replace('min_share = "0.8"', ""), "scheme_missing_key",
         "abnormal.comparison.min_share"),
        (INDEX.replace("{percent}", "{per_cent}"), "scheme_wrong_value",
         "abnormal.conditions[1].zh"),
        (INDEX.replace("change_at_least = 3", "change_at_least = 4"), "scheme_wrong_value",
         "abnormal.conditions[1].change_at_least"),
    ],
)  # fmt: skip
def test_an_unclear_index_is_refused_with_file_and_key(text, code, key):
    refused(lambda: parse_scheme(text, "broken.toml"), code, key)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (FIRMS.replace("steps = 2", 'steps = "2"'), "drop.steps"),
        (FIRMS.replace('"own_rule"', '"law"'), "origin"),
        (FIRMS.replace("{steps}", "{stepps}"), "zh"),
    ],
)
def test_an_unclear_rule_is_refused_with_file_and_key(text, key):
    refused(lambda: parse_rule(text, "broken.toml"), "scheme_wrong_value", key)


def refused(read, code, key):
    with pytest.raises(Problem) as caught:
        read()
    assert (code, "broken.toml", key) == (
        caught.value.code, caught.value.params["file"], caught.value.params["key"],
    )  # fmt: skip
    assert "broken.toml" in caught.value.text("zh")
    assert "broken.toml" in caught.value.text("en")
