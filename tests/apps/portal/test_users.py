"""Accounts: made with a password shown once, ended with a date, never deleted."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tanma.apps.people.door import ApiToken, Membership, Role, User, token_hash
from tests.apps.region import COUNTY_1, FIRMS

pytestmark = [pytest.mark.db, pytest.mark.django_db]
NEW = "/office/users/new/"
PERSON = {
    "username": "li.na", "display_name": "李娜", "organisation": "样例主管部门",
    "role": "bureau", "area": COUNTY_1, "uscc": "",
}  # fmt: skip


def made(published, **change):
    return published.client_of("admin").post(NEW, PERSON | change)


@pytest.mark.django_db(databases=["default", "work"])
def test_a_new_official_signs_in_with_the_password_shown_once(published):
    text = made(published).content.decode()
    password = re.findall(r"<code>([^<]+)</code>", text)[1]
    assert password not in published.client_of("admin").get("/office/users/").content.decode()
    client = Client()
    form = {"login": "li.na", "password": password}
    assert 302 == client.post("/accounts/login/", form).status_code
    assert 5 == client.get("/").context["enterprises"]
    row = Membership.objects.get(user__username="li.na")
    assert (Role.BUREAU, COUNTY_1, "admin") == (row.role, row.area_code, row.granted_by)


def test_the_answer_with_the_password_is_kept_nowhere(published):
    assert "no-store" in made(published)["cache-control"]


def test_an_enterprise_user_is_bound_to_its_enterprise(published):
    firm = published.enterprise("A")
    assert 200 == made(published, role="enterprise", area="", uscc=firm.uscc).status_code
    assert firm.id == Membership.objects.get(user__username="li.na").subject


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"username": "city"}, "username"),
        ({"username": "a b"}, "username"),
        ({"role": "enterprise", "area": "", "uscc": "none"}, "uscc"),
        ({"role": "enterprise", "area": COUNTY_1}, "area"),
        ({"uscc": "91990100SAMPLEA000"}, "uscc"),
        ({"area": "nowhere"}, "area"),
        ({"role": "king"}, "role"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field(published, change, field):
    answer = made(published, **change)
    assert 400 == answer.status_code
    assert field in answer.context["form"].errors
    assert not User.objects.filter(username="li.na").exists()


def membership(name):
    return Membership.objects.get(user__username=name)


def end(published, name, method="post"):
    path = f"/office/users/memberships/{membership(name).uid}/end/"
    return getattr(published.client_of("admin"), method)(path)


def test_an_ended_role_gives_no_rights_and_stays_on_record(published):
    assert "终止角色" in end(published, "county1", "get").content.decode()
    assert 302 == end(published, "county1").status_code
    row = membership("county1")
    assert (timezone.localdate(), "admin") == (row.valid_to, row.ended_by)
    assert 403 == published.client_of("county1").get("/registry/enterprises/").status_code
    assert "已终止" in published.client_of("admin").get("/office/users/").content.decode()
    assert 404 == end(published, "county1").status_code


def test_an_administrator_does_not_end_the_own_role(published):
    end(published, "admin")
    assert membership("admin").valid_to.year == 9999


def test_users_are_exported_without_secrets(published):
    answer = published.client_of("admin").get("/office/users/", {"export": "csv"})
    text = b"".join(answer.streaming_content).decode()
    assert "county1" in text
    assert FIRMS["A"].name in text
    assert "argon2" not in text


def token(published, **change):
    form = {"label": "报表", "days": "30"} | change
    return published.client_of("firm_a").post("/account/tokens/", form)


def test_a_key_is_shown_once_and_stored_as_a_digest(published):
    text = re.search(r"<code>(tanma_[^<]+)</code>", token(published).content.decode()).group(1)
    row = ApiToken.objects.get()
    assert token_hash(text) == row.token_hash
    assert timedelta(days=29) < row.expires_at - timezone.now() < timedelta(days=31)
    assert text not in published.client_of("firm_a").get("/account/").content.decode()


@pytest.mark.parametrize("change", [{"days": "0"}, {"days": "9999"}, {"label": ""}])
def test_a_key_without_end_or_purpose_is_refused(published, change):
    assert 400 == token(published, **change).status_code
    assert not ApiToken.objects.exists()


def test_a_key_is_stopped_by_its_owner_only(published):
    token(published)
    path = f"/account/tokens/{ApiToken.objects.get().uid}/revoke/"
    assert 404 == published.client_of("firm_b").post(path).status_code
    assert ApiToken.objects.get().revoked_at is None
    assert 302 == published.client_of("firm_a").post(path).status_code
    assert ApiToken.objects.get().revoked_at is not None


def test_the_account_page_leads_to_password_and_second_factor(published):
    text = published.client_of("firm_a").get("/account/").content.decode()
    assert "/accounts/password/change/" in text
    assert "/accounts/2fa/" in text
    page = published.client_of("firm_a").get("/accounts/2fa/")
    assert "topbar" in page.content.decode()
