"""An enterprise whose meters have readings up to now, and one without any."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tanma.apps.people.door import Membership, Organisation, Role, User
from tanma.apps.registry import door as registry
from tests.apps import metered

FIRST, SECOND = "91990101MA0DEM001L", "91990102MA0DEM0026"


@dataclass(frozen=True)
class Plant:
    """Uid of the enterprise, its channels by name, the instant up to which it has readings."""

    uid: str
    bare: str
    channels: dict[str, int]
    until: dt.datetime
    lake: Path

    def number(self, name: str, item: str = metered.BOUGHT) -> int:
        return self.channels[f"{name}/{item}"]


@pytest.fixture
def plant(db: None, settings: Any, tmp_path: Path) -> Plant:
    settings.TANMA = settings.TANMA.model_copy(update={"home": tmp_path / "home"})
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    firms = registry.register("uscc", [FIRST, SECOND], author="test")
    registry.project()
    until = dt.datetime.now(dt.UTC)
    channels = metered.tree(FIRST)
    metered.fill(settings.TANMA.lake, channels, until)
    first, second = (registry.Enterprise.objects.get(pk=firms[c]).uid for c in (FIRST, SECOND))
    return Plant(first, second, channels, until, settings.TANMA.lake)


def person(name: str, role: str, **scope: Any) -> Client:
    organisation, _ = Organisation.objects.get_or_create(name_zh="样例单位")
    user = User.objects.create_user(username=name)
    since = dt.date(2020, 1, 1)
    Membership.objects.create(
        user=user, organisation=organisation, role=role, valid_from=since, **scope
    )
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def office(plant: Plant) -> Client:
    return person("bureau", Role.BUREAU)


@pytest.fixture
def admin(plant: Plant) -> Client:
    return person("admin", Role.ADMIN)


@pytest.fixture
def owner(plant: Plant) -> Client:
    firm = registry.Enterprise.objects.get(natural_key=f"uscc:{FIRST}")
    return person("jia", Role.ENTERPRISE, subject=firm.id)
