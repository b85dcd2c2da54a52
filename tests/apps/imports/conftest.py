"""A lake and an upload folder of its own for each test, and a small region."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tanma.apps.imports import door as imports
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry

FIRST, SECOND, THIRD = "91990101MA0DEM001L", "91990102MA0DEM0026", "91990103MA0DEM003P"
"""Codes with a right check character."""
REGISTER = "统一社会信用代码,单位名称,行业代码,行政区划代码,规模,状态,生效日期\n"
ENERGY = "统一社会信用代码,期间,品种,流向,数量,单位,来源\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> Path:
    """Nothing of one test is found by another: facts roll back, files would not."""
    place = tmp_path / "home"
    settings.TANMA = settings.TANMA.model_copy(update={"home": place})
    return place


@pytest.fixture
def sheet(tmp_path: Path) -> Callable[[str, str], Path]:
    """`sheet(name, text)`: a file to import."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def firms(db: None, sheet: Callable[[str, str], Path]) -> dict[str, int]:
    """Two registered enterprises: credit code → subject."""
    text = REGISTER + "".join(
        f"{code},{name},3011,330502,规上,在营,2024-01-01\n"
        for code, name in ((FIRST, "示例甲有限公司"), (SECOND, "示例乙有限公司"))
    )
    assert imports.import_file(sheet("enterprises.csv", text), people.SYSTEM).complete
    return registry.find("uscc", [FIRST, SECOND])


def energy(*rows: str) -> str:
    return ENERGY + "".join(f"{row}\n" for row in rows)


def person(name: str, role: str, **scope: Any) -> people.User:
    """A user with one role."""
    organisation = people.Organisation.objects.get_or_create(name_zh="样例单位")[0]
    user = people.User.objects.create_user(username=name)
    people.Membership.objects.create(
        user=user, organisation=organisation, role=role, valid_from=date(2020, 1, 1), **scope
    )
    return user


def looks(user: people.User) -> people.Viewer:
    """The viewer that this user is."""
    grants = tuple(people.Grant(m.role, m.area_code, m.subject) for m in user.memberships.all())
    return people.Viewer(user.pk, str(user), grants)
