"""Pages of the register: who sees which enterprises, filters, history, areas."""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import translation
from django.utils.html import escape

from tanma.apps.facts import door as facts
from tanma.apps.registry import words
from tanma.apps.registry.models import Area
from tanma.domain.reference.industries import guideline_for
from tests.apps.region import CITY, COUNTY_1, COUNTY_2, FIRMS, PARK, TOWNS, fact

pytestmark = [pytest.mark.db, pytest.mark.django_db]
LIST = "/registry/enterprises/"


def names(answer):
    rows = answer.context["table"].page.object_list
    return {key for key, firm in FIRMS.items() if firm.name in {e.name for e in rows}}


def listed(published, user="city", **query):
    answer = published.client_of(user).get(LIST, query)
    assert 200 == answer.status_code
    return names(answer)


def page_of(published, key, user, tail=""):
    uid = published.enterprise(key).uid
    return published.client_of(user).get(f"{LIST}{uid}/{tail}")


def test_officials_see_their_area_and_enterprises_no_list(published):
    assert set("ABCDEFGS") == listed(published)
    assert set("ACEGS") == listed(published, "county1")
    assert set("BDF") == listed(published, "county2")
    assert 403 == published.client_of("firm_a").get(LIST).status_code
    assert 302 == published.client_of("").get(LIST).status_code


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "甲纺织"}, "A"),
        ({"q": "SAMPLEB"}, "B"),
        ({"industry": "17"}, "ABCDEFGS"),
        ({"industry": "18"}, ""),
        ({"area": COUNTY_2}, "BDF"),
        ({"area": TOWNS[COUNTY_1]}, "ACEGS"),
        ({"area": PARK}, "ACEGS"),
        ({"size": "below"}, "S"),
        ({"status": "closed"}, ""),
        ({"grade": "1"}, "ACS"),
        ({"grade": "5", "area": COUNTY_1}, ""),
        ({"coded": "no"}, "G"),
        ({"coded": "yes", "size": "above"}, "ABCDEF"),
        ({"basis": "declared"}, "S"),
    ],
)
def test_filters_narrow_the_list(published, query, expected):
    assert set(expected) == listed(published, **query)


def test_an_unknown_choice_is_told_and_lists_nothing(published):
    answer = published.client_of("city").get(LIST, {"grade": "9"})
    assert set() == names(answer)
    assert answer.context["form"].errors["grade"]


def test_level_filter_agrees_with_the_results(published):
    level = published.run().results.get(subject=published.subject("B")).level
    same = {r.subject for r in published.run().results.filter(level=level)}
    expected = {key for key in FIRMS if published.subject(key) in same}
    assert expected == listed(published, level=level)


def test_sorted_by_grade_missing_ones_come_last_in_both_directions(published):
    def order(how):
        page = published.client_of("city").get(LIST, {"order": how}).context["table"].page
        return [e.name for e in page.object_list]

    for how, first in (("grade", {FIRMS[k].name for k in "ACS"}), ("-grade", {FIRMS["B"].name})):
        rows = order(how)
        assert rows[0] in first
        assert FIRMS["G"].name == rows[-1]


def test_a_sum_that_lacks_months_is_not_shown_as_an_emission(published):
    stored = published.run().results.get(subject=published.subject("G"))
    assert stored.net_mg is not None
    table = published.client_of("city").get(LIST, {"order": "net_mg"}).context["table"]
    rows = list(table.page.object_list)
    assert FIRMS["G"].name == rows[-1].name
    assert table.standings[rows[-1].id].net_mg is None


def test_export_has_all_rows_with_grades_and_says_demo(published, settings):
    settings.TANMA = settings.TANMA.model_copy(update={"demo": True})
    answer = published.client_of("city").get(LIST, {"export": "csv", "order": "grade"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    lines = text.splitlines()
    assert "演示数据" == lines[0]
    assert len(FIRMS) + 2 == len(lines)
    line = next(line for line in lines if FIRMS["B"].name in line)
    assert ",5," in line
    answer = published.client_of("city").get(LIST, {"export": "xlsx"})
    assert b"PK" == answer.content[:2]


@pytest.mark.parametrize(
    ("lang", "name"), [("zh-hans", "棉织造加工"), ("en", "Weaving of cotton")]
)
def test_an_industry_has_its_name_in_the_language_on_page_and_in_the_file(published, lang, name):
    type(published.enterprise("A")).objects.update(industry="1712")
    client, spoken = published.client_of("city"), {"accept-language": lang}
    assert f"1712 {name}" in client.get(LIST, headers=spoken).text
    file = client.get(LIST, {"export": "csv"}, headers=spoken)
    text = b"".join(file.streaming_content).decode("utf-8-sig")
    assert len(FIRMS) == text.count(f",1712,{name},")


def test_an_industry_outside_the_classification_is_its_code():
    assert ("9999", "9999") == (words.industry_name("9999"), words.industry_text("9999"))


def test_a_name_that_looks_like_a_formula_is_exported_as_text(published):
    subject = published.subject("A")
    firm = published.enterprise("A")
    type(firm).objects.filter(pk=subject).update(name="=1+1")
    answer = published.client_of("city").get(LIST, {"export": "csv"})
    assert "'=1+1" in b"".join(answer.streaming_content).decode()


def test_the_list_asks_the_database_the_same_number_of_times_whatever_its_length(
    published, django_assert_max_num_queries
):
    client = published.client_of("city")
    client.get(LIST)
    with django_assert_max_num_queries(16):
        client.get(LIST)


def test_an_enterprise_sees_itself_and_no_other(published):
    own = page_of(published, "A", "firm_a")
    assert 200 == own.status_code
    assert FIRMS["A"].name in own.content.decode()
    assert 404 == page_of(published, "B", "firm_a").status_code
    assert 404 == page_of(published, "B", "firm_a", "facts/").status_code
    assert 404 == page_of(published, "B", "county1").status_code
    assert 302 == page_of(published, "A", "").status_code
    assert 404 == published.client_of("city").get(LIST + "nonsense/").status_code


def test_the_page_shows_codes_identifiers_and_memberships(published):
    text = page_of(published, "A", "county1").content.decode()
    result = published.run().results.get(subject=published.subject("A"))
    assert published.enterprise("A").public_code in text
    assert "统一社会信用代码" in text
    assert "样例一镇 · 样例一县 · 样例市" in text
    assert "样例新区 · 样例市" in text
    assert f'"chip g{result.grade}"' in text
    assert "纳入规上" in text


def test_the_guideline_of_the_industry_is_named_with_how_sure_it_is(published):
    text = page_of(published, "A", "county1").content.decode()
    found = guideline_for(published.enterprise("A").industry)
    assert "行业对应的核算指南" in text
    assert found.ndrc_guideline in text
    assert "凭记忆" in text.split("行业对应的核算指南")[1]
    assert words.guideline("6510") is None  # outside the sections nothing is known


def test_an_enterprise_without_a_management_area_has_a_page(published):
    answer = page_of(published, "B", "city")
    assert 200 == answer.status_code
    assert [1, 0] == [len(rows) for _label, rows in answer.context["memberships"]]


def test_attributes_keep_their_history_with_days(published):
    subject = published.subject("A")
    change = fact(subject, "size_class", text="below", valid_from=date(2026, 3, 1))
    facts.append(facts.table([change]), author="desk")
    text = page_of(published, "A", "city").content.decode()
    assert re.search(r"规下 <span[^>]*>2026-03-01–至今", text)
    assert re.search(r"规上 <span[^>]*>2020-01-01–2026-03-01", text)
    assert re.search(r"退出规上 <span[^>]*>2026-03-01", text)


def corrected(published):
    """A's power of January 2026 said again by the grid, with a revision."""
    subject = published.subject("A")
    before = facts.watermark()
    span = {"kind": "amount", "valid_from": date(2026, 1, 1), "valid_to": date(2026, 2, 1)}
    again = fact(subject, "electricity.purchased", **span, value=20_000_125, source="grid",
                 reported="20000.125 kWh", revision=2, evidence="batch:fix#7")  # fmt: skip
    facts.append(facts.table([again]), author="clerk")
    return before


def versions(answer):
    return [(v.fact.value, v.current) for v in answer.context["table"].page.object_list]


QUERY = "facts/?item=electricity.purchased&period=2026-01"


def test_every_version_of_a_fact_is_shown_and_one_is_current(published):
    corrected(published)
    answer = page_of(published, "A", "firm_a", QUERY)
    assert [(20_000_125, True), (21_377_000, False)] == versions(answer)
    text = answer.content.decode()
    assert "20,000.125" in text
    assert "20000.125 kWh" in text
    assert "batch:fix#7" in text
    assert "clerk" in text
    assert "已被取代" in text


def test_attributes_are_told_in_words(published):
    text = page_of(published, "A", "firm_a", "facts/?item=size_class").content.decode()
    assert ">规上</td>" in text
    assert ">above</td>" not in text


def test_as_known_before_the_correction_the_old_value_is_current(published):
    before = corrected(published)
    last = facts.Fact.objects.order_by("-stamp").first()
    facts.Fact.objects.filter(seq=last.seq).update(stamp=before + 3_600_000_000)
    moment = datetime.fromtimestamp(before / 1e6, ZoneInfo("Asia/Shanghai"))
    known = (moment + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M")
    answer = page_of(published, "A", "firm_a", f"{QUERY}&known={known}")
    assert [(21_377_000, True)] == versions(answer)


def test_a_wrong_period_is_explained_in_both_languages(published):
    client = published.client_of("city")
    path = f"{LIST}{published.enterprise('A').uid}/facts/?period=2026Q9"
    assert "2026Q9" in client.get(path).content.decode()
    english = client.get(path, headers={"accept-language": "en"}).content.decode()
    assert "2026Q9" in english
    assert [] == versions(client.get(path))


def test_a_withdrawn_fact_is_said_to_be_withdrawn(published):
    subject = published.subject("A")
    span = {"kind": "amount", "valid_from": date(2026, 1, 1), "valid_to": date(2026, 2, 1)}
    gone = fact(subject, "electricity.purchased", **span, value=None, source="grid")
    facts.append(facts.table([gone]), author="clerk")
    answer = page_of(published, "A", "city", QUERY)
    assert [(None, False), (21_377_000, False)] == versions(answer)
    assert "已撤回" in answer.content.decode()


def test_areas_of_both_hierarchies_add_up(published):
    answer = published.client_of("city").get(reverse("registry:areas"))
    shown = answer.context["trees"]
    trees = {str(label): {n["code"]: n["count"] for n in nodes} for label, nodes in shown}
    assert len(FIRMS) == trees["行政区划"][CITY]
    assert 5 == trees["行政区划"][COUNTY_1] == trees["行政区划"][TOWNS[COUNTY_1]]
    assert {CITY: 5, PARK: 5} == trees["管理区域"]


def test_areas_before_their_first_day_lie_in_nothing(published):
    answer = published.client_of("city").get(reverse("registry:areas"), {"day": "2019-01-01"})
    nodes = answer.context["trees"][0][1]
    assert {0} == {n["depth"] for n in nodes}
    assert "企业数只按当前归属统计" in answer.content.decode()


def test_areas_are_for_officials(published):
    assert 403 == published.client_of("firm_a").get(reverse("registry:areas")).status_code


def test_what_an_area_is_and_who_wrote_is_said_in_words(published):
    Area.objects.filter(code=COUNTY_1).update(kind="county")
    page = published.client_of("city").get("/registry/areas/").content.decode()
    assert "<td>县区</td>" in page
    assert "<td>county</td>" not in page


@pytest.mark.parametrize(
    ("evidence", "zh", "en"),
    [
        ("batch:1FDYQK348B41N#12", "导入批次 1FDYQK348B41N 第 12 行",
         "import 1FDYQK348B41N, row 12"),
        ("batch:1FDYQK348B41N", "导入批次 1FDYQK348B41N", "import 1FDYQK348B41N"),
        ("doc:某文〔2026〕1号", "doc:某文〔2026〕1号", "doc:某文〔2026〕1号"),
    ],
)  # fmt: skip
def test_evidence_of_an_import_is_told_in_words(evidence, zh, en):
    for lang, expected in (("zh-hans", zh), ("en", en)):
        with translation.override(lang):
            assert expected == words.evidence_text(evidence)


def test_the_office_is_led_to_the_batch_and_a_document_is_no_link():
    assert words.evidence_html("batch:1FDYQK348B41N#12").startswith("<a href=")
    assert "&lt;b&gt;" == str(escape(words.evidence_html("<b>")))


@pytest.mark.parametrize("known", ["0001-01-01", "9999-12-31", "1800-05-05T10:00"])
def test_a_known_time_out_of_bounds_is_told_and_no_error(published, known):
    firm = published.enterprise("A")
    page = published.client_of("city").get(
        f"/registry/enterprises/{firm.uid}/facts/", {"known": known}
    )
    assert 200 == page.status_code
    assert "请填写 1990 年至 2100 年之间的时间" in page.content.decode()
