"""Without a legal basis nobody reads single amounts that rest on facts for statistics alone."""

from datetime import date

import pytest

from tanma.apps.areas import frozen
from tanma.apps.codes.models import Result
from tanma.apps.facts import door as facts
from tanma.apps.inventories import door as inventories
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


def closed(data, kind, hierarchy="statutory"):
    return {k[2] for k in data.untold.keys if k[:2] == (kind, hierarchy) and len(k) == 3}


def test_sums_of_areas_tell_nothing_of_one_or_two_either(without):
    data = frozen.frozen(without.run(PERIOD))
    one = {CITY, COUNTY_1, TOWNS[COUNTY_1]}
    assert one == closed(data, "money") == closed(data, "energy")
    assert [(None, None)] == list({
        (data.areas["statutory", c]["value_added_fen"], data.areas["statutory", c]["net_mg"])
        for c in one
    })  # fmt: skip
    other = data.areas["statutory", COUNTY_2]
    assert other["value_added_fen"] > 0
    assert other["net_mg"] > 0
    [division] = data.rows("industries", "statutory", COUNTY_1)
    assert (None, None) == (division["member_value_added_fen"], division["best_intensity"])
    assert {None} == {r["gross_mg"] for r in data.rows("sources", "statutory", COUNTY_1)
                      if r["item"] == "electricity.purchased"}  # fmt: skip
    assert {None} == {r["net_mg"] for r in data.rows("monthly", "statutory", COUNTY_1)}
    assert 0 < max(r["net_mg"] for r in data.rows("monthly", "statutory", COUNTY_2))


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
    assert frozenset() == data.untold.keys
    found = row(published, "B")
    assert None not in (found.ratio, found.benchmark_value, found.rank)
    assert data.areas["statutory", COUNTY_1]["value_added_fen"] >= 36 * SECRET
    frozen.forget()


WORD = "仅供统计，不予显示"
SAYING = (
    (f"/cockpit/?area={COUNTY_1}", 6), (f"/cockpit/area/{COUNTY_1}/", 6),
    (f"/cockpit/area/{CITY}/", 8), (f"/cockpit/area/{CITY}/?a-export=csv", 5),
    ("/cockpit/neutrality/", 6), ("/cockpit/neutrality/?a-export=csv", 4),
    (f"/trends/area/{COUNTY_1}/?figure=index&grain=rolling", 1),
)  # fmt: skip


def body_of(client, page):
    answer = client.get(page)
    assert (page, 200) == (page, answer.status_code)
    return (b"".join(answer) if answer.streaming else answer.content).decode()


def test_what_is_not_shown_says_why_on_pages_in_files_and_in_answers(without):
    client = without.client_of("city")
    said = {page: body_of(client, page).count(WORD) for page, _ in SAYING}
    assert [] == [(p, said[p]) for p, least in SAYING if said[p] < least]
    english = body_of(without.client_of("city"), f"/cockpit/area/{COUNTY_1}/")
    assert "None" not in english
    rows = {a["code"]: a for a in client.get("/api/v1/areas").json()}
    assert (None, None, WORD) == tuple(rows[COUNTY_1][n] for n in ("net_tco2", "index", "withheld"))
    assert rows[COUNTY_2]["withheld"] is None
    lines = f"/publications/{without.run(PERIOD).uid}/activity/?item=electricity.purchased"
    text = body_of(without.client_of("admin"), f"{lines}&export=csv")
    assert "777777" not in text
    assert 1 == text.count(WORD)


def of_file(region, key):
    rows = frozen.frozen(region.run(PERIOD)).files.table("results").to_pylist()
    return next(r for r in rows if r["subject"] == region.subject(key))


OTHERS = (
    "/cockpit/rankings/?level=enterprise", "/cockpit/rankings/?level=enterprise&export=csv",
    "/cockpit/attention/", "/cockpit/attention/?e-export=csv", "/api/v1/results",
    "/inventories/{uid}/?period=2026Q1/r4", "/inventories/{uid}/basis?period=2026Q1/r4",
    "/trends/enterprise/{uid}/?figure=K&grain=rolling", "/publications/{run}/",
    "/publications/{run}/?m-export=csv", "/cockpit/", "/publications/{run}/activity/",
    "/c/{code}", "/c/{code}?h-export=csv",
)  # fmt: skip


def digits_of(values):
    """As pages and files would print them."""
    return {t for v in values for t in (repr(v), f"{v:.4g}", f"{v:.3f}")}


def test_an_average_with_one_withheld_member_is_told_to_no_official(without):
    """They see the other members: the average would leave the value added of the one."""
    kept, run = of_file(without, "B"), without.run(PERIOD)
    secret = digits_of([kept["ratio"], kept["benchmark"], of_file(without, "A")["ratio"]])
    told = []
    for who, key in (("admin", "B"), ("city", "B"), ("county1", "A")):
        client, firm = without.client_of(who), without.enterprise(key)
        for page in OTHERS:
            told_of = {"uid": firm.uid, "run": run.uid, "code": firm.public_code}
            text = body_of(client, page.format(**told_of))
            told += [(who, page, t) for t in secret if t in text]
    assert [] == told
    found = row(without, "B")
    assert (5, kept["intensity"]) == (found.grade, found.intensity)
    assert [None] * 5 == [getattr(found, n) for n in (
        "ratio", "benchmark_value", "rank", "rank_of", "best_intensity")]  # fmt: skip
    code = without.enterprise("B").public_code
    said = {page: body_of(without.client_of("city"), page).count(WORD) for page in (
        "/cockpit/rankings/?level=enterprise&export=csv", f"/c/{code}", f"/c/{code}?h-export=csv")}
    basis = f"/inventories/{without.enterprise('B').uid}/basis?period=2026Q1/r4"
    assert "与同行的比较仅供统计，不予显示" in body_of(without.client_of("city"), basis)
    assert "与同行的比较" not in body_of(without.client_of("firm_b"), basis)
    ranking, page, periods = said.values()
    assert ranking > 4
    assert (8, 2) == (page, periods)


def test_the_enterprise_itself_reads_its_comparison(without, monkeypatch):
    kept = of_file(without, "B")
    client = without.client_of("firm_b")
    [mine] = client.get("/api/v1/results").json()["items"]
    assert kept["ratio"] == mine["ratio"]
    assert (kept["benchmark"], kept["rank"]) == (mine["benchmark_value"], mine["rank"])
    uid = without.enterprise("B").uid
    code = without.enterprise("B").public_code
    for page in (f"/inventories/{uid}/?period=2026Q1/r4", f"/c/{code}"):
        assert f"{kept['ratio']:.4g}" in body_of(client, page)
    assert repr(kept["ratio"]) in body_of(client, f"/c/{code}?h-export=csv")
    # the level of the whole region is nobody's own
    assert WORD in body_of(client, f"/c/{code}")
    # what is not shown was worked out once, and the next process reads it
    found = frozen.frozen(without.run(PERIOD)).untold
    frozen.forget()
    inventories.untold_of.cache_clear()
    monkeypatch.setattr("tanma.engine.untold._withheld", lambda path: pytest.fail("was read"))
    assert found == frozen.frozen(without.run(PERIOD)).untold


def test_a_run_with_a_legal_basis_is_not_looked_into(published, monkeypatch):
    """Its own file says that it withholds nothing."""
    monkeypatch.setattr("tanma.engine.untold._withheld", lambda path: pytest.fail("was read"))
    assert frozenset() == frozen.frozen(publish(PERIOD)).untold.keys
