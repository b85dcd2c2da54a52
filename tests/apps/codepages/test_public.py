"""What a visitor may learn of a code, and that nothing else can be learnt."""

import json
import random
from dataclasses import fields
from datetime import date

import pytest
from django.test import Client
from django.utils import timezone

from tanma.apps.codepages import public, views_code
from tanma.apps.codepages.public import PublicCode
from tanma.apps.codes.models import Result
from tanma.domain.messages import Problem
from tanma.domain.rating import find
from tests.apps.region import viewer_of

pytestmark = [pytest.mark.db, pytest.mark.django_db]

PUBLIC = {
    "code", "name_zh", "name_en", "industry", "area_code", "area_zh", "area_en", "status", "reason",
    "grade", "level", "neutrality", "declared", "scheme", "edition", "period", "published_on",
    "valid_to", "number", "digest", "withdrawn_number", "withdrawn_period", "notice",
}  # fmt: skip
PRIVATE_COLUMNS = [
    "gross_mg", "deduction_mg", "net_mg", "value_added_fen", "output_fen", "energy_calorific_gce",
    "intensity", "ratio", "benchmark_value", "benchmark_n", "rank", "rank_of", "best_intensity",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh_pages():
    views_code._pages.clear()


def answers(code, client=None):
    """Every public answer of a code: page, English page, JSON, certificate."""
    client = client or Client()
    paths = [f"/c/{code}", f"/c/{code}?lang=en", f"/c/{code}.json", f"/c/{code}/certificate.pdf"]
    return [client.get(path) for path in paths]


def test_the_list_of_public_fields_is_closed():
    assert PUBLIC == {f.name for f in fields(PublicCode)}


def test_the_public_page_says_what_anyone_may_know(published):
    code = published.enterprise("A").public_code
    text = Client().get(f"/c/{code}").content.decode()
    for wanted in (
        "甲纺织样例有限公司", "样例一县 样例一镇", "截至2026年一季度的四个季度",
        "远优于", "中碳1级", "碳中和率20%及以下", "未经主管部门确认", "2024-draft", "数值越小越好",
        "2026-0002", "已初审、复核并发布", "有效期至", code,
    ):  # fmt: skip
        assert wanted in text


@pytest.mark.parametrize("key", "ABCDEFS")
def test_no_private_column_changes_a_public_answer(published, key):
    """If answers stay the same whatever the amounts, no combination of fields can yield them."""
    enterprise, random_source = published.enterprise(key), random.Random(key)
    before = [a.content for a in answers(enterprise.public_code)]
    changed = {
        column: random_source.randint(1, 10**9) for column in PRIVATE_COLUMNS
    } | {"benchmark_group": "99", "flags": ["BORDERLINE"]}  # fmt: skip
    assert 0 < Result.objects.filter(subject=enterprise.id).update(**changed)
    views_code._pages.clear()
    assert before == [a.content for a in answers(enterprise.public_code)]


def spellings(result):
    """Private amounts of a result as any page of the product could print them."""
    from tanma.apps.kit.door import significant, tonnes, wan_yuan

    amounts = (result.gross_mg, result.net_mg, result.deduction_mg)
    found = {tonnes(a) for a in amounts} | {tonnes(a, 3) for a in amounts}
    found |= {significant(x) for x in (result.intensity, result.ratio, result.benchmark_value)}
    found |= {wan_yuan(result.value_added_fen), wan_yuan(result.output_fen)}
    found |= {str(a) for a in (*amounts, result.value_added_fen, result.output_fen)}
    return {text for text in found if len(text) >= 4}


@pytest.mark.parametrize("who", ["", "firm_b", "county2"])
def test_no_unauthorised_answer_prints_a_figure(published, who):
    enterprise = published.enterprise("A")
    result = Result.objects.get(run=published.run(), subject=enterprise.id)
    client = published.client_of(who)
    # the text of the compressed certificate is searched in test_certificate
    for response in answers(enterprise.public_code, client):
        assert 200 == response.status_code
        told = response.content + str(response.headers).encode()
        assert [] == [text for text in spellings(result) if text.encode() in told]


def test_the_same_words_are_found_where_they_are_allowed(published):
    """The search above can find something: the enterprise itself does get these spellings."""
    enterprise = published.enterprise("A")
    result = Result.objects.get(run=published.run(), subject=enterprise.id)
    page = published.client_of("firm_a").get(f"/c/{enterprise.public_code}").content.decode()
    assert 4 <= sum(text in page for text in spellings(result))


@pytest.mark.parametrize("spelling", [str.lower, lambda c: c.replace("-", "")])
def test_other_spellings_lead_to_the_printed_one(published, spelling):
    code = published.enterprise("A").public_code
    for tail in ("", ".json", "/certificate.pdf"):
        response = Client().get(f"/c/{spelling(code)}{tail}")
        assert 301 == response.status_code
        assert f"/c/{code}{tail}" == response["Location"]


def test_a_slash_at_the_end_is_forgiven(published):
    code = published.enterprise("A").public_code
    assert 200 == Client().get(f"/c/{code}/", follow=True).status_code


def test_a_mistyped_code_is_told_with_what_to_do(published):
    code = published.enterprise("A").public_code
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    response = Client().get(f"/c/{wrong}")
    assert 404 == response.status_code
    assert "有误，请核对" in response.content.decode()
    assert "校验位" not in response.content.decode()
    assert "重新输入" in response.content.decode()
    assert 404 == Client().get(f"/c/{wrong}.json").status_code
    assert "public_code_wrong" == Client().get(f"/c/{wrong}.json").json()["error"]


def test_an_unknown_code_is_another_message(published):
    with pytest.raises(Problem) as told:
        public.read("0000-0000-00", date(2026, 1, 1))
    assert "code_unknown" == told.value.code
    assert "没有企业使用" in told.value.text("zh")
    assert "no enterprise" in told.value.text("en")
    assert "没有企业使用" in Client().get("/c/0000-0000-00").content.decode()


def test_an_uncoded_enterprise_says_why_without_figures(published):
    code = published.enterprise("G").public_code
    text = Client().get(f"/c/{code}").content.decode()
    assert "暂不赋码" in text
    assert "部分月份的能源数据尚未报送" in text
    response = Client().get(f"/c/{code}/certificate.pdf")
    assert 404 == response.status_code
    assert "没有可下载的证书" in response.content.decode()


def test_declared_data_are_marked(published):
    for key, marked in (("S", True), ("A", False)):
        page = Client().get(f"/c/{published.enterprise(key).public_code}").content.decode()
        assert marked == ("申报数据" in page)


def test_the_json_answer(published, settings):
    settings.TANMA = settings.TANMA.model_copy(update={"demo": True})
    answer = Client().get(f"/c/{published.enterprise('A').public_code}.json").json()
    assert (1, "mid", "to20") == (answer["grade"], answer["level"], answer["neutrality_mark"])
    assert "演示数据" == answer["demo"]
    assert "unconfirmed" == answer["scheme"]["evidence"]
    assert "2026-0002" == answer["publication"]["number"]
    assert answer["withdrawn"] is None


def test_the_json_is_marked_as_demo_only_in_a_demo(published):
    assert Client().get(f"/c/{published.enterprise('A').public_code}.json").json()["demo"] is None


def test_a_withdrawn_publication_leaves_a_notice_and_the_one_before(published):
    from tanma.apps.codes import door as codes

    run = published.run()
    codes.take(run.id, "withdraw", viewer_of("publisher"), note="数据源更正，等待重新评价")
    text = Client().get(f"/c/{published.enterprise('A').public_code}").content.decode()
    assert "撤回公告" in text
    assert "数据源更正，等待重新评价" in text
    assert "2026-0001" in text
    answer = Client().get(f"/c/{published.enterprise('A').public_code}.json").json()
    assert "2025Q4/r4" == answer["period"]
    assert "2026Q1/r4" == answer["withdrawn"]["period"]


# --- caching


def test_the_public_page_may_be_shared_and_has_no_cookie(published):
    response = Client().get(f"/c/{published.enterprise('A').public_code}")
    assert "public, max-age=60" == response["Cache-Control"]
    assert {"Cookie", "Accept-Language"} <= {v.strip() for v in response["Vary"].split(",")}
    assert not response.cookies
    assert b"csrfmiddlewaretoken" not in response.content


@pytest.mark.parametrize("path", ["", ".json", "/certificate.pdf"])
def test_a_known_tag_costs_one_query_and_no_body(published, path, django_assert_num_queries):
    address = f"/c/{published.enterprise('A').public_code}{path}"
    first = Client().get(address)
    with django_assert_num_queries(1):
        second = Client().get(address, headers={"If-None-Match": first["ETag"]})
    assert (304, b"") == (second.status_code, second.content)
    assert first["ETag"] == second["ETag"]
    assert "public, max-age=60" == second["Cache-Control"]


def test_the_tag_differs_by_language_and_changes_with_the_publication(published):
    code = published.enterprise("A").public_code
    zh, en = Client().get(f"/c/{code}"), Client().get(f"/c/{code}?lang=en")
    assert zh["ETag"] != en["ETag"]
    assert "en" == en["Content-Language"]
    run = published.run()
    run.state, run.notice = "withdrawn", "x"
    run.save()
    again = Client().get(f"/c/{code}", headers={"If-None-Match": zh["ETag"]})
    assert 200 == again.status_code


@pytest.mark.parametrize("who", ["firm_a", "firm_b", "city", "county2"])
def test_a_signed_in_viewer_neither_gets_nor_leaves_a_shared_page(published, who):
    code = published.enterprise("A").public_code
    shared = Client().get(f"/c/{code}")
    client = published.client_of(who)
    for tail in ("", ".json", "/certificate.pdf"):
        own = client.get(f"/c/{code}{tail}", headers={"If-None-Match": shared["ETag"]})
        assert 200 == own.status_code
        assert "private, no-store" == own["Cache-Control"]
        assert "ETag" not in own
    assert shared.content == Client().get(f"/c/{code}").content


def test_a_scan_needs_no_session(published, django_assert_num_queries):
    code = published.enterprise("A").public_code
    with django_assert_num_queries(1):
        json.loads(Client().get(f"/c/{code}.json").content)


def test_validity_ends_a_year_after_the_period(published):
    record = public.read(published.enterprise("A").public_code, timezone.localdate())
    assert "2027-03-31" == record.valid_to
    assert not record.expired(date(2027, 3, 31))
    assert record.expired(date(2027, 4, 1))


def test_the_ring_shows_the_band_and_not_the_rate():
    scheme = find("zhejiang-carbon-efficiency")
    middles = {b.id: public.band_middle(scheme, b.id) for b in scheme.neutrality.bands}
    expected = {"none": 0, "to20": 0.1, "to50": 0.35, "to80": 0.65, "below100": 0.9, "neutral": 1}
    assert pytest.approx(expected) == middles
    assert public.band_middle(scheme, "other") is None
