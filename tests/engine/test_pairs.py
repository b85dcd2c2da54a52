"""A period beside the year before: over the enterprises that reported everything both times."""

from dataclasses import replace

import pytest

from tanma.engine.evaluate import evaluate
from tests.engine.region import COAL, MWH, OUTPUT, POWER, TONNE, VALUE, YUAN
from tests.engine.test_evaluate import PLAN, region, rows

MONTHS = ("2026-07", "2026-08", "2026-09")
BEFORE = ("2025-07", "2025-08", "2025-09")
COLUMNS = "same_n, same_net_mg, before_net_mg, same_value_added_fen, before_value_added_fen"


def with_year_before(made, subjects, mwh=2, months=BEFORE):
    for subject in subjects:
        for month in months:
            made.month(
                subject, month,
                {POWER: mwh * MWH, VALUE: 80_000 * YUAN, OUTPUT: 300_000 * YUAN},
            )  # fmt: skip
    return made


def paired(made, columns=COLUMNS, area="99", plan=PLAN):
    where = f"(FROM area_results WHERE area_code = '{area}' AND hierarchy = 'statutory')"
    return rows(made, columns, where, order="1", plan=plan)[0]


def test_both_sums_are_over_the_same_enterprises():
    made = with_year_before(region(1, 2, 3, 4, 10), (1, 2, 3, 4))
    n, now, before, money_now, money_before = paired(made)
    assert 4 == n
    mg_per_mwh = now // 30
    assert 10 * 3 * mg_per_mwh == now
    assert 4 * 2 * 3 * mg_per_mwh == before
    assert (4 * 3 * 100_000 * 100, 4 * 3 * 80_000 * 100) == (money_now, money_before)


def test_a_year_before_with_a_month_missing_is_not_compared():
    made = with_year_before(region(1, 2, 3, 4, 10), (1, 2))
    with_year_before(made, (3,), months=BEFORE[1:])
    assert 2 == paired(made)[0]


def test_without_a_year_before_there_is_no_pair_and_no_sum():
    assert (0, None, None, None, None) == paired(region(1, 2, 3, 4, 10))


def test_whoever_has_closed_is_in_neither_sum():
    made = with_year_before(region(1, 2, 3, 4, 10), range(1, 6))
    made.tell(5, "status", "closed")
    assert 4 == paired(made)[0]


def test_value_added_of_one_year_alone_is_left_out_of_both_intensities():
    made = region(1, 2, 3, 4, 10)
    with_year_before(made, (1, 2))
    for month in BEFORE:
        made.month(3, month, {POWER: MWH})
    columns = "same_n, same_net_mg, same_net_with_value_added_mg, same_energy_with_value_added_gce"
    n, net, with_money, energy = paired(made, columns)
    assert 3 == n
    assert (1 + 2) * net == (1 + 2 + 3) * with_money
    assert energy > 0


def test_grades_are_compared_over_those_graded_both_times():
    made = with_year_before(region(1, 2, 3, 4, 10), range(1, 6))
    columns = "same_graded, same_grade_5, before_grade_5, before_grade_3"
    assert (5, 1, 0, 5) == paired(made, columns)


def test_the_missing_of_the_closed_are_not_counted():
    made = region(1, 2, 3, 4, 10)
    for month in MONTHS[:2]:
        made.month(5, month, {COAL: TONNE})
    columns = "missing_enterprises, missing_upper_mg > 0"
    assert (1, True) == paired(made, columns)
    made.tell(5, "status", "closed")
    assert (0, False) == paired(made, columns)


def test_suspended_for_the_whole_period_has_its_own_reason():
    made = region(1, 2, 3, 4, 10)
    made.enterprise(6, "1751", "9901")
    made.tell(6, "status", "suspended")
    assert ("uncoded", "suspended") == rows(made, "state, reason")[5]


@pytest.mark.parametrize(("known", "key"), [(True, "uscc:U1"), (False, "")])
def test_what_was_refused_stays_with_the_run(known, key):
    made = region(1, 2)
    holder = "U1" if known else "U9"
    for subject in (11, 12):
        made.tell(subject, "id.certificate", "A1")
        made.tell(subject, "certificate.holder", holder)
        made.say(subject, "electricity.green.certificate", "2026-09", MWH, source="declared")
    con = made.connection()
    evaluate(con, PLAN)
    found = con.execute("SELECT natural_key, reason, paper FROM refused ORDER BY ALL").fetchall()
    assert (key, "claimed_twice", "A1") in found
    assert (1 if known else 2) == len(found)


def test_a_negative_balance_is_told_of_its_enterprise():
    made = region(1, 2)
    made.month(1, "2026-09", {"fuel.coke.consumed": TONNE, "fuel.coke.feedstock": 2 * TONNE})
    con = made.connection()
    evaluate(con, PLAN)
    expected = [("uscc:U1", "fuel.coke.burnt", "negative", -TONNE)]
    query = "SELECT natural_key, item, reason, value FROM refused"
    assert expected == con.execute(query).fetchall()


def test_who_gave_for_statistics_alone_is_counted_among_those_compared():
    made = with_year_before(region(1, 2, 3, 4, 10), (1, 2))
    for subject in (1, 3):
        for month in MONTHS:
            made.month(subject, month, {VALUE: 100_000 * YUAN}, data_class="statistical_only")
    columns = "closed_money, closed_energy, same_closed_money, same_closed_energy"
    without = replace(PLAN, legal_basis="")
    assert (2, 0, 1, 0) == paired(made, columns, plan=without)
    assert (0, 0, 0, 0) == paired(made, columns)
