"""Parts of an account's amount add up to it, whoever holds it since when."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tanma.engine import shares

SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)
EVER = (date(1900, 1, 1), date(9999, 12, 31))


def amounts(value, account="9901"):
    row = {"account": account, "valid_from": SEPTEMBER, "valid_to": OCTOBER, "value": value}
    return pa.Table.from_pylist([row], shares.AMOUNTS)


def holdings(*rows):
    columns = shares.HOLDINGS.names
    made = [dict(zip(columns, ("9901", *row), strict=True)) for row in rows]
    return pa.Table.from_pylist(made, shares.HOLDINGS)


def parts(value, *rows):
    found = shares.allocate(amounts(value), holdings(*rows)).to_pylist()
    return {row["subject"]: row["value"] for row in found}


def test_one_holder_has_it_all():
    assert {1: 1000} == parts(1000, (1, "uscc:A", 1_000_000, *EVER))


def test_an_account_that_nobody_holds_is_nobodys():
    assert {None: 1000} == parts(1000)


def test_shares_go_by_largest_remainder_and_ties_by_key():
    thirds = [(n, key, 333_333, *EVER) for n, key in ((3, "uscc:C"), (1, "uscc:B"), (2, "uscc:A"))]
    # each third is 3.33…; nobody has the last millionth, whose remainder is the smallest
    assert {1: 3, 2: 4, 3: 3, None: 0} == parts(10, *thirds)
    halves = [(1, "uscc:B", 500_000, *EVER), (2, "uscc:A", 500_000, *EVER)]
    assert {1: 1, 2: 2} == parts(3, *halves)


def test_a_change_of_holder_splits_the_month_by_days():
    day = date(2026, 9, 11)
    before, after = (1, "uscc:A", 1_000_000, EVER[0], day), (2, "uscc:B", 1_000_000, day, EVER[1])
    assert {1: 1000, 2: 2000} == parts(3000, before, after)


def test_after_a_closure_the_rest_is_nobodys():
    assert {1: 2000, None: 1000} == parts(
        3000, (1, "uscc:A", 1_000_000, EVER[0], date(2026, 9, 21))
    )


@settings(max_examples=40, deadline=None)
@given(
    value=st.integers(0, 9 * 10**15),
    ppm=st.lists(st.integers(1, 200_000), min_size=1, max_size=5),
    day=st.integers(1, 30),
)
def test_parts_always_add_up(value, ppm, day):
    rows = [(n, f"uscc:{n}", share, date(2026, 9, day), EVER[1]) for n, share in enumerate(ppm)]
    found = parts(value, *rows)
    assert value == sum(found.values())
    assert all(v >= 0 for v in found.values())
