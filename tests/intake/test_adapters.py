"""One register of adapters: what it calls built can be loaded, and what was kept can be decoded."""

from __future__ import annotations

import pytest

from tanma.domain.messages import Problem
from tanma.intake.adapters import ADAPTERS, BUILT, PLANNED, Adapter, built, decode, find
from tanma.intake.connections import SECTIONS
from tanma.intake.devices import parse
from tanma.intake.dlt645.codec import Frame
from tanma.intake.dlt645.identifiers import find as identifier
from tanma.intake.dlt645.poll import body as meter_body
from tanma.intake.modbus.decode import body as modbus_body
from tanma.intake.modbus.decode import grouped
from tanma.intake.mqtt.decode import kept
from tests.intake.sinks import scope

NOON_US = 1_795_147_200_000_000
SCOPE = scope(
    "gw",
    [(1, "总表/electricity.purchased", "register", "kWh", 2, 900), (2, "a", "gauge", "kW", 1, 60)],
)
MAP = parse(
    "m.toml",
    '[device]\nname_zh="x"\nname_en="x"\nsource="x"\nevidence="confirmed"\n'
    '[[point]]\nname="forward_active_total"\nfunction=3\naddress=0\ntype="u32"\n'
    'resolution="0.01"\nunit="kWh"\nkind="register"\ninterval_s=900\n',
)


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=lambda a: a.name)
def test_an_adapter_has_both_labels_and_is_built_or_planned(adapter):
    assert adapter.label("zh")
    assert adapter.label("en")
    assert adapter.status in (BUILT, PLANNED)
    assert bool(adapter.entry) == (adapter.status == BUILT)


@pytest.mark.parametrize("adapter", built().values(), ids=lambda a: a.name)
def test_what_is_built_can_be_loaded(adapter):
    assert callable(adapter.load())


def test_what_comes_later_is_not_called_built():
    assert {"cjt188", "hj212", "iec104", "opcua"} == set(ADAPTERS) - set(built())
    with pytest.raises(Problem) as caught:
        find("opcua").load()
    assert "adapter_not_built" == caught.value.code
    assert "尚未建成" in caught.value.text("zh")
    assert "modbus" in caught.value.text("en")


def test_every_section_of_a_connections_file_is_an_adapter():
    assert set(SECTIONS) == {a.section for a in ADAPTERS.values() if a.section}


def test_no_form_belongs_to_two_adapters():
    forms = [form for adapter in ADAPTERS.values() for form in adapter.forms]
    assert len(set(forms)) == len(forms)


def test_an_unknown_name_lists_the_built_ones():
    with pytest.raises(Problem) as caught:
        find("bacnet")
    assert "adapter_unknown" == caught.value.code
    assert "dlt645" in caught.value.text("zh")
    assert "dlt645" in caught.value.text("en")


ROW = '{"time": "2026-11-20T04:00:00Z", "value": 1.5}'
ENERGY = identifier("forward_active_total")
TARGETS = {"forward_active_total": "总表/electricity.purchased"}
ANSWER = Frame("000000000001", 0x91, bytes.fromhex("0000010050010000"))
KEPT = {
    "http-json": b"[" + ROW.replace("{", '{"channel": "a", ').encode() + b"]",
    "mqtt-channel": kept("a", ROW.encode())[0],
    "modbus-tcp": modbus_body(TARGETS, [(grouped(MAP.points, 125)[0], NOON_US, [0, 150])]),
    "dlt645": meter_body(TARGETS, 900, [(ENERGY, NOON_US, [ANSWER])]),
}  # fmt: skip


@pytest.mark.parametrize(
    ("form", "channel", "value"),
    [("http-json", 2, 15), ("mqtt-channel", 2, 15), ("modbus-tcp", 1, 150), ("dlt645", 1, 150)],
)
def test_what_was_kept_is_decoded_again(form, channel, value):
    found = decode(KEPT[form], form, SCOPE)
    assert () == found.refused
    assert [(channel, value)] == [(r["channel"], r["value"]) for r in found.table.to_pylist()]
    assert found == decode(KEPT[form], form, SCOPE)


def test_every_form_but_arrow_is_tried_above():
    forms = {form for adapter in ADAPTERS.values() for form in adapter.forms}
    assert {"http-arrow"} == forms - set(KEPT)


def test_an_unknown_form_is_told():
    with pytest.raises(Problem) as caught:
        decode(b"", "fax", SCOPE)
    assert "adapter_form_unknown" == caught.value.code
    assert "modbus-tcp" in caught.value.text("zh")
    assert "'fax'" in caught.value.text("en")


def test_an_adapter_without_entry_is_a_plain_row():
    assert {} == Adapter("x", "x", "x", PLANNED).forms
