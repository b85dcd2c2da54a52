"""The list: who is on it, against which year, and who may see it."""

from __future__ import annotations

from types import SimpleNamespace

import pyarrow as pa

from tanma.apps.areas.frozen import frozen
from tanma.apps.attention import listing, views
from tanma.apps.codes import door as codes
from tanma.engine.untold import Untold
from tests.apps.region import FIRMS


def named(page):
    return {r.name for r in page.context["firms"].source}


def fives(run):
    return {r.name for r in run.results.filter(grade=5)}


def test_grade_five_is_listed_without_a_year_before(published):
    run = published.run()
    assert fives(run)
    assert listing.year_before(run) is None
    page = published.client_of("city").get("/cockpit/attention/")
    assert fives(run) == named(page)
    assert "上年同期未发布" in page.content.decode()


def results(**columns):
    """A results table: unnamed columns are those of an average enterprise of grade 3."""
    n = len(next(iter(columns.values())))
    usual = {
        "subject": list(range(n)), "area_code": ["t"] * n, "management_code": [""] * n,
        "grade": [3] * n, "net_mg": [1_000] * n, "value_added_fen": [1_000] * n,
        "output_fen": [5_000] * n, "rated_on": ["main"] * n, "sum_numerator": [1_000] * n,
        "sum_denominator": [1_000] * n, "ratio": [1.0] * n,
        "benchmark_level": ["class"] * n, "benchmark_key": ["1751"] * n,
    }  # fmt: skip
    return SimpleNamespace(results=pa.table(usual | columns), untold=Untold())


def test_a_drop_and_a_rise_are_found_by_the_integers_of_the_files():
    now = results(grade=[3, 4, 3, 3], net_mg=[1_000, 1_000, 1_200, 1_201],
                  ratio=[1.0, 1.0, 1.2, 1.201])  # fmt: skip
    before = results(grade=[3, 2, 3, 3])
    found = {c.subject: c for c in listing._listed(now, before)}
    assert {1: ("drop",), 3: ("ratio",)} == {s: c.reasons for s, c in found.items()}
    assert (2, 1.0) == (found[1].before_grade, found[1].before_ratio)


def test_a_ratio_that_would_tell_an_average_is_named_as_a_reason_alone():
    now, before = results(grade=[5, 5], ratio=[2.0, 3.0]), results(ratio=[1.0, 1.5])
    before.untold = Untold(frozenset({("benchmark", "class", "1751")}))
    assert {(2.0, None), (3.0, None)} == {
        (c.ratio, c.before_ratio) for c in listing._listed(now, before)
    }


def test_an_enterprise_without_a_year_before_is_not_compared():
    now = results(subject=[1, 2], grade=[5, 4], ratio=[9.0, 9.0])
    before = results(subject=[3])
    assert {1: ("grade",)} == {c.subject: c.reasons for c in listing._listed(now, before)}
    assert {1: ("grade",)} == {c.subject: c.reasons for c in listing._listed(now, None)}


def test_the_year_before_is_the_publication_of_the_same_kind_of_period(published):
    run = published.run()
    codes.Run.objects.filter(period="2025Q4/r4").update(period="2025Q1/r4")
    assert "2025Q1/r4" == listing.year_before(run).period


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
    texts = views.grade_history(
        published.viewer("city"), [row.subject], published.run(), runs
    )  # fmt: skip
    assert {row.subject: "–→–"} == texts


def test_cases_are_kept_with_the_run(published):
    run = published.run()
    assert listing.listed(run) is listing.listed(run)
    assert {0} == set(frozen(run).attention)


def test_the_denominator_is_the_one_that_was_rated_on():
    row = dict.fromkeys(listing.COLUMNS, 1) | {"value_added_fen": 7, "output_fen": 9}
    assert 7 == listing.standing(row | {"rated_on": "main"}).denominator
    assert 9 == listing.standing(row | {"rated_on": "fallback"}).denominator
