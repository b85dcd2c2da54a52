"""Meters on a line: asked in turn, through noise and pieces, and never answered for each other."""

from __future__ import annotations

import asyncio
import time

import pytest

from tanma.intake.dlt645.identifiers import find
from tanma.intake.dlt645.poll import Dlt645Device, Line, decoded, preview
from tests.intake.dlt645.meters import Meters, frame

ONE, TWO = "202611200001", "202611200002"
ENERGY, REVERSE, VOLTAGE, POWER = "00010000", "00020000", "02010100", "02030000"
VALUES = {
    ONE: {
        ENERGY: bytes.fromhex("78563412"),
        REVERSE: bytes.fromhex("00000000"),
        VOLTAGE: bytes.fromhex("3422"),
        POWER: bytes.fromhex("341280"),
        "01010000": bytes.fromhex("432100") + bytes.fromhex("3014201126"),
    },
    TWO: {ENERGY: bytes.fromhex("01000000")},
}
NAMES = ("forward_active_total", "voltage_a", "active_power_total", "forward_demand_total")


def device(meters: Meters, address=ONE, names=NAMES, line=None, timeout_s=0.5) -> Dlt645Device:
    line = line or Line("127.0.0.1", meters.port, timeout_s)
    return Dlt645Device("m", line, address, tuple(map(find, names)), 900)


async def values(one: Dlt645Device) -> dict[str, str | None]:
    found = one.decode(await one.read([i.name for i in one.identifiers]))
    await one.close()
    assert not found.faults
    return {m.point: m.text for m in found.measured}


EXPECTED = {
    "forward_active_total": "123456.78",
    "voltage_a": "223.4",
    "active_power_total": "-0.1234",
    "forward_demand_total": "0.2143",
}


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"before": b"\xfe\xfe\xfe\xfe"},
        {"before": b"\x00\x68\x16\xff"},
        {"before": frame(TWO, 0x91, bytes.fromhex("00000100") + b"\x99\x99\x99\x99")},
        {"pieces": 1},
        {"pieces": 5, "before": b"\x68\x68"},
        {"echo": True},
        {"parts": 2},
    ],
)
def test_a_meter_is_read_through_whatever_the_line_adds(line):
    async def through() -> None:
        async with Meters(VALUES, **line) as meters:
            assert EXPECTED == await values(device(meters))

    asyncio.run(through())


def test_an_answer_given_twice_is_not_taken_for_the_next_one():
    """Else each reading from then on would be the one before, under a new instant."""

    async def through() -> None:
        values_of = {ONE: {ENERGY: bytes.fromhex("01000000")}}
        async with Meters(values_of, again=True) as meters:
            one = device(meters, names=("forward_active_total",))
            found = []
            for number in (1, 2, 3):
                values_of[ONE][ENERGY] = bytes([number, 0, 0, 0])
                found.append(one.decode(await one.read(["forward_active_total"])).measured[0].text)
                await asyncio.sleep(0.02)
            await one.close()
            assert ["0.01", "0.02", "0.03"] == found

    asyncio.run(through())


def test_only_reading_questions_go_out():
    async def through() -> None:
        async with Meters(VALUES) as meters:
            await values(device(meters))
            assert [(ONE, find(n).identifier) for n in NAMES] == meters.asked

    asyncio.run(through())


def test_two_meters_share_a_line():
    async def through() -> None:
        async with Meters(VALUES) as meters:
            line = Line("127.0.0.1", meters.port, 1)
            names = ("forward_active_total",)
            both = [device(meters, a, names, line) for a in (ONE, TWO)] * 3
            bodies = await asyncio.gather(*(one.read(names) for one in both))
            said = [decoded(raw).measured[0].text for raw in bodies]
            assert ["123456.78", "0.01"] * 3 == said
            await line.close()

    asyncio.run(through())


def test_a_silent_meter_costs_the_others_its_timeout_and_no_more():
    async def through() -> None:
        async with Meters(VALUES, silent={TWO}) as meters:
            line = Line("127.0.0.1", meters.port, 0.3)
            names = ("forward_active_total",)
            started = time.monotonic()
            silent, other = await asyncio.gather(
                device(meters, TWO, names, line).read(names),
                device(meters, ONE, names, line).read(names),
                return_exceptions=True,
            )
            assert isinstance(silent, TimeoutError)
            assert "123456.78" == decoded(other).measured[0].text
            assert time.monotonic() - started < 2
            await line.close()

    asyncio.run(through())


@pytest.mark.parametrize("line", [{"broken": True}, {"silent": {ONE}}])
def test_a_meter_that_cannot_be_understood_is_not_there(line):
    async def through() -> None:
        async with Meters(VALUES, **line) as meters:
            with pytest.raises(TimeoutError):
                await values(device(meters, timeout_s=0.2))

    asyncio.run(through())


def test_the_answer_of_another_meter_is_not_taken():
    """A line on which only meter 2 speaks: no value appears under meter 1."""

    async def through() -> None:
        other = frame(TWO, 0x91, bytes.fromhex("00000100") + b"\x99\x99\x99\x99")
        async with Meters({ONE: {}}, before=other) as meters:
            one = device(meters, names=("forward_active_total",))
            found = one.decode(await one.read(["forward_active_total"]))
            assert () == found.measured
            assert ["dlt645_refused"] == [f.problem.code for f in found.faults]
            await one.close()

    asyncio.run(through())


def test_what_a_meter_does_not_have_is_a_fault_beside_the_rest():
    async def through() -> None:
        async with Meters(VALUES, silent={f"{ONE}/{VOLTAGE}"}) as meters:
            names = ("forward_active_total", "voltage_a", "frequency", "reverse_active_total")
            one = device(meters, names=names, timeout_s=0.2)
            found = one.decode(await one.read(names))
            await one.close()
            assert ["123456.78", "0.00"] == [m.text for m in found.measured]
            assert [("voltage_a", "dlt645_silent"), ("frequency", "dlt645_refused")] == [
                (f.point, f.problem.code) for f in found.faults
            ]
            assert VOLTAGE in found.faults[0].problem.text("zh")
            assert "did not answer" in found.faults[0].problem.text("en")

    asyncio.run(through())


def test_a_line_that_was_cut_is_opened_again():
    async def through() -> None:
        async with Meters(VALUES) as meters:
            one = device(meters)
            await one.read(NAMES)
            one.line._writer.close()
            await asyncio.sleep(0.05)
            assert EXPECTED == await values(one)

    asyncio.run(through())


def test_nobody_at_the_port_is_an_os_error():
    async def through() -> None:
        async with Meters(VALUES) as meters:
            gone = meters.port
        with pytest.raises(OSError, match=str(gone)):
            await Line("127.0.0.1", gone, 1).ask(ONE, ENERGY)

    asyncio.run(through())


def test_a_body_decodes_by_itself():
    async def through() -> None:
        async with Meters(VALUES) as meters:
            one = device(meters)
            raw = await one.read(["voltage_a"])
            await one.close()
            (measured,) = decoded(raw).measured
            assert {"voltage_a": "voltage_a"} == decoded(raw).targets
            assert ("voltage_a", "gauge", "V", 900, "223.4") == (
                measured.point, measured.kind, measured.unit,
                measured.interval_s, measured.text,
            )  # fmt: skip

    asyncio.run(through())


def test_a_preview_by_any_address_shows_values_and_problems():
    async def through() -> None:
        async with Meters(VALUES) as meters:
            rows = await preview(
                "127.0.0.1", meters.port, "A" * 12, ["voltage_a", "frequency"], timeout_s=0.5
            )
            assert [("voltage_a", "223.4", None), ("frequency", None, "dlt645_refused")] == [
                (r["point"], r["value"], r["problem"] and r["problem"].code) for r in rows
            ]

    asyncio.run(through())
