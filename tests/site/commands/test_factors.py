"""`tanma factors`: overview, one table, both as JSON, and the reference page."""

from __future__ import annotations

import json

import pytest

from tanma.domain.factors.page import page
from tanma.domain.factors.tables import rows, tables
from tanma.site.cli import main


def printed(capsys: pytest.CaptureFixture[str], *args: str) -> list[str]:
    assert 0 == main(["factors", *args])
    return capsys.readouterr().out.splitlines()


def test_the_overview_names_every_table_with_its_unconfirmed_rows(capsys):
    lines = printed(capsys)
    assert [t.name for t in tables()] == [line.split()[0] for line in lines[::2]]
    fuels = lines[1 + 2 * [t.name for t in tables()].index("fuels")]
    assert "未确认 unconfirmed 166" in fuels


def test_the_overview_as_json(capsys):
    found = [json.loads(line) for line in printed(capsys, "--json")]
    assert [t.row_count for t in tables()] == [f["row_count"] for f in found]
    assert "2026-11-20" == found[0]["retrieved_on"]


def test_a_table_with_value_unit_validity_mark_and_source(capsys):
    lines = printed(capsys, "grid")
    (zhejiang,) = (line for line in lines if "grid/2023/330000/average" in line)
    for word in ("0.4974 tCO2/MWh", "2023-01-01 – 2024-01-01", "2025 No.47"):
        assert word in zhejiang
    assert zhejiang.startswith("✓ ")


def test_recalled_values_begin_with_a_question_mark(capsys):
    lines = printed(capsys, "fuels")
    recalled = [r["id"] for r in rows("fuels") if r["evidence"] == "recalled"]
    assert recalled == [line.split()[1] for line in lines if line.startswith("?")]


def test_a_table_as_json_is_its_rows(capsys):
    assert rows("heat") == [json.loads(line) for line in printed(capsys, "heat", "--json")]


def test_a_reference_table(capsys):
    assert any("安吉县" in line for line in printed(capsys, "regions"))


def test_the_page(capsys):
    assert page().splitlines() == printed(capsys, "--markdown")


def test_an_unknown_table_is_an_error_in_both_languages(capsys):
    assert 2 == main(["factors", "fuel"])
    message = capsys.readouterr().err
    assert "没有名为 “fuel” 的表" in message
    assert "Tables: alternative_fuels" in message
