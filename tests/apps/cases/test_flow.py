"""A case is opened once, moves as its workflow allows, and keeps who did what and why."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone, translation

from tanma.apps.cases import door as cases
from tanma.apps.people.door import SYSTEM
from tanma.domain.messages import Problem
from tests.apps.cases.conftest import TOLD, who

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def test_the_same_is_not_opened_twice(opened, firms):
    again, new = cases.open_case("alarm", firms[0], "day_limit:7", TOLD)
    assert (opened.pk, False) == (again.pk, new)
    assert 1 == opened.steps.count()
    other, new = cases.open_case("alarm", firms[0], "day_limit:8", TOLD)
    assert new
    assert other.pk != opened.pk


def test_its_whole_life_with_who_when_and_why(opened, owner, bureau):
    cases.take(opened, "see", who("bureau"))
    cases.take(opened, "explain", who("jia"), "夜班加开一条线")
    cases.take(opened, "handle", who("jia"), "已恢复白班单线")
    done = cases.take(opened, "close", who("bureau"))
    assert "closed" == done.state
    assert done.closed_at is not None
    assert done.due_at is None
    told = [(s.move, s.before, s.after, s.by, s.text) for s in opened.steps.order_by("id")]
    assert ("", "", "open", "system", "") == told[0]
    assert ("explain", "seen", "explained", "jia", "夜班加开一条线") == told[2]
    assert ("close", "handled", "closed", "bureau", "") == told[-1]
    later, new = cases.open_case("alarm", opened.subject, opened.key, TOLD)
    assert new
    with pytest.raises(Problem) as caught:
        cases.take(done, "reopen", who("jia"), "仍未解决")
    assert "case_open_already" == caught.value.code
    assert later.uid in caught.value.text("zh")


def test_a_deadline_follows_the_state(opened, owner):
    assert dt.timedelta(hours=23) < opened.due_at - timezone.now() < dt.timedelta(hours=25)
    seen = cases.take(opened, "see", who("jia"))
    assert dt.timedelta(days=2) < seen.due_at - timezone.now() <= dt.timedelta(days=3)


@pytest.mark.parametrize(
    ("name", "note", "code"),
    [("close", "", "case_move_refused"), ("fly", "", "case_move_refused"),
     ("lapse", "", "case_move_refused"), ("explain", "  ", "case_note_missing")],
)  # fmt: skip
def test_what_the_workflow_does_not_allow_is_refused(opened, owner, name, note, code):
    with pytest.raises(Problem) as caught:
        cases.take(opened, name, who("jia"), note)
    assert code == caught.value.code
    assert opened.uid in caught.value.text("en")
    opened.refresh_from_db()
    assert "open" == opened.state


def test_nobody_elses_case_is_moved(opened, other, bureau):
    assert [] == cases.moves(opened, who("yi"))
    assert ["see"] == [m.name for m in cases.moves(opened, who("bureau"))]
    with pytest.raises(Problem):
        cases.take(opened, "see", who("yi"))


def test_what_happens_by_itself_says_why_in_both_languages(opened):
    done = cases.take(opened, "lapse", SYSTEM, said=TOLD)
    assert "closed" == done.state
    last = opened.steps.latest("id")
    assert "说明" in last.text
    with translation.override("en"):
        assert "explain" in last.text
        assert "Closed by itself: the reason is gone" == last.move_word
    back = cases.take(done, "reopen", SYSTEM, said=TOLD)
    assert ("open", None) == (back.state, back.closed_at)


def test_a_remark_changes_the_title_and_not_the_state(opened):
    cases.remark(opened, TOLD, title=cases.Said("case_note_missing", {"move": "M", "case": "Y2"}))
    opened.refresh_from_db()
    assert "open" == opened.state
    assert "Y2" in str(opened)
    assert ("", "open") == (opened.steps.latest("id").move, opened.steps.latest("id").before)


def test_only_the_roles_of_the_workflow_open_a_case(firms, owner, bureau):
    for workflow, name in (("alarm", "bureau"), ("attention", "jia")):
        with pytest.raises(Problem) as caught:
            cases.open_case(workflow, firms[0], "k", TOLD, who(name))
        assert "case_open_refused" == caught.value.code
        assert workflow in caught.value.text("zh")
    assert set() == cases.may_open("attention", set(firms), SYSTEM)
    assert set(firms) == cases.may_open("attention", set(firms), who("bureau"))
    case, new = cases.open_case("attention", firms[0], "k", TOLD, who("bureau"), " 请于月底前答复 ")
    assert new
    assert [("bureau", "请于月底前答复")] == [(s.by, s.text) for s in case.steps.all()]


def test_a_warning_returned_and_accepted_keeps_every_word(firms, owner, bureau):
    case, _ = cases.open_case("attention", firms[0], "k", TOLD, who("bureau"))
    cases.take(case, "explain", who("jia"), "检修停产")
    cases.take(case, "return", who("bureau"), "请附检修单")
    cases.take(case, "measures", who("jia"), "更换空压机")
    accepted = cases.take(case, "accept", who("bureau"))
    assert dt.timedelta(days=89) < accepted.due_at - timezone.now() <= dt.timedelta(days=90)
    cases.take(case, "report", who("jia"), "已更换")
    done = cases.take(case, "close", who("bureau"), "现场核实")
    words = [(s.after, s.text) for s in case.steps.order_by("id")]
    assert ("returned", "请附检修单") == words[2]
    assert ("closed", "现场核实") == words[-1]
    assert ("closed", None) == (done.state, done.due_at)
    assert ["reopen"] == [m.name for m in cases.moves(done, who("bureau"))]
    assert [] == cases.moves(done, who("jia"))
