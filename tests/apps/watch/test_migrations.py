"""What was noted of letters about alarms stands with their cases after the migration."""

import datetime as dt

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = [pytest.mark.db, pytest.mark.django_db(transaction=True)]
BEFORE = [("watch", "0001_initial"), ("cases", "0002_told")]
AFTER = [("watch", "0002_told")]
TOLD = dt.datetime(2026, 11, 20, 8, 30, tzinfo=dt.UTC)


def migrated(targets):
    """The models as they are after migrating to some states."""
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


@pytest.fixture
def before():
    yield migrated(BEFORE)
    migrated(MigrationExecutor(connection).loader.graph.leaf_nodes())


def alarm(apps, number, notified_at):
    case = apps.get_model("cases", "Case").objects.create(
        id=number, workflow="alarm", key=f"alarm:{number}", subject=7, state="open",
    )  # fmt: skip
    apps.get_model("watch", "Alarm").objects.create(
        case=case, subject=7, channel=number, rule="hour_limit", notified_at=notified_at
    )


def test_letters_move_from_alarms_to_their_cases(before):
    alarm(before, 1, TOLD)
    alarm(before, 2, None)
    after = migrated(AFTER)
    told = after.get_model("cases", "Case").objects.values_list("id", "told_at", "late_told_at")
    assert {(1, TOLD, None), (2, None, None)} == set(told)
    assert "notified_at" not in {f.name for f in after.get_model("watch", "Alarm")._meta.fields}
    assert 2 == after.get_model("watch", "Alarm").objects.count()
