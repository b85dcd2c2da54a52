"""Every route of runs and publications × every kind of visitor: who gets what."""

import pytest

from tanma.apps.codes.door import Objection, Schedule
from tanma.apps.people.door import User
from tanma.apps.publications import urls
from tanma.apps.rules.door import Pack
from tanma.domain.identity import id_text
from tests.apps.region import PREVIEW

pytestmark = [pytest.mark.db, pytest.mark.django_db]

VISITORS = ("", "firm_a", "firm_b", "county2", "city", "reviewer", "publisher")
OK, LOGIN, NO, GONE, METHOD, SENT = 200, "login", 403, 404, 405, 302
DESK = {"": LOGIN, "firm_a": NO, "firm_b": NO, "county2": OK, "city": OK, "reviewer": OK,
        "publisher": OK}  # fmt: skip
STARTERS = {**DESK, "county2": NO, "reviewer": NO, "publisher": NO}
EXPECTED = {
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
POSTED = {"verify", "answer", "schedule_end"}


def test_the_table_names_every_route():
    assert {p.name for p in urls.urlpatterns if p.name} == set(EXPECTED)


@pytest.fixture
def address(published):
    """The address of each route, about enterprise A and the runs of the region."""
    enterprise, firm = published.enterprise("A"), User.objects.get(username="firm_a")
    objection = Objection.objects.create(
        run=published.run(PREVIEW), subject=enterprise.id, text="x", user=firm
    )
    run = published.run().uid
    schedule = Schedule.objects.create(kind="rolling", days_after=30, least_percent=90)
    pack = Pack.objects.create(
        kind="scheme", name="x", purpose="x", files={"x.toml": ""},
        base="zhejiang-carbon-efficiency/2024-draft",
    )  # fmt: skip
    paths = {
        "schedules": "/publications/schedules/", "try_out": f"/publications/try/{pack.uid}/",
        "schedule_end": f"/publications/schedules/{schedule.uid}/end/",
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
    assert METHOD == published.client_of("city").get(address(route)).status_code


def test_an_official_of_one_county_sees_its_own_rows_in_lists(published):
    path = f"/publications/{published.run().uid}/uncoded/"
    assert "庚断报" in published.client_of("county1").get(path).content.decode()
    assert "庚断报" not in published.client_of("county2").get(path).content.decode()
