"""The drill: a home in use is copied, the copy opened elsewhere, the same digests computed."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tanma.domain.messages import Problem
from tanma.lake.derived import ActivityDays
from tanma.lake.held import HELD
from tanma.lake.readings import Readings
from tanma.lake.settle import Settler
from tanma.site import backup as backup_module
from tanma.site.backup import backup, restore
from tanma.site.config import Config
from tests.apps.imports.conftest import ENERGY, FIRST, REGISTER, SECOND
from tests.lake.reading_model import OCTOBER_US, Clock, known, settled_rows, table
from tests.lake.test_derived import day, days
from tests.postgres import private_postgres

MONEY = "统一社会信用代码,期间,工业增加值,金额单位,来源\n"
METER = "表计编号,统一社会信用代码,计量项目,数据形式,单位,分辨率,生效日期\n"
READINGS = "表计编号,计量项目,开始时间,结束时间,读数,单位\n"
MONTHS = ("07", "08", "09")

PUBLISH = """
from tanma.site.setup import prepare; prepare()
from tanma.apps.codes import door as codes
from tanma.apps.people.door import SYSTEM
print("digest", codes.compute("2026Q3", SYSTEM).digest)
"""
VERIFY = """
from tanma.site.setup import prepare; prepare()
from django.conf import settings
from tanma.apps.codes import door as codes
from tanma.apps.codes.runs import files_of
from tanma.apps.people.door import SYSTEM
from tanma.lake.readings import Readings
(kept,) = codes.Run.objects.all()
files = files_of(kept)
files.verify()
again = codes.compute("2026Q3", SYSTEM, known_at=kept.known_at)
lake = Readings(settings.TANMA.lake); lake.seal()
print("kept", kept.digest, "files", files.digest, "again", again.digest, "readings", rows(lake))
"""
ROWS = """
def rows(lake):
    import duckdb
    with duckdb.connect() as con:
        from datetime import UTC, datetime
        span = (datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
        lake.known(con, None, *span, lake.watermark)
        return con.sql("SELECT count(*) FROM readings").fetchall()[0][0]
"""


def tanma(home: Path, *arguments: str, url: str = "") -> str:
    return _python(home, url, "-m", "tanma.site.cli", *arguments)


def _python(home: Path, url: str, *arguments: str) -> str:
    given = {"TANMA_HOME": str(home), "TANMA_GRID_REGION": "330000", "TANMA_DATABASE_URL": url}
    done = subprocess.run(
        [sys.executable, *arguments], env=os.environ | given, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def sheets(folder: Path) -> list[str]:
    energy = ENERGY + "".join(f"{c},2026-{m},电力,购入,{m}0,MWh,供电\n"
                              for c in (FIRST, SECOND) for m in MONTHS)  # fmt: skip
    money = MONEY + "".join(f"{c},2026-{m},{m}5,万元,申报\n"
                            for c in (FIRST, SECOND) for m in MONTHS)  # fmt: skip
    register = REGISTER + "".join(f"{c},示例{c[-1]},3011,330502,规上,在营,2024-01-01\n"
                                  for c in (FIRST, SECOND))  # fmt: skip
    meters = f"{METER}M1,{FIRST},购入电量,区间量,kWh,0.01,2024-01-01\n"
    readings = READINGS + "".join(
        f"M1,购入电量,2026-09-01 {h:02d}:00,2026-09-01 {h + 1:02d}:00,1.25,kWh\n" for h in range(9)
    )
    texts = {"enterprises": register, "meters": meters, "energy": energy, "money": money,
             "readings": readings}  # fmt: skip
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return [str(folder / f"{name}.csv") for name in texts]


def drill(tmp_path: Path, url: str = "", other_url: str = "") -> None:
    tanma(tmp_path / "home", "import", *sheets(tmp_path), url=url)
    said = _python(tmp_path / "home", url, "-c", PUBLISH).split()
    digest = said[said.index("digest") + 1]
    tanma(tmp_path / "home", "backup", str(tmp_path / "copy"), url=url)
    tanma(tmp_path / "new", "restore", str(tmp_path / "copy"), url=other_url)
    said = _python(tmp_path / "new", other_url, "-c", ROWS + VERIFY).split()
    found = dict(zip(said[::2], said[1::2], strict=True))
    assert {"kept": digest, "files": digest, "again": digest, "readings": "9"} == found


@pytest.mark.slow
def test_a_restored_home_has_and_computes_the_same_publication(tmp_path):
    drill(tmp_path)
    assert not (tmp_path / "copy" / "secrets.toml").exists()
    assert not (tmp_path / "copy" / "work.sqlite3").exists()


@pytest.mark.slow
def test_the_drill_on_postgresql(tmp_path):
    with private_postgres() as url, private_postgres() as other:
        drill(tmp_path, url, other)
    assert (tmp_path / "copy" / "tanma.dump").exists()


@pytest.fixture
def home(tmp_path):
    """A home with a database that somebody has open, a table, an inbox and an upload."""
    place = tmp_path / "home"
    for name in ("lake/facts/_delta_log/0.json", "lake/facts/a.parquet", "uploads/x/source.csv"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(name)
    (place / "secrets.toml").write_text('secret_key = "x"\n')
    (place / "lake" / "inbox").mkdir()
    return place


def open_database(path: Path) -> sqlite3.Connection:
    con = sqlite3.connect(path)
    con.execute("PRAGMA journal_mode = WAL")
    con.execute("CREATE TABLE t (n)")
    con.execute("INSERT INTO t VALUES (1)")
    con.commit()
    return con


def test_what_is_still_in_the_journal_is_copied_too(home, tmp_path):
    writers = [open_database(home / n) for n in ("tanma.sqlite3", "lake/inbox/w.sqlite3")]
    assert 5 == backup(Config(home=home), tmp_path / "copy")
    for name in ("tanma.sqlite3", "lake/inbox/w.sqlite3"):
        copy = sqlite3.connect(tmp_path / "copy" / name)
        assert [(1,)] == copy.execute("SELECT n FROM t").fetchall()
        copy.close()
    for writer in writers:
        writer.close()


def test_secrets_come_along_only_when_asked_for(home, tmp_path):
    (home / "settings.toml").write_text("demo = true\n")
    backup(Config(home=home), tmp_path / "without")
    assert (tmp_path / "without" / "settings.toml").exists()
    backup(Config(home=home), tmp_path / "with", secrets=True)
    assert [False, True] == [(tmp_path / n / "secrets.toml").exists() for n in ("without", "with")]


def change(copy: Path) -> None:
    (copy / "lake/facts/a.parquet").write_text("other")


def remove(copy: Path) -> None:
    (copy / "backup.json").unlink()


def of_another_database(copy: Path) -> None:
    content = json.loads((copy / "backup.json").read_text())
    (copy / "backup.json").write_text(json.dumps(content | {"database": "postgresql"}))


@pytest.mark.parametrize(
    ("spoil", "code", "zh", "en"),
    [
        (change, "backup_damaged", "与清单中的摘要不符", "does not match its digest"),
        (remove, "backup_missing", "没有 backup.json", "no backup.json"),
        (of_another_database, "backup_other_database", "备份来自 postgresql", "made of postgresql"),
    ],
)
def test_a_backup_that_does_not_fit_restores_nothing(home, tmp_path, spoil, code, zh, en):
    backup(Config(home=home), tmp_path / "copy")
    spoil(tmp_path / "copy")
    with pytest.raises(Problem) as caught:
        restore(Config(home=tmp_path / "new"), tmp_path / "copy")
    assert code == caught.value.code
    assert zh in caught.value.text("zh")
    assert en in caught.value.text("en")
    assert not (tmp_path / "new").exists()


def test_neither_a_used_folder_nor_a_used_home_is_written_over(home, tmp_path):
    backup(Config(home=home), tmp_path / "copy")
    for act in (lambda: backup(Config(home=home), tmp_path / "copy"),
                lambda: restore(Config(home=home), tmp_path / "copy")):  # fmt: skip
        with pytest.raises(Problem) as caught:
            act()
        assert "backup_folder_used" == caught.value.code
        assert "不是空的" in caught.value.text("zh")
        assert "is not empty" in caught.value.text("en")


def test_a_tool_that_is_not_there_is_named(home, tmp_path, monkeypatch):
    monkeypatch.setattr("tanma.site.backup.shutil.which", lambda _name: None)
    monkeypatch.setattr("tanma.site.backup.Path.glob", lambda *_: iter(()))
    with pytest.raises(Problem) as caught:
        backup(Config(home=home, database_url="postgresql://x"), tmp_path / "copy")
    assert "backup_tool_missing" == caught.value.code
    assert "pg_dump" in caught.value.text("zh")
    assert "postgresql-client" in caught.value.text("en")


def test_what_a_tool_complains_of_is_passed_on(home, tmp_path):
    with pytest.raises(Problem) as caught:
        backup(Config(home=home, database_url="postgresql://127.0.0.1:1/x"), tmp_path / "copy")
    assert "backup_tool_failed" == caught.value.code
    assert "pg_dump 未能完成" in caught.value.text("zh")
    assert "did not finish" in caught.value.text("en")


@pytest.mark.parametrize("moment", range(8))
def test_readings_that_move_while_they_are_copied_are_in_the_copy_once(
    home, tmp_path, monkeypatch, moment
):
    """Settling and the night run between two steps of the copy, whichever these are."""
    config = Config(home=home)
    root = config.lake
    lake, settler = Readings(root, Clock()), Settler(root, lambda: OCTOBER_US)
    for hour in range(3):
        lake.append(table([(1, hour, hour, None), (1, 720 + hour, 5, None)]), writer="a")
        lake.seal()
        if hour < 2:
            settler.settle()
    expected = known(root)
    copied, steps = backup_module._tree, iter(range(100))

    def copy_and_move(*args, **kwargs):
        copied(*args, **kwargs)
        if next(steps) == moment:
            settler.settle()
            settler.night()

    monkeypatch.setattr(backup_module, "_tree", copy_and_move)
    backup(config, tmp_path / "copy")
    copy = tmp_path / "copy" / "lake"
    assert expected == known(copy)
    Readings(copy).seal()
    again = Settler(copy, lambda: OCTOBER_US)
    again.settle()
    again.night()
    assert expected == known(copy)
    assert 6 == len(settled_rows(copy))


def test_the_days_that_wait_for_a_damaged_file_are_copied_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No refresh runs between their note and the log of the days, and a later note stays out."""
    lake = tmp_path / "home" / "lake"
    ActivityDays(lake).put(days(day(1, 1, 5, 1)))
    (lake / HELD).write_text("before")
    copy, free = backup_module._tree, []

    def watched(source: Path, target: Path, **more: bool) -> None:
        if source.parent.name == "activity_day":
            with (lake / "refresh.lock").open("a") as handle:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    free.append(False)
            (lake / HELD).write_text("after")
        copy(source, target, **more)

    monkeypatch.setattr(backup_module, "_tree", watched)
    backup_module._lake(lake, tmp_path / "copy")
    assert [False] == free
    assert "before" == (tmp_path / "copy" / HELD).read_text()
    assert (tmp_path / "copy" / "activity_day" / "_delta_log").exists()
