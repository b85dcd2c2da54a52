"""The table of identifiers is whole, unambiguous and says how well each row is known."""

from __future__ import annotations

import csv
from importlib import resources

import pytest

from tanma.domain.items import items
from tanma.domain.messages import Problem
from tanma.intake.dlt645.identifiers import card, find, identifiers
from tanma.intake.units import find as find_unit

ROWS = list(identifiers().values())


def test_no_identifier_and_no_name_stands_twice():
    text = (resources.files("tanma.intake.dlt645") / "identifiers.csv").read_text("utf-8")
    lines = list(csv.DictReader(text.splitlines()))
    assert len(lines) == len(ROWS)
    assert len(lines) == len({row["identifier"] for row in lines})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_has_a_unit_a_size_and_an_evidence_mark(row):
    assert 8 == len(row.identifier)
    assert row.identifier == row.identifier.upper() == bytes.fromhex(row.identifier).hex().upper()
    assert find_unit(row.unit) is not None
    assert row.kind in ("register", "gauge")
    assert 1 <= row.bytes <= 4
    assert row.decimals <= 2 * row.bytes
    assert row.evidence in card()["evidence"]
    if row.item:
        assert find_unit(items()[row.item].unit).dimension == find_unit(row.unit).dimension
    assert row.name_zh
    assert row.name_en


def test_no_two_identifiers_usually_count_the_same():
    usual = [row.item for row in ROWS if row.item]
    assert len(set(usual)) == len(usual)


def test_the_print_was_not_read_and_the_card_says_so():
    assert card()["checked_against_print"] is False
    assert "recalled" in {row.evidence for row in ROWS}


@pytest.mark.parametrize(
    ("name", "identifier", "size", "decimals"),
    [
        ("forward_active_total", "00010000", 4, 2),
        ("forward_active_sharp", "00010100", 4, 2),
        ("forward_active_peak", "00010200", 4, 2),
        ("forward_active_flat", "00010300", 4, 2),
        ("forward_active_valley", "00010400", 4, 2),
        ("reverse_active_total", "00020000", 4, 2),
        ("reactive_q4_total", "00080000", 4, 2),
        ("forward_demand_total", "01010000", 3, 4),
        ("voltage_c", "02010300", 2, 1),
        ("current_b", "02020200", 3, 3),
        ("active_power_total", "02030000", 3, 4),
    ],
)
def test_the_registers_of_a_chinese_meter(name, identifier, size, decimals):
    row = find(name)
    assert (identifier, size, decimals) == (row.identifier, row.bytes, row.decimals)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(Problem) as caught:
        find("forward")
    assert "dlt645_identifier" == caught.value.code
    assert "forward_active_total" in caught.value.text("zh")
    assert "There is no data item 'forward'" in caught.value.text("en")
