"""`./dev` and what it installs: the front door of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import tanma_vendor

import hatch_build

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ["run.lock", "dev.lock", "node.lock"]
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==(\S+)", re.MULTILINE)


def dev(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "./dev", *arguments],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def requested(name: str) -> set[str]:
    """Distribution names in an input file, without extras and version limits."""
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    names = (re.split(r"[\[~=<>]", line)[0].strip() for line in lines if line[:1] not in "#")
    return {name.lower() for name in names if name}


def test_help_names_every_command() -> None:
    done = dev(ROOT, "help")
    assert 0 == done.returncode
    for command in ("demo", "test", "bench", "lint", "types", "tanma"):
        assert f"./dev {command}" in done.stdout


def test_an_unknown_command_shows_the_help_and_fails() -> None:
    done = dev(ROOT, "fly")
    assert 2 == done.returncode
    assert "./dev demo" in done.stderr


def test_a_second_start_prepares_nothing() -> None:
    dev(ROOT, "tanma", "--help")  # the first start may have to install
    done = dev(ROOT, "tanma", "--help")
    assert 0 == done.returncode, done.stderr
    assert "preparing" not in done.stderr


def test_compiled_modules_are_kept_where_the_environment_forbids_it(tmp_path: Path) -> None:
    dev(ROOT, "tanma", "--help", PYTHONDONTWRITEBYTECODE="1", PYTHONPYCACHEPREFIX=str(tmp_path))
    assert [] != list(tmp_path.rglob("tanma/*.pyc"))


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A copy of the project on a machine with Debian tools, python3 without venv, and no root."""
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    shutil.copytree(ROOT / "vendor", tmp_path / "vendor")
    for name in ("dev", "pyproject.toml", "hatch_build.py", "package.json", "package-lock.json"):
        shutil.copy(ROOT / name, tmp_path)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("cat", "cksum", "dirname", "grep"):
        (tools / name).symlink_to(str(shutil.which(name)))
    no_venv = 'case "$2" in *ensurepip*) exit 1; esac'
    fakes = {"id": "echo 1000", "apt-get": "exit 9", "python3": no_venv}
    for name, line in fakes.items():
        (tools / name).write_text(f"#!/bin/sh\n{line}\n")
        (tools / name).chmod(0o755)
    return tmp_path


def test_without_root_the_exact_line_is_printed(bare: Path) -> None:
    done = dev(bare, "tanma", PATH=str(bare / "bin"))
    assert 3 == done.returncode
    line = "sudo apt-get install -y --no-install-recommends python3-venv"
    assert line == done.stderr.splitlines()[-1].strip()


def test_the_tests_name_all_missing_packages_at_once(bare: Path) -> None:
    done = dev(bare, "test", PATH=str(bare / "bin"), TANMA_CHROMIUM="")
    assert 3 == done.returncode
    last = done.stderr.splitlines()[-1]
    for package in ("python3-venv", "poppler-utils", "mbpoll"):
        assert package in last
    if "ID=ubuntu" not in Path("/etc/os-release").read_text():
        assert "chromium" in last


def test_root_installs_by_one_apt_line(bare: Path) -> None:
    for name, line in {"id": "echo 0", "apt-get": 'echo "$@" >>apt.log'}.items():
        (bare / "bin" / name).write_text(f"#!/bin/sh\n{line}\n")
    dev(bare, "tanma", PATH=str(bare / "bin"))
    update, install = (bare / "apt.log").read_text().splitlines()
    assert "update -qq" == update
    assert "install -y --no-install-recommends python3-venv -qq" == install


def test_without_python_it_says_so(bare: Path) -> None:
    (bare / "bin" / "python3").unlink()
    done = dev(bare, "tanma", PATH=str(bare / "bin"))
    assert 3 == done.returncode
    assert "Python 3.11 or newer was not found" in done.stderr


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_by_digest_and_names_no_host(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text()
    blocks = re.split(r"\n(?=[a-z0-9])", text.split("\n", 2)[2])
    assert blocks
    assert [] == [b for b in blocks if not PINNED.match(b) or "--hash=sha256:" not in b]
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


def test_the_package_lock_holds_digests_and_no_registry() -> None:
    text = (ROOT / "package-lock.json").read_text()
    assert '"resolved"' not in text
    assert text.count('"integrity": "sha512-') == text.count('"version": ')


def pins(name: str) -> dict[str, str]:
    return dict(PINNED.findall((ROOT / "requirements" / name).read_text()))


def test_the_locks_hold_what_was_asked_for() -> None:
    assert set() == (requested("run.in") | requested("build.in")) - set(pins("run.lock"))
    assert set() == requested("dev.in") - set(pins("dev.lock"))
    assert pins("run.lock").items() <= pins("dev.lock").items()


def test_the_extras_are_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [name for extra in project["optional-dependencies"].values() for name in extra]
    extras = {name.partition("[")[0] for name in names}
    assert {"psycopg", "dask", "distributed"} == extras
    assert set() == extras - requested("dev.in")


@pytest.mark.parametrize(
    ("file", "start"),
    [
        ("static/vendor/echarts.min.js", b""),
        ("static/vendor/barlow-semi-condensed-500.woff2", b"wOF2"),
        ("static/vendor/barlow-semi-condensed-600.woff2", b"wOF2"),
        ("fonts/NotoSansSC-400.ttf", b"\x00\x01\x00\x00"),
        ("fonts/NotoSansSC-700.ttf", b"\x00\x01\x00\x00"),
        ("testing/axe.min.js", b""),
    ],
)
def test_vendored_files_are_installed(file: str, start: bytes) -> None:
    content = tanma_vendor.path(*file.split("/")).read_bytes()
    assert len(content) > 20_000
    assert content.startswith(start)


def test_every_vendored_library_carries_its_licence() -> None:
    names = {p.stem for p in tanma_vendor.path("licences").iterdir()}
    fonts = {"barlow-semi-condensed", "noto-sans-sc"}
    assert {"echarts", "echarts-NOTICE", "zrender"} | fonts == names


def test_texts_are_compiled_beside_their_source(tmp_path: Path) -> None:
    folder = tmp_path / "src/tanma/locale/en/LC_MESSAGES"
    folder.mkdir(parents=True)
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    (folder / "django.po").write_text(f'{header}msgid "碳效值"\nmsgstr "carbon value"\n', "utf-8")
    assert [folder / "django.mo"] == hatch_build.compile_messages(tmp_path)
    assert b"carbon value" in (folder / "django.mo").read_bytes()


def test_without_npm_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hatch_build, "npm", lambda: None)
    with pytest.raises(RuntimeError, match=r"npm was not found.*requirements/node\.lock"):
        hatch_build.fetch(tmp_path)


def test_relative_paths_are_those_of_the_caller(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("id,group,numerator,denominator\na,3011,1,1\n")
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "dev"), "tanma", "rate", "table.csv", "--scheme",
         "zhejiang-carbon-efficiency", "--json"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr
    assert '"id": "a"' in done.stdout or '"id":"a"' in done.stdout
