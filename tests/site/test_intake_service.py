"""`tanma intake` as a process: it outlives its workers and gives up on what can never start."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tanma.site import intake_service
from tanma.site.intake_service import Serving, serve
from tests.intake.http.conftest import Served, service

HOW = Serving("127.0.0.1", 0, 1)


def kill_workers(served: Served) -> None:
    served.wait_ready()
    for worker in served.children()["worker"]:
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
    time.sleep(0.7)  # granian has seen it, and its next worker may die too


def test_workers_that_die_twice_right_after_the_start_are_replaced(tmp_path: Path) -> None:
    with service(tmp_path, "--workers", "1") as served:
        kill_workers(served)
        kill_workers(served)
        served.wait_ready()
        assert served.process.poll() is None


@pytest.mark.parametrize(
    ("lives_s", "told", "expected"),
    [
        ([0, 0, 0], [False] * 3, 1),
        ([0, 0, 9, 0, 0, 0], [False] * 6, 1),
        ([0, 9], [False, True], 0),
    ],
)
def test_only_short_lives_in_a_row_mean_that_it_cannot_start(monkeypatch, lives_s, told, expected):
    now = [0.0]
    lives = iter(zip(lives_s, told, strict=True))

    def live(target: str, how: Serving) -> bool:
        lived_s, said = next(lives)
        now[0] += lived_s
        return said

    monkeypatch.setattr(intake_service, "_granian", live)
    monkeypatch.setattr(intake_service.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(intake_service.time, "sleep", lambda _: None)
    assert expected == serve("target", HOW)
    assert [] == list(lives)


def test_a_port_that_is_taken_ends_the_service(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        scopes = tmp_path / "scopes.json"
        scopes.write_text("{}")
        served = Served(tmp_path / "lake", scopes, port=holder.getsockname()[1])
        served.root.mkdir()
        served.start(wait=False)
        try:
            assert 1 == served.process.wait(30)
        finally:
            served.kill()
