"""The shared set-up: a throw-away home, the chosen database, markers that follow from fixtures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection


def test_the_home_is_a_temporary_folder() -> None:
    assert os.environ["TANMA_HOME"] == str(settings.TANMA.home)
    assert "tanma-test-" in settings.TANMA.home.name
    assert Path.home() not in settings.TANMA.home.parents


@pytest.mark.django_db
def test_the_chosen_database_is_used() -> None:
    chosen = "postgresql" if os.environ.get("TANMA_DATABASE_URL") else "sqlite"
    assert chosen == connection.vendor
    with connection.cursor() as cursor:
        cursor.execute("select '碳'")
        assert ("碳",) == cursor.fetchone()


@pytest.mark.django_db
def test_a_database_test_is_marked(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("db")
    assert not request.node.get_closest_marker("browser")


@pytest.mark.xdist_group("group")
@pytest.mark.parametrize("part", [1, 2])
def test_one_worker_runs_a_group(request: pytest.FixtureRequest, part: int) -> None:
    grouped = getattr(request.config.option, "loadgroup", False)
    assert grouped == request.node.nodeid.endswith(f"[{part}]@group")


def test_a_browser_test_is_marked(request: pytest.FixtureRequest, page) -> None:
    assert request.node.get_closest_marker("browser")
