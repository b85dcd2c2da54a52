"""Folders: order of the manifest or of the registers, and the command that reads them."""

import json
import os
import subprocess
import sys

import pytest

from tanma.apps.imports import door as imports
from tanma.apps.people.door import SYSTEM
from tanma.apps.registry import door as registry
from tanma.domain.messages import Problem
from tests.apps.imports.conftest import FIRST, REGISTER, THIRD, energy

pytestmark = [pytest.mark.db, pytest.mark.django_db]
ENTERPRISES = REGISTER + f"{FIRST},甲,3011,330502,规上,在营,2024-01-01\n"
POWER = energy(f"{FIRST},2026-09,电力,购入,5,kWh,供电")


@pytest.fixture
def region(tmp_path):
    place = tmp_path / "region"
    place.mkdir()
    (place / "a-power.csv").write_text(POWER, encoding="utf-8")
    (place / "z-enterprises.csv").write_text(ENTERPRISES, encoding="utf-8")
    return place


def test_registers_come_first_whatever_their_names(region):
    assert ["z-enterprises.csv", "a-power.csv"] == [p.name for p, _ in imports.steps(region)]
    batches = list(imports.import_folder(region, SYSTEM))
    assert [True, True] == [b.complete for b in batches]
    assert "甲" == registry.Enterprise.objects.get().name


def test_a_manifest_says_order_and_package(region):
    steps = [{"path": "a-power.csv", "package": "energy"}]
    (region / "manifest.json").write_text(json.dumps({"steps": steps}), encoding="utf-8")
    assert [("a-power.csv", "energy")] == [(p.name, n) for p, n in imports.steps(region)]
    (batch,) = imports.import_folder(region, SYSTEM)
    assert 1 == batch.desk


def test_a_part_of_the_steps_can_be_imported_first(region):
    told = []
    (first,) = imports.import_folder(region, SYSTEM, stop=1, progress=told.append)
    assert ("z-enterprises.csv", 1, 2) == (first.file, told[0].file_number, told[0].files)
    (second,) = imports.import_folder(region, SYSTEM, start=1)
    assert "a-power.csv" == second.file


def test_a_file_that_is_no_table_does_not_stop_the_others(region):
    (region / "b-letter.csv").write_text("什么\n1\n", encoding="utf-8")
    states = {b.file: b.state for b in imports.import_folder(region, SYSTEM)}
    assert {"z-enterprises.csv": "done", "a-power.csv": "done", "b-letter.csv": "failed"} == states


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(Problem) as caught:
        list(imports.import_folder(tmp_path, SYSTEM))
    assert "import_folder_empty" == caught.value.code
    assert "没有可以导入的表格" in caught.value.text("zh")
    assert "no table that can be imported" in caught.value.text("en")


def command(home, *arguments):
    env = {k: v for k, v in os.environ.items() if k != "TANMA_DATABASE_URL"}
    env |= {"TANMA_HOME": str(home), "DJANGO_SETTINGS_MODULE": "tanma.site.settings"}
    return subprocess.run(
        [sys.executable, "-m", "tanma.site.cli", *arguments],
        capture_output=True, text=True, env=env, check=False,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.once
def test_the_command_imports_reports_and_tells_by_its_exit_code(region, tmp_path):
    home = tmp_path / "command"
    assert 0 == command(home, "manage", "migrate", "-v0").returncode
    trial = command(home, "import", str(region / "z-enterprises.csv"), "--dry-run", "--json")
    assert (0, "checked") == (trial.returncode, json.loads(trial.stdout)["state"]), trial.stderr
    whole = command(home, "import", str(region), "--json")
    assert 0 == whole.returncode, whole.stderr
    assert [1, 1] == [json.loads(line)["good"] for line in whole.stdout.splitlines()]
    again = command(home, "import", str(region))
    assert (0, 2) == (again.returncode, again.stdout.count("此前已导入"))
    strange = region / "strange.csv"
    strange.write_text(POWER.replace(FIRST, THIRD), encoding="utf-8")
    left_out = command(home, "import", str(strange))
    assert 1 == left_out.returncode
    assert f"{THIRD} 不在企业名录中" in left_out.stdout
    assert f"{THIRD} is not in the register" in left_out.stdout
    empty = region / "empty.csv"
    empty.write_bytes(b"")
    both = command(home, "import", str(empty), str(region / "a-power.csv"))
    assert (1, 1) == (both.returncode, both.stdout.count("此前已导入"))
    assert "✗ empty.csv: 文件 empty.csv 是空的" in both.stdout
    nothing = command(home, "import", str(region / "none.csv"))
    assert 2 == nothing.returncode
    assert "does not exist" in nothing.stderr
