"""Letters about cases: to whom, in whose language, once, and again only when overdue."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core import mail
from django.utils import timezone

from tanma.apps.cases import door as cases
from tanma.apps.people import letters
from tanma.apps.people.door import Role, User
from tests.apps.cases.conftest import TOLD, who
from tests.apps.live.conftest import person

pytestmark = [pytest.mark.db, pytest.mark.django_db]


@pytest.fixture
def mailing(settings):
    settings.TANMA = settings.TANMA.model_copy(update={"mail_url": "smtp://mail.example"})


def reachable(*names, language=""):
    for name in names:
        address = f"{name}@example.org"
        User.objects.filter(username=name).update(email=address, language=language)


def sent():
    found = {m.to[0].removesuffix("@example.org"): m for m in mail.outbox}
    mail.outbox.clear()
    return found


def test_without_mail_or_an_address_nothing_is_sent_and_it_waits(opened, owner, settings):
    reachable("jia")
    assert 0 == cases.send_letters()
    settings.TANMA = settings.TANMA.model_copy(update={"mail_url": "smtp://mail.example"})
    User.objects.update(email="")
    assert 0 == cases.send_letters()
    opened.refresh_from_db()
    assert opened.told_at is None


def test_each_reads_the_own_language_and_only_once(opened, owner, mailing, firms):
    person("jane", Role.ENTERPRISE, subject=firms[0])
    reachable("jia")
    reachable("jane", language="en")
    assert 2 == cases.send_letters()
    found = sent()
    assert "1 件事项有新进展" in found["jia"].subject
    assert "待查看" in found["jia"].body
    assert "/cases/" in found["jia"].body
    assert "news of 1 case" in found["jane"].subject
    assert "Open (due " in found["jane"].body
    assert 0 == cases.send_letters()


def test_the_office_is_written_to_when_an_alarm_is_overdue(opened, owner, bureau, mailing):
    reachable("jia", "bureau")
    cases.send_letters()
    assert {"jia"} == set(sent())
    cases.Case.objects.update(due_at=timezone.now() - dt.timedelta(hours=1))
    assert 1 == cases.send_letters()
    assert "1 件事项已逾期" in sent()["bureau"].subject
    assert 0 == cases.send_letters()


def test_every_state_is_told_to_whom_it_calls(firms, owner, bureau, other, mailing):
    reachable("jia", "bureau", "yi")
    case, _ = cases.open_case("attention", firms[0], "x", TOLD, who("bureau"), "请说明")
    cases.send_letters()
    assert {"jia"} == set(sent())
    cases.take(case, "measures", who("jia"), "更换电机")
    cases.send_letters()
    assert {"bureau"} == set(sent())
    cases.take(case, "close", who("bureau"), "已核实")
    cases.send_letters()
    assert {"jia"} == set(sent())


def test_an_official_of_another_area_is_not_written_to(firms, mailing, opened):
    person("far", Role.BUREAU, area_code="990102")
    reachable("far")
    cases.Case.objects.update(due_at=timezone.now() - dt.timedelta(hours=1))
    assert 0 == cases.send_letters()


def test_a_letter_that_cannot_be_sent_is_tried_again(opened, owner, mailing, monkeypatch):
    reachable("jia")

    def refuse(*args):
        raise OSError("no route")

    monkeypatch.setattr(letters, "send_mail", refuse)
    assert 0 == cases.send_letters()
    monkeypatch.undo()
    assert 1 == cases.send_letters()


def test_it_is_the_turn_of_whom_the_state_calls(firms, opened, owner, bureau):
    def turn(name):
        return set(cases.Case.objects.filter(cases.waiting_for(who(name))))

    assert ({opened}, set()) == (turn("jia"), turn("bureau"))
    cases.Case.objects.update(due_at=timezone.now() - dt.timedelta(hours=1))
    assert {opened} == turn("bureau")
