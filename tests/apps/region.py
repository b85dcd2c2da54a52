"""A small published region with its users, for the tests of pages.

    pytest_plugins = ["tests.apps.region"]      # or: from tests.apps.region import published

It is built once per process through the ordinary doors (facts, registry, runs taken by three
persons) and put back row by row for each test; each test has a lake folder of its own.

City 9901 with counties 990101 and 990102; one industry (1751) with six large enterprises; periods
2025Q4/r4 and 2026Q1/r4 are published, 2026Q2/r4 is checked and open to objections.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.db import connection
from django.db.models import Model
from django.test import Client

from tanma.apps.areas import frozen
from tanma.apps.codes import door as codes
from tanma.apps.codes.models import Run
from tanma.apps.facts import door as facts
from tanma.apps.people.door import Grant, Membership, Organisation, Role, User, Viewer
from tanma.apps.registry import door as registry
from tanma.apps.registry.models import Enterprise
from tanma.domain.periods import parse

CITY, COUNTY_1, COUNTY_2, PARK = "9901", "990101", "990102", "9901P"
TOWNS = {COUNTY_1: "990101001", COUNTY_2: "990102001"}
INDUSTRY = "1751"
PUBLISHED, PREVIEW = ("2025Q4/r4", "2026Q1/r4"), "2026Q2/r4"
MONTHS = [m for q in ("2025", "2026H1") for m in parse(q).months]
OPEN = date(9999, 12, 31)
KWH, YUAN = 1000, 100
"""counts per kWh and yuan"""


@dataclass(frozen=True)
class Firm:
    """One enterprise and its steady month."""

    name: str
    county: str
    power_kwh: int
    value_added_yuan: int = 123_457
    size: str = "above"
    source: str = "grid"
    pv_kwh: int = 0
    silent_since: date = OPEN
    more: dict[str, int] = field(default_factory=dict)


FIRMS = {
    "A": Firm("甲纺织样例有限公司", COUNTY_1, 21_377, pv_kwh=4_111),
    "B": Firm("乙纺织样例有限公司", COUNTY_2, 143_919),
    "C": Firm("丙纺织样例有限公司", COUNTY_1, 30_011, 131_071),
    "D": Firm("丁纺织样例有限公司", COUNTY_2, 41_213, 127_031),
    "E": Firm("戊纺织样例有限公司", COUNTY_1, 35_117, 98_767),
    "F": Firm("己纺织样例有限公司", COUNTY_2, 52_361, 150_551),
    "G": Firm("庚断报样例有限公司", COUNTY_1, 18_181, silent_since=date(2025, 6, 1)),
    "S": Firm("辛小微样例加工厂", COUNTY_1, 2_333, 31_337, size="below", source="declared"),
}
PEOPLE = {
    "admin": (Role.ADMIN, ""),
    "city": (Role.BUREAU, CITY),
    "county1": (Role.BUREAU, COUNTY_1),
    "county2": (Role.BUREAU, COUNTY_2),
    "reviewer": (Role.REVIEWER, ""),
    "checker": (Role.CHECKER, ""),
    "publisher": (Role.PUBLISHER, ""),
}


def fact(subject: int, item: str, **more: Any) -> dict[str, Any]:
    """A record for `facts.table`: an attribute from 2020 unless told otherwise."""
    return {
        "subject": subject, "item": item, "kind": "attribute", "valid_from": date(2020, 1, 1),
        "valid_to": OPEN, "source": "registry", "data_class": "internal",
    } | more  # fmt: skip


def _areas() -> None:
    parents = {CITY: "", COUNTY_1: CITY, COUNTY_2: CITY, **{t: c for c, t in TOWNS.items()}}
    names = {
        CITY: "样例市", COUNTY_1: "样例一县", COUNTY_2: "样例二县", TOWNS[COUNTY_1]: "样例一镇",
        TOWNS[COUNTY_2]: "样例二镇", PARK: "样例新区",
    }  # fmt: skip
    ids = registry.register("area", list(names), author="test")
    rows = [fact(ids[c], "name", text=n) for c, n in names.items()]
    rows += [fact(ids[c], "area.parent.statutory", text=p) for c, p in parents.items() if p]
    rows += [fact(ids[PARK], "area.parent.management", text=CITY)]
    facts.append(facts.table(rows), author="test")


def _monthly(subject: int, firm: Firm, month: date, end: date) -> list[dict[str, Any]]:
    span = {"kind": "amount", "valid_from": month, "valid_to": end}
    amounts = {"economy.value_added": firm.value_added_yuan * YUAN,
               "economy.output_value": firm.value_added_yuan * 4 * YUAN}  # fmt: skip
    if month < firm.silent_since:
        amounts["electricity.purchased"] = firm.power_kwh * KWH
    if firm.pv_kwh:
        amounts["electricity.pv.generated"] = firm.pv_kwh * KWH
        amounts["electricity.pv.exported"] = 0
    return [
        fact(subject, item, **span, value=value, source=firm.source, reported=str(value))
        for item, value in (amounts | firm.more).items()
    ]


def _firms() -> dict[str, int]:
    uscc = {key: f"91990100SAMPLE{key}{i:03d}" for i, key in enumerate(FIRMS)}
    ids = registry.register("uscc", list(uscc.values()), author="test")
    subjects = {key: ids[value] for key, value in uscc.items()}
    rows = []
    for key, firm in FIRMS.items():
        told = {
            "name": firm.name, "industry": INDUSTRY, "size_class": firm.size,
            "area.statutory": TOWNS[firm.county], "status": "active",
        }  # fmt: skip
        if firm.county == COUNTY_1:
            told["area.management"] = PARK
        rows += [fact(subjects[key], item, text=text) for item, text in told.items()]
        for start, end in zip(MONTHS, [*MONTHS[1:], date(2026, 7, 1)], strict=True):
            rows += _monthly(subjects[key], firm, start, end)
    list(facts.append_all(facts.table(rows), author="test", evidence="batch:test#1"))
    registry.project()
    return subjects


def _users(subjects: dict[str, int]) -> None:
    office = Organisation.objects.create(name_zh="样例主管部门")
    wanted = {name: {"role": r, "area_code": a} for name, (r, a) in PEOPLE.items()}
    wanted |= {
        f"firm_{key.lower()}": {"role": Role.ENTERPRISE, "subject": subject}
        for key, subject in subjects.items()
    }
    for name, about in wanted.items():
        user = User(username=name, display_name=name)
        user.set_unusable_password()
        user.save()
        Membership.objects.create(
            user=user, organisation=office, valid_from=date(2020, 1, 1), **about
        )


def viewer_of(name: str) -> Viewer:
    """The viewer of a user of the region, as a request would have it."""
    user = User.objects.get(username=name)
    rows = Membership.objects.filter(user=user)
    return Viewer(user.pk, str(user), tuple(Grant(m.role, m.area_code, m.subject) for m in rows))


def publish(period: str, *, upto: str = "publish", preview_days: int = 0) -> Run:
    """Compute a run and take it on its way by three persons, as far as `upto`."""
    run = codes.compute(period, viewer_of("admin"))
    for action, name in (("review", "reviewer"), ("check", "checker"), ("publish", "publisher")):
        run = codes.take(run.id, action, viewer_of(name), preview_days=preview_days)
        if action == upto:
            break
    return run


def _build() -> None:
    _areas()
    _users(_firms())
    for period in PUBLISHED:
        publish(period)
    publish(PREVIEW, upto="check", preview_days=15)


# --- built once, put back for each test

ROOMS = ("facts", "people", "registry", "codes")
_saved: dict[str, Any] = {}


def _models() -> list[Any]:
    return [m for room in ROOMS for m in apps.get_app_config(room).get_models()]


def _snapshot(lake: Path) -> None:
    kept = Path(tempfile.mkdtemp(prefix="tanma-region-", dir=django_settings.TANMA.home))
    shutil.copytree(lake, kept / "lake")
    _saved["lake"] = kept / "lake"
    _saved["rows"] = [table for table in map(_inserts, _models()) if table[1]]


def _inserts(model: type[Model]) -> tuple[str, list[list[Any]]]:
    """The statement and the rows that put a table back as it is: no model's own work, no clock."""
    fields, quote = model._meta.concrete_fields, connection.ops.quote_name
    columns = ", ".join(quote(f.column) for f in fields)
    places = ", ".join(["%s"] * len(fields))
    rows = model._base_manager.order_by("pk").values_list(*(f.attname for f in fields))
    return (
        f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({places})",
        [[f.get_db_prep_save(v, connection) for f, v in zip(fields, row)] for row in rows],
    )


def _restore(lake: Path) -> None:
    shutil.copytree(_saved["lake"], lake)
    with connection.cursor() as cursor:
        for statement, rows in _saved["rows"]:
            cursor.executemany(statement, rows)


@dataclass(frozen=True)
class Published:
    """What a test holds in its hands: enterprises by letter, runs by period, clients by user."""

    client_of: Callable[[str], Client]

    def enterprise(self, key: str) -> Enterprise:
        return Enterprise.objects.get(name=FIRMS[key].name)

    def subject(self, key: str) -> int:
        return self.enterprise(key).id

    def run(self, period: str = PUBLISHED[-1]) -> Run:
        return Run.objects.order_by("created_at").filter(period=period).last()

    def viewer(self, name: str) -> Viewer:
        return viewer_of(name)


def client_of(name: str) -> Client:
    """A client logged in as a user of the region; "" is a visitor."""
    client = Client()
    if name:
        client.force_login(User.objects.get(username=name))
    return client


def build_or_restore(lake: Path) -> None:
    if _saved:
        _restore(lake)
        return
    _build()
    _snapshot(lake)


@pytest.fixture
def published(db: None, settings: Any, tmp_path: Path) -> Published:
    """The published region, in the database and in a lake of this test."""
    changes = {"home": tmp_path, "grid_region": "330000", "legal_basis": "样例依据文件"}
    settings.TANMA = settings.TANMA.model_copy(update=changes)
    # sessions live in the second database, which the tests of pages have no need of
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    build_or_restore(settings.TANMA.lake)
    return Published(client_of)


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    """Where a room imports it: nothing that a process keeps of runs outlives a test."""
    frozen.forget()
    yield
    frozen.forget()
