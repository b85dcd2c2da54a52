"""The generated page: every value stands on it, and what is unsure looks unsure."""

from __future__ import annotations

from pathlib import Path

from tanma.domain.factors.page import page
from tanma.domain.factors.preferences import preference_names
from tanma.domain.factors.tables import rows, tables

ROOT = Path(__file__).parents[3]


def test_the_page_in_the_documentation_is_the_generated_one():
    """Repair: tanma factors --markdown > docs/reference/factors.md"""
    assert page() == (ROOT / "docs/reference/factors.md").read_text(encoding="utf-8")


def test_every_table_and_source_stands_on_the_page():
    text = page()
    for info in tables():
        for word in (info.title_zh, info.title_en, info.licence, info.checksum, info.edition):
            assert word in text


def test_every_value_stands_on_the_page_with_its_mark():
    lines = {line.split("`")[1]: line for line in page().splitlines() if line.startswith("| `")}
    for info in tables():
        if info.kind == "factors":
            for row in rows(info.name):
                line = lines[row["id"]]
                assert f" {row['value']} | {row['unit']} |" in line
                assert ("**未确认 unconfirmed**" in line) == (row["evidence"] == "recalled")
                assert ("日期未确认" in line) == (row["dates_evidence"] == "recalled")


def test_every_order_of_preference_stands_on_the_page():
    for name in preference_names():
        assert f"### {name}: " in page()
