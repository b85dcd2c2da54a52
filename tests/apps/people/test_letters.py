"""Who holds a role for an enterprise, and in which language a person is written to."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from django.utils.translation import gettext, override

from tanma.apps.people import door as people

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def held(published, *roles):
    found = people.holders(roles, [published.subject(k) for k in "AB"])
    return {k: [u.username for u in found.get(published.subject(k), [])] for k in "AB"}


def test_holders_are_those_of_the_enterprise_or_of_its_area(published):
    assert ["firm_a"] == held(published, "enterprise")["A"]
    bureau = held(published, "bureau")
    assert {"city", "county1"} == set(bureau["A"])
    assert {"city", "county2"} == set(bureau["B"])
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    people.Membership.objects.filter(user__username="city").update(valid_to=yesterday)
    people.User.objects.filter(username="county1").update(is_active=False)
    assert [] == held(published, "bureau")["A"]


def letter():
    return gettext("企业"), "…"


@pytest.mark.parametrize(("language", "title"), [("", "企业"), ("en", "Enterprise")])
def test_a_letter_is_in_the_language_of_its_reader(published, settings, language, title):
    settings.TANMA = settings.TANMA.model_copy(update={"mail_url": "smtp://mail.example"})
    user = people.User(username="x", email="x@example.org", language=language)
    with override("en" if not language else "zh-hans"):
        assert people.write(user, letter)
    assert mail.outbox[0].subject.startswith(title)


def test_the_language_is_that_of_the_first_login_until_another_is_chosen(published):
    def language():
        return people.User.objects.get(username="firm_a").language

    with override("en"):
        client = published.client_of("firm_a")
    assert "en" == language()
    published.client_of("firm_a")
    assert "en" == language()
    client.post("/i18n/setlang/", {"language": "zh-hans"})
    assert "zh-hans" == language()
    client.post("/i18n/setlang/", {"language": "xx"})
    assert "zh-hans" == language()
    assert 302 == Client().post("/i18n/setlang/", {"language": "en"}).status_code
