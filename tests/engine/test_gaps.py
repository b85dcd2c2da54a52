"""Which months are expected: closed, new and suspended enterprises, new sources, exact reasons."""

from datetime import date

import pytest

from tests.engine.region import COAL, MWH, OUTPUT, POWER, TONNE, VALUE, YUAN
from tests.engine.test_evaluate import MONTHS, region, rows

FOUR = (1, 2, 3, 4)
MONEY = {VALUE: 100_000 * YUAN, OUTPUT: 400_000 * YUAN}


def with_firm(status, months, items=None):
    """Firm 5 beside four others: its status since when, and the months it reported."""
    made = region(*FOUR)
    made.enterprise(5, "1751", "9901")
    for text, start, *end in status:
        made.tell(5, "status", text, date.fromisoformat(start))
        if end:
            made.facts[-1]["valid_to"] = date.fromisoformat(end[0])
    for month in months:
        made.month(5, month, items or {POWER: MWH, **MONEY})
    return made


def firm(made, columns="state, reason, missing, worked_months, member"):
    return rows(made, columns)[4]


def test_an_enterprise_that_was_active_throughout_is_expected_throughout():
    made = with_firm([("active", "2020-01-01")], MONTHS)
    assert ("graded", "", 0, 3, True) == firm(made)


@pytest.mark.parametrize(
    ("closed", "worked"), [("2026-08-01", 1), ("2026-08-02", 2), ("2026-07-01", 0)]
)
def test_a_closed_enterprise_lacks_nothing_after_its_last_day(closed, worked):
    made = with_firm([("active", "2020-01-01"), ("closed", closed)], MONTHS[:worked])
    assert ("uncoded", "closed", 0, worked, False) == firm(made)


def test_a_closed_enterprise_still_owes_the_months_before():
    made = with_firm([("active", "2020-01-01"), ("closed", "2026-09-01")], MONTHS[:1])
    assert (f"{POWER}:2026-08",) == firm(made, "missing_months")


def test_a_new_enterprise_is_expected_from_its_first_day_and_no_member_of_the_benchmark():
    made = with_firm([("active", "2026-08-10")], MONTHS[1:])
    assert ("graded", "", 0, 2, False) == firm(made)
    assert (4,) == firm(made, "n")


def test_without_a_status_the_first_fact_says_since_when():
    made = with_firm([], MONTHS[1:])
    assert ("graded", "", 0, 2, False) == firm(made)


def test_a_suspended_month_is_not_expected():
    made = with_firm(
        [("active", "2020-01-01"), ("suspended", "2026-08-01", "2026-09-01")],
        (MONTHS[0], MONTHS[2]),
    )  # fmt: skip
    assert ("graded", "", 0, 2, False) == firm(made)


def test_a_month_suspended_in_part_is_expected():
    made = with_firm(
        [("active", "2020-01-01"), ("suspended", "2026-08-15", "2026-09-15")], MONTHS[:1]
    )
    assert (f"{POWER}:2026-08,2026-09",) == firm(made, "missing_months")


def test_reasons_name_every_item_with_its_months():
    made = with_firm([("active", "2020-01-01")], MONTHS[:2])
    made.month(5, MONTHS[0], {COAL: TONNE})
    expected = f"{POWER}:2026-09;{COAL}:2026-08,2026-09"
    assert ("energy_gaps", expected) == firm(made, "reason, missing_months")


def test_energy_is_owed_for_worked_months_before_its_first_report():
    made = with_firm([("active", "2020-01-01")], MONTHS[1:])
    assert ("energy_gaps", ":2026-07") == firm(made, "reason, missing_months")


def test_a_refused_balance_is_a_gap_of_that_fuel():
    made = with_firm([("active", "2020-01-01")], MONTHS)
    made.say(5, "fuel.coke.consumed", "2026-09", TONNE)
    made.say(5, "fuel.coke.feedstock", "2026-09", 2 * TONNE)
    assert ("energy_gaps", "fuel.coke.burnt:2026-09") == firm(made, "reason, missing_months")


def test_money_is_expected_for_the_worked_months_alone():
    made = with_firm([("active", "2026-08-10")], MONTHS[1:2])
    made.month(5, MONTHS[2], {POWER: MWH})
    assert ("uncoded", "money_missing", None) == firm(made, "state, reason, value_added_fen")
