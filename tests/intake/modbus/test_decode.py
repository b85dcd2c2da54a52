"""Registers to values in every order and type, and points to few requests."""

from __future__ import annotations

import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanma.domain.messages import Problem
from tanma.intake.devices import Point, parse
from tanma.intake.modbus.decode import body, decoded, grouped, single, value

SIZES = {"u16": 1, "i16": 1, "u32": 2, "i32": 2, "u64": 4, "i64": 4, "f32": 2, "f64": 4, "bcd": 2}


def point(kind="u16", address=0, **said) -> Point:
    usual = {
        "name": f"p{address}", "name_zh": "", "function": 3, "address": address, "type": kind,
        "words": SIZES.get(kind, 1), "word_order": "big", "byte_order": "big",
        "resolution": Decimal(1), "digits": None, "missing": (), "unit": "kWh",
        "kind": "register", "item": "", "interval_s": 900,
    }  # fmt: skip
    return Point(**usual | said)


@pytest.mark.parametrize(
    ("kind", "registers", "expected"),
    [
        ("u16", [0xFFFE], "65534"),
        ("i16", [0xFFFE], "-2"),
        ("u32", [0x0001, 0x0002], "65538"),
        ("i32", [0xFFFF, 0xFFFF], "-1"),
        ("u64", [0, 0, 1, 0], "65536"),
        ("i64", [0xFFFF, 0xFFFF, 0xFFFF, 0xFF00], "-256"),
        ("bcd", [0x1234, 0x5678], "12345678"),
        ("bit", [1], "1"),
    ],
)
def test_integers(kind, registers, expected):
    assert expected == value(point(kind), registers)


@pytest.mark.parametrize(
    ("word_order", "byte_order", "registers"),
    [
        ("big", "big", [0x0102, 0x0304]),
        ("little", "big", [0x0304, 0x0102]),
        ("big", "little", [0x0201, 0x0403]),
        ("little", "little", [0x0403, 0x0201]),
    ],
)
def test_the_four_orders_of_a_double_word(word_order, byte_order, registers):
    wanted = point("u32", word_order=word_order, byte_order=byte_order)
    assert str(0x01020304) == value(wanted, registers)


def words(packed: bytes) -> list[int]:
    return list(struct.unpack(f">{len(packed) // 2}H", packed))


@pytest.mark.parametrize(
    ("number", "digits", "expected"),
    [(12.34, None, "12.34"), (231.456, 1, "231.5"), (-0.05, 2, "-0.05"), (2.5, 0, "2")],
)
def test_a_float_is_its_shortest_decimal_or_rounded_as_the_map_says(number, digits, expected):
    assert expected == value(point("f32", digits=digits), words(struct.pack(">f", number)))
    assert expected == value(point("f64", digits=digits), words(struct.pack(">d", number)))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_float_that_is_no_number_is_no_value(number):
    assert value(point("f32"), words(struct.pack(">f", number))) is None


def test_a_raw_value_that_means_missing_is_no_value():
    assert value(point("u16", missing=(0xFFFF,)), [0xFFFF]) is None
    assert value(point("i16", missing=(0x8000,)), [0x8000]) is None
    assert "1" == value(point("u16", missing=(0xFFFF,)), [1])


def test_the_resolution_is_exact():
    assert "0.07" == value(point(resolution=Decimal("0.01")), [7])
    assert "4294967295000" == value(point("u32", resolution=Decimal("1000")), [0xFFFF, 0xFFFF])


def test_registers_that_are_not_bcd_are_refused():
    with pytest.raises(Problem) as caught:
        value(point("bcd"), [0x12A4, 0x5678])
    assert "modbus_not_bcd" == caught.value.code
    assert "12 A4 56 78" in caught.value.text("zh")
    assert "are not BCD" in caught.value.text("en")


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from(["big", "little"]))
def test_what_a_device_packs_comes_out(number, word_order):
    registers = words(struct.pack(">q", number))
    kept = registers if word_order == "big" else registers[::-1]
    assert str(number) == value(point("i64", word_order=word_order), kept)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float_comes_back_from_its_text(number):
    text = value(point("f32"), words(struct.pack(">f", number)))
    assert struct.pack(">f", float(text)) == struct.pack(">f", number)


def test_neighbours_are_asked_for_together():
    points = [point("u32", address) for address in (4, 0, 2)]
    (request,) = grouped(points, 125)
    assert (3, 0, 6) == (request.function, request.address, request.count)


def test_a_hole_parts_them_unless_the_map_allows_it():
    points = [point("u16", 0), point("u16", 3)]
    assert 2 == len(grouped(points, 125))
    assert [(0, 4)] == [(r.address, r.count) for r in grouped(points, 125, max_gap=2)]


def test_a_request_is_no_longer_than_the_device_takes():
    points = [point("u32", 2 * n) for n in range(100)]
    assert [124, 76] == [r.count for r in grouped(points, 125)]
    assert [8] * 25 == [r.count for r in grouped(points, 8)]


def test_functions_are_never_mixed():
    points = [point("u16", 0), point("u16", 1, function=4)]
    assert [3, 4] == [r.function for r in grouped(points, 125)]


def test_points_that_overlap_are_read_once():
    (request,) = grouped([point("u32", 0), point("u16", 1, name="low")], 125)
    assert (0, 2) == (request.address, request.count)


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from(["u16", "u32", "i64"])), min_size=1),
       st.integers(4, 125), st.integers(0, 20))  # fmt: skip
def test_every_point_lies_whole_in_exactly_one_request(said, limit, gap):
    points = [point(kind, at, name=f"p{n}") for n, (at, kind) in enumerate(said)]
    requests = grouped(points, limit, gap)
    assert sorted(p.name for p in points) == sorted(p.name for r in requests for p in r.points)
    for request in requests:
        assert request.count <= limit
        for one in request.points:
            assert request.address <= one.address
            assert one.end <= request.address + request.count


def test_a_body_decodes_by_itself():
    points = [point("u32", 10, resolution=Decimal("0.01")), point("i16", 12, unit="kW")]
    (request,) = grouped(points, 125)
    kept = body({"p10": "m/energy"}, [(request, 1_700_000_000_000_000, [1, 2, 0xFFFF])])
    first, second = decoded(kept).measured
    assert ("p10", "655.38", "kWh", 900) == (
        first.point, first.text, first.unit, first.interval_s,
    )  # fmt: skip
    assert ("p12", "-1", "kW") == (second.point, second.text, second.unit)
    assert {"p10": "m/energy"} == decoded(kept).targets
    assert decoded(kept) == decoded(kept)


def test_a_refused_request_is_a_fault_of_its_points_alone():
    request, other = single(grouped([point("u16", 0), point("u16", 1)], 125)[0])
    found = decoded(
        body({"p10": "m/energy"}, [(request, 1, "2 illegal data address"), (other, 1, [5])])
    )
    assert ["5"] == [m.text for m in found.measured]
    (fault,) = found.faults
    assert ("p0", "modbus_refused") == (fault.point, fault.problem.code)
    assert "illegal data address" in fault.problem.text("zh")
    assert "address 0" in fault.problem.text("en")


def test_a_map_without_writing_functions_is_all_there_is():
    text = '[device]\nname_zh="x"\nname_en="x"\nsource="x"\nevidence="confirmed"\n'
    text += 'interval_s=1\n[[point]]\nname="a"\nfunction=16\naddress=0\ntype="u16"\n'
    with pytest.raises(Problem):
        parse("m.toml", text + 'unit="kW"\nkind="gauge"\n')
