"""Two enterprises, their users, an official, and a case about the first."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tanma.apps.cases import door as cases
from tanma.apps.people.door import Role, User, Viewer, viewer_of
from tanma.apps.registry import door as registry
from tests.apps.live.conftest import FIRST, SECOND, person

TOLD = cases.Said("case_note_missing", {"move": {"zh": "说明", "en": "explain"}, "case": "X1"})


@pytest.fixture
def firms(db: None, settings: Any) -> tuple[int, int]:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    made = registry.register("uscc", [FIRST, SECOND], author="test")
    registry.project()
    return made[FIRST], made[SECOND]


@pytest.fixture
def opened(firms: tuple[int, int]) -> cases.Case:
    return cases.open_case("alarm", firms[0], "day_limit:7", TOLD)[0]


@pytest.fixture
def owner(firms: tuple[int, int]) -> Client:
    return person("jia", Role.ENTERPRISE, subject=firms[0])


@pytest.fixture
def other(firms: tuple[int, int]) -> Client:
    return person("yi", Role.ENTERPRISE, subject=firms[1])


@pytest.fixture
def bureau(firms: tuple[int, int]) -> Client:
    return person("bureau", Role.BUREAU)


def who(name: str) -> Viewer:
    assert User.objects.filter(username=name).exists()
    return viewer_of(name)
