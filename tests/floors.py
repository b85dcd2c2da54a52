"""pytest plugin `--floors`: fails the run when a folder of the package is covered too little.

The floors stand in pyproject.toml, `[tool.tanma.coverage_floors]`, and nowhere else.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from coverage import Coverage
from coverage.exceptions import NoDataError

ROOT = Path(__file__).resolve().parent.parent
RESULTS = pytest.StashKey[list[str]]()


def floors() -> dict[str, float]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return dict(settings["tool"]["tanma"]["coverage_floors"])


def covered(data: Coverage, folder: str) -> tuple[int, int]:
    """Executed and executable lines below `folder` (a path relative to the project)."""
    hit = total = 0
    for file in sorted((ROOT / folder).rglob("*.py")):
        if "migrations" in file.parts:
            continue
        _, lines, _, missing, _ = data.analysis2(str(file))
        total += len(lines)
        hit += len(lines) - len(missing)
    return hit, total


def verdict(folder: str, hit: int, total: int, floor: float) -> tuple[bool, str]:
    percent = 100 * hit / total if total else 100.0
    good = percent >= floor
    word = "ok" if good else "TOO LOW: write tests, or lower the floor with a reason"
    return good, f"{folder:<20} {percent:5.1f} % of {total:>5} lines, floor {floor:g} %: {word}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--floors", action="store_true", help="check the coverage floors")


def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if not config.getoption("--floors") or hasattr(config, "workerinput"):
        return
    data = Coverage(config_file=str(ROOT / "pyproject.toml"))
    try:
        data.load()
    except NoDataError:
        return
    rows = [verdict(f, *covered(data, f), floor) for f, floor in floors().items()]
    config.stash[RESULTS] = [text for _, text in rows]
    if session.exitstatus == 0 and not all(good for good, _ in rows):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if lines := terminalreporter.config.stash.get(RESULTS, []):
        terminalreporter.section("coverage")
        terminalreporter.write_line("\n".join(lines))
