"""Failed logins are counted per address and account: nobody is locked out by a stranger."""

import pytest
from django.core.cache import cache
from django.test import Client

from tanma.apps.people.door import User

pytestmark = [pytest.mark.db, pytest.mark.django_db(databases=["default", "work"])]
STRANGER, OWN = "192.0.2.7", "198.51.100.9"


@pytest.fixture
def login(settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    for name in ("wang", "li"):
        User.objects.create_user(username=name, password="right-horse-42")

    def attempt(address, password, name="wang"):
        client = Client(REMOTE_ADDR=address)
        return client.post("/accounts/login/", {"login": name, "password": password}).status_code

    yield attempt
    cache.clear()


IN, REFUSED = 302, 200


def test_a_stranger_does_not_lock_the_right_person_out(login):
    assert {REFUSED} == {login(STRANGER, "wrong") for _ in range(6)}
    assert REFUSED == login(STRANGER, "right-horse-42")  # slowed down from there
    assert IN == login(OWN, "right-horse-42")


def test_another_account_from_the_same_address_still_gets_in(login):
    for _ in range(6):
        login(STRANGER, "wrong")
    assert IN == login(STRANGER, "right-horse-42", "li")
