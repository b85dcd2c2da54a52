"""The whole evaluation on a small region: accounts, completeness, grades, areas."""

import pytest

from tanma.domain.factors.tables import rows as table_rows
from tanma.engine import accounts
from tanma.engine.evaluate import Plan, evaluate
from tests.engine.region import COAL, GJ, HEAT, MWH, OUTPUT, POWER, TONNE, VALUE, YUAN, Region

PLAN = Plan(
    "zhejiang-carbon-efficiency", "2026Q3", 10**9, "2026-11-20", "330000",
    legal_basis="示例文件",
)  # fmt: skip
MONTHS = ("2026-07", "2026-08", "2026-09")
GRID_330000 = 0.4974
"""tCO2/MWh, see test_the_grid_factor_is_the_newest_published."""


def region(*intensity_mwh, industry="1751"):
    """Enterprises 1, 2, … of one industry using so many MWh a month on 100,000 yuan."""
    made = Region()
    made.area(1001, "99")
    made.area(1002, "9901", parent="99")
    made.area(1003, "9901P", management="99")
    for subject, mwh in enumerate(intensity_mwh, 1):
        made.enterprise(subject, industry, "9901")
        for month in MONTHS:
            made.month(
                subject, month,
                {POWER: mwh * MWH, VALUE: 100_000 * YUAN, OUTPUT: 400_000 * YUAN},
            )  # fmt: skip
    return made


def rows(made, columns, table="results", plan=PLAN, order="natural_key"):
    con = made.connection()
    evaluate(con, plan)
    return con.execute(f"SELECT {columns} FROM {table} ORDER BY {order}").fetchall()


def test_grades_follow_the_ratio_to_the_sum_of_the_industry():
    found = rows(region(1, 2, 3, 4, 10), "grade, level, state")
    # the average is 4 MWh: K = 0.25, 0.5, 0.75, 1, 2.5
    assert [1, 1, 2, 3, 5] == [g for g, *_ in found]
    assert {"graded"} == {s for *_, s in found}


def test_gross_net_and_statutory_are_three_quantities():
    made = region(1, 2, 3, 4, 5)
    for month in MONTHS:
        made.month(
            1, month,
            {
                COAL: 100 * TONNE, HEAT: 1000 * GJ, "process.caco3.amount": 50 * TONNE,
                "electricity.pv.generated": 10 * MWH, "electricity.pv.exported": 4 * MWH,
            },
        )  # fmt: skip
    (gross, neutral, net, statutory, process, market) = rows(
        made, "gross_mg, deduction_mg, net_mg, statutory_mg, process_mg, carbon_market_mg"
    )[0]
    assert gross == neutral + net
    # self-use is generation less export, at the same grid factor as bought power
    assert round(3 * 6 * GRID_330000 * 10**9) == neutral
    assert process > 0
    assert statutory not in {gross, net}
    coal = 3 * round(100 * 19.57 * 0.0261 * 0.93 * 44 / 12 * 10**9)
    assert abs(net - coal - 3 * 110 * 10**9 - 3 * round(1 * GRID_330000 * 10**9)) < 10**4
    assert market is None


def test_a_cement_plant_shows_all_three_totals():
    made = region(1, industry="3011")
    for month in MONTHS:
        made.month(1, month, {COAL: 100 * TONNE, "process.caco3.amount": 50 * TONNE})
    ((net, statutory, market),) = rows(made, "net_mg, statutory_mg, carbon_market_mg")
    assert 3 == len({net, statutory, market})
    assert net < statutory
    assert market > 0


@pytest.mark.parametrize("factor", ["clinker_ef_ipcc", "clinker_ef_csi", "clinker_ef_mee"])
def test_every_clinker_item_finds_its_own_factor(factor):
    made = region(1, industry="3011")
    for month in MONTHS:
        made.month(1, month, {f"process.{factor}.amount": 1000 * TONNE})
    (row,) = [r for r in table_rows("process") if r["id"].endswith(f"/{factor}")]
    ((process,),) = rows(made, "process_mg")
    assert 3 * round(1000 * float(row["value"]) * 10**9) == process


def test_the_grid_factor_is_the_newest_published():
    made = region(1)
    assert [(round(3 * GRID_330000 * 10**9),)] == rows(made, "net_mg")


def test_missing_coal_leaves_the_enterprise_out_of_both_sums_and_uncoded():
    made = region(1, 2, 3, 4, 10, 4)
    for month in MONTHS[:2]:
        made.month(6, month, {COAL: TONNE})
    found = rows(made, "state, reason, missing_items, member, n")
    assert ("uncoded", "energy_gaps", COAL, False) == found[5][:4]
    assert {5} == {n for *_, n in found[:5]}


def test_a_source_that_is_new_is_expected_from_its_first_month_on():
    made = region(1, 2, 3, 4, 10, 4)
    made.month(6, MONTHS[1], {"electricity.pv.generated": MWH})
    assert ("uncoded", "energy_gaps") == rows(made, "state, reason")[5]
    made.month(6, MONTHS[2], {"electricity.pv.generated": MWH})
    assert ("graded", "") == rows(made, "state, reason")[5]


def test_a_source_that_ended_is_reported_as_zero():
    made = region(1, 2, 3, 4, 10, 4)
    for month, tonnes in zip(MONTHS, (5, 5, 0), strict=True):
        made.month(6, month, {COAL: tonnes * TONNE})
    assert ("graded", True) == rows(made, "state, member")[5]


def test_without_value_added_output_is_compared_and_flagged():
    made = region(1, 2, 3, 4, 10)
    made.enterprise(6, "1751", "9901", size="below")
    for month in MONTHS:
        made.month(6, month, {POWER: MWH, "tax.turnover": 400_000 * YUAN})
    state, grade, level, flags = rows(made, "state, grade, level, flags")[5]
    assert ("graded", 1, None) == (state, grade, level)
    assert "DENOMINATOR_FALLBACK" in flags


def test_nothing_reported_means_no_code_and_a_reason():
    made = region(1, 2, 3, 4, 10)
    made.enterprise(6, "1751", "9901")
    assert ("uncoded", "energy_missing") == rows(made, "state, reason")[5]


def test_statistics_need_a_legal_basis_or_consent():
    made = region(1, 2, 3, 4)
    made.enterprise(5, "1751", "9901")
    for month in MONTHS:
        made.month(5, month, {POWER: MWH})
        made.say(5, VALUE, month, 10**7, data_class="statistical_only", source="stat.finance")
    without = Plan(**{**vars(PLAN), "legal_basis": ""})
    assert ("uncoded", "statistical_only") == rows(made, "state, reason", plan=without)[4]
    single = "intensity, ratio, rank, shadow_grade, margin, level, grade"
    assert {None} == set(rows(made, single, plan=without)[4])
    made.tell(5, "consent.statistical", "同意书 1")
    assert ("graded", "") == rows(made, "state, reason", plan=without)[4]

@pytest.mark.parametrize(
    ("energy", "money", "expected"),
    [
        ("grid", "declared", "declared"),
        ("grid", "stat.finance", "statistics"),
        ("grid", "tax", "metered"),
        ("stat.205-1", "grid", "statistics"),
        ("declared", "stat.finance", "declared"),
    ],
)
def test_the_data_basis_is_the_weakest_of_energy_and_money(energy, money, expected):
    made = Region()
    made.enterprise(1, "1751", "9901")
    for month in MONTHS:
        made.say(1, POWER, month, MWH, source=energy)
        made.say(1, VALUE, month, YUAN, source=money)
    assert [(expected,)] == rows(made, "data_basis")


def test_the_origin_of_the_output_counts_where_it_stands_in():
    made = Region()
    made.enterprise(1, "1751", "9901")
    for month in MONTHS:
        made.say(1, POWER, month, MWH)
        made.say(1, OUTPUT, month, YUAN, source="declared")
    assert [("declared",)] == rows(made, "data_basis")


def test_every_hierarchy_adds_up_to_the_same_whole():
    made = region(1, 2, 3, 4, 10)
    made.enterprise(6, "1751", "9901", management="9901P")
    for month in MONTHS:
        made.month(6, month, {POWER: 7 * MWH})
    found = rows(made, "hierarchy, area_code, net_mg, enterprises", "area_results", order="1, 2")
    totals = {(h, a): (net, n) for h, a, net, n in found}
    whole = totals["statutory", "99"]
    assert 6 == whole[1]
    assert whole == totals["statutory", "9901"] == totals["management", "99"]
    assert 1 == totals["management", "9901P"][1]


def test_lines_add_up_to_the_account_exactly():
    made = region(1, 2, 3)
    con = made.connection()
    evaluate(con, PLAN)
    lines = con.execute("SELECT subject, sum(gross_mg) FROM lines GROUP BY 1 ORDER BY 1").fetchall()
    account = con.execute("SELECT subject, gross_mg FROM results ORDER BY 1").fetchall()
    assert account == [(s, int(v)) for s, v in lines]


def test_a_measured_calorific_value_is_used_for_that_enterprise_alone():
    made = region(1, 2)
    for subject in (1, 2):
        for month in MONTHS:
            made.month(subject, month, {COAL: 100 * TONNE})
    for month in MONTHS:
        made.say(1, "measured.bituminous.ncv", month, 250000, source="declared")
    (one,), (two,) = rows(made, "net_mg")
    ratio = (one - 3 * round(GRID_330000 * 10**9)) / (two - 6 * round(GRID_330000 * 10**9))
    assert 25 / 19.57 == pytest.approx(ratio, rel=1e-6)


def test_every_measure_belongs_to_an_edition_that_runs():
    found = {w.measure for w in accounts.weights(accounts.of_package(), "330000")}
    assert set(accounts.MEASURES) == found


def test_probability_rests_on_who_told_the_amounts():
    """Metered power (2 %), declared coal (10 %), value added from statistics (5 %)."""
    made = region(*[4] * 6)
    power, metered = rows(made, "net_mg, uncertainty")[0]
    assert metered == pytest.approx(0.02 * 2**0.5)
    made = region(4, 4, 4, 4, 4)
    made.enterprise(6, "1751", "9901")
    for month in MONTHS:
        made.month(6, month, {POWER: 4 * MWH, OUTPUT: 400_000 * YUAN})
        made.month(6, month, {COAL: 10 * TONNE}, source="declared")
        made.month(6, month, {VALUE: 100_000 * YUAN}, source="stat.finance")
    net, error, basis = rows(made, "net_mg, uncertainty, data_basis")[-1]
    coal = net - power
    assert coal > power
    assert error == pytest.approx(
        (((coal * 0.1) ** 2 + (power * 0.02) ** 2) / net**2 + 0.05**2) ** 0.5, rel=1e-6
    )
    assert "declared" == basis


def test_a_grade_near_a_cut_off_is_marked_and_stays():
    """K = 0.797 with some 3 % of error: grade 2, and 3 nearly as likely."""
    made = region(*[4] * 9, 3.11)
    row = rows(made, "grade, probability, flags")[1]  # natural keys U1, U10, U2 …
    assert 2 == row[0]
    assert 0.5 < row[1] < 0.7
    assert "BORDERLINE" in row[2]
