"""Gaps, balances and what was not used, in words."""

from datetime import date

import pytest
from django.utils import translation

from tanma.apps.inventories import notes, periods
from tanma.apps.inventories.frozen import Frozen
from tanma.domain.periods import parse

COKE, CERTIFICATE = "fuel.coke.burnt", "electricity.green.certificate"


def months(*texts):
    return [date.fromisoformat(f"{t}-01") for t in texts]


def test_months_in_a_row_are_told_by_their_ends():
    given = months("2026-07", "2026-01", "2026-02", "2026-03")
    assert "2026-01—2026-03、2026-07" == notes.spans(given)
    assert "2025-12—2026-01" == notes.spans(months("2025-12", "2026-01"))
    assert "" == notes.spans([])


def test_missing_months_are_told_by_item_and_an_empty_item_is_all_energy():
    text = f":2026-07;{COKE}:2026-07,2026-08"
    with translation.override("zh-hans"):
        assert "全部能源 2026-07；焦炭：燃烧 2026-07—2026-08" == notes.missing_text(text)
    assert "" == notes.missing_text("")


def frozen(lines=(), refused=(), missing=""):
    return Frozen(None, {"missing_months": missing}, tuple(lines), {}, tuple(refused))


def test_an_account_without_anything_to_tell_has_no_notes():
    said = {"item": COKE, "month": date(2026, 7, 1), "derived": False}
    assert not notes.notes(frozen([said]))


def test_a_balance_and_a_paper_say_how_they_came_about():
    lines = [
        {"item": item, "month": date(2026, 7, 1), "derived": True} for item in (COKE, CERTIFICATE)
    ]
    with translation.override("zh-hans"):
        found = notes.notes(frozen(lines)).derived
        told = {n.name: str(n.reason) for n in found}
    assert {
        "按持有的证书合计，扣除同月合同已计的电量",
        "按消费量减去原料用能和加工转换投入推算",
    } == {*told.values()}


@pytest.mark.parametrize(
    ("reason", "zh", "en"),
    [
        ("negative", "差额为负", "negative"),
        ("part_missing", "不按 0 计", "not counted as 0"),
        ("claimed_twice", "只计一次", "counts once"),
        ("holder_unknown", "不在登记中", "not in the register"),
    ],
)
def test_every_refusal_says_why_in_both_languages(reason, zh, en):
    row = {"item": CERTIFICATE, "month": date(2026, 7, 1), "paper": "A1", "reason": reason}
    with translation.override("zh-hans"):
        (note,) = notes.refused_notes([row])
        assert note.name.endswith("A1")
        assert ("2026-07", True) == (note.months, zh in str(note.reason))
    with translation.override("en"):
        assert en in str(notes.refused_notes([row])[0].reason)


# --- the switch of periods

PUBLISHED = ("2026Q3/r4", "2026Q2/r4", "2026H1", "2026Q2", "2025Q4/r4", "2025")


def switch(shown):
    with translation.override("zh-hans"):
        return periods.switch(PUBLISHED, shown, lambda p: f"?period={p}")


def test_periods_are_grouped_by_kind_then_by_year_in_words():
    found = switch("2026Q3/r4")
    assert ["滚动四个季度", "单季度", "半年", "全年"] == [name for name, *_ in found.kinds]
    assert [True, False, False, False] == [current for *_, current in found.kinds]
    assert ["2025年", "2026年"] == [y.name for y in found.years]
    assert ["至二季度", "至三季度"] == [name for name, *_ in found.years[1].links]


def test_a_kind_leads_to_its_newest_period():
    assert "?period=2026Q3/r4" == switch("2025").kinds[0][1]


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("2026Q3", "三季度", "Q3"), ("2026Q3/r4", "至三季度", "to Q3"), ("2026H1", "上半年", "H1"),
        ("2026H2", "下半年", "H2"), ("2026", "全年", "full year"), ("2026-07", "7月", "month 7"),
    ],
)  # fmt: skip
def test_a_period_has_its_word_in_both_languages(text, zh, en):
    for lang, expected in (("zh-hans", zh), ("en", en)):
        with translation.override(lang):
            assert expected == periods.label(parse(text))
