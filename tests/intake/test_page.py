"""The reference page shows every adapter, key, identifier, item and unit."""

from __future__ import annotations

from tanma.domain.items import items
from tanma.intake.adapters import ADAPTERS
from tanma.intake.connections import SECTIONS
from tanma.intake.devices import built_in
from tanma.intake.devices.reading import DEVICE, POINT, SHARED
from tanma.intake.dlt645.identifiers import identifiers
from tanma.intake.page import lines
from tanma.intake.units import units

TEXT = "\n".join(lines())


def test_nothing_is_left_out():
    keys = [key for section in SECTIONS.values() for key in section]
    names = [*ADAPTERS, *DEVICE, *POINT, *SHARED, *keys, *identifiers(), *units(), "type"]
    assert [] == [name for name in names if f"| `{name}` |" not in TEXT]
    assert all(f"内置点表 {name}" in TEXT for name in built_in())


def test_what_meters_state_is_listed_with_its_unit():
    assert f"| `state.voltage.a` | {items()['state.voltage.a'].name_zh} |" in TEXT
    assert "| `gas.working` |" in TEXT
    assert "| `electricity.purchased` | 购入电力 |" not in TEXT


def test_what_is_not_built_or_not_confirmed_looks_so():
    assert "| `opcua` | OPC UA | OPC UA | 未建 not built |" in TEXT
    row = next(line for line in TEXT.splitlines() if line.startswith("| `forward_demand_total`"))
    assert row.endswith("**recalled** |")
    assert "**未确认 unconfirmed**" in TEXT
