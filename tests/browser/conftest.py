"""The site as it is served: granian, the task worker and a home with the published region.

Built once per session, in processes and a home of its own, so that pages, static files, sessions,
tasks and headers are those that a user gets. Tests must leave what other tests look at as it is:
each changes an enterprise or a run of its own.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.seed import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
DESK, PHONE, WALL, ZOOMED = (1440, 900), (390, 844), (1920, 1080), (720, 450)
PATIENCE_S = 60
SETTINGS = {
    "TANMA_DEMO": "true", "TANMA_GRID_REGION": "330000", "TANMA_LEGAL_BASIS": "样例依据文件",
    "TANMA_ISSUER_ZH": "样例主管部门", "TANMA_ISSUER_EN": "Sample office",
    # a checked run may be published at once; the region's preview keeps the days it was given
    "TANMA_OBJECTION_DAYS": "0",
}  # fmt: skip


@dataclass(frozen=True)
class Site:
    """Where the server listens, and what the region holds: by letter, by period."""

    url: str
    codes: dict[str, str]
    uids: dict[str, str]
    names: dict[str, str]
    runs: dict[str, str]
    states: dict[str, Any] = field(default_factory=dict)
    """cookies of users who are signed in, by name"""

    def path(self, text: str) -> str:
        """An address with {code[A]}, {uid[A]} and {run[2026Q1/r4]} filled in."""
        return self.url + text.format(code=self.codes, uid=self.uids, run=self.runs)


def environment(home: Path) -> dict[str, str]:
    """Nothing of the developer's own settings reaches the server under test."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TANMA_", "DJANGO_"))}
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    return kept | SETTINGS | {"TANMA_HOME": str(home), "PYTHONPATH": paths}


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=10).close()
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"no answer from {address}, exit code {server.poll()}")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("browser") / "home"
    env = environment(home)
    subprocess.run([sys.executable, "-m", "tests.browser.seed"], cwd=ROOT, env=env, check=True)
    port = free_port()
    command = [sys.executable, "-m", "tanma.site.cli", "serve", "--port", str(port)]
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(f"{url}/accounts/login/", server)
            yield Site(url, **json.loads((home / "site.json").read_text(encoding="utf-8")))
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=PATIENCE_S)
    assert "Traceback" not in (home / "server.log").read_text(encoding="utf-8")


def sign_in(page: Page, site: Site, name: str) -> None:
    page.goto(site.path("/accounts/login/"))
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", PASSWORD)
    with page.expect_navigation():
        page.press("input[name=password]", "Enter")


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Visit]:
    """`visit(user, path, size=DESK)`: an open page in a context of its own.

    At the end of the test nothing may stand in any console, and no answer may be a server error.
    """
    contexts: list[Any] = []
    complaints: list[str] = []

    def heard(message: Any) -> None:
        # Chromium writes every 404 to the console; tests of such pages assert their status
        if message.type in {"error", "warning"} and "status of 404" not in message.text:
            complaints.append(f"{message.text} | {message.location}")

    def answered(response: Any) -> None:
        if response.status >= 500:
            complaints.append(f"{response.status} {response.url}")

    def visited(user: str, path: str, size: tuple[int, int] = DESK) -> Page:
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN",
            timezone_id="Asia/Shanghai", storage_state=_signed_in(browser, site, user),
        )  # fmt: skip
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda e: complaints.append(str(e)))
        page.on("response", answered)
        page.goto(site.path(path))
        return page

    yield visited
    for context in contexts:
        context.close()
    assert [] == complaints


def _signed_in(browser: Browser, site: Site, user: str) -> Any:
    if not user:
        return None
    if user not in site.states:
        context = browser.new_context(locale="zh-CN")
        sign_in(context.new_page(), site, user)
        site.states[user] = context.storage_state()
        context.close()
    return site.states[user]


def sideways(page: Page) -> int:
    """How many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
