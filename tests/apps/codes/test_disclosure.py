"""Without a legal basis nobody reads single amounts that rest on facts for statistics alone."""

from datetime import date

import pytest

from tanma.apps.areas import frozen
from tanma.apps.codes.models import Result
from tanma.apps.facts import door as facts
from tests.apps.region import CITY, COUNTY_1, COUNTY_2, MONTHS, TOWNS, fact, publish

pytestmark = [pytest.mark.db, pytest.mark.django_db]

PERIOD = "2026Q1/r4"
SECRET = 765_432_101
"""Value added a month [fen]; four times that is the output."""
SINGLE = (
    "value_added_fen", "output_fen", "intensity", "ratio", "rank", "rank_of", "benchmark_value",
    "best_intensity", "grade",
)  # fmt: skip
AMOUNTS = ("7654321", "7,654,321", "91851852", "91,851,852", "9,185", "9185.", "36,740", "36740")
"""Its digits as pages and files would print them: a month, the year, in 10⁴ yuan, output."""


def _say(subject, item, value):
    about = {"kind": "amount", "source": "grid", "data_class": "statistical_only"}
    rows = [
        fact(subject, item, **about, valid_from=a, valid_to=b, value=value, reported=str(value))
        for a, b in zip(MONTHS, [*MONTHS[1:], date(2026, 7, 1)], strict=True)
    ]
    facts.append(facts.table(rows), author="test")


@pytest.fixture
def without(published, settings):
    """A publication of C by statistics money and of E by statistics energy, without a basis."""
    settings.TANMA = settings.TANMA.model_copy(update={"legal_basis": ""})
    frozen.forget()
    c, e = published.subject("C"), published.subject("E")
    _say(c, "economy.value_added", SECRET)
    _say(c, "economy.output_value", 4 * SECRET)
    _say(e, "electricity.purchased", 777_777_000)
    publish(PERIOD)
    yield published
    frozen.forget()


def row(region, key):
    return Result.objects.get(run=region.run(PERIOD), subject=region.subject(key))


def test_the_result_itself_holds_none_of_them(without):
    found = row(without, "C")
    assert "statistical_only" == found.reason
    assert [None] * len(SINGLE) == [getattr(found, name) for name in SINGLE]
    assert found.net_mg is not None
    assert [None] * 3 == [getattr(row(without, "E"), n) for n in ("net_mg", "gross_mg", "grade")]
    assert row(without, "A").value_added_fen is not None


def test_the_sums_still_hold_them(without):
    area = without.run(PERIOD).areas.get(hierarchy="statutory", area_code="9901")
    singles = Result.objects.filter(run=without.run(PERIOD))
    shown = sum(r.value_added_fen or 0 for r in singles)
    assert shown + 12 * SECRET == int(area.figures["value_added_fen"])


PAGES = (
    "/cockpit/rankings/?level=enterprise&period=2026Q1/r4",
    "/cockpit/rankings/?level=enterprise&period=2026Q1/r4&export=csv",
    "/api/v1/results?period=2026Q1/r4",
    "/c/{code}",
    "/registry/enterprises/{uid}/",
    "/registry/enterprises/{uid}/facts/",
    "/api/v1/enterprises/{uid}/facts",
    "/inventories/{uid}/?period=2026Q1/r4",
    "/inventories/{uid}/energy?period=2026Q1/r4",
    "/inventories/{uid}/basis?period=2026Q1/r4",
)


@pytest.mark.parametrize("who", ["admin", "county1"])
def test_no_page_file_or_answer_tells_an_official(without, who):
    firm, client = without.enterprise("C"), without.client_of(who)
    told = []
    for page in PAGES:  # of one publication: it takes longer than all its pages
        answer = client.get(page.format(uid=firm.uid, code=firm.public_code))
        body = b"".join(answer) if answer.streaming else answer.content
        assert (page, 200) == (page, answer.status_code)
        told += [(page, digits) for digits in AMOUNTS if digits in body.decode()]
    assert [] == told


def test_the_enterprise_reads_what_it_said_itself(without):
    firm = without.enterprise("C")
    page = without.client_of("firm_c").get(f"/registry/enterprises/{firm.uid}/facts/")
    assert "7,654,321" in page.content.decode()


def test_single_emissions_of_statistics_energy_are_withheld_with_the_reason(without):
    firm = without.enterprise("E")
    page = without.client_of("admin").get(f"/inventories/{firm.uid}/?period=2026Q1/r4")
    assert 404 == page.status_code
    assert "仅限统计汇总使用" in page.content.decode()


def test_the_page_says_what_is_missing_and_why(without):
    firm = without.enterprise("C")
    page = without.client_of("admin").get(f"/inventories/{firm.uid}/?period=2026Q1/r4")
    assert "尚无公布单个企业结果的依据或授权" in page.content.decode()


def test_consent_opens_them_again(without):
    firm = without.enterprise("C")
    facts.append(
        facts.table([fact(firm.id, "consent.statistical", text="同意书 1")]), author="test"
    )
    publish(PERIOD)
    assert 12 * SECRET == row(without, "C").value_added_fen
    page = without.client_of("admin").get(f"/registry/enterprises/{firm.uid}/facts/")
    assert "7,654,321" in page.content.decode()



def test_sums_of_areas_tell_no_money_of_one_or_two_either(without):
    data = frozen.frozen(without.run(PERIOD))
    untold = {code for hierarchy, code in data.untold.areas if hierarchy == "statutory"}
    assert {CITY, COUNTY_1, TOWNS[COUNTY_1]} == untold
    assert [None] == list({data.areas["statutory", c]["value_added_fen"] for c in untold})
    assert data.areas["statutory", COUNTY_2]["value_added_fen"] > 0
    assert data.areas["statutory", COUNTY_1]["net_mg"] > 0
    [division] = data.rows("industries", "statutory", COUNTY_1)
    assert (None, None) == (division["member_value_added_fen"], division["best_intensity"])


AREAS = (
    "/cockpit/", f"/cockpit/area/{COUNTY_1}/", f"/cockpit/area/{TOWNS[COUNTY_1]}/",
    "/cockpit/rankings/?level=county", "/cockpit/rankings/?level=township",
    "/cockpit/rankings/?level=township&export=csv", f"/trends/area/{COUNTY_1}/",
    "/api/v1/areas", "/cockpit/attention/",
)  # fmt: skip


def test_no_page_of_an_area_tells_the_quotient_of_one(without):
    """Without its quotient, money does not follow from the emission that officials see."""
    row = frozen.frozen(without.run(PERIOD)).files.table("areas").to_pylist()
    [county] = [r for r in row if (r["hierarchy"], r["area_code"]) == ("statutory", COUNTY_1)]
    intensity = county["net_with_value_added_mg"] / county["value_added_fen"] / 1000
    told = []
    for page in AREAS:
        answer = without.client_of("city").get(page)
        body = b"".join(answer) if answer.streaming else answer.content
        assert (page, 200) == (page, answer.status_code)
        told += [(page, t) for t in (f"{intensity:.4f}", f"{intensity:.3g}") if t in body.decode()]
    assert [] == told


def test_three_of_them_make_a_sum_again(published, settings):
    settings.TANMA = settings.TANMA.model_copy(update={"legal_basis": ""})
    frozen.forget()
    for key in "ACE":
        _say(published.subject(key), "economy.value_added", SECRET)
    publish(PERIOD)
    data = frozen.frozen(published.run(PERIOD))
    assert frozenset() == data.untold.areas
    assert data.areas["statutory", COUNTY_1]["value_added_fen"] >= 36 * SECRET
    frozen.forget()
