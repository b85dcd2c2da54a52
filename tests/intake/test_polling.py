"""When devices are read, which instant a reading carries, and that nothing is lost on the way."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import struct
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanma.domain.messages import Problem
from tanma.intake import polling
from tanma.intake.live import Scope, SigningKey
from tanma.intake.polling import (
    WAITING_BATCHES,
    Decoded,
    Fault,
    Health,
    Measured,
    Outbox,
    collected,
    converted,
    instants,
    message_id,
    next_slot,
    run_device,
    scope_of,
    taken_of,
)
from tests.intake.sinks import Memory, scope

QUARTER = 900
NOON = int(dt.datetime(2026, 11, 20, 4, tzinfo=dt.UTC).timestamp()) * 1_000_000
"""12:00 in Shanghai; a whole quarter of an hour."""
SCOPE = scope(
    "gw",
    [
        (1, "d/energy", "register", "kWh", 2, QUARTER),
        (2, "d/power", "gauge", "kW", 3, 60),
        (3, "d/amount", "interval", "kWh", 2, QUARTER),
        (4, "slow/energy", "register", "kWh", 2, 1),
        (5, "quick/energy", "register", "kWh", 2, 1),
    ],
)
SCOPES = {"hash": SCOPE}
TARGETS = {"energy": "d/energy", "power": "d/power", "nobody": "d/nobody"}


def measured(point="energy", at_us=NOON, text="1.00", kind="register", unit="kWh", s=QUARTER):
    return Measured(point, kind, unit, s, at_us, text)


@pytest.mark.parametrize(
    ("late_us", "expected_us"),
    [(0, 0), (300_000, 0), (10_000_000, 0), (10_000_001, 10_000_000), (61_500_000, 61_000_000)],
)
def test_a_reading_in_time_carries_the_end_of_its_interval(late_us, expected_us):
    assert (NOON + expected_us,) * 2 == instants(measured(at_us=NOON + late_us))


def test_what_is_in_time_depends_on_the_interval():
    """A tenth of a minute is 6 s."""
    at = NOON + 7_000_000
    assert (at, at) == instants(measured(at_us=at, s=60))
    assert (NOON, NOON) == instants(measured(at_us=at - 1_500_000, s=60))


def test_an_amount_belongs_to_the_interval_that_ended():
    late = measured(kind="interval", at_us=NOON + 200_000_000)
    assert (NOON - QUARTER * 1_000_000, NOON) == instants(late)


@given(st.integers(0, 10**6), st.integers(1, 86_400))
def test_the_next_slot_is_the_next_multiple(now_s, interval_s):
    slot = next_slot([interval_s], now_s * 1_000_000)
    assert 0 == slot % (interval_s * 1_000_000)
    assert now_s * 1_000_000 < slot <= (now_s + interval_s) * 1_000_000


@pytest.mark.parametrize(
    ("text", "unit", "target", "expected"),
    [
        ("230", "W", "kW", "0.23"),
        ("1.5", "MWh", "kWh", "1500"),
        ("0.1", "MPa", "kPa", "100"),
        ("12.34", "kWh", "kWh", "12.34"),
        ("7", "kWh", "度", "7"),
        ("1", "V", "kWh", None),
        ("1", "kWh", "furlong", None),
    ],
)
def test_units_convert_exactly_or_not_at_all(text, unit, target, expected):
    found = converted(text, unit, target)
    assert (found and Decimal(found)) == (expected and Decimal(expected))


def test_a_missing_value_is_no_reading_and_no_withdrawal():
    missing = measured(text=None)
    found = taken_of(Decoded(TARGETS, (missing, measured("power", unit="W", text="1500"))), SCOPE)
    assert [(2, 1500)] == [(r["channel"], r["value"]) for r in found.table.to_pylist()]
    assert () == found.refused


def test_a_unit_that_does_not_fit_is_refused_with_both_units():
    found = taken_of(Decoded(TARGETS, (measured("power", unit="V"), measured())), SCOPE)
    assert [1] == found.table["channel"].to_pylist()
    (refusal,) = found.refused
    assert (0, "device_unit") == (refusal.index, refusal.code)
    for language in ("zh", "en"):
        assert "V" in refusal.text(language)
        assert "kW" in refusal.text(language)


def test_a_refusal_keeps_its_place_among_what_was_said():
    rows = (measured(text=None), measured(), measured("nobody"))
    (refusal,) = taken_of(Decoded(TARGETS, rows), SCOPE).refused
    assert 2 == refusal.index
    assert "d/nobody" in refusal.text("zh")


def test_a_gateway_without_a_live_token_is_told():
    assert SCOPE is scope_of("gw", SCOPES)
    with pytest.raises(Problem) as caught:
        scope_of("other", SCOPES)
    assert "device_gateway" == caught.value.code
    assert "“other”" in caught.value.text("zh")
    assert "'other'" in caught.value.text("en")


def test_a_gateway_that_must_sign_is_written_by_no_other_way():
    keys = [SigningKey("0KEY", "hmac-sha256", b"secret")]
    with pytest.raises(Problem) as caught:
        scope_of("gw", {"t": Scope.of("gw", [], keys)})
    assert "device_gateway_signs" == caught.value.code
    assert "网关 gw 的批次须签名" in caught.value.text("zh")
    assert "gw must be signed" in caught.value.text("en")


class Fake:
    """A device that answers what its function says."""

    form = "fake"

    def __init__(self, name, intervals: Mapping[str, int], answer) -> None:
        self.name, self.intervals, self.answer = name, intervals, answer
        self.asked: list[tuple[str, ...]] = []
        self.closed = 0

    async def read(self, points: Sequence[str]) -> bytes:
        self.asked.append(tuple(points))
        said = self.answer(points)
        return json.dumps(await said if asyncio.iscoroutine(said) else said).encode()

    def decode(self, raw: bytes) -> Decoded:
        rows = json.loads(raw)
        faults = [Fault(r[0], Problem("dlt645_refused", address="1", error="02H")) for r in rows
                  if r[2] == "fault"]  # fmt: skip
        good = [r for r in rows if r[2] != "fault"]
        found = [Measured(p, "register", "kWh", 1, at, text) for p, at, text in good]
        targets = {point: f"{self.name}/{point}" for point in ("energy", "power")}
        return Decoded(targets, tuple(found), tuple(faults))

    async def close(self) -> None:
        self.closed += 1


def outbox(device, sink, scopes=SCOPES) -> Outbox:
    return Outbox(device, "gw", lambda: scopes, sink, Health(device.name, "fake"))


async def until(task_of, sink, ready, timeout_s=15.0) -> None:
    stop = asyncio.Event()
    task = asyncio.create_task(task_of(stop))
    try:
        await sink.wait(ready, timeout_s)
    finally:
        stop.set()
        await asyncio.wait_for(task, 5)


def counting(device_name="quick"):
    numbers = iter(range(1, 1000))
    return lambda points: [
        (p, NOON + n * 1_000_000, f"{n}.00") for p, n in zip(points, numbers, strict=False)
    ]


def test_a_device_is_read_at_once_and_then_at_every_interval():
    async def through() -> None:
        sink, device = Memory(), Fake("quick", {"energy": 1}, counting())
        box = outbox(device, sink)
        await until(lambda stop: run_device(device, box, stop), sink,
                    lambda: len(sink.batches) >= 3)  # fmt: skip
        assert [100, 200, 300] == sink.values(5)[:3]
        assert ("fake", "gw") == sink.batches[0][2:]
        assert box.health.taken == len(sink.rows())
        assert box.health.error is None
        assert 1 == device.closed

    asyncio.run(through())


def test_one_silent_device_never_stops_the_others():
    async def forever(points):
        await asyncio.sleep(3600)

    async def through() -> None:
        sink = Memory()
        silent = Fake("slow", {"energy": 1}, forever)
        quick = Fake("quick", {"energy": 1}, counting())

        async def both(stop):
            tasks = [asyncio.create_task(run_device(d, outbox(d, sink), stop))
                     for d in (silent, quick)]  # fmt: skip
            await stop.wait()
            tasks[0].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        await until(both, sink, lambda: len(sink.values(5)) >= 3)
        assert 1 == len(silent.asked)
        assert [] == sink.values(4)

    asyncio.run(through())


def test_a_device_that_fails_is_tried_again_and_told_once(caplog):
    answers = iter([OSError("no route"), TimeoutError(), None])

    def answer(points):
        problem = next(answers, None)
        if problem:
            raise problem
        return [(p, NOON, "5.00") for p in points]

    async def through() -> None:
        sink, device = Memory(), Fake("quick", {"energy": 900}, answer)
        box = outbox(device, sink)
        await until(lambda stop: run_device(device, box, stop), sink, lambda: sink.batches)
        assert [500] == sink.values(5)
        assert 2 == box.health.failures
        assert 3 == device.closed

    asyncio.run(through())
    assert ["quick: Device quick does not answer"] == [r.getMessage()[:35] for r in caplog.records]


def test_what_the_sink_refuses_waits_and_is_handed_on_in_order():
    async def through() -> None:
        sink, device = Memory(broken=True), Fake("quick", {"energy": 1}, counting())
        box = outbox(device, sink)

        async def repaired(stop):
            task = asyncio.create_task(run_device(device, box, stop))
            while sink.refused < 2:
                await asyncio.sleep(0.02)
            sink.broken = False
            await task

        await until(repaired, sink, lambda: len(sink.batches) >= 3)
        assert [100, 200, 300] == sink.values(5)[:3]
        assert (0, 0) == (box.health.lost, box.health.waiting)

    asyncio.run(through())


def test_what_was_read_does_not_wait_for_a_device_that_fell_silent():
    first = counting()

    def answer(points):
        if len(device.asked) > 2:
            raise TimeoutError
        return first(points)

    device = Fake("quick", {"energy": 1}, answer)

    async def through() -> None:
        sink = Memory(broken=True)
        box = outbox(device, sink)

        async def repaired(stop):
            task = asyncio.create_task(run_device(device, box, stop))
            while len(device.asked) < 3:
                await asyncio.sleep(0.02)
            sink.broken = False
            await task

        await until(repaired, sink, lambda: len(sink.batches) == 2)
        assert [100, 200] == sink.values(5)

    asyncio.run(through())


def test_what_waits_when_it_is_to_stop_is_handed_on():
    async def through() -> None:
        sink, device = Memory(), Fake("quick", {"energy": 900}, counting())
        box = outbox(device, sink)
        box.put(json.dumps([("energy", NOON, "1.00")]).encode())
        stop = asyncio.Event()
        stop.set()
        await run_device(device, box, stop)
        assert [100] == sink.values(5)

    asyncio.run(through())


@pytest.mark.parametrize("error", [InvalidOperation(), struct.error("short"), IndexError("7")])
def test_a_point_that_cannot_be_decoded_spoils_no_other_and_does_not_come_back(error):
    def wrong():
        raise error

    found = collected(TARGETS, [("energy", measured), ("power", wrong)])
    assert (["energy"], ["power"]) == (
        [m.point for m in found.measured], [f.point for f in found.faults],
    )  # fmt: skip
    assert "device_point" == found.faults[0].problem.code
    for language in ("zh", "en"):
        assert "power" in found.faults[0].problem.text(language)


def test_the_oldest_batch_is_lost_when_too_many_wait_and_it_is_counted():
    box = outbox(Fake("quick", {"energy": 1}, counting()), Memory())
    for number in range(WAITING_BATCHES + 3):
        box.put(str(number).encode())
    assert (WAITING_BATCHES, 3) == (box.health.waiting, box.health.lost)


def test_a_fault_of_one_point_leaves_the_others_and_shows():
    async def through() -> None:
        sink = Memory()
        device = Fake("quick", {}, lambda points: [])
        box = outbox(device, sink)
        box.put(json.dumps([("energy", NOON, "1.00"), ("other", NOON, "fault")]).encode())
        await box.send()
        assert [100] == sink.values(5)
        assert ("dlt645_refused", 1) == (box.health.error.code, box.health.failures)

    asyncio.run(through())


def test_a_value_that_does_not_fit_is_refused_and_counted():
    async def through() -> None:
        sink = Memory()
        box = outbox(Fake("quick", {}, lambda points: []), sink)
        box.put(json.dumps([("energy", NOON, "1.005"), ("nobody", NOON, "1")]).encode())
        await box.send()
        assert (0, 2) == (box.health.taken, box.health.refused)

    asyncio.run(through())


def test_a_clock_set_back_an_hour_does_not_stop_the_reading():
    clock = {"us": NOON}

    async def through() -> None:
        sink = Memory()
        device = Fake("quick", {"energy": 1}, counting())
        box = outbox(device, sink)

        async def stepping(stop):
            task = asyncio.create_task(run_device(device, box, stop, lambda: clock["us"]))
            while not sink.batches:
                await asyncio.sleep(0.01)
            clock["us"] -= 3_600_000_000
            while not stop.is_set():
                await asyncio.sleep(0.05)
                clock["us"] += 250_000
            await task

        await until(stepping, sink, lambda: len(sink.batches) >= 3)

    asyncio.run(through())


def test_points_are_asked_for_when_their_own_interval_ends(monkeypatch):
    """From 12:00:55 on: both at once, the minute at 12:01, both at 12:15."""
    monkeypatch.setattr(polling, "LONGEST_WAIT_S", 0.001)  # the clock below runs fast
    clock = {"us": NOON + 55_000_000}

    async def through() -> None:
        sink, device = Memory(), Fake("quick", {"energy": 900, "power": 60}, counting())
        box = outbox(device, sink)

        async def running(stop):
            task = asyncio.create_task(run_device(device, box, stop, lambda: clock["us"]))
            while len(device.asked) < 16:
                known = len(device.asked)
                while len(device.asked) == known:
                    await asyncio.sleep(0.001)
                    clock["us"] += 1_000_000
            stop.set()
            await task

        await running(asyncio.Event())
        assert ("energy", "power") == device.asked[0]
        assert [("power",)] * 14 == device.asked[1:15]
        assert ("energy", "power") == device.asked[15]

    asyncio.run(through())


@given(st.binary(max_size=40))
def test_the_name_of_a_message_never_looks_like_the_number_of_a_sender(content):
    assert message_id("mqtt", content)[-1].isalpha()
    assert message_id("mqtt", content) == message_id("mqtt", content)
    assert message_id("mqtt", content) != message_id("mqtt", content + b"x")
