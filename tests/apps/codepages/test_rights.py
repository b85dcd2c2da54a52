"""Every route of the code pages × every kind of visitor: who gets what."""

import pytest

from tanma.apps.codepages import urls
from tanma.apps.people.door import Consent
from tanma.domain.identity import id_text
from tests.apps.publications.test_rights import LOGIN, METHOD, NO, OK, SENT, VISITORS, outcome

pytestmark = [pytest.mark.db, pytest.mark.django_db]

OPEN = dict.fromkeys(VISITORS, OK)
OWN = {"": LOGIN, "firm_a": OK, "firm_b": NO, "county2": NO, "city": NO, "reviewer": NO,
       "publisher": NO}  # fmt: skip
EXPECTED = {
    "code": OPEN,
    "code_json": OPEN,
    "certificate": OPEN,
    "consents": OWN,
    "revoke": {**OWN, "firm_a": SENT},
    "preview": {**OWN, "city": OK, "reviewer": OK, "publisher": OK},
    "open_consent": OPEN,
}


def test_the_table_names_every_route():
    assert {p.name for p in urls.urlpatterns if p.name} == set(EXPECTED)


@pytest.fixture
def address(published):
    """The address of each route, about enterprise A."""
    enterprise = published.enterprise("A")
    code = enterprise.public_code
    token = published.client_of("firm_a").post(
        f"/c/{code}/consents/", {"purpose": "样例", "days": 3}
    ).context["link"].rpartition("/")[2]  # fmt: skip
    consent = id_text(Consent.objects.get(subject=enterprise.id).id)
    paths = {
        "code": f"/c/{code}", "code_json": f"/c/{code}.json",
        "certificate": f"/c/{code}/certificate.pdf", "consents": f"/c/{code}/consents/",
        "revoke": f"/c/{code}/consents/{consent}/revoke/",
        "preview": f"/c/{code}/preview/", "open_consent": f"/consent/{token}",
    }  # fmt: skip
    return paths.__getitem__


@pytest.mark.parametrize("route", sorted(EXPECTED))
def test_who_gets_what(published, address, route):
    found = {}
    for who in VISITORS:
        client = published.client_of(who)
        call = client.post if route == "revoke" else client.get
        found[who] = outcome(call(address(route)))
    assert EXPECTED[route] == found


def test_a_link_is_not_revoked_by_looking(published, address):
    assert METHOD == published.client_of("firm_a").get(address("revoke")).status_code


@pytest.mark.parametrize("who", ["", "firm_b", "county2"])
def test_without_the_right_the_code_page_has_no_figures(published, who):
    response = published.client_of(who).get(f"/c/{published.enterprise('A').public_code}")
    assert response.status_code == OK
    assert "碳配额" not in response.content.decode()


@pytest.mark.parametrize("who", ["firm_a", "city", "county1", "reviewer"])
def test_with_the_right_it_has_them(published, who):
    text = published.client_of(who).get(f"/c/{published.enterprise('A').public_code}").content
    for wanted in (
        "碳排放总量",
        "碳效值",
        "碳中和率",
        "与行业平均比值",
        "同行排名",
        "碳配额",
        "碳交易",
    ):
        assert wanted in text.decode()
