"""A private PostgreSQL for tests, from the system's own binaries, in a temporary folder.

`python -m tests.postgres COMMAND…` runs COMMAND with `TANMA_DATABASE_URL` pointing at it.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "tanma"
# Speed over durability: the folder is thrown away after the tests.
OPTIONS = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60"]


def binary(name: str) -> str:
    """Debian keeps initdb outside PATH, one folder per major version; the newest wins."""
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = max(versions, key=lambda place: int(place.parts[-3]), default=None)
    place = str(newest) if newest else shutil.which(name)
    if place is None:
        raise FileNotFoundError(f"{name} not found: apt-get install postgresql")
    return place


def server_account() -> str | None:
    """PostgreSQL refuses to run as root; there the account of the package, or nobody, runs it."""
    if os.geteuid():
        return None
    accounts = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in accounts else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(*command: str) -> None:
    account = server_account()
    group = pwd.getpwnam(account).pw_gid if account else None
    done = subprocess.run(
        command, cwd="/", user=account, group=group, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def _initialise(folder: Path, password: str) -> None:
    secret = folder / "password"
    secret.write_text(password)
    if account := server_account():
        for path in (folder, secret):
            shutil.chown(path, account)
    _run(binary("initdb"), "-D", f"{folder}/data", "-U", USER, "-A", "scram-sha-256",
         f"--pwfile={secret}", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")  # fmt: skip


@contextmanager
def private_postgres() -> Iterator[str]:
    """Yield the URL of a fresh server with an empty database `tanma`; stop and delete it after."""
    folder = Path(tempfile.mkdtemp(prefix="tanma-pg-"))
    password, port = secrets.token_hex(16), _free_port()
    control = [binary("pg_ctl"), "-D", f"{folder}/data", "-w"]
    settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"]
    options = " ".join(f"-c {setting}" for setting in settings + OPTIONS)
    try:
        _initialise(folder, password)
        _run(*control, "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql://{USER}:{password}@127.0.0.1:{port}/postgres"
        finally:
            _run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(command: list[str]) -> int:
    with private_postgres() as url:
        environment = os.environ | {"TANMA_DATABASE_URL": url}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
