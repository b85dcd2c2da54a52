"""The client of gateways: nothing lost through outages, nothing stored twice."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tanma.client import Client, Spool, SpoolFull, main
from tests.intake.http.conftest import ROOT, free_port, service

AT_MS = 1_788_192_000_000


def rows(serial, count=3):
    return [
        {"channel": f"p{1000 + n}", "time": AT_MS + serial * 900_000, "value": str(serial)}
        for n in range(count)
    ]


class Answers(BaseHTTPRequestHandler):
    """A service that says what the test tells it to, and remembers what it was sent."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.heard.append((self.headers["idempotency-key"], gzip.decompress(body)))
        status, headers, answer = self.server.plan.pop(0) if self.server.plan else (200, {}, {})
        if status == 0:  # taken, and the answer is lost
            self.connection.close()
            return
        text = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(text))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


@pytest.fixture
def answering():
    server = HTTPServer(("127.0.0.1", 0), Answers)
    server.heard, server.plan = [], []
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(answering, tmp_path):
    pauses = []
    made = Client(
        f"http://127.0.0.1:{answering.server_port}", "t", tmp_path / "spool", pause=pauses.append
    )
    made.pauses = pauses
    yield made
    made.close()


def test_what_is_sent_is_delivered_and_leaves_the_spool(client, answering):
    assert 0 == client.send(rows(1))
    ((key, body),) = answering.heard
    assert {"channel": ["p1000", "p1001", "p1002"], "time": [AT_MS + 900_000] * 3,
            "value": ["1"] * 3} == json.loads(body)  # fmt: skip
    assert re.fullmatch("[0-9a-f]{16}-1", key)
    assert [] == client.spool.waiting()


def test_a_lost_answer_is_asked_again_under_the_same_key(client, answering):
    answering.plan = [(0, {}, {})]
    assert 1 == client.send(rows(1))
    client._not_before = 0
    assert client.deliver()
    first, second = answering.heard
    assert first == second


def test_a_connection_that_was_closed_while_it_lay_idle_costs_no_wait(client, answering):
    assert 0 == client.send(rows(1))
    ours, theirs = socket.socketpair()
    theirs.close()  # as a server or a firewall does after some minutes
    client._connection.sock = ours
    assert 0 == client.send(rows(2))
    assert ["1", "2"] == [json.loads(body)["value"][0] for _, body in answering.heard]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_whoever_cannot_take_it_now_is_asked_later(client, answering, status):
    answering.plan = [(status, {"Retry-After": "7"}, {"code": "x"})]
    assert 1 == client.send(rows(1))
    assert 6 < client._not_before - time.monotonic() <= 7
    assert 2 == client.send(rows(2))  # waits as it was told, and keeps what comes
    assert 1 == len(answering.heard)
    client._not_before = 0
    assert client.deliver()
    assert ["1", "1", "2"] == [json.loads(body)["value"][0] for _, body in answering.heard]


def test_without_word_each_wait_is_longer_up_to_a_bound(client, answering):
    answering.plan = [(500, {}, {})] * 12
    waits = []
    client.send(rows(1))
    for _ in range(11):
        waits.append(client._not_before - time.monotonic())
        client.deliver()
    assert waits[0] <= 1
    assert 25 < waits[-1] <= 60


@pytest.mark.parametrize("status", [400, 409, 413, 415, 422])
def test_what_is_refused_for_good_is_set_aside_with_the_reason(client, answering, capfd, status):
    said = {"code": "http_none_taken", "zh": "中文原因", "en": "the reason"}
    answering.plan = [(status, {}, said)]
    assert 0 == client.send(rows(1))
    assert 0 == client.send(rows(2))
    kept, reason = sorted(client.spool.refused.iterdir())
    assert json.loads(gzip.decompress(kept.read_bytes()))["value"] == ["1"] * 3
    assert said == json.loads(reason.read_text(encoding="utf-8"))
    assert "中文原因" in (told := capfd.readouterr().err)
    assert "the reason" in told


def test_an_incomplete_body_is_sent_again(client, answering):
    answering.plan = [(400, {}, {"code": "http_incomplete"})]
    assert 1 == client.send(rows(1))


def test_many_readings_are_several_messages_at_a_bounded_rate(client, answering):
    client._per_s = 1000
    client.send(rows(1, 50) * 240)
    assert [5000, 5000, 2000] == [len(json.loads(b)["value"]) for _, b in answering.heard]
    assert [5, 5, 2] == [round(pause) for pause in client.pauses]


def test_the_spool_is_bounded_and_nothing_that_waits_is_given_up(tmp_path):
    spool = Spool(tmp_path, most_bytes=400)
    first = spool.put([rows(1)])
    with pytest.raises(SpoolFull, match="400"):
        spool.put([rows(serial) for serial in range(9)])
    assert first == spool.waiting()


def test_messages_stay_in_order_when_the_clock_steps_back(tmp_path, monkeypatch):
    spool = Spool(tmp_path)
    first = spool.put([rows(1)])
    monkeypatch.setattr(time, "time_ns", lambda: 5)
    second = spool.put([rows(2), rows(3)])
    assert [*first, *second] == spool.waiting()


def test_numbers_go_on_when_the_spool_was_empty(client, answering, tmp_path):
    for serial in range(3):
        client.send(rows(serial))
    again = Client(f"http://127.0.0.1:{answering.server_port}", "t", tmp_path / "spool")
    again.send(rows(9))
    keys = [key for key, _ in answering.heard]
    assert ["1", "2", "3", "4"] == [key.rpartition("-")[2] for key in keys]
    assert 1 == len({key.rpartition("-")[0] for key in keys})
    again.close()


def test_a_full_disk_keeps_all_of_a_call_or_nothing_of_it(tmp_path):
    """Under a real limit of the operating system, in a process of its own."""
    script = """
import os, resource, sys
from tanma.client import Spool
spool = Spool(sys.argv[1])
spool.put([[{"channel": "p1", "time": 1, "value": "1"}]])
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
small = [{"channel": "p1", "time": 1, "value": "2"}]
large = [{"channel": "p1", "time": n, "value": os.urandom(9).hex()} for n in range(2000)]
try:
    spool.put([small, large])
except OSError as error:
    print("full", error.errno)
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
spool.put([small, large])
"""
    limited = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)" + script
    done = subprocess.run(
        [sys.executable, "-c", limited, str(tmp_path)], capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}"},
    )  # fmt: skip
    assert "full 27" in done.stdout
    assert [1, 4, 5] == [int(p.name.partition("-")[0]) for p in Spool(tmp_path).waiting()]
    assert [] == list(tmp_path.glob("*.new"))


def test_a_message_that_the_disk_spoilt_does_not_hold_up_the_others(client, answering):
    answering.plan = [(503, {"retry-after": "0"}, {})]
    client.send(rows(1))
    (path,) = client.spool.waiting()
    path.write_bytes(path.read_bytes()[:-9])
    client.send(rows(2))
    assert 0 == len(client.spool.waiting())
    assert [path.name] == [p.name for p in client.spool.refused.glob("*.gz")]
    assert 2 == len(answering.heard)


def test_a_torn_message_has_no_name_and_is_swept(tmp_path):
    (tmp_path / "0001-x.json.new").write_bytes(b"half")
    assert [] == Spool(tmp_path).waiting()
    assert [] == list(tmp_path.glob("*.new"))


@pytest.mark.parametrize("row", [{"channel": 1, "time": 1}, rows(1)[0] | {"unit": "kWh"}])
def test_a_reading_of_another_shape_is_refused_at_once(client, row):
    with pytest.raises((KeyError, ValueError)):
        client.send([row])
    assert [] == client.spool.waiting()


def test_numbers_that_json_does_not_know_are_refused(client):
    with pytest.raises(ValueError, match="JSON"):
        client.send([rows(1)[0] | {"value": float("nan")}])


def test_an_address_must_be_one(tmp_path):
    with pytest.raises(ValueError, match="ftp"):
        Client("ftp://x", "t", tmp_path)


def test_the_client_needs_nothing_but_the_standard_library(tmp_path):
    (tmp_path / "client.py").write_text((ROOT / "src/tanma/client.py").read_text(encoding="utf-8"))
    command = [sys.executable, "-I", "-S", "client.py", "--help"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert 0 == done.returncode
    assert "--spool" in done.stdout


def test_through_an_outage_everything_arrives_once(tmp_path):
    """Sent before, during and after; the service is killed while it takes."""
    with service(tmp_path) as served:
        url = f"http://127.0.0.1:{served.port}"
        client = Client(url, "token-m", tmp_path / "spool", timeout_s=5)
        assert 0 == client.send(rows(1, 50))
        served.kill()
        for serial in range(2, 12):
            waiting = client.send(rows(serial, 50))
        assert 10 == waiting
        served.start()
        client._not_before = 0
        assert client.flush(60)
        served.kill()
        assert {n: 50 for n in range(1, 12)} == Counter(v for _, v in served.stored())
        client.close()


SENDER = """
import sys
from tanma.client import Client
sys.path.insert(0, {root!r})
from tests.test_client import rows
client = Client({url!r}, "token-m", {spool!r}, timeout_s=5)
for serial in range(int(sys.argv[1]), 10**6):
    client.send(rows(serial, 20))
    print(serial, flush=True)
"""


@pytest.mark.kill
def test_a_gateway_killed_at_random_moments_loses_nothing_it_kept(tmp_path):
    with service(tmp_path) as served:
        spool = str(tmp_path / "spool")
        url = f"http://127.0.0.1:{served.port}"
        script = SENDER.format(root=str(ROOT), url=url, spool=spool)
        kept: set[int] = set()
        for trial in range(4):
            command = [sys.executable, "-c", script, str(trial * 1000)]
            env = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as sender:
                assert sender.stdout is not None
                kept.add(int(sender.stdout.readline()))
                time.sleep(0.07 * trial)
                sender.send_signal(signal.SIGKILL)
                kept |= {int(line) for line in sender.stdout if line.endswith("\n")}
        client = Client(url, "token-m", spool)
        assert client.flush(60)
        served.kill()
        counts = Counter(v for _, v in served.stored())
        assert kept <= set(counts)
        assert {20} == set(counts.values())
        client.close()


def test_the_command_line_reads_json_lines(answering, tmp_path, monkeypatch, capsys):
    url = f"http://127.0.0.1:{answering.server_port}"
    lines = "\n".join(json.dumps(r) for r in rows(1)) + "\n\n"
    path = tmp_path / "in"
    path.write_text(lines)
    with path.open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert 0 == main([url, "--spool", str(tmp_path / "s"), "--token", "t"])
    assert "0 messages wait" in capsys.readouterr().err
    path.write_text('{"channel": 1}\n')
    monkeypatch.setattr(sys, "stdin", path.open())
    with pytest.raises(ValueError, match="line 1"):
        main([url, "--spool", str(tmp_path / "s")])


def test_the_command_line_says_when_something_waits(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", (tmp_path / "in").open("w+"))
    Spool(tmp_path / "s").put([rows(1)])
    url = f"http://127.0.0.1:{free_port()}"
    assert 1 == main([url, "--spool", str(tmp_path / "s"), "--within", "0"])
    assert "1 messages wait" in capsys.readouterr().err
