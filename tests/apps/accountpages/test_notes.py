"""Gaps, balances and what was not used, in words."""

from datetime import date

import pytest
from django.utils import translation

from tanma.apps.accountpages import notes
from tanma.apps.inventories.door import Frozen

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
