"""Without mail the pages that would send a letter say what to do instead; with it they work."""

import pytest
from django.core import mail

from tanma.apps.people.door import User

pytestmark = [pytest.mark.db, pytest.mark.django_db(databases=["default", "work"])]


@pytest.fixture(autouse=True)
def plain(settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


@pytest.fixture
def user():
    return User.objects.create_user("wang", email="wang@example.org", password="right-horse-42")


@pytest.mark.parametrize("path", ["/accounts/password/reset/", "/accounts/email/"])
def test_without_mail_the_page_names_the_administrator(client, user, path):
    for answer in (client.get(path), client.post(path, {"email": user.email})):
        assert 200 == answer.status_code
        assert "请联系本单位管理员" in answer.content.decode()
    client.force_login(user)
    assert "请联系本单位管理员" in client.post(path, {"action_send": ""}).content.decode()
    assert [] == mail.outbox


def test_the_login_offers_no_letter_that_cannot_be_sent(client, settings):
    without = client.get("/accounts/login/").content.decode()
    assert "/accounts/password/reset/" not in without
    assert "忘记密码请联系本单位管理员" in without
    settings.TANMA = settings.TANMA.model_copy(update={"mail_url": "smtp://mail.example.org"})
    assert "/accounts/password/reset/" in client.get("/accounts/login/").content.decode()


def test_with_mail_a_letter_is_sent(client, user, settings):
    settings.TANMA = settings.TANMA.model_copy(update={"mail_url": "smtp://mail.example.org"})
    answer = client.post("/accounts/password/reset/", {"email": user.email})
    assert 302 == answer.status_code
    assert ["wang@example.org"] == mail.outbox[0].to
