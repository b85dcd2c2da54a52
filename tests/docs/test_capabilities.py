"""The list of capabilities is true: what is built can be seen, what is not claims nothing."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tanma.site import reference
from tanma.site.cli import command_names

ROOT = Path(__file__).resolve().parents[2]
ROWS = reference.read_capabilities(ROOT / "docs/reference/capabilities.csv")
CLAIMS = [row for row in ROWS if row["status"] != "not built"]
SIZES = {
    "A": 38, "B": 36, "C": 45, "D": 16, "E": 40, "F": 23, "G": 27, "H": 21, "I": 29, "J": 12,
    "K": 26, "L": 15, "M": 14,
}  # fmt: skip
DEV = re.compile(r"^    (\w+)\)", re.M)


def names(row, column):
    return row[column].split()


def stands(where):
    """Whether an outsider finds it: a route, a command, or a word of ./dev."""
    kind, _, name = where.partition(":")
    if kind == "cmd":
        return name in command_names()
    if kind == "dev":
        return name in DEV.findall((ROOT / "dev").read_text(encoding="utf-8"))
    return where in reference.routes()


def has_tests(path):
    file = ROOT / path
    return file.is_file() and "def test_" in file.read_text(encoding="utf-8")


def test_the_list_is_complete_and_in_order():
    expected = [f"{group}{n:02d}" for group, size in SIZES.items() for n in range(1, size + 1)]
    assert expected == [row["id"] for row in ROWS]
    assert 342 == len(ROWS)


def test_every_row_says_what_it_is_and_for_whom():
    users = {u for row in ROWS for u in names(row, "users")}
    assert users <= set(reference.USERS)
    assert [] == [row["id"] for row in ROWS if not (row["zh"] and row["en"] and row["users"])]


@pytest.mark.parametrize("row", CLAIMS, ids=lambda row: row["id"])
def test_what_is_built_can_be_seen_and_is_tested(row):
    assert row["status"] in {"built", "partly"}
    assert names(row, "where")
    assert [] == [w for w in names(row, "where") if not stands(w)]
    assert names(row, "tests")
    assert [] == [t for t in names(row, "tests") if not has_tests(t)]
    assert (row["status"] == "partly") == bool(row["missing"])


def test_what_is_not_built_names_nothing():
    claims = [r["id"] for r in ROWS if r["status"] == "not built"
              and (r["where"] or r["tests"] or r["missing"])]  # fmt: skip
    assert [] == claims


@pytest.mark.parametrize("where", ["cmd:nothing", "dev:nothing", "codes:nothing", "nothing"])
def test_a_claim_that_leads_nowhere_is_noticed(where):
    assert not stands(where)


def test_the_page_counts_the_rows():
    counts = Counter(row["status"] for row in ROWS)
    total = f"| 合计 total | {counts['built']} | {counts['partly']} | {counts['not built']} | 342 |"
    assert total in reference.capabilities_page(ROWS)
