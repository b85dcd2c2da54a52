"""The blocks of the readme run as they stand, each in a fresh folder, with a real `tanma`."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_pages import BLOCK, ROOT

BLOCKS = BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
SHIM = """#!/bin/sh
word=$1; shift
grep -q "^    $word)" "{dev}" || exit 9
[ "$word" = tanma ] || exit 0
exec "{python}" -m tanma.site.cli "$@"
"""


@pytest.fixture
def folder(tmp_path):
    """A folder whose `./dev` runs `tanma` at once; demo and test only have to exist there."""
    shim = tmp_path / "dev"
    shim.write_text(SHIM.format(dev=ROOT / "dev", python=sys.executable), encoding="utf-8")
    shim.chmod(0o755)
    return tmp_path


def run(block: str, folder: Path) -> str:
    environment = os.environ | {"TANMA_HOME": str(folder / "home")}
    done = subprocess.run(
        ["sh", "-eu"], input=block, cwd=folder, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr
    return done.stdout


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_a_block_runs(block, folder):
    run(block, folder)


def test_the_table_is_graded_as_the_readme_says(folder):
    out = run(next(b for b in BLOCKS if "rate" in b), folder)
    rows = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    assert [("A", 0.5, 1), ("B", 1.5, 4)] == [(r["id"], r["ratio"], r["grade"]) for r in rows]
    assert {"unconfirmed"} == {row["evidence"] for row in rows}
    with (folder / "energy.csv").open(encoding="utf-8-sig", newline="") as file:
        assert 3 == len(list(csv.DictReader(file)))


def test_a_word_that_dev_does_not_know_fails(folder):
    with pytest.raises(AssertionError):
        run("./dev nothing\n", folder)
