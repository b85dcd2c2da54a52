"""A home that is new or of an earlier version is brought up once, whoever starts first."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PREPARE = "from tanma.site import setup; setup.prepare()"


@pytest.mark.slow
def test_processes_that_start_together_on_a_new_home_all_come_up(tmp_path: Path) -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("TANMA_", "DJANGO_"))} | {
        "TANMA_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT / "src"),
    }  # fmt: skip
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PREPARE], env=env, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    told = [process.communicate(timeout=300)[1] for process in started]
    assert [0, 0, 0] == [process.returncode for process in started], told
    with sqlite3.connect(tmp_path / "home" / "tanma.sqlite3") as con:
        (tables,) = con.execute(
            "SELECT count(*) FROM sqlite_master WHERE type = 'table'"
        ).fetchone()
    con.close()
    assert tables > 20
