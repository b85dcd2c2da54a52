"""What all tests share. The home folder and the database are chosen before Django is loaded."""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from django.utils import translation
from hypothesis import HealthCheck, settings

from tests.slow import listed

pytest_plugins = ["tests.floors"]
ROOT = Path(__file__).resolve().parent.parent

# No test may ever touch the home of the person who runs it; xdist workers get one folder each.
HOME = tempfile.mkdtemp(prefix="tanma-test-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ["TANMA_HOME"] = HOME
# live_server and Playwright's synchronous interface share a thread with a running event loop.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
# The variable goes again, because xdist workers inherit it and would read the settings, and with
# them the home of the process that started them, before they come here.
os.environ["DJANGO_SETTINGS_MODULE"] = "tanma.site.settings"
django.setup()
del os.environ["DJANGO_SETTINGS_MODULE"]

settings.register_profile(
    "tanma",
    deadline=None,
    # some tests ask a file or an engine a hundred times: the complete run affords fewer
    max_examples=int(os.environ.get("TANMA_EXAMPLES", "25")),
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("tanma")

LAST = ("slow", "cluster", "kill", "browser")
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup", "live_server"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what a test uses, then put the quick ones first: a mistake shows within seconds.

    What one worker does alone comes before other long tests, so that none waits for it at the end.
    """
    slow = {ROOT / file: names for file, names in listed().items()}
    for item in items:
        if getattr(item, "originalname", item.name) in slow.get(item.path, ()):
            item.add_marker("slow")
        used = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("django_db") or used & DATABASE_FIXTURES:
            item.add_marker("db")
        if "browser" in used:
            item.add_marker("browser")
        if used & {"city", "made"}:  # one worker makes the demo's city, once
            item.add_marker(pytest.mark.xdist_group("demo"))
    items.sort(key=_turn)
    if getattr(config.option, "loadgroup", False):
        for item in items:
            _grouped(item)


def _turn(item: pytest.Item) -> int:
    if not any(item.get_closest_marker(name) for name in LAST):
        return 0
    return 1 if item.get_closest_marker("xdist_group") else 2


def _grouped(item: pytest.Item) -> None:
    """Name the group where pytest-xdist 3.8 would: it writes a field that pytest 9.2 no longer
    reads, so that every worker built the served site for itself."""
    if mark := item.get_closest_marker("xdist_group"):
        item._id = type(item._id).parse(f"{item.nodeid}@{mark.args[0]}")  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def language_of_the_site() -> Iterator[None]:
    """A page that a test asked for in English leaves its language with the thread."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def no_loop_of_others(request: pytest.FixtureRequest) -> Iterator[None]:
    """Playwright leaves its event loop marked as running in the thread that all tests share.

    Tests of the database keep it: Django holds its connections apart for each running loop.
    """
    if "playwright" in request.fixturenames or request.node.get_closest_marker("db"):
        yield
        return
    held = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(held)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real data sets `uci_steel` and `ukets_installations`."""
    place = os.environ.get("TANMA_DATA", "")
    if not place:
        pytest.skip("TANMA_DATA is not set: it names the folder with the real data sets")
    return Path(place)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of its own, whatever database the other tests run on."""
    from tests.postgres import private_postgres

    with private_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium, which must neither need a sandbox nor phone home."""
    program = os.environ.get("TANMA_CHROMIUM") or shutil.which("chromium")
    quiet = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--no-default-browser-check",
    ]
    found = {"executable_path": program} if program else {}
    return {**browser_type_launch_args, **found, "args": quiet}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "locale": "zh-CN", "timezone_id": "Asia/Shanghai"}


# Rules of WCAG 2.0 to 2.2, levels A and AA, by axe-core's own tags.
AXE = """async (tags) => {
  const found = await axe.run(document, {
    runOnly: { type: "tag", values: tags }, resultTypes: ["violations"],
  });
  return found.violations.map(v => `${v.id}: ${v.help} | ` +
    v.nodes.map(n => n.target.join(" ")).join(" ; "));
}"""
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="session")
def axe_violations() -> Callable[[Any], list[str]]:
    """`axe_violations(page)`: what axe-core finds on an open page, one line per broken rule.

    The script is evaluated, not added as a tag, so that the page keeps its strict CSP.
    """
    import tanma_vendor

    source = tanma_vendor.path("testing", "axe.min.js").read_text(encoding="utf-8")

    def check(page: Any) -> list[str]:
        page.evaluate(source)
        return list(page.evaluate(AXE, WCAG))

    return check
