"""A real service over a folder, with scopes from a file: `python -m tests.intake.http.served`.

Environment: SERVED_ROOT the lake, SERVED_SCOPES a JSON file {token: [source, [channel, …], [uid,
algorithm, key in hexadecimal digits], …]}, read anew each time. Others bring trouble: SERVED_PER_S
and SERVED_QUEUE low limits, SERVED_SLOW_S a slow disk, SERVED_FILE_BYTES a full one, SERVED_USER
another user, SERVED_CLOCK a file with seconds by which the clock is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
from collections.abc import Mapping
from pathlib import Path

from tanma.intake.http.rsgi import Application
from tanma.intake.live import Scope, ScopedChannel, SigningKey, token_hash
from tanma.site.intake_service import Serving, build, sealer_command, serve


def scopes() -> Mapping[str, Scope]:
    said = json.loads(Path(os.environ["SERVED_SCOPES"]).read_text())
    return {
        token_hash(token): Scope.of(source, [ScopedChannel(*c) for c in channels], map(_key, keys))
        for token, (source, channels, *keys) in said.items()
    }


def _key(said: list[str]) -> SigningKey:
    uid, algorithm, key = said
    return SigningKey(uid, algorithm, bytes.fromhex(key))


def application() -> Application:
    from tanma.intake.http import service

    service.WAITING_BYTES = int(os.environ.get("SERVED_QUEUE", service.WAITING_BYTES))
    if slow := os.environ.get("SERVED_SLOW_S"):
        _slow_commits(float(slow))
    if size := os.environ.get("SERVED_FILE_BYTES"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), int(size)))
    if offset := os.environ.get("SERVED_CLOCK"):
        _moved_clock(Path(offset))
    if user := os.environ.get("SERVED_USER"):
        _other_user(int(user))
    root = Path(os.environ["SERVED_ROOT"])
    per_s = float(os.environ.get("SERVED_PER_S", "1e12"))
    return build(root, scopes, per_s, durable=os.environ.get("SERVED_DURABLE") != "no")


def _other_user(user: int) -> None:
    """Root may write everywhere. What may lie in root's folders is imported before."""
    import concurrent.futures.thread
    import zlib

    import tanma.lake.group
    import tanma.lake.sealer
    from tanma.domain.messages import catalogue

    catalogue()
    assert concurrent.futures.thread, (zlib, tanma.lake.group, tanma.lake.sealer)
    os.seteuid(user)


def _moved_clock(offset_s: Path) -> None:
    """A wall clock that the test turns by seconds."""
    import time

    true = time.time_ns
    time.time_ns = lambda: true() + int(offset_s.read_text()) * 10**9


def _slow_commits(seconds: float) -> None:
    """A disk that needs long for a flush, so that requests wait."""
    import time

    from tanma.lake.inbox import Inbox

    quick = Inbox.append

    def slow(self, entries):
        time.sleep(seconds)
        return quick(self, entries)

    Inbox.append = slow


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--every", type=float, default=0.2)
    parser.add_argument("--no-seal", action="store_true")
    args = parser.parse_args()
    root = Path(os.environ["SERVED_ROOT"])
    beside = None if args.no_seal else sealer_command(root, args.every)
    target = "tests.intake.http.served:application"
    raise SystemExit(serve(target, Serving("127.0.0.1", args.port, args.workers), beside))


if __name__ == "__main__":
    main()
