"""Consent links: shown once, stored as a hash, ended by time or by the enterprise."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from tanma.apps.codepages import consent
from tanma.apps.people.door import Consent
from tanma.domain.identity import id_text
from tanma.domain.messages import Problem
from tests.apps.region import viewer_of

pytestmark = [pytest.mark.db, pytest.mark.django_db]


@pytest.fixture
def link(published):
    """The path of a new link of enterprise A."""
    code = published.enterprise("A").public_code
    answer = published.client_of("firm_a").post(
        f"/c/{code}/consents/", {"purpose": "样例银行贷款审查", "days": 10}
    )
    return "/" + answer.context["link"].split("/", 3)[3]


def page(client, published, key="A"):
    return client.get(f"/c/{published.enterprise(key).public_code}").content.decode()


def test_the_link_is_shown_once_and_only_its_hash_is_kept(published, link):
    token = link.rpartition("/")[2]
    kept = Consent.objects.get()
    assert token not in str(kept.__dict__)
    assert re.fullmatch(r"[0-9a-f]{64}", kept.token_hash)
    code = published.enterprise("A").public_code
    again = published.client_of("firm_a").get(f"/c/{code}/consents/").content.decode()
    assert token not in again
    assert "样例银行贷款审查" in again


def test_a_guest_sees_figures_and_is_told_until_when_and_for_what(published, link):
    guest = Client()
    assert "碳配额" not in page(guest, published)
    opened = guest.get(link).content.decode()
    assert "样例银行贷款审查" in opened
    assert f"{timezone.localtime() + timedelta(days=10):%Y-%m-%d}" in opened
    assert "碳配额" in page(guest, published)
    assert "您正凭企业授权查看" in page(guest, published)


def test_the_page_of_a_guest_is_private_and_leaves_the_shared_one_alone(published, link):
    guest = Client()
    guest.get(link)
    answer = guest.get(f"/c/{published.enterprise('A').public_code}")
    assert "private, no-store" == answer["Cache-Control"]
    assert "碳配额" not in page(Client(), published)


def test_another_enterprise_stays_closed(published, link):
    guest = Client()
    guest.get(link)
    assert "碳配额" not in page(guest, published, "B")


def test_a_guest_may_look_and_nothing_else(published, link):
    guest = Client()
    guest.get(link)
    code = published.enterprise("A").public_code
    for path in (f"/c/{code}/consents/", f"/c/{code}/preview/", "/publications/"):
        assert 302 == guest.get(path).status_code
    assert "授权他人查看" not in page(guest, published)


def test_an_expired_link_opens_nothing_and_closes_what_it_had_opened(published, link):
    guest = Client()
    guest.get(link)
    Consent.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "碳配额" not in page(guest, published)
    late = Client().get(link)
    assert 410 == late.status_code
    assert "到期" in late.content.decode()


def test_a_revoked_link_ends_at_once(published, link):
    guest = Client()
    guest.get(link)
    code, kept = published.enterprise("A").public_code, Consent.objects.get()
    published.client_of("firm_a").post(f"/c/{code}/consents/{id_text(kept.id)}/revoke/")
    assert "碳配额" not in page(guest, published)
    late = Client().get(link)
    assert 410 == late.status_code
    assert "收回" in late.content.decode()


def test_an_enterprise_cannot_revoke_the_link_of_another(published, link):
    other, kept = published.enterprise("B"), Consent.objects.get()
    answer = published.client_of("firm_b").post(
        f"/c/{other.public_code}/consents/{id_text(kept.id)}/revoke/"
    )
    assert 404 == answer.status_code
    assert Consent.objects.get().revoked_at is None


def test_an_unknown_token_is_told(published):
    answer = Client().get("/consent/nothing")
    assert 410 == answer.status_code
    assert "不存在" in answer.content.decode()


@pytest.mark.parametrize(
    ("purpose", "days", "code", "zh", "en"),
    [
        ("x", 0, "consent_days", "1 到 366", "between 1 and 366"),
        ("x", 367, "consent_days", "367", "367 days"),
        (" ", 5, "consent_purpose", "没有写用途", "purpose is missing"),
    ],
)
def test_what_a_consent_must_have(published, purpose, days, code, zh, en):
    with pytest.raises(Problem) as told:
        consent.grant(viewer_of("firm_a"), published.subject("A"), purpose, days)
    assert code == told.value.code
    assert zh in told.value.text("zh")
    assert en in told.value.text("en")


def test_nobody_else_can_grant(published):
    for name in ("firm_b", "city", "reviewer"):
        with pytest.raises(PermissionDenied):
            consent.grant(viewer_of(name), published.subject("A"), "x", 5)
