"""The list: who is on it, against which year, and who may see it."""

from __future__ import annotations

import pytest

from tanma.apps.cockpit import attention, listings
from tanma.apps.cockpit.frozen import forget, frozen
from tanma.apps.codes import door as codes
from tests.apps.region import FIRMS, publish


def named(page):
    return {r.name for r in page.context["firms"].source}


def fives(run):
    return {r.name for r in run.results.filter(grade=5)}


def test_grade_five_is_listed_without_a_year_before(published):
    run = published.run()
    assert attention.year_before(run) is None
    page = published.client_of("city").get("/cockpit/attention/")
    assert fives(run) == named(page)
    assert "上年同期未发布" in page.content.decode()


@pytest.fixture
def compared(published):
    """The newest publication and one of the year before, in which B stood at grade 1 and a low K."""
    run = published.run()
    before = publish("2025Q1/r4")
    before.results.filter(name=FIRMS["B"].name).update(grade=1)
    forget()
    return run, before


def test_the_year_before_is_the_same_kind_of_period(compared):
    run, before = compared
    assert "2025Q1/r4" == before.period
    assert before == attention.year_before(run)


def test_a_county_official_sees_the_cases_of_the_county_only(published):
    county1 = named(published.client_of("county1").get("/cockpit/attention/"))
    everybody = named(published.client_of("city").get("/cockpit/attention/"))
    assert county1 <= everybody
    assert not {FIRMS[k].name for k in "BDF"} & county1


def test_a_reason_filters_and_the_export_follows(published):
    client = published.client_of("city")
    assert set() == named(client.get("/cockpit/attention/?reason=drop"))
    path = "/cockpit/attention/?reason=grade&e-export=csv"
    text = b"".join(client.get(path).streaming_content).decode()
    assert fives(published.run()) == {f.name for f in FIRMS.values() if f.name in text}


def test_history_prints_every_period_and_a_dash_where_there_was_no_grade(published):
    runs = list(codes.published("rolling"))
    row = published.run().results.get(name=FIRMS["G"].name)
    texts = listings.grade_history(
        published.viewer("city"), [row.subject], published.run(), runs
    )  # fmt: skip
    assert {row.subject: "–→–"} == texts


def test_cases_are_kept_with_the_run(published):
    run = published.run()
    assert attention.cases(run) is attention.cases(run)
    assert {0} == set(frozen(run).cases)


def test_the_denominator_is_the_one_that_was_rated_on():
    row = dict.fromkeys(attention.COLUMNS, 1) | {"value_added_fen": 7, "output_fen": 9}
    assert 7 == attention.standing(row | {"rated_on": "main"}).denominator
    assert 9 == attention.standing(row | {"rated_on": "fallback"}).denominator
