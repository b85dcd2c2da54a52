from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from stdnum.cn import uscc

from tanma.demo import registers


def rows_of(columns):
    return [dict(zip(columns, row)) for row in zip(*columns.values())]


@pytest.fixture(scope="module")
def areas(city):
    return rows_of(registers.areas(city))


def test_parents_exist_and_kinds_count_up(areas):
    known = {row["area"] for row in areas}
    for row in areas:
        for parent in ("parent_statutory", "parent_management"):
            assert row[parent] is None or row[parent] in known
    kinds = Counter(row["area_kind"] for row in areas if row["valid_to"] is None)
    assert {"省": 1, "市": 1, "县区": 5, "新区": 1, "乡镇街道": 72, "园区": 15} == dict(kinds)


def test_one_township_is_entrusted_later(city, areas):
    late = str(city.land.codes[city.land.new_area[-1]])
    first, second = [row for row in areas if row["area"] == late]
    assert first["parent_management"] is None
    assert registers.new_area_code(city) == second["parent_management"]
    assert first["valid_to"] == second["valid_from"]


def test_enterprise_spans_follow_each_other(city):
    spans = {}
    for row in rows_of(registers.enterprises(city)):
        assert uscc.is_valid(row["uscc"])
        spans.setdefault(row["uscc"], []).append((row["valid_from"], row["valid_to"]))
    assert city.people.count == len(spans)
    for parts in spans.values():
        assert parts[-1][1] is None
        assert all(a[1] == b[0] and a[0] < a[1] for a, b in pairwise(parts))


def test_closing_and_size_moves_are_dated_rows(city):
    rows = rows_of(registers.enterprises(city))
    closed = {row["uscc"] for row in rows if row["status"] == "关闭"}
    months = city.plan.months
    assert int((city.people.closed < months).sum()) == len(closed)
    sizes = {}
    for row in rows:
        sizes.setdefault(row["uscc"], set()).add(row["size_class"])
    moved = sum(len(found) == 2 for found in sizes.values())
    assert int(((city.people.risen < months) | (city.people.fallen < months)).sum()) == moved


def test_management_area_is_known_and_follows_the_entrusting(city, areas):
    known = {row["area"] for row in areas}
    rows = rows_of(registers.enterprises(city))
    assert all(row["area_management"] in {*known, None} for row in rows)
    late = str(city.land.codes[city.land.new_area[-1]])
    ours = [row for row in rows if row["area_statutory"] == late and row["valid_to"]]
    assert any(row["area_management"] is None for row in ours)


def test_accounts_are_shared_and_change_hands(city):
    rows = rows_of(registers.meters(city))
    now = [row for row in rows if row["valid_to"] is None]
    shared = [n for n in Counter(row["account"] for row in now).values() if n == 2]
    assert registers.SHARED_ACCOUNTS == len(shared)
    ended = [row for row in rows if row["valid_to"]]
    assert registers.HOLDER_CHANGES == len(ended)
    heirs = {row["meter"]: row["uscc"] for row in now}
    assert all(heirs[row["meter"]] != row["uscc"] for row in ended)


def test_readings_add_up_to_the_month_of_the_grid_company(city):
    columns = registers.readings(city)
    firms = registers.metered(city)[: registers.READING_METERS]
    for number, firm in enumerate(firms):
        mine = columns["meter"] == f"M-{number + 1:05d}"
        hundredths = round(city.activity.amounts["power"][firm, -1] * 100)
        assert hundredths == np.round(columns["reading"][mine] * 100).astype(int).sum()
        assert columns["reading"][mine].min() >= 0
    assert "2026-09-01 00:00" == columns["start_time"][0]
    assert "2026-10-01 00:00" == columns["end_time"][-1]


def test_certificate_numbers_have_32_digits_and_are_unique(city):
    numbers = registers.certificates(city)["certificate_no"]
    assert {32} == {len(n) for n in numbers}
    assert all(n.isdigit() and n.startswith("99") for n in numbers)
    assert len(numbers) == len(set(numbers))


def test_targets_lie_near_what_happened(city):
    rows = rows_of(registers.targets(city))
    assert {"2026", "2027"} == {row["period"] for row in rows}
    values = np.array([row["target_value"] for row in rows if row["target_subject"] == "990100"])
    assert (0.5 < values).all()
    assert (values < 1.1).all()


def test_industry_is_part_of_the_regional_product(city):
    rows = rows_of(registers.gdp(city))
    assert 12 * 6 == len(rows)
    assert all(0 < row["industrial_value_added"] < row["gdp"] for row in rows)


def test_sites_belong_to_metered_enterprises(city):
    owners = {city.people.uscc[f] for f in registers.metered(city)}
    assert set(registers.sites(city)["uscc"]) <= owners


def test_what_was_surrendered_was_allocated_or_traded(city):
    rows = rows_of(registers.carbon_market(city))
    assert 5 < len(rows) < 300
    assert {"2025"} == {row["period"] for row in rows}
    for row in rows:
        kept = row["quota_allocated"] + row["quota_bought"] - row["quota_sold"]
        assert row["quota_surrendered"] == kept >= registers.MARKET_LEAST_T
        assert 0 == min(row["quota_bought"], row["quota_sold"])
