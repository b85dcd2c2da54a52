"""Activity data over enterprises: rights, filters, exact total, the same rows in the file."""

import csv
import io

import pytest

from tests.apps.region import COUNTY_1, FIRMS, KWH, PUBLISHED, TOWNS

pytestmark = [pytest.mark.db, pytest.mark.django_db]
POWER = "electricity.purchased"


def page(published, user="city", **query):
    return published.client_of(user).get(f"/publications/{published.run().uid}/activity/", query)


def names(answer):
    return [row.name for row in answer.context["table"].source]


def test_the_last_month_of_the_most_common_item_opens(published):
    answer = page(published)
    rows = answer.context["table"].source
    assert {POWER} == {r.item for r in rows}
    assert {"2026-03"} == {f"{r.month:%Y-%m}" for r in rows}
    silent = FIRMS["G"].name
    assert {f.name for f in FIRMS.values()} - {silent} == set(names(answer))


def test_the_total_is_the_exact_sum_of_what_is_listed(published):
    answer = page(published, item=POWER, start="2026-01", end="2026-03")
    kwh = 3 * sum(f.power_kwh for key, f in FIRMS.items() if key != "G")
    assert f"{kwh:,} kWh" == answer.context["total"].replace(".000", "")
    assert kwh * KWH == sum(r.value for r in answer.context["table"].source)


def test_an_official_sees_the_enterprises_of_the_own_area_alone(published):
    own = {f.name for f in FIRMS.values() if f.county == COUNTY_1} - {FIRMS["G"].name}
    assert own == set(names(page(published, "county1")))


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ({"q": "甲纺织"}, "A"), ({"area": TOWNS[COUNTY_1]}, "ACES"), ({"industry": "1761"}, ""),
        ({"item": "electricity.pv.generated"}, "A"),
    ],
)  # fmt: skip
def test_filters_narrow_the_rows(published, query, keys):
    assert sorted(FIRMS[k].name for k in keys) == sorted(names(page(published, **query)))


def test_the_file_has_the_rows_of_the_page_and_says_who_said_them(published):
    answer = page(published, export="csv", item=POWER)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    (own,) = [r for r in rows if r[0] == FIRMS["A"].name]
    assert [f"{FIRMS['A'].power_kwh:.1f}", "kWh", "供电企业", "报送"] == own[6:]


def test_an_unknown_item_is_told_and_lists_nothing(published):
    answer = page(published, item="electricity.unknown")
    assert [] == names(answer)
    assert "item" in answer.context["form"].errors


def test_the_run_page_leads_there(published):
    run = published.run(PUBLISHED[0])
    text = published.client_of("city").get(f"/publications/{run.uid}/").content.decode()
    assert f"/publications/{run.uid}/activity/" in text
