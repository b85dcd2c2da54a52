"""The second factor: switched on, asked for at the next login, with codes for a lost phone."""

import re

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.test import Client

from tanma.apps.people.door import User

pytestmark = [pytest.mark.db, pytest.mark.django_db(databases=["default", "work"])]
PASSWORD = "a-long-enough-Passphrase-7"
FORM = '<form class="form"'


@pytest.fixture
def signed_in(published):
    user = User.objects.get(username="firm_a")
    user.set_password(PASSWORD)
    user.save()
    return login(Client())[0]


def login(client):
    return client, client.post("/accounts/login/", {"login": "firm_a", "password": PASSWORD})


def code_now(secret):
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    return totp.format_hotp_value(totp.hotp_value(secret, counter))


def activate(client):
    """Switch it on as a person would: secret from the page into the app, its code back."""
    start = "/accounts/2fa/totp/activate/"
    client.post(f"/accounts/reauthenticate/?next={start}", {"password": PASSWORD})
    page = client.get(start).content.decode()
    secret = re.search(r'id="authenticator_secret"[^>]*value="([A-Z2-7]+)"', page)[1]
    answer = client.post(start, {"code": code_now(secret)})
    assert "/accounts/2fa/recovery-codes/" in answer.url
    return secret, page


def test_every_page_of_the_second_factor_wears_the_product_and_no_bare_button(signed_in):
    _secret, page = activate(signed_in)
    assert FORM in page
    for path in ("", "recovery-codes/", "recovery-codes/generate/", "totp/deactivate/",
                 "webauthn/", "webauthn/add/"):  # fmt: skip
        answer = signed_in.get(f"/accounts/2fa/{path}")
        text = answer.content.decode()
        assert 200 == answer.status_code, path
        assert "topbar" in text, path
        assert "<button type" not in text, path
        assert not re.search(r"\son\w+=|<script>(?!\s*</script>)", text), path


def test_the_next_login_asks_for_the_code(signed_in):
    activate(signed_in)
    client, answer = login(Client())
    assert answer.url.startswith("/accounts/2fa/authenticate/")
    asked = client.get(answer.url).content.decode()
    assert FORM in asked
    assert 302 == client.get("/account/").status_code
    wrong = client.post(answer.url, {"code": "000000"})
    assert 200 == wrong.status_code
    assert 'role="alert"' in wrong.content.decode() or "errorlist" in wrong.content.decode()


def test_a_recovery_code_opens_once(signed_in):
    activate(signed_in)
    page = signed_in.get("/accounts/2fa/recovery-codes/").content.decode()
    code = re.search(r"<textarea[^>]*>\s*([0-9a-f]+)", page)[1]
    client, answer = login(Client())
    assert 302 == client.post(answer.url, {"code": code}).status_code
    assert 200 == client.get("/account/").status_code
    again, answer = login(Client())
    assert 200 == again.post(answer.url, {"code": code}).status_code


def test_a_second_factor_is_changed_only_after_the_password_was_given_again(signed_in):
    answer = signed_in.get("/accounts/2fa/totp/activate/")
    assert answer.url.startswith("/accounts/reauthenticate/")
    page = signed_in.get(answer.url).content.decode()
    assert FORM in page
    assert 1 == page.count("<label")
