"""Simulated gateways of the demo: the same minute says the same, and the real door takes it."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
from tanma.intake.http.decode import decode
from tanma.site import demo_live
from tanma.site.demo_live import BOUGHT, PARTS, Book, Plant, columns, send

NOW = 29_400_000
CODE = "91990101MA0DEM001L"
CHANNELS = {
    f"总表/{BOUGHT}": 1,
    "总表/state.power.active": 2,
    "光伏/electricity.pv.generated": 3,
} | {f"{name}/{BOUGHT}": 4 + n for n, (name, _, _) in enumerate(PARTS)}


def a_plant(**more):
    given = {"name": "x", "token": "t", "gateway": "g", "origin_min": NOW - 600,
             "sent_min": NOW - 601, "number": 0, "mean_kw": 300.0,
             "channels": CHANNELS}  # fmt: skip
    return Plant(**given | more)


def of(said, channel):
    return [float(v) for c, v in zip(said["channel"], said["value"], strict=True) if c == channel]


def test_the_same_minutes_say_the_same_however_they_are_asked_for():
    whole = columns(a_plant(), NOW - 60, NOW)
    halves = [columns(a_plant(), NOW - 60, NOW - 30), columns(a_plant(), NOW - 30, NOW)]
    for channel in CHANNELS.values():
        assert of(whole, channel) == of(halves[0], channel) + of(halves[1], channel)


def test_the_board_counts_its_parts_and_the_loss():
    said = columns(a_plant(), NOW - 600, NOW)
    parts = sum(sum(of(said, CHANNELS[f"{name}/{BOUGHT}"])) for name, _, _ in PARTS)
    register = of(said, CHANNELS[f"总表/{BOUGHT}"])
    assert sorted(register) == register
    board = (register[-1] - register[0]) * demo_live.RATIO
    assert 1.02 < board / parts < 1.04


def test_no_sun_at_night_and_less_load_at_the_weekend():
    minutes = np.arange(NOW, NOW + 7 * 1440, dtype=np.int64)
    hours = (minutes + 480) % 1440 // 60
    sun = demo_live.sun_count(a_plant(), minutes)
    assert 0 == sun[(hours < 6) | (hours >= 18)].sum()
    assert sun[hours == 12].min() > 0
    weekend = (minutes + 480) // 1440 % 7
    loads = {int(d): demo_live.shape(minutes[weekend == d]).mean() for d in range(7)}
    assert [0.6, 0.6, 1.0, 1.0, 1.0, 1.0, 1.0] == sorted(round(v, 3) for v in loads.values())


def test_the_plants_are_remembered_in_a_file_for_their_owner_only(tmp_path):
    (tmp_path / "demo").mkdir()
    book = Book(tmp_path)
    assert [] == book.load()
    book.save([a_plant()])
    assert [a_plant()] == book.load()
    assert 0o600 == (tmp_path / "demo" / "live.json").stat().st_mode & 0o777


class Door(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.headers["Idempotency-Key"], body))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def door():
    server = HTTPServer(("127.0.0.1", 0), Door)
    server.heard, server.answer = [], 200
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def address(door):
    return f"http://127.0.0.1:{door.server_port}"


def test_messages_are_numbered_and_what_was_taken_is_not_sent_again(door):
    plant = a_plant()
    assert send(plant, address(door), NOW)
    assert send(plant, address(door), NOW)
    assert ["demo-g-1"] == [key for key, _ in door.heard]
    assert send(plant, address(door), NOW + 1)
    assert (NOW, 2) == (plant.sent_min, plant.number)


def test_a_door_that_is_busy_or_away_is_tried_again(door):
    plant = a_plant()
    door.answer = 429
    assert not send(plant, address(door), NOW)
    assert (NOW - 601, 0) == (plant.sent_min, plant.number)
    assert not send(plant, "http://127.0.0.1:9", NOW)


@pytest.mark.django_db
def test_its_meters_are_registered_and_the_door_takes_every_reading(settings, tmp_path):
    settings.TANMA = settings.TANMA.model_copy(update={"home": tmp_path})
    registry.register("uscc", [CODE], author="t")
    registry.project()
    firm = registry.Enterprise.objects.get()
    plant = demo_live.plant(firm, 0, NOW)
    (scope,) = metering.intake_scopes().values()
    import json

    body = json.dumps(columns(plant, NOW - 30, NOW)).encode()
    done = decode(body, "http-json", scope)
    assert () == done.refused
    assert 30 * (len(PARTS) + 6) == done.table.num_rows
    board = metering.Meter.objects.get(name__endswith="总表")
    assert len(PARTS) == metering.Meter.objects.filter(parent=board.id).count()


def test_batches_of_a_plant_lie_in_what_was_filled_in():
    class Firm:
        uscc = CODE

    made = demo_live.lots_of(Firm, a_plant(origin_min=NOW - demo_live.BACKFILL_MIN))
    assert 7 == len(made["batch_no"]) == len(set(made["batch_no"]))
    assert all(a < b for a, b in zip(made["batch_start"], made["batch_end"], strict=True))
    assert all(b <= a for b, a in zip(made["batch_end"], made["batch_start"][1:]))
    assert min(made["batch_output"]) > 0
