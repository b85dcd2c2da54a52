"""Every address of the site × every kind of visitor: what a GET answers, from one table.

An address that is not in the table fails the test, and so does a row without an address. Objects
in the addresses belong to enterprise A in county 1, or to the whole region.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from tanma.apps.cases import door as cases
from tanma.apps.catalogue import vouchers
from tanma.apps.catalogue.models import Voucher
from tanma.apps.cockpit.models import Kiosk
from tanma.apps.desk.models import DeskCase
from tanma.apps.equipment import door as equipment
from tanma.apps.imports.models import Batch
from tanma.apps.lots.door import Lot
from tanma.apps.metering import door as metering
from tanma.apps.people.door import Consent, Membership, User, create_token, token_hash
from tanma.apps.rules.models import Pack
from tests.apps.region import CITY, PREVIEW, client_of, published

__all__ = ["published"]
pytestmark = [pytest.mark.db, pytest.mark.django_db]

ROLES = ("", "firm_a", "firm_b", "county2", "city", "admin")
"""visitor, enterprise A, enterprise B, bureau of the other county, of the city, administrator"""
FOREIGN = ("accounts/", "i18n/")
"""Addresses of libraries, which test their own."""

TABLE: dict[str, str] = {
    "": "200 200 200 200 200 200",
    "public/": "200 200 200 200 200 200",
    "find/": "302 302 302 302 302 302",
    "account/": "302 200 200 200 200 200",
    "account/tokens/": "302 405 405 405 405 405",
    "account/tokens/<str:uid>/revoke/": "302 405 405 405 405 405",
    "office/users/": "302 403 403 403 403 200",
    "office/users/new/": "302 403 403 403 403 200",
    "office/users/memberships/<str:uid>/end/": "302 403 403 403 403 200",
    "c/<str:text>.json": "200 200 200 200 200 200",
    "c/<str:text>/certificate.pdf": "200 200 200 200 200 200",
    "c/<str:code>/consents/": "302 200 403 403 403 403",
    "c/<str:code>/consents/<str:uid>/revoke/": "302 405 405 405 405 405",
    "c/<str:code>/preview/": "302 200 403 403 200 200",
    "c/<str:text>": "200 200 200 200 200 200",
    "c/<str:text>/": "301 301 301 301 301 301",
    "consent/<str:token>": "200 200 200 200 200 200",
    "publications/": "302 403 403 200 200 200",
    "publications/start/": "302 403 403 403 200 200",
    "publications/starting/<str:task>/": "302 403 403 403 404 404",
    "publications/schedules/": "302 403 403 200 200 200",
    "publications/schedules/<str:uid>/end/": "302 405 405 405 405 405",
    "publications/try/<str:uid>/": "302 403 403 200 200 200",
    "publications/<str:uid>/": "302 403 403 200 200 200",
    "publications/<str:uid>/uncoded/": "302 403 403 200 200 200",
    "publications/<str:uid>/activity/": "302 403 403 200 200 200",
    "publications/<str:uid>/verify/": "302 405 405 405 405 405",
    "publications/<str:uid>/take/<str:action>/": "302 403 403 403 403 403",
    "publications/<str:uid>/objections/<str:objection>/": "302 405 405 405 405 405",
    "cockpit/": "302 403 403 200 200 200",
    "cockpit/kiosk/<str:token>/": "200 200 200 200 200 200",
    "cockpit/kiosks/": "302 403 403 200 200 200",
    "cockpit/area/<str:code>/": "302 403 403 403 200 200",
    "cockpit/area/<str:code>/causes/": "302 403 403 403 200 200",
    "cockpit/rankings/": "302 403 403 200 200 200",
    "cockpit/neutrality/": "302 403 403 200 200 200",
    "cockpit/attention/": "302 403 403 200 200 200",
    "cockpit/attention/warn/": "302 403 403 405 405 405",
    "trends/": "302 302 302 302 302 302",
    "trends/enterprise/<str:uid>/": "302 200 404 404 200 200",
    "trends/area/<str:code>/": "302 403 403 403 200 200",
    "running/account/": "302 302 302 302 302 302",
    "running/account/region/": "302 403 403 200 200 200",
    "running/account/<str:uid>/": "302 200 404 404 200 200",
    "running/energy/": "302 302 302 302 302 302",
    "running/energy/region/": "302 403 403 200 200 200",
    "running/energy/<str:uid>/": "302 200 404 404 200 200",
    "running/power/": "302 302 302 403 403 403",
    "running/power/<str:uid>/": "302 200 404 404 200 200",
    "imports/": "302 302 302 302 302 302",
    "imports/files/": "302 200 200 200 200 200",
    "imports/files/templates/": "302 200 200 200 200 200",
    "imports/files/templates/<str:kind>/<str:name>.<str:suffix>": "302 200 200 200 200 200",
    "imports/files/<str:uid>/": "302 404 404 404 404 200",
    "imports/files/<str:uid>/progress/": "302 404 404 404 404 200",
    "imports/files/<str:uid>/rejects.<str:suffix>": "302 404 404 404 404 404",
    "imports/files/<str:uid>/import/": "302 405 405 405 405 405",
    "imports/files/<str:uid>/withdraw/": "302 404 404 404 404 200",
    "imports/desk/": "302 403 403 200 200 200",
    "imports/desk/accounts/": "302 403 403 200 200 200",
    "imports/desk/<str:uid>/": "302 403 403 404 200 200",
    "imports/catalogue/": "302 403 403 200 200 200",
    "imports/catalogue/class/": "302 403 403 200 200 200",
    "imports/catalogue/class/<str:kind>/": "302 403 403 200 200 200",
    "imports/catalogue/<str:source>/": "302 403 403 200 200 200",
    "imports/mismatch/": "302 403 403 200 200 200",
    "imports/missing/": "302 403 403 200 200 200",
    "imports/vouchers/": "302 200 200 200 200 200",
    "imports/vouchers/<str:uid>/": "302 200 404 404 200 200",
    "imports/ledger/": "302 302 302 200 200 200",
    "imports/ledger/<str:uid>/": "302 200 404 404 200 200",
    "imports/declare/": "302 200 200 403 403 403",
    "imports/declare/<str:number>/": "302 200 404 403 403 403",
    "live/": "302 302 302 200 200 200",
    "live/region/": "302 403 403 200 200 200",
    "live/lake/": "302 403 403 403 403 200",
    "live/<str:uid>/": "302 200 404 404 200 200",
    "live/<str:uid>/tree/": "302 200 404 404 200 200",
    "live/<str:uid>/points.json": "302 200 404 404 200 200",
    "live/<str:uid>/readings.csv": "302 200 404 404 200 200",
    "live/<str:uid>/quality/": "302 200 404 404 200 200",
    "flows/": "302 302 302 200 200 200",
    "flows/area/<str:code>/": "302 403 403 403 200 200",
    "flows/<str:uid>/": "302 200 404 404 200 200",
    "flows/<str:uid>/group/": "302 200 404 404 200 200",
    "flows/<str:uid>/group/consent/": "302 405 405 405 405 405",
    "batches/": "302 200 200 200 200 200",
    "batches/<str:uid>/": "302 200 404 404 200 200",
    "live/<str:uid>/behind/<int:seq>/": "302 404 404 404 404 404",
    "metrics": "401 401 401 401 401 200",
    "cases/": "302 200 200 200 200 200",
    "cases/<str:uid>/": "302 200 404 404 200 200",
    "cases/<str:uid>/move/": "302 405 405 405 405 405",
    "equipment/": "302 200 200 200 200 200",
    "equipment/new/<str:uid>/": "302 200 404 404 200 200",
    "equipment/<str:uid>/": "302 200 404 404 200 200",
    "equipment/<str:uid>/change/": "302 200 404 404 200 200",
    "watch/": "302 302 302 200 200 200",
    "watch/alarms/": "302 200 200 200 200 200",
    "watch/<str:uid>/": "302 200 404 404 200 200",
    "watch/<str:uid>/runtime/": "302 200 404 404 200 200",
    "watch/<str:uid>/intensity/": "302 200 404 404 200 200",
    "watch/<str:uid>/limits/": "302 200 404 404 200 200",
    "watch/<str:uid>/limits/<int:number>/": "302 200 404 404 200 200",
    "watch/<str:uid>/<str:device>/": "302 200 404 404 200 200",
    "meters/": "302 200 200 200 200 200",
    "meters/gateways/": "302 200 200 200 200 200",
    "meters/gateways/<str:uid>/": "302 200 404 404 200 200",
    "meters/gateways/<str:uid>/renew/": "302 405 405 405 405 405",
    "meters/gateways/<str:uid>/sign/": "302 405 405 405 405 405",
    "meters/gateways/<str:uid>/revoke/": "302 405 405 405 405 405",
    "meters/connect/": "302 200 200 200 200 200",
    "meters/connect/<str:uid>/meters/": "302 200 404 404 200 200",
    "meters/connect/<str:uid>/test/": "302 200 404 404 200 200",
    "meters/connect/<str:uid>/test/poll/": "302 200 404 404 200 200",
    "meters/new/<str:uid>/": "302 200 404 404 200 200",
    "meters/<str:uid>/": "302 200 404 404 200 200",
    "meters/<str:uid>/change/": "302 200 404 404 200 200",
    "meters/<str:uid>/event/": "302 200 404 404 200 200",
    "meters/<str:uid>/checks/<int:number>/": "302 200 404 404 200 200",
    "registry/enterprises/": "302 403 403 200 200 200",
    "registry/enterprises/<str:uid>/": "302 200 404 404 200 200",
    "registry/enterprises/<str:uid>/facts/": "302 200 404 404 200 200",
    "registry/areas/": "302 403 403 200 200 200",
    "inventories/<str:uid>/": "302 200 404 404 200 200",
    "inventories/<str:uid>/energy": "302 200 404 404 200 200",
    "inventories/<str:uid>/lines": "302 200 404 404 200 200",
    "inventories/<str:uid>/basis": "302 200 404 404 200 200",
    "rules/factors/": "200 200 200 200 200 200",
    "rules/factors/<str:name>/": "200 200 200 200 200 200",
    "rules/schemes/": "200 200 200 200 200 200",
    "rules/editions/": "200 200 200 200 200 200",
    "rules/editions/<str:edition_id>/": "200 200 200 200 200 200",
    "rules/items/": "200 200 200 200 200 200",
    "rules/packs/": "302 403 403 200 200 200",
    "rules/packs/new/": "302 403 403 403 200 200",
    "rules/packs/<str:uid>/": "302 403 403 200 200 200",
    "rules/packs/<str:uid>/take/<str:action>/": "302 405 405 405 405 405",
    "rules/packs/<str:uid>/file/<str:name>": "404 404 404 200 200 200",
    "api/": "200 200 200 200 200 200",
    "api/v1/": "404 404 404 404 404 404",
    "api/v1/openapi.json": "200 200 200 200 200 200",
    "api/v1/codes/<code>": "200 200 200 200 200 200",
    "api/v1/results": "401 200 200 200 200 200",
    "api/v1/runs": "401 403 403 200 200 200",
    "api/v1/enterprises": "401 200 200 200 200 200",
    "api/v1/enterprises/<uid>": "401 200 404 404 200 200",
    "api/v1/enterprises/<uid>/facts": "401 200 404 404 200 200",
    "api/v1/areas": "401 403 403 200 200 200",
    "api/v1/imports": "401 200 200 200 200 200",
    "api/v1/imports/<batch>": "401 404 404 404 404 200",
    "api/v1/imports/<batch>/report": "401 404 404 404 404 200",
    "api/v1/factors": "200 200 200 200 200 200",
    "api/v1/schemes": "200 200 200 200 200 200",
    "api/v1/rate": "405 405 405 405 405 405",
    "kit/demo-loading/": "200 200 200 200 200 200",
    "kit/styleguide/": "404 404 404 404 404 404",
    "kit/styleguide/phone/": "404 404 404 404 404 404",
    "kit/styleguide/screen/": "404 404 404 404 404 404",
    "kit/styleguide/progress/": "404 404 404 404 404 404",
    "kit/styleguide/certificate.pdf": "404 404 404 404 404 404",
}
"""Address → the answer to a GET, in the order of ROLES. 302 leads to the login."""


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for part in resolver.url_patterns:
        route = prefix + str(part.pattern)
        if isinstance(part, URLPattern):
            yield route
        else:
            yield from routes(part, route)


def own_routes() -> list[str]:
    return [r for r in routes(get_resolver()) if not r.startswith(FOREIGN)]


def objects(region: Any) -> dict[str, str]:
    """What stands for each parameter, by the route's beginning and the parameter's name."""
    user = User.objects.get(username="firm_a")
    firm, tomorrow = region.enterprise("A"), timezone.now() + timedelta(days=1)
    consent = Consent.objects.create(
        subject=firm.id, purpose="x", token_hash=token_hash("letter"), granted_by=user,
        expires_at=tomorrow,
    )  # fmt: skip
    case = DeskCase.objects.create(kind="unknown", scheme="uscc", value="X")
    batch = Batch.objects.create(file="a.csv", digest="sha256:0", state="done")
    declared = Batch.objects.create(
        file="declaration-2026Q3-energy.csv", package="energy", subject=firm.id, state="done",
        finished_at=timezone.now(),
    )  # fmt: skip
    voucher = Voucher.objects.create(
        subject=firm.id, period="2026Q3", file="a.pdf", size=4, user=user.pk,
        digest=f"sha256:{hashlib.sha256(b'%PDF').hexdigest()}",
    )  # fmt: skip
    vouchers.place(voucher).parent.mkdir(parents=True, exist_ok=True)
    vouchers.place(voucher).write_bytes(b"%PDF")
    Kiosk.objects.create(
        token_hash=token_hash("screen"), area_code=CITY, label="x", created_by=user,
        expires_at=tomorrow,
    )  # fmt: skip
    return {
        "c/ text": firm.public_code, "c/ code": firm.public_code, "c/ uid": uid_of(consent.pk),
        "consent/ token": "letter", "publications/ uid": region.run(PREVIEW).uid,
        "publications/ action": "review", "publications/ objection": uid_of(1),
        "publications/ task": "1", "cockpit/kiosk token": "screen", "cockpit/area code": CITY,
        "imports/files uid": batch.uid, "imports/desk uid": case.uid, "imports/files kind": "empty",
        "imports/files name": "energy", "imports/declare number": declared.uid,
        "imports/files suffix": "csv",
        "imports/vouchers uid": voucher.uid, "imports/ledger uid": firm.uid,
        "imports/catalogue source": "grid",
        "imports/catalogue kind": "gdp",
        "registry/enterprises uid": firm.uid,
        "inventories/ uid": firm.uid, "rules/factors name": "fuels",
        **drafted(), "rules/editions edition_id": "zj-code-account",
        "api/v1 code": firm.public_code, "api/v1 batch": batch.uid,
        "api/v1 uid": firm.uid, "account/tokens uid": create_token(user, "x", 1)[0].uid,
        "office/users uid": Membership.objects.get(user=user).uid, **metered(firm),
    }  # fmt: skip


def drafted() -> dict[str, str]:
    """A draft of a rule."""
    pack = Pack.objects.create(
        kind="scheme", name="x", purpose="x", files={"x.toml": ""},
        base="zhejiang-carbon-efficiency/2024-draft",
    )  # fmt: skip
    return {"rules/packs uid": pack.uid, "publications/try uid": pack.uid,
            "rules/packs action": "review", "rules/packs name": "x.toml"}  # fmt: skip


def metered(firm: Any) -> dict[str, str]:
    """A meter and a gateway of an enterprise, and a case about it."""
    said = cases.Said("case_note_missing", {"move": "x", "case": "y"})
    alarm, _ = cases.open_case("alarm", firm.id, "x", said)
    about = {"author": "test"}
    subject = metering.register_meter("T-1", firm.uscc, **about)
    declared = [metering.Declared("T-1", "electricity.purchased", unit="kWh")]
    (number,) = metering.declare(declared, **about).values()
    device = equipment.register("E-1", firm.uscc, title="x", input="T-1", **about)
    gateway, _ = metering.create_gateway("x", firm.id, **about)
    begin = timezone.now() - timedelta(days=1)
    lot = Lot.objects.create(
        id=7, enterprise=firm.id, number="B-1", product="x", meters="T-1", begin=begin,
        end=begin + timedelta(hours=1), zone="Asia/Shanghai", output="1", unit="t",
    )  # fmt: skip
    return {
        "batches/ uid": lot.uid, "flows/ uid": firm.uid, "flows/area code": CITY,
        "meters/ uid": uid_of(subject), "meters/new uid": firm.uid, "meters/ number": str(number),
        "live/ uid": firm.uid, "live/ seq": "1",
        "trends/enterprise uid": firm.uid, "trends/area code": CITY,
        "running/account uid": firm.uid, "running/energy uid": firm.uid,
        "running/power uid": firm.uid,
        "meters/gateways uid": gateway.uid, "meters/connect uid": gateway.uid,
        "watch/ uid": firm.uid, "watch/ device": uid_of(device), "watch/ number": str(number),
        "cases/ uid": alarm.uid, "equipment/ uid": uid_of(device), "equipment/new uid": firm.uid,
    }  # fmt: skip


def uid_of(number: int) -> str:
    from tanma.domain.identity import id_text

    return id_text(number)


def address(route: str, known: dict[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match.group(1).rpartition(":")[2]
        key = max(
            (k for k in known if k.endswith(f" {name}") and route.startswith(k.split(" ")[0])),
            key=len,
        )
        return known[key]

    return "/" + re.sub(r"<([^>]+)>", value, route)


def answers(region: Any, role: str) -> dict[str, int]:
    known, client = objects(region), client_of(role)
    # an opened consent stays in the session, so that address gets a session of its own
    return {
        r: (client_of(role) if r.startswith("consent/") else client)
        .get(address(r, known))
        .status_code
        for r in own_routes()
    }


def test_every_address_is_in_the_table_and_every_row_has_one():
    assert set(own_routes()) == set(TABLE)


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_every_address_answers_every_visitor_as_the_table_says(published, role):
    place = ROLES.index(role)
    expected = {route: int(row.split()[place]) for route, row in TABLE.items()}
    assert expected == answers(published, role)


@pytest.mark.slow
def test_a_redirected_visitor_is_sent_to_the_login(published):
    known = objects(published)
    for route, row in TABLE.items():
        if row.startswith("302") and not row.startswith("302 302"):
            target = client_of("").get(address(route, known))["location"]
            assert target.startswith("/accounts/login/"), route


OFFICES = ("reviewer", "checker", "publisher", "county2", "city", "admin", "firm_a")


@pytest.mark.slow
@pytest.mark.parametrize("role", OFFICES)
def test_the_menu_leads_only_where_its_reader_may_go(published, role):
    from django.test import RequestFactory

    from tanma.apps.kit import nav

    client, request = client_of(role), RequestFactory().get("/")
    request.user, request.session = User.objects.get(username=role), {}
    links = {link.href for section in nav.visible_to(request) for link in section.links}
    assert links
    links |= set(re.findall(r'href="(/[a-z][^"#?]*)"', client.get("/").content.decode()))
    links -= {href for href in links if href.startswith("/static/")}
    told = {href: client.get(href).status_code for href in links}
    assert {200} == set(told.values()) - {302}, told


CLOSED = {403, 404, 405}
SHARED = {"publications/<str:uid>/verify/"}
"""Acts on a run of the whole region that each office may do: it only computes."""


@pytest.mark.slow
@pytest.mark.parametrize(("role", "shared"), [("firm_b", set()), ("county2", SHARED)])
def test_who_may_not_read_may_not_write_either(published, role, shared):
    """What a GET refuses, a POST refuses; what takes only a POST refuses objects of another."""
    known, client, place = objects(published), client_of(role), ROLES.index(role)
    told = {
        route: client.post(address(route, known), {"text": "x"}).status_code
        for route, row in TABLE.items()
        if "<" in route and int(row.split()[place]) in CLOSED
    }
    assert 30 < len(told)
    assert shared == {route for route, status in told.items() if status not in CLOSED}
