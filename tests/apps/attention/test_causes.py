"""Why an index moved: parts that add up to it, the enterprises behind it, and who may see them."""

import re
from datetime import date
from fractions import Fraction

import pytest

from tanma.apps.areas.frozen import forget
from tanma.apps.attention import views_causes
from tanma.apps.attention.causes import Causes, Pair, causes, movers, withheld
from tanma.apps.facts import door as facts
from tanma.domain.rating.attention.causes import NOTHING
from tests.apps.region import CITY, COUNTY_1, KWH, PUBLISHED, TOWNS, client_of, fact, publish

pytestmark = [pytest.mark.db, pytest.mark.django_db]
PAGE = f"/cockpit/area/{CITY}/causes/"


@pytest.fixture
def moved(published, monkeypatch):
    """B used ten times the power in a month, and that counts in the second of two years."""
    said = fact(
        published.subject("B"), "electricity.purchased", kind="amount", source="grid",
        valid_from=date(2026, 1, 1), valid_to=date(2026, 2, 1), value=1_439_190 * KWH,
        reported="1439190 kWh",
    )  # fmt: skip
    facts.append(facts.table([said]), author="test")
    before, run = published.run(PUBLISHED[0]), publish(PUBLISHED[1])
    forget()
    monkeypatch.setattr(views_causes, "year_before", lambda _run: before)
    return run, before


def test_causes_add_up_to_the_change_of_the_published_indices(moved):
    found = causes(*moved, "statutory", CITY)
    assert 6 == len(found.pairs)
    assert found.change == sum(found.made.index.values()) + found.others
    assert found.made.index_change > 0 > found.others
    assert found.made.index_change == sum(found.share(p) for p in found.pairs)
    assert 0 == found.made.index["structure"]


def test_the_enterprise_that_moved_it_comes_first(moved, published):
    found = causes(*moved, "statutory", CITY)
    rows = movers(found, *moved, published.viewer("city"))
    assert published.subject("B") == rows[0].subject
    assert rows[0].share > 0
    assert found.made.index_change == sum((r.share for r in rows), Fraction(0))


def test_an_official_of_one_county_is_told_of_its_enterprises_alone(moved, published):
    found = causes(*moved, "statutory", COUNTY_1)
    assert 3 == len(found.pairs)
    rows = movers(causes(*moved, "statutory", CITY), *moved, published.viewer("county1"))
    assert {published.subject(k) for k in "ACE"} == {r.subject for r in rows}


def test_an_area_without_members_has_no_causes(moved):
    assert causes(*moved, "statutory", "999999") is None


def test_the_page_shows_a_column_that_adds_up(moved):
    text = client_of("city").get(PAGE).content.decode()
    cells = re.findall(r'<th scope="row">([^<]+)</th><td class="r n">(?:<b>)?([^<]*)', text)
    told = {name: float(value.replace("−", "-").replace(",", "")) for name, value in cells if value}
    parts = [
        *("产值规模", "产业结构", "单位产值能耗", "单位能耗排放（能源品种与因子）"),
        "企业进出与补报",
    ]
    assert told["合计"] == pytest.approx(sum(told[p] for p in parts), abs=1e-9)
    assert told["本期"] - told["上年同期"] == pytest.approx(told["合计"], abs=1e-6)
    assert "乙纺织样例有限公司" in text


def test_the_list_is_exported_and_rights_hold(moved):
    answer = client_of("city").get(PAGE, {"export": "csv"})
    assert "乙纺织样例有限公司" in b"".join(answer.streaming_content).decode()
    assert 403 == client_of("county2").get(f"/cockpit/area/{COUNTY_1}/causes/").status_code
    assert 403 == client_of("firm_a").get(PAGE).status_code
    town = client_of("county1").get(f"/cockpit/area/{TOWNS[COUNTY_1]}/causes/").content.decode()
    assert "乙纺织样例有限公司" not in town


def test_without_a_publication_of_the_year_before_the_page_says_so(published):
    assert "上年同期没有发布" in client_of("city").get(PAGE).content.decode()
    link = f"/cockpit/area/{CITY}/causes/?h=statutory"
    assert link in client_of("city").get(f"/cockpit/area/{CITY}/").content.decode()


@pytest.mark.parametrize(("closed", "hidden"), [(0, False), (1, True), (2, True), (3, False)])
def test_causes_that_would_tell_one_or_two_of_a_division_are_not_told(closed, hidden):
    told = [Pair(n, "17", n < closed, NOTHING, NOTHING) for n in range(5)]
    open_ones = [Pair(n, "26", False, NOTHING, NOTHING) for n in range(5)]
    made = Causes((*told, *open_ones), None, Fraction(1), Fraction(2))
    assert hidden == withheld(made)
