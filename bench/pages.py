"""The public code page, its 304 and the enterprise list under load, beside a static file.

One server as users get it (granian, two workers), one address after the other over a few kept
connections, load generator on the same machine. Each JSON line holds requests per second, the 99th
percentile and the CPU time the server spent per request; the yardstick is the static file of the
same server, and the code page may take at most 4 times its CPU time. `--home` names a prepared
home of `tanma demo`, which is copied; without it the first four quarters of the demo are imported.
"""

from __future__ import annotations

import argparse
import http.cookiejar
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.support.load import Load, cpu_s, load

LIMIT = 4
STATIC = "/static/kit/base.css"
DATABASES = ("tanma.sqlite3", "work.sqlite3", "secrets.toml", "schema.txt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="prepared demo home; it is copied")
    parser.add_argument("--seconds", type=float, default=5, help="load per address (5)")
    parser.add_argument("--connections", type=int, default=4)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = prepared(Path(folder) / "home", args.home)
        os.environ["TANMA_HOME"] = str(home)
        code = a_code()
        with serving() as (url, server):
            for line in measured(url, server, code, home, args.connections, args.seconds):
                print(json.dumps(line), flush=True)


def prepared(home: Path, given: Path | None) -> Path:
    """A home with a publication in it: a copy of the given one, or the demo's first part."""
    from tanma.site import demo_region

    demo_region.enter(home)
    os.environ.pop("TANMA_DEBUG", None)
    if given is None:
        demo_region.open_region(home, lambda text: print(text, file=sys.stderr))
        return home
    home.mkdir(exist_ok=True)
    for name in DATABASES:
        shutil.copy(given / name, home / name)
        for tail in ("-wal", "-shm"):
            if (given / f"{name}{tail}").exists():
                shutil.copy(given / f"{name}{tail}", home / f"{name}{tail}")
    shutil.copytree(given / "demo", home / "demo", ignore=shutil.ignore_patterns("region"))
    (home / "lake").symlink_to((given / "lake").resolve())
    return home


def a_code() -> str:
    """The code of an enterprise with a published grade."""
    from tanma.site.setup import prepare

    prepare()
    from tanma.apps.codes import door as codes
    from tanma.apps.registry.door import Enterprise

    graded = codes.Result.objects.filter(run=codes.latest(), grade__isnull=False)
    return Enterprise.objects.get(pk=graded.order_by("natural_key").first().subject).public_code


@contextmanager
def serving() -> Iterator[tuple[str, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tanma.site.cli", "serve", "--no-tasks", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/accounts/login/")
        yield f"http://127.0.0.1:{port}", server.pid
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)


def wait_for(url: str) -> None:
    for _try in range(300):
        try:
            urllib.request.urlopen(url, timeout=10).close()
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"{url} does not answer")


def signed_in(url: str, home: Path) -> str:
    """The cookies of a bureau's user after the login form."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    form = opener.open(f"{url}/accounts/login/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)[1]
    password = (home / "demo" / "accounts.txt").read_text(encoding="utf-8").splitlines()[1]
    said = {"login": "bureau", "password": password, "csrfmiddlewaretoken": token}
    opener.open(f"{url}/accounts/login/", urllib.parse.urlencode(said).encode()).close()
    cookies = {c.name: c.value for c in jar}
    if "sessionid" not in cookies:
        raise SystemExit("the login of the demo user was refused")
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def measured(
    url: str, server: int, code: str, home: Path, connections: int, seconds: float
) -> Iterator[dict[str, object]]:
    page, cookies = f"{url}/c/{code}", signed_in(url, home)
    tag = urllib.request.urlopen(page).headers["ETag"]
    asked = {
        "static": (url + STATIC, {}, None),
        "code_page": (page, {}, LIMIT),
        "code_page_304": (page, {"If-None-Match": tag}, LIMIT),
        "enterprise_list": (f"{url}/registry/enterprises/", {"Cookie": cookies}, None),
    }
    bare_ms = 0.0
    for figure, (address, headers, limit) in asked.items():
        size = checked(address, headers)
        load(address, headers, connections, 1)  # both workers have it warm
        before = cpu_s(server)
        came = load(address, headers, connections, seconds)
        cpu_ms = (cpu_s(server) - before) / came.requests * 1000
        bare_ms = bare_ms or cpu_ms
        yield said(figure, came, cpu_ms, bare_ms, size, limit)


def checked(address: str, headers: dict[str, str]) -> int:
    """Bytes of the answer; anything but the wanted status ends the measurement."""
    wanted = 304 if "If-None-Match" in headers else 200
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as answer:
            status, size = answer.status, len(answer.read())
    except urllib.error.HTTPError as answer:
        status, size = answer.code, 0
    if status != wanted:
        raise SystemExit(f"{address} answered {status} instead of {wanted}")
    return size


def said(
    figure: str, came: Load, cpu_ms: float, bare_ms: float, size: int, limit: int | None
) -> dict[str, object]:
    if came.failed:
        raise SystemExit(f"{figure}: {came.failed} answers were errors")
    line = {
        "bench": "pages", "figure": figure, "requests_per_s": round(came.per_s),
        "p99_ms": round(came.p99_ms, 2), "server_cpu_ms": round(cpu_ms, 3), "bytes": size,
        "yardstick": f"static file {STATIC}", "yardstick_cpu_ms": round(bare_ms, 3),
        "ratio": round(cpu_ms / bare_ms, 2), "load": came.generator,
    }  # fmt: skip
    return line | {"limit": limit, "within": cpu_ms <= limit * bare_ms} if limit else line


if __name__ == "__main__":
    main()
