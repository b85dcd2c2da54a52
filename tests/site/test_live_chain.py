"""A gateway on one side, the region's page on the other, and processes that die in between.

Everything is a process of its own over one home: `tanma intake`, `tanma lake keep`, `tanma serve`.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from http.cookiejar import CookieJar
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from tanma.client import Client
from tanma.lake.derived import Restatements

ROOT = Path(__file__).parents[2]
ZONE = ZoneInfo("Asia/Shanghai")
SLOT = dt.timedelta(minutes=15)
CODE = "91990101MA0DEM001L"
OTHERS = ("91990101MA0DEM002P", "91990101MA0DEM003T")
"""Two that use nothing: a region of fewer than three enterprises shows no figures."""
ENTERPRISES = f"""统一社会信用代码,单位名称,行业代码,行政区划代码,规模,状态,生效日期
{CODE},示例甲水泥有限公司,3011,330502,规上,在营,2024-01-01
{OTHERS[0]},示例乙水泥有限公司,3011,330502,规上,在营,2024-01-01
{OTHERS[1]},示例丙水泥有限公司,3011,330502,规上,在营,2024-01-01
"""
METERS = f"""表计编号,统一社会信用代码,计量项目,数据形式,单位,分辨率,倍率,生效日期
M-0001,{CODE},购入电量,区间量,kWh,0.01,40,2024-01-01
M-0002,{OTHERS[0]},购入电量,区间量,kWh,0.01,40,2024-01-01
M-0003,{OTHERS[1]},购入电量,区间量,kWh,0.01,40,2024-01-01
"""
PREPARE = """
from datetime import date
from tanma.apps.metering import door as metering
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
user = people.User.objects.create_user("office", password="a-long-password-of-the-test")
organisation = people.Organisation.objects.create(name_zh="测试局")
people.Membership.objects.create(user=user, organisation=organisation, role="bureau",
                                 valid_from=date(2024, 1, 1))
firms = sorted(registry.Enterprise.objects.all(), key=lambda f: f.uscc)
tokens = [metering.create_gateway(f"G{f.id}", f.id, author="test")[1] for f in firms]
print("TOKENS", *tokens)
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Home:
    """One home folder and the processes over it; each may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.web, self.intake = _free_port(), _free_port()
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("TANMA_")} | {
            "TANMA_HOME": str(folder), "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}",
            "TANMA_PORT": str(self.web),
        }  # fmt: skip
        self.commands = {
            "intake": ["intake", "--port", str(self.intake), "--every", "0.3"],
            "keep": ["lake", "keep", "--every", "0.5"],
            "serve": ["serve"],
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def command(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "tanma.site.cli", *args]

    def tanma(self, *args: str) -> str:
        done = subprocess.run(
            self.command(*args), env=self.env, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert 0 == done.returncode, done.stdout + done.stderr
        return done.stdout

    def start(self, name: str) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        self.running[name] = subprocess.Popen(
            self.command(*self.commands[name]), env=self.env, cwd=ROOT, start_new_session=True,
            stdout=log, stderr=log,
        )  # fmt: skip

    def kill(self, name: str) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.running[name].pid, signal.SIGKILL)
        self.running.pop(name).wait(30)

    def stop(self) -> None:
        for name in list(self.running):
            self.kill(name)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home")
    made.folder.mkdir()
    yield made
    made.stop()


class Office:
    """A bureau officer with a browser's cookies."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.cookies = CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies)
        )

    def get(self, path: str) -> str:
        with self.opener.open(self.base + path, timeout=30) as answer:
            return answer.read().decode()

    def log_in(self) -> None:
        page = self.get("/accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token
        form = {"login": "office", "password": "a-long-password-of-the-test",
                "csrfmiddlewaretoken": token[1]}  # fmt: skip
        data = urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(f"{self.base}/accounts/login/", data)
        request.add_header("Referer", self.base)
        self.opener.open(request, timeout=30).read()
        assert any(c.name == "sessionid" for c in self.cookies)

    def row(self) -> list[str]:
        """The region's line of bought power: unit, today, this month, same days before, …"""
        page = self.get("/live/region/")
        found = re.search(r'<th scope="row">购入电力?量?</th>(.*?)</tr>', page)
        return re.findall(r"<td[^>]*>(.*?)</td>", found[1]) if found else []


def until(true: Callable[[], bool], within_s: float = 90) -> None:
    end = time.monotonic() + within_s
    while not _holds(true):
        assert time.monotonic() < end, "it did not become true in time"
        time.sleep(0.3)


def _holds(true: Callable[[], bool]) -> bool:
    try:
        return true()
    except OSError:
        return False  # a server that is being started again


def readings(day: dt.date, kwh: str = "10.00", meter: str = "M-0001") -> list[dict[str, object]]:
    """The 96 quarter-hours of a local day."""
    begin = dt.datetime.combine(day, dt.time(), ZONE)
    return [
        {"channel": f"{meter}/electricity.purchased", "time": (begin + n * SLOT).isoformat(),
         "end": (begin + (n + 1) * SLOT).isoformat(), "value": kwh}
        for n in range(96)
    ]  # fmt: skip


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace("\u202f", "").replace(" ", "").strip())


@pytest.mark.kill
@pytest.mark.slow
def test_a_reading_arrives_is_corrected_a_day_later_and_every_total_follows(home: Home) -> None:
    for name, text in (("enterprises", ENTERPRISES), ("meters", METERS)):
        (home.folder / f"{name}.csv").write_text(text, encoding="utf-8")
        home.tanma("import", str(home.folder / f"{name}.csv"))
    token, *others = home.tanma("manage", "shell", "-c", PREPARE).partition("TOKENS ")[2].split()
    for name in home.commands:
        home.start(name)
    today = dt.datetime.now(ZONE).date()
    yesterday = today - dt.timedelta(days=1)
    chance = random.Random(20261120)
    client = Client(f"http://127.0.0.1:{home.intake}", token, home.folder / "spool")

    for n, own in enumerate(others, 2):
        idle = Client(f"http://127.0.0.1:{home.intake}", own, home.folder / f"spool-{n}")
        for day in (yesterday, today):
            idle.send(readings(day, "0.00", f"M-000{n}"))
        assert idle.flush(60)

    sent = readings(yesterday) + readings(today)
    for start in range(0, len(sent), 24):
        client.send(sent[start : start + 24])
        if start in (48, 120):
            victim = chance.choice(["intake", "keep"])
            home.kill(victim)
            home.start(victim)
    assert client.flush(60)

    office = Office(home.web)
    until(lambda: "login" in office.get("/accounts/login/"))
    office.log_in()
    of_day = Decimal("960.00") * 40
    until(lambda: bool(row := office.row()) and of_day == number(row[1]))
    month = of_day * (2 if yesterday.month == today.month else 1)
    assert month == number(office.row()[2])

    # the meter's owner corrects one quarter of yesterday; everything is killed around it
    corrected = readings(yesterday, "110.00")[40] | {"revision": 2}
    home.kill("keep")
    client.send([corrected])
    home.kill("intake")
    home.start("intake")
    home.start("keep")
    assert client.flush(60)
    client.send([readings(yesterday)[40]])  # the first value once more: changes nothing
    assert client.flush(60)
    more = Decimal(100) * 40
    place = 2 if yesterday.month == today.month else 3

    def follows() -> bool:
        row = office.row()
        base = month if place == 2 else of_day
        return bool(row) and base + more == number(row[place]) and of_day == number(row[1])

    until(follows)

    with duckdb.connect() as con:
        Restatements(home.folder / "lake").view(con)
        told = con.sql(
            "SELECT DISTINCT day, before_milli, after_milli, cause FROM restated"
            " WHERE after_milli - before_milli <> 0 AND cause = 'correction'"
        ).fetchall()
    assert [(yesterday, 96_000 * 40_000, 106_000 * 40_000, "correction")] == told
    until(lambda: 0 == json.loads(home.tanma("lake", "status", "--json"))["dirty_keys"])
