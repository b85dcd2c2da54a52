"""The import contracts of pyproject.toml hold, and each of them notices a planted fault."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def lint_imports(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Check the package found in `folder` against the contracts of this project."""
    paths = os.pathsep.join([str(folder), str(ROOT)])
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", *arguments]
    return subprocess.run(
        [*command, "--config", ROOT / "pyproject.toml"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": paths, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package's modules, to plant faults in."""

    def other_files(folder: str, names: list[str]) -> list[str]:
        return [n for n in names if not (n.endswith(".py") or Path(folder, n).is_dir())]

    shutil.copytree(ROOT / "src" / "tanma", tmp_path / "tanma", ignore=other_files)
    return tmp_path


def plant(folder: Path, module: str, line: str) -> None:
    path = folder.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    file.parent.mkdir(exist_ok=True, parents=True)
    with file.open("a", encoding="utf-8") as text:
        text.write(f"\n{line}\n")


def test_the_contracts_are_kept() -> None:
    done = lint_imports(ROOT / "src")
    assert 0 == done.returncode, done.stdout
    assert "5 kept, 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("contract", "module", "line", "told"),
    [
        ("layers", "tanma.domain.numbers", "import tanma.site.cli", "tanma.domain.numbers"),
        ("layers", "tanma.lake.planted", "import tanma.apps.facts.door", "tanma.lake.planted"),
        ("layers", "tanma.intake.planted", "import tanma.lake", "tanma.intake.planted"),
        ("layers", "tanma.apps.kit.planted", "import tanma.api", "tanma.apps.kit.planted"),
        ("layers", "tanma.cellar.__init__", "", "tanma.cellar"),
        ("rooms", "tanma.apps.kit.planted", "import tanma.apps.codes", "tanma.apps.kit.planted"),
        ("rooms", "tanma.apps.portal.planted", "import tanma.apps.cockpit", "tanma.apps.cockpit"),
        ("rooms", "tanma.apps.cellar.__init__", "", "tanma.apps.cellar"),
        ("purity", "tanma.domain.planted", "import sqlite3", "sqlite3"),
        ("purity", "tanma.domain.planted", "from django.db import models", "django"),
        ("purity", "tanma.domain.planted", "from time import time", "time"),
        ("doors", "tanma.apps.codes.planted", "import tanma.apps.people.models", "people.door"),
        ("doors", "tanma.apps.codes.planted", "from tanma.apps.people import apps", "people.apps"),
        ("doors", "tanma.site.planted", "import tanma.apps.people.models", "people.models"),
    ],
)
def test_a_planted_fault_is_found(
    copy: Path, contract: str, module: str, line: str, told: str
) -> None:
    plant(copy, module, line)
    done = lint_imports(copy, "--contract", contract)
    assert 1 == done.returncode, done.stdout
    assert told in done.stdout
    assert "BROKEN" in done.stdout


def test_wiring_may_take_urls_views_and_apps(copy: Path) -> None:
    plant(copy, "tanma.apps.people.urls", "")
    plant(copy, "tanma.site.planted", "import tanma.apps.people.urls")
    plant(copy, "tanma.api.planted", "import tanma.apps.people.apps")
    done = lint_imports(copy, "--contract", "doors")
    assert 0 == done.returncode, done.stdout
