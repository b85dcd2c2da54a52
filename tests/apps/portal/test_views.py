"""The first page of a visitor, an enterprise and an official; typed codes; search by name."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tanma.apps.codes.models import Result
from tanma.apps.kit.door import significant
from tanma.apps.people.door import Consent, User, token_hash
from tests.apps.region import FIRMS, publish, viewer_of

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def text_of(published, user="", path="/", lang="zh-hans", **query):
    answer = published.client_of(user).get(path, query, headers={"accept-language": lang})
    assert 200 == answer.status_code
    return answer.content.decode()


def test_a_visitor_finds_what_this_is_and_that_nobody_confirmed_the_scheme(published):
    text = text_of(published)
    assert "工业碳效码查询" in text
    assert "未经主管部门确认" in text
    assert "未确认" in text
    assert "官方" not in text
    assert "2026年一季度" in text
    assert "/accounts/login/" in text


def test_before_the_first_publication_the_page_says_so(client, db):
    text = client.get("/", {"q": "任何"}).content.decode()
    assert "还没有已发布的结果" in text


def test_search_shows_public_fields_and_no_figure(published):
    text = text_of(published, q="甲纺织")
    firm, result = published.enterprise("A"), published.run().results.get(name=FIRMS["A"].name)
    assert firm.public_code in text
    assert FIRMS["B"].name not in text
    assert f'"chip g{result.grade}"' in text
    for figure in figures(result):
        assert figure not in text


def figures(result: Result) -> list[str]:
    """Every figure of a result as it might be printed: whole, in tonnes, in 万元, rounded."""
    counts = [result.gross_mg, result.net_mg, result.value_added_fen, result.output_fen,
              result.energy_calorific_gce]  # fmt: skip
    texts = [str(c) for c in counts if c]
    texts += [f"{c / 10**d:.2f}" for c in counts for d in (6, 9) if c]
    return [*texts, f"{result.intensity:.3f}", f"{result.ratio:.3f}"]


def test_search_needs_two_letters_and_tells_when_nothing_fits(published):
    assert "请至少输入两个字" in text_of(published, q="甲")
    assert "没有名称相符的企业" in text_of(published, q="无此名称")


def test_search_escapes_what_was_typed(published):
    assert "<script>" not in text_of(published, q="<script>alert(1)")


def test_an_uncoded_enterprise_is_found_without_grade(published):
    assert "暂不赋码" in text_of(published, q=FIRMS["G"].name)


def test_a_typed_code_leads_to_its_page_in_any_spelling(published):
    code = published.enterprise("A").public_code
    client = published.client_of("")
    for typed in (code, code.lower(), code.replace("-", ""), f" {code} "):
        answer = client.get("/find/", {"code": typed})
        assert 302 == answer.status_code
        assert answer["location"] == f"/c/{code}"


@pytest.mark.parametrize(("lang", "words"), [("zh-hans", "有误，请核对"), ("en", "is mistyped")])
def test_a_mistyped_code_is_explained(published, lang, words):
    code = published.enterprise("A").public_code
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    client = published.client_of("")
    answer = client.get("/find/", {"code": wrong}, follow=True, headers={"accept-language": lang})
    assert [("/", 302)] == answer.redirect_chain
    assert words in answer.content.decode()


def test_an_enterprise_finds_its_code_its_preview_and_its_consents(published):
    user = User.objects.get(username="firm_a")
    Consent.objects.create(
        subject=published.subject("A"), purpose="绿色信贷", token_hash=token_hash("x"),
        granted_by=user, expires_at=timezone.now() + timedelta(days=9),
    )  # fmt: skip
    text = text_of(published, "firm_a")
    result = published.run().results.get(subject=published.subject("A"))
    assert f'"chip g{result.grade} chip-l"' in text
    assert "结果正在预览" in text
    assert "绿色信贷" in text
    assert FIRMS["B"].name not in text
    assert "绿色信贷" not in text_of(published, "firm_b")


def test_an_enterprise_finds_its_three_figures_with_their_period_and_others_do_not(published):
    result = published.run().results.get(name=FIRMS["A"].name)
    told = f"{significant(result.intensity)}<small>吨/万元</small>"
    assert told in text_of(published, "firm_a")
    assert "截至2026年一季度的四个季度" in text_of(published, "firm_a")
    assert told not in text_of(published, "firm_b")
    assert told not in text_of(published)


def test_the_modules_of_an_enterprise_speak_of_its_own_pages(published):
    text = text_of(published, "firm_a")
    assert "用能、设备与数据上报" in text
    assert "企业、区域、数据到达与缺报" not in text
    assert "企业、区域、数据到达与缺报" in text_of(published, "city")


def test_an_enterprise_without_code_reads_why(published):
    assert "暂不赋码" in text_of(published, "firm_g")


def test_an_official_finds_counts_of_the_own_area_and_waiting_runs(published):
    client = published.client_of("county1")
    context = client.get("/").context
    graded = [k for k in "ACEGS" if published.run().results.get(name=FIRMS[k].name).grade]
    assert 5 == context["enterprises"]
    assert len(graded) == context["coded"] == sum(context["counts"].values())
    assert ["2026Q2/r4"] == [r["run"].period for r in context["runs"]]
    publish("2026Q1", upto="review")
    assert 2 == len(client.get("/").context["runs"])


def test_modules_lead_only_to_pages_that_open(published):
    for user in ("city", "firm_a"):
        client = published.client_of(user)
        links = [href for m in client.get("/").context["modules"] for _, href in m.links]
        assert links
        for href in links:
            assert (href, 200) == (href, client.get(href, follow=True).status_code)


def test_english_has_no_chinese_left_but_names(published):
    text = text_of(published, lang="en")
    assert "Industrial carbon-efficiency code" in text
    assert "not confirmed by the authority" in text


def test_the_city_sees_all(published):
    assert len(FIRMS) == published.client_of("city").get("/").context["enterprises"]
    assert viewer_of("city").office


def test_a_demo_offers_a_code_to_scan_and_a_real_site_does_not(published, settings):
    assert "用手机扫一个试试" not in text_of(published)
    settings.TANMA = settings.TANMA.model_copy(update={"demo": True})
    text = text_of(published)
    assert "用手机扫一个试试" in text
    (code,) = {r.public_code for r in [published.enterprise(k) for k in "ABCDEF"]
               if f"/c/{r.public_code}" in text}  # fmt: skip
    page = published.client_of("").get(f"/c/{code}")
    assert 200 == page.status_code
    assert "演示数据" in page.content.decode()


def test_an_enterprise_is_offered_its_declaration_once_on_its_first_page(published):
    text = text_of(published, "firm_a").partition("<main")[2]
    assert 1 == text.count('href="/imports/declare/"')
