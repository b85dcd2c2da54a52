"""Whatever is killed, full, broken or late: acknowledged is stored once, everything else is told.

TANMA_KILLS=1000 runs so many kills; without it a few, so that they fit into every run.
"""

from __future__ import annotations

import gzip
import http.client
import io
import json
import os
import random
import signal
import sqlite3
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tanma.lake import raw
from tests.intake.http.conftest import MANY, Served, service
from tests.lake.test_landing import closed, damage
from tests.lake.test_readings import landed

KILLS = int(os.environ.get("TANMA_KILLS", "6"))
ORDERS = int(os.environ.get("TANMA_ORDERS", "15"))
NUMBERS = [c[0] for c in MANY]
START_MS = 1_780_000_000_000


def batch(serial: int, rows: int = 100) -> dict:
    """Readings that no other batch has: every count tells the batch."""
    return {
        "channel": [NUMBERS[n % 100] for n in range(rows)],
        "time": [START_MS + (serial * (rows // 100) + n // 100) * 900_000 for n in range(rows)],
        "value": [serial] * rows,
    }


class Gateway(threading.Thread):
    """Sends batch after batch; one without an answer is sent again under the same key."""

    def __init__(self, served: Served, serials: range) -> None:
        super().__init__(daemon=True)
        self.served, self.serials = served, iter(serials)
        self.acknowledged: set[int] = set()
        self.open: int | None = None
        self.again = 0
        self.stop = threading.Event()
        self.strange: list[object] = []

    def run(self) -> None:
        while not self.stop.is_set():
            if self.open is None:
                self.open = next(self.serials)
            with suppress(OSError, http.client.HTTPException):
                said = self.served.push(
                    batch(self.open), "token-m", Idempotency_Key=f"k{self.open}", Host="x"
                )
                if said.status == 200 and said.body["accepted"] == 100:
                    self.again += said.body["duplicate"]
                    self.acknowledged.add(self.open)
                    self.open = None
                elif said.status not in (429, 503):
                    self.strange.append(said)
                    return


@pytest.mark.kill
@pytest.mark.parametrize("writers", [1, 4])
def test_kill_9_of_service_and_sealer_at_random_moments(tmp_path: Path, writers: int) -> None:
    chance = random.Random(writers)
    with service(tmp_path, "--workers", str(writers), "--every", "0.1") as served:
        gateways = [Gateway(served, range(n, 10**9, 4)) for n in range(4)]
        for gateway in gateways:
            gateway.start()
        kills = 0
        while kills < KILLS:
            served.wait_ready()
            time.sleep(chance.uniform(0.05, 0.5))
            living = served.children()
            if chance.random() < 0.25:
                served.kill()
                served.start(wait=False)
                kills += 1
            elif victims := living[chance.choice(["sealer", "worker"])]:
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(victims), signal.SIGKILL)
                kills += 1
        time.sleep(0.5)
        served.wait_ready()
        for gateway in gateways:
            gateway.stop.set()
        for gateway in gateways:
            gateway.join(60)
        assert [[]] * 4 == [g.strange for g in gateways]
        acknowledged = set().union(*(g.acknowledged for g in gateways))
        served.kill()
        counts = Counter(value for _, value in served.stored())
    assert len(acknowledged) >= KILLS
    stored = landed(served.root)
    assert {1} == set(stored.values()), "a row of a batch lies in the table twice"
    assert {100} == set(counts.values()), "a batch was stored in part"
    assert acknowledged <= set(counts)
    # At most the one that each gateway had not been told of when it stopped.
    assert len(set(counts) - acknowledged) <= 4
    bodies = {(b.writer, b.batch) for b in raw.bodies(served.root)}
    assert bodies == {(writer, number) for writer, number, _ in stored}


def test_a_message_delivered_twice_at_once_is_stored_once(tmp_path: Path) -> None:
    with service(tmp_path, "--workers", "2", "--no-seal") as served:

        def push(_: int) -> bool:
            said = served.push(batch(1), "token-m", Idempotency_Key="same")
            assert 200 == said.status
            return said.body["duplicate"]

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(push, range(24)))
        # Two processes may each have taken it before either knew; the readings are one.
        assert answers.count(False) in (1, 2)
        assert [(c, 1) for c in NUMBERS] == served.stored()


def test_too_much_at_once_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    size = len(json.dumps(batch(1)))
    with service(tmp_path, SERVED_QUEUE=str(size * 3), SERVED_SLOW_S="0.2") as served:
        told: list[int] = []

        def push(serial: int) -> None:
            while True:
                said = served.push(batch(serial), "token-m", Idempotency_Key=f"k{serial}")
                if said.status == 200:
                    assert not said.body["duplicate"]
                    return
                assert (429, "http_busy") == (said.status, said.body["code"])
                told.append(int(said.headers["retry-after"]))
                time.sleep(0.1)

        with ThreadPoolExecutor(12) as pool:
            list(pool.map(push, range(12)))
        assert told
        assert {1} == set(told)
        limited = f'tanma_intake_limited_total{{process="http-1"}} {len(told)}'
        assert limited in served.ask("GET", "/metrics").body.splitlines()
        assert {n: 100 for n in range(12)} == Counter(v for _, v in served.stored())


def test_revisions_count_in_whatever_order_they_are_delivered(tmp_path: Path) -> None:
    """Each order has hours of its own, so that one service takes them all."""
    numbers, revisions = NUMBERS[:4], (1, 2, 3)
    with service(tmp_path, "--workers", "2") as served, ThreadPoolExecutor(6) as pool:

        def push(rows: list[tuple[int, int, int]]) -> int:
            said = [{"channel": c, "time": at, "value": c * 10 + r, "revision": r}
                    for c, at, r in rows]  # fmt: skip
            return served.push(said, "token-m").status

        parts: list[list[tuple[int, int, int]]] = []
        for order in range(ORDERS):
            chance, at = random.Random(order), START_MS + order * 3_600_000
            rows = [(c, at, r) for c in numbers for r in revisions]
            rows += chance.sample(rows, 4)  # some are delivered again
            chance.shuffle(rows)
            while rows:
                parts.append([rows.pop() for _ in range(min(len(rows), chance.randrange(1, 5)))])
        random.Random(7).shuffle(parts)
        assert {200} == set(pool.map(push, parts))
        expected = Counter({(c, c * 10 + max(revisions)): ORDERS for c in numbers})
        assert expected == Counter(served.stored())


@pytest.mark.parametrize("how", ["gzip", "chunks"])
def test_bodies_that_grow_once_they_are_here_count_as_what_they_become(
    tmp_path: Path, how: str
) -> None:
    spaces = b" " * 2**22
    options = {"SERVED_QUEUE": str(len(spaces) * 4), "SERVED_SLOW_S": "0.3"}

    def push(serial: int) -> tuple[int, str]:
        whole = b"{" + spaces + json.dumps(batch(serial)).encode()[1:]
        if how == "gzip":
            said = served.push(gzip.compress(whole, 1), "token-m", Content_Encoding="gzip")
        else:  # a body without a length goes in chunks
            try:
                said = served.push(io.BytesIO(whole), "token-m")
            except BrokenPipeError:  # refused, and hung up on, while the body was still on its way
                return 429, "1"
        return said.status, said.headers.get("retry-after", "")

    with service(tmp_path, **options) as served, ThreadPoolExecutor(12) as pool:
        said = Counter(pool.map(push, range(12)))
        assert {(200, ""), (429, "1")} == set(said)
        assert said[200, ""] >= 3
        assert 200 == served.push(batch(99), "token-m").status  # all that was held is let go


def test_a_full_disk_is_told_and_nothing_is_acknowledged(tmp_path: Path) -> None:
    with service(tmp_path, "--no-seal", SERVED_FILE_BYTES="600000") as served:
        said = [served.push(batch(n, 5000), "token-m") for n in range(60)]
        statuses = Counter(s.status for s in said)
        assert {200, 503} == set(statuses)
        refused = next(s for s in said if s.status == 503)
        assert "readings_not_durable" == refused.body["code"]
        assert int(refused.headers["retry-after"]) >= 1
        for lang in ("zh", "en"):
            assert "disk" in refused.body[lang]
        assert 200 == served.ask("GET", "/healthz").status
        taken = {n for n, s in enumerate(said) if s.status == 200}
        served.kill()
        assert dict.fromkeys(taken, 5000) == Counter(v for _, v in served.stored())


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's folder needs root to make it")
def test_a_folder_that_cannot_be_written_is_told() -> None:
    # Not under pytest's own folder, which other users may not enter.
    with tempfile.TemporaryDirectory(prefix="tanma-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        _told_of_a_folder(folder)


def _told_of_a_folder(folder: Path) -> None:
    scopes = folder / "scopes.json"
    scopes.write_text(json.dumps({"token-m": ["gateway-m", MANY]}))
    served = Served(folder / "lake", scopes, env={"SERVED_USER": "65534"}, options=("--no-seal",))
    served.root.mkdir()
    try:
        served.start(wait=False)
        said = _first_answer(served)
        assert (503, "readings_not_durable") == (said.status, said.body["code"])
        for lang in ("zh", "en"):
            assert "Permission denied" in said.body[lang]
        served.root.chmod(0o777)  # repaired: the service goes on by itself
        end = time.monotonic() + 20
        while (said := served.push(batch(1), "token-m")).status == 503:
            assert time.monotonic() < end, said.body
            time.sleep(0.2)
        assert 200 == said.status
    finally:
        served.kill()
    assert Counter({1: 100}) == Counter(v for _, v in served.stored())


def _first_answer(served: Served):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with suppress(OSError, http.client.HTTPException):
            return served.push(batch(1), "token-m")
        time.sleep(0.05)
    raise TimeoutError


def test_a_damaged_inbox_is_set_aside_and_the_service_goes_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with service(tmp_path, "--no-seal") as served:
        for serial in range(8):
            assert 200 == served.push(batch(serial, 2000), "token-m").status
        assert 0 == served.stop()
    path = closed(served.root, "http-1")
    damage(path, _page_of_body(path, 5))
    with service(tmp_path, "--every", "0.1") as served:
        end = time.monotonic() + 20
        while not (served.root / "inbox" / "http-1.aside").exists():
            assert time.monotonic() < end
            time.sleep(0.1)
        time.sleep(0.3)
        said = served.push(batch(99), "token-m")
        assert (200, "http-2/1") == (said.status, said.body["receipt"])
        served.kill()
        counts = Counter(v for _, v in served.stored())
    assert 100 == counts.pop(99)
    assert {2000} == set(counts.values())
    lost = set(range(8)) - set(counts)
    assert 4 in lost
    assert len(lost) < 8
    note = (served.root / "inbox" / "http-1.aside").read_text(encoding="utf-8")
    assert all(str(serial + 1) in note for serial in lost)
    assert "cannot be read" in capfd.readouterr().err


def _page_of_body(path: Path, batch_id: int) -> int:
    """A page that holds nothing but bytes of one body."""
    with sqlite3.connect(path) as con:
        (body,) = con.execute("SELECT body FROM batch WHERE id = ?", (batch_id,)).fetchone()
    con.close()
    file = path.read_bytes()
    parts = (body[at : at + 64] for at in range(len(body) // 2, len(body)))
    return next(file.index(part) for part in parts if file.count(part) == 1) // 8192


def test_a_clock_that_steps_back_an_hour_changes_no_order(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0")
    with service(tmp_path, SERVED_CLOCK=str(clock)) as served:
        first = served.push(batch(1), "token-m")
        clock.write_text("-3600")
        corrected = batch(1) | {"value": [2] * 100}
        second = served.push(corrected, "token-m")
        again = served.push(batch(1), "token-m")
        assert first.body["stamp"] < second.body["stamp"]
        assert again.body["duplicate"]
        served.kill()
        assert [(c, 2) for c in NUMBERS] == served.stored()
