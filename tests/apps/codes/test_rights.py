"""Every route of the codes pages × every kind of visitor: who gets what."""

import pytest

from tanma.apps.codes import urls
from tanma.apps.codes.models import Objection, Schedule
from tanma.apps.people.door import Consent, User
from tanma.apps.rules.door import Pack
from tanma.domain.identity import id_text
from tests.apps.region import PREVIEW

pytestmark = [pytest.mark.db, pytest.mark.django_db]

VISITORS = ("", "firm_a", "firm_b", "county2", "city", "reviewer", "publisher")
OK, LOGIN, NO, GONE, METHOD, SENT = 200, "login", 403, 404, 405, 302
OPEN = dict.fromkeys(VISITORS, OK)
OWN = {"": LOGIN, "firm_a": OK, "firm_b": NO, "county2": NO, "city": NO, "reviewer": NO,
       "publisher": NO}  # fmt: skip
FIGURES = {**OWN, "city": OK, "reviewer": OK, "publisher": OK}
DESK = {"": LOGIN, "firm_a": NO, "firm_b": NO, "county2": OK, "city": OK, "reviewer": OK,
        "publisher": OK}  # fmt: skip
STARTERS = {**DESK, "county2": NO, "reviewer": NO, "publisher": NO}
EXPECTED = {
    "code": OPEN,
    "code_json": OPEN,
    "certificate": OPEN,
    "consents": OWN,
    "revoke": {**OWN, "firm_a": SENT},
    "preview": FIGURES,
    "open_consent": OPEN,
    "runs": DESK,
    "start": STARTERS,
    "starting": {**STARTERS, "city": GONE},
    "schedules": DESK,
    "schedule_end": {**STARTERS, "city": SENT, "reviewer": GONE, "publisher": GONE},
    "try_out": DESK,
    "run": DESK,
    "uncoded": DESK,
    "activity": DESK,
    "verify": {who: SENT if what == OK else what for who, what in DESK.items()},
    "take": {**dict.fromkeys(VISITORS, NO), "": LOGIN, "publisher": OK},
    "answer": {"": LOGIN, "firm_a": NO, "firm_b": NO, "county2": GONE, "city": SENT,
               "reviewer": NO, "publisher": NO},
}  # fmt: skip
POSTED = {"revoke", "verify", "answer", "schedule_end"}


def test_the_table_names_every_route():
    assert {p.name for p in urls.urlpatterns if p.name} == set(EXPECTED)


@pytest.fixture
def address(published):
    """The address of each route, about enterprise A and the runs of the region."""
    enterprise, firm = published.enterprise("A"), User.objects.get(username="firm_a")
    token = published.client_of("firm_a").post(
        f"/c/{enterprise.public_code}/consents/", {"purpose": "样例", "days": 3}
    ).context["link"].rpartition("/")[2]  # fmt: skip
    consent = Consent.objects.get(subject=enterprise.id)
    objection = Objection.objects.create(
        run=published.run(PREVIEW), subject=enterprise.id, text="x", user=firm
    )
    code, run = enterprise.public_code, published.run().uid
    schedule = Schedule.objects.create(kind="rolling", days_after=30, least_percent=90)
    pack = Pack.objects.create(
        kind="scheme", name="x", purpose="x", files={"x.toml": ""},
        base="zhejiang-carbon-efficiency/2024-draft",
    )  # fmt: skip
    paths = {
        "schedules": "/publications/schedules/", "try_out": f"/publications/try/{pack.uid}/",
        "schedule_end": f"/publications/schedules/{schedule.uid}/end/",
        "code": f"/c/{code}", "code_json": f"/c/{code}.json",
        "certificate": f"/c/{code}/certificate.pdf", "consents": f"/c/{code}/consents/",
        "revoke": f"/c/{code}/consents/{id_text(consent.id)}/revoke/",
        "preview": f"/c/{code}/preview/", "open_consent": f"/consent/{token}",
        "runs": "/publications/", "start": "/publications/start/",
        "starting": "/publications/starting/no-such-task/", "run": f"/publications/{run}/",
        "activity": f"/publications/{run}/activity/",
        "uncoded": f"/publications/{run}/uncoded/", "verify": f"/publications/{run}/verify/",
        "take": f"/publications/{run}/take/withdraw/",
        "answer": f"/publications/{run}/objections/{id_text(objection.id)}/",
    }  # fmt: skip
    return paths.__getitem__


def outcome(response):
    if response.status_code == SENT and response["Location"].startswith("/accounts/login/"):
        return LOGIN
    return response.status_code


@pytest.mark.django_db(databases=["default", "work"])
@pytest.mark.parametrize("route", sorted(EXPECTED))
def test_who_gets_what(published, address, route):
    found = {}
    for who in VISITORS:
        client = published.client_of(who)
        call = client.post if route in POSTED else client.get
        found[who] = outcome(
            call(address(route), {"text": "样例答复"} if route == "answer" else {})
        )
    assert EXPECTED[route] == found


@pytest.mark.parametrize("route", sorted(POSTED))
def test_what_changes_something_is_not_reached_by_a_link(published, address, route):
    who = {"revoke": "firm_a"}.get(route, "city")
    assert METHOD == published.client_of(who).get(address(route)).status_code


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


def test_an_official_of_one_county_sees_its_own_rows_in_lists(published):
    path = f"/publications/{published.run().uid}/uncoded/"
    assert "庚断报" in published.client_of("county1").get(path).content.decode()
    assert "庚断报" not in published.client_of("county2").get(path).content.decode()
