"""`tanma lake run` and `tanma lake refresh`: from readings to days and facts, told in one line."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

import pytest

from tanma.apps.facts import door as facts
from tanma.apps.facts.models import Fact
from tanma.site.commands import _lake_learn, _lake_refresh, _lake_run, lake
from tests.engine.metering.lake import Lake
from tests.engine.metering.meters import MIDNIGHT, POWER, one, registers

pytestmark = pytest.mark.db


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A whole September of one register; the mirror is filled from its facts, not from a store."""
    made = Lake(tmp_path, one())
    made.read(registers(1, MIDNIGHT, [n * 11 for n in range(30 * 96 + 1)]))
    monkeypatch.setattr(lake, "lake_folder", lambda: tmp_path)
    monkeypatch.setattr("tanma.apps.codes.door.sync_lake", made.sync)
    return made


def arguments(module: object, *given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    module.arguments(parser)  # type: ignore[attr-defined]
    return parser.parse_args(given)


@pytest.mark.django_db(transaction=True)
def test_a_run_tells_what_it_derived_and_posts_closed_months(
    filled: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    given = arguments(_lake_run, "--months", "2026-09", "--posted")
    assert 0 == _lake_run.run(given)
    told = capsys.readouterr()
    assert "日 days 30" in told.out
    assert "入账 facts posted 1" in told.out
    assert "1/1 2026-09 #0" in told.err
    (fact,) = facts.current(list(Fact.objects.filter(item=POWER, source="meter")))
    assert (30 * 96 * 110, dt.date(2026, 9, 1)) == (fact.value, fact.valid_from)


@pytest.mark.django_db(transaction=True)
def test_a_refresh_tells_how_many_days_changed(
    filled: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == _lake_refresh.run(arguments(_lake_refresh))
    assert "变动 changed 30" in capsys.readouterr().out
    assert 0 == _lake_refresh.run(arguments(_lake_refresh))
    assert "变动 changed 0" in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_profiles_are_learned_once_and_hold_from_their_day(
    filled: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    given = arguments(_lake_learn, "--day", "2026-09-29")
    assert 0 == _lake_learn.run(given)
    assert "profiles learned 1 · 2026-09-29" in capsys.readouterr().out
    (fact,) = Fact.objects.filter(item="channel.profile")
    assert (1, dt.date(2026, 9, 29)) == (fact.subject, fact.valid_from)
    assert fact.evidence.startswith("window:2026-09-01/2026-09-29;T=")
    filled.meters.tell(1, fact.item, fact.text, fact.valid_from)
    filled.sync()
    assert 0 == _lake_learn.run(given)  # it holds: nothing is due for three months
    assert "profiles learned 0" in capsys.readouterr().out
    assert 0 == _lake_learn.run(arguments(_lake_learn, "--day", "2027-01-01"))
    assert "profiles learned 0" in capsys.readouterr().out  # no readings lie before that day
