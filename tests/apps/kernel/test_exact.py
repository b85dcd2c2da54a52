"""Integers from the door to the grade: ties on a cut-off, and amounts of seventeen digits."""

from __future__ import annotations

import duckdb
import pytest

from tanma.apps.codes import door as codes
from tanma.apps.facts import door as facts
from tests.apps.kernel.conftest import HEAT, MONTHS, VALUE

pytestmark = [pytest.mark.db, pytest.mark.once, pytest.mark.django_db]

STEP_MG = 110
"""One count of heat, 10⁻⁶ GJ, at the default 0.11 tCO2/GJ."""
WAN = 10**6
"""fen per 10⁴ yuan"""


def emit(kernel, firm, emission_mg, value_added_fen):
    """A firm that emits so many mg a month by heat alone."""
    count, rest = divmod(emission_mg, STEP_MG)
    assert 0 == rest
    kernel.month_by_month(firm, {HEAT: count, VALUE: value_added_fen})


def result(kernel, run, firm):
    return codes.Result.objects.get(run=run, subject=kernel.ids[firm])


@pytest.mark.parametrize(
    ("tenths", "steps", "grade"),
    [(8, -1, 2), (8, 0, 2), (8, 1, 3), (12, -1, 3), (12, 0, 3), (12, 1, 4)],
)
def test_a_ratio_exactly_on_a_cut_off_belongs_to_the_better_grade(empty, tenths, steps, grade):
    """K = 0.8 and 1.2 of an industry of six whose sum does not move."""
    kernel, mean_mg = empty(), 10 * STEP_MG * 5000
    own = mean_mg // 10 * tenths + steps * STEP_MG
    emit(kernel, 1, own, 11 * WAN)
    emit(kernel, 2, 2 * mean_mg - own, 11 * WAN)
    for firm in (3, 4, 5, 6):
        emit(kernel, firm, mean_mg, 11 * WAN)
    run = kernel.compute()
    assert 6 * 3 * mean_mg == sum(r.net_mg for r in run.results.all() if r.net_mg)
    found = result(kernel, run, 1)
    assert (3 * own, grade) == (found.net_mg, found.grade)


@pytest.mark.parametrize(
    ("tenths", "steps", "level"),
    [
        (6, -1, "low"), (6, 0, "low"), (6, 1, "mid"),
        (20, -1, "mid"), (20, 0, "mid"), (20, 1, "high"),
    ],
)  # fmt: skip
def test_an_intensity_exactly_on_a_cut_off_belongs_to_the_better_level(
    empty, tenths, steps, level
):
    """L = 0.6 and 2.0 t per 10⁴ yuan."""
    kernel = empty()
    own = 11 * tenths * 10**8 + steps * STEP_MG
    emit(kernel, 1, own, 11 * WAN)
    for firm in (2, 3, 4, 5, 6):
        emit(kernel, firm, 11 * 10**9, 11 * WAN)
    found = result(kernel, kernel.compute(), 1)
    assert (3 * own, level) == (found.net_mg, found.level)


def test_amounts_of_seventeen_digits_pass_both_databases_the_mirror_and_the_run(kernel):
    """Odd amounts beyond 2⁵³, which a float between any two of them would round."""
    money, heat = 98_765_432_109_876_543, 12_345_678_901_234_567
    assert int(float(money)) != money
    kernel.month_by_month(8, {HEAT: heat, VALUE: money})
    stored = facts.Fact.objects.filter(subject=kernel.ids[8], item=VALUE)
    assert {money} == set(stored.values_list("value", flat=True))
    run = kernel.compute()
    lines = codes.files_of(run).table("lines").to_pylist()
    assert [heat] * 3 == [row["value"] for row in lines if row["subject"] == kernel.ids[8]]
    assert 3 * money == result(kernel, run, 8).value_added_fen
    (area,) = codes.AreaResult.objects.filter(run=run, hierarchy="statutory")
    others = 7 * len(MONTHS) * 10**7
    assert str(3 * money + others) == area.figures["value_added_fen"]


def test_the_account_is_the_exact_sum_of_its_frozen_lines(kernel):
    run = kernel.compute()
    path = str(codes.files_of(run).path("lines"))
    with duckdb.connect() as con:
        sums = con.execute(
            f"SELECT subject, sum(mg_province_average)::BIGINT FROM '{path}' GROUP BY 1"
        ).fetchall()
    known = codes.Result.objects.filter(run=run, gross_mg__isnull=False)
    assert 7 == len(sums)
    assert dict(sums) == dict(known.values_list("subject", "gross_mg"))
