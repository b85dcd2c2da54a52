"""A device map is read whole or refused with file, line and repair."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tanma.domain.items import items
from tanma.domain.messages import Problem
from tanma.intake.devices import TYPES, built_in, find, load, meters_of, parse
from tanma.intake.units import find as find_unit

HEAD = """[device]
name_zh = "电表"
name_en = "Meter"
source = "manual of the maker"
evidence = "confirmed"
function = 3
interval_s = 900
"""
POINT = """
[[point]]
name = "energy"
address = 10
type = "u32"
resolution = "0.01"
unit = "kWh"
kind = "register"
"""
GOOD = HEAD + POINT


def refused(text: str) -> Problem:
    with pytest.raises(Problem) as caught:
        parse("meter.toml", text)
    assert "meter.toml" in caught.value.text("zh")
    assert "meter.toml" in caught.value.text("en")
    return caught.value


def test_a_map_is_read():
    found = parse("meter.toml", GOOD)
    (point,) = found.points
    assert ("meter", "电表", 125, 0) == (
        found.name,
        found.name_zh,
        found.max_registers,
        found.max_gap,
    )
    assert (3, 10, 2, Decimal("0.01"), "big", 900) == (
        point.function, point.address, point.words, point.resolution, point.word_order,
        point.interval_s,
    )  # fmt: skip


def test_a_point_may_differ_from_its_device():
    found = parse("m.toml", GOOD + 'function = 4\nword_order = "little"\ninterval_s = 60\n')
    (point,) = found.points
    assert (4, "little", 60) == (point.function, point.word_order, point.interval_s)


@pytest.mark.parametrize(
    ("before", "after", "code", "line", "zh", "en"),
    [
        ('unit = "kWh"\n', "", "device_file_key_missing", 9, "缺少 “unit”", "lacks 'unit'"),
        ('unit = "kWh"', 'unit = "kwat"', "device_file_value", 14, "为 “kwat”", "is 'kwat'"),
        ("address = 10", "adress = 10", "device_file_key_unknown", 11, "改为：addr", "Use: add"),
        ("address = 10", "address = 65535", "device_file_value", 11, "0 to 65534", "0 to 65534"),
        ("address = 10", 'address = "10"', "device_file_value", 11, "address 为", "is '10'"),
        ("address = 10", "address = 10\naddress = 1", "device_file_unreadable", 12, "一次", "once"),
        ('"register"', '"counter"', "device_file_value", 15, "interval", "interval"),
        ('"u32"', '"u33"', "device_file_value", 12, "u16, i16", "u16, i16"),
        ('"0.01"', "0.01", "device_file_value", 13, "resolution 为 “0.01”", "decimal text"),
        ('"0.01"', '"0"', "device_file_value", 13, "resolution 为 “0”", "above 0"),
        ("function = 3", "function = 6", "device_file_value", 6, "1, 2, 3, 4", "1, 2, 3, 4"),
        ("function = 3", "function = 1", "device_file_value", 12, "允许：bit", "allowed: bit"),
        ("function = 3\n", "", "device_file_key_missing", 8, "缺少 “function”", "lacks 'function'"),
        ("interval_s = 900", "interval_s = 0", "device_file_value", 7, "interval_s 为 “0”", "is 0"),
        ('evidence = "confirmed"\n', "", "device_file_key_missing", 1, "evidence", "evidence"),
        ('"u32"', '"bcd"', "device_file_key_missing", 9, "缺少 “words”", "lacks 'words'"),
        ('"u32"', '"u32"\nwords = 2', "device_file_value", 13, "type = bcd", "type = bcd"),
        ('"u32"', '"u32"\ndigits = 2', "device_file_value", 13, "f32, f64", "f32, f64"),
        ('"energy"', '"Energy A"', "device_file_value", 10, "letters", "letters"),
        ("[device]", "[devices]", "device_file_key_unknown", 1, "请改为：device", "Use: device"),
    ],
)  # fmt: skip
def test_a_broken_map_is_refused_with_its_line(before, after, code, line, zh, en):
    assert before in GOOD
    problem = refused(GOOD.replace(before, after))
    assert (code, line) == (problem.code, problem.params["line"])
    assert zh in problem.text("zh")
    assert en in problem.text("en")


def test_a_name_that_stands_twice_is_refused():
    problem = refused(GOOD + POINT)
    assert ("device_file_twice", 18, 10) == (
        problem.code, problem.params["line"], problem.params["first"],
    )  # fmt: skip
    assert "已在第 10 行使用" in problem.text("zh")
    assert "stands on line 10" in problem.text("en")


def test_the_second_point_is_told_by_its_own_line():
    problem = refused(GOOD + POINT.replace("energy", "other").replace('kind = "register"', ""))
    assert ("point other", 17) == (problem.params["table"], problem.params["line"])


def test_a_map_without_points_is_refused():
    assert "device_file_key_missing" == refused(HEAD).code


def test_a_file_is_found_by_path_and_a_built_in_map_by_name(tmp_path):
    (tmp_path / "mine.toml").write_text(GOOD, encoding="utf-8")
    assert "mine" == find("mine.toml", tmp_path).name
    assert built_in()["eastron-sdm630"] is find("eastron-sdm630")


def test_a_missing_file_names_the_built_in_maps(tmp_path):
    with pytest.raises(Problem) as caught:
        load(tmp_path / "nothing.toml")
    assert "device_map_absent" == caught.value.code
    assert "eastron-sdm630" in caught.value.text("zh")
    assert "eastron-sdm630" in caught.value.text("en")


def test_points_are_picked_by_name():
    found = parse("meter.toml", GOOD)
    assert found.points == found.of(None) == found.of(["energy"])
    with pytest.raises(Problem) as caught:
        found.of(["power"])
    assert "device_point_unknown" == caught.value.code
    assert "energy" in caught.value.text("zh")
    assert "energy" in caught.value.text("en")


@pytest.mark.parametrize("device_map", built_in().values(), ids=lambda m: m.name)
def test_a_built_in_map_says_how_well_it_is_known(device_map):
    assert device_map.evidence in ("confirmed", "recalled")
    assert device_map.source
    for point in device_map.points:
        assert point.type in TYPES
        assert point.name_zh
        if point.item:
            item = items()[point.item]
            assert find_unit(item.unit).dimension == find_unit(point.unit).dimension


def test_points_of_one_item_belong_to_meters_of_their_own():
    items = {"energy": "electricity.purchased", "a": "state.voltage", "b": "state.voltage", "c": ""}
    assert {"energy": "m", "a": "m.a", "b": "m.b", "c": "m"} == meters_of("m", items)
    several = {"x": "", "y": ""}
    assert {"x": "m", "y": "m"} == meters_of("m", several)
