"""The pages of one enterprise: who may see them, what they say, what they export."""

import csv
import html
import io
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from python_calamine import CalamineWorkbook

from tanma.apps.facts import door as facts
from tanma.apps.inventories import publications
from tanma.apps.people.door import Consent, User, token_hash
from tanma.domain.identity import id_text
from tanma.domain.periods import parse
from tests.apps.region import PREVIEW, PUBLISHED, fact

pytestmark = [pytest.mark.db, pytest.mark.django_db]
PAGES = ("account", "energy", "lines", "basis")
MAY_SEE_A = {
    "": 302, "firm_a": 200, "firm_b": 404, "county1": 200, "county2": 404, "city": 200,
    "admin": 200, "reviewer": 200, "checker": 200, "publisher": 200,
}  # fmt: skip


def address(published, page, key="A"):
    return reverse(f"accountpages:{page}", args=[published.enterprise(key).uid])


def text_of(answer):
    return html.unescape(answer.content.decode())


@pytest.mark.parametrize("name", PAGES)
def test_route_by_role(published, name):
    found = {who: published.client_of(who).get(address(published, name)) for who in MAY_SEE_A}
    assert MAY_SEE_A == {who: answer.status_code for who, answer in found.items()}
    assert found[""].url.startswith("/accounts/login/")
    assert "甲纺织样例有限公司" not in text_of(found["firm_b"])
    assert "甲纺织样例有限公司" not in text_of(found["county2"])


def test_a_holder_of_consent_sees_the_pages_until_it_is_revoked(published, settings):
    consent = Consent.objects.create(
        subject=published.subject("A"), purpose="样例", token_hash=token_hash("secret"),
        granted_by=User.objects.get(username="firm_a"),
        expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    client = published.client_of("")
    session = client.session
    session["consents"] = [consent.token_hash]
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    for page in PAGES:
        assert 200 == client.get(address(published, page)).status_code
    assert 302 == client.get(address(published, "account", "B")).status_code
    consent.revoked_at = timezone.now()
    consent.save()
    assert 302 == client.get(address(published, "account")).status_code


def test_the_account_page_shows_each_total_under_its_own_name(published):
    answer = published.client_of("firm_a").get(address(published, "account"))
    page = text_of(answer)
    result = published.run().results.get(subject=published.subject("A"))
    for name in (
        "碳效码口径碳排放总量（毛）",
        "碳中和量",
        "法定核算总量",
        "基于位置的总量",
        "基于市场的总量",
    ):
        assert name in page
    assert f"{result.net_mg / 1e9:.1f}" in page
    assert "不在覆盖行业内" in page
    assert "数值越小越好" in page
    assert "固定电网因子：浙江省 2023 年" in page
    assert "范围二" in page


@pytest.mark.parametrize("total", ["code_gross", "statutory", "location_based", "market_based"])
def test_the_total_stands_in_the_address(published, total):
    answer = published.client_of("firm_a").get(address(published, "account"), {"total": total})
    assert 200 == answer.status_code
    assert total == answer.context["total"]
    parts = [mg for _, mg, _ in answer.context["scopes"]]
    row = next(r for r in answer.context["rows"] if r.id == total)
    assert row.value_mg == sum(parts)


def test_the_period_stands_in_the_address(published):
    client = published.client_of("firm_a")
    older = client.get(address(published, "account"), {"period": PUBLISHED[0]})
    assert PUBLISHED[0] == older.context["period"]
    assert PUBLISHED[-1] == client.get(address(published, "account")).context["period"]


@pytest.mark.parametrize("period", ["2024Q1", PREVIEW, "Q9"])
def test_a_period_without_publication_says_what_there_is(published, period):
    answer = published.client_of("firm_a").get(address(published, "basis"), {"period": period})
    assert 404 == answer.status_code
    page = text_of(answer)
    assert period in page
    for known in PUBLISHED:
        assert known in page


def test_an_address_that_is_no_id_is_not_found(published):
    client = published.client_of("admin")
    assert 404 == client.get("/inventories/not-an-id/").status_code
    assert 404 == client.get(f"/inventories/{id_text(12345)}/").status_code


def test_energy_names_both_valuations_with_the_year_of_the_coefficient(published):
    page = text_of(published.client_of("firm_a").get(address(published, "energy")))
    for name in (
        "综合能源消费量（当量值）", "综合能源消费量（等价值）", "加工转换产出（扣除）",
        "原料用能（扣除）", "自用可再生电力", "单位产值能耗（当量值）",
        "0.3024 tce/MWh（上年或此前最新公布值、2024）", "电力折标 0.3024 tce/MWh（2024 年）",
    ):  # fmt: skip
        assert name in page
    assert "缺少系数" not in page


def test_energy_and_emission_per_product(published):
    span = parse(PUBLISHED[-1])
    subject = published.subject("A")
    rows = [
        fact(subject, "product.cement.output", kind="amount", valid_from=start, valid_to=end,
             value=10 * 10**6, reported="10 t", source="stat.output")
        for start, end in zip(span.months, [*span.months[1:], span.end], strict=True)
    ]  # fmt: skip
    facts.append(facts.table(rows), author="test")
    page = text_of(published.client_of("firm_a").get(address(published, "energy")))
    # facts that came after the run was computed change nothing in it
    assert "单位产品综合能耗" not in page


def lines(published, **query):
    answer = published.client_of("firm_a").get(
        address(published, "lines"), {"export": "csv", **query}
    )
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_query_filters_by_item_month_and_account(published):
    every = lines(published, total="code_gross")
    assert 36 == len(every)
    solar = lines(published, total="code_gross", item="electricity.pv.generated")
    assert 12 == len(solar)
    assert {"光伏发电量"} == {row["活动数据"] for row in solar}
    one = lines(
        published, total="code_gross", category="electricity", start="2026-02", end="2026-02"
    )
    assert ["2026-02"] == [row["月份"] for row in one]
    assert "grid/2023/330000/average" == one[0]["因子行"]
    assert "21377" == one[0]["用量"].removesuffix(".0")
    energy = lines(published, total="consumption_calorific")
    assert "tce" in " ".join(energy[0])


def test_an_unknown_filter_is_told_and_nothing_is_shown(published):
    answer = published.client_of("firm_a").get(address(published, "lines"), {"item": "gold"})
    assert 200 == answer.status_code
    assert answer.context["form"].errors
    assert [] == list(answer.context["table"].source)


def test_exports_add_up_and_say_demo(published, settings):
    settings.TANMA = settings.TANMA.model_copy(update={"demo": True})
    client = published.client_of("firm_a")
    query = {"total": "code_gross", "export": "csv"}
    answer = client.get(address(published, "account"), query)
    first, *rest = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert first == "演示数据"
    rows = list(csv.DictReader(rest))
    result = published.run().results.get(subject=published.subject("A"))
    total = sum(float(row["碳效码口径碳排放总量（毛） (tCO₂)"]) for row in rows)
    assert result.gross_mg == round(total * 1e9)
    energy = client.get(address(published, "energy"), {"export": "xlsx"})
    cells = CalamineWorkbook.from_filelike(io.BytesIO(energy.content)).get_sheet_by_index(0)
    assert "演示数据" == cells.to_python()[0][0]
    row = dict(zip(cells.to_python()[1], cells.to_python()[2], strict=True))
    assert row["等价值 (tce)"] == pytest.approx(256.524 * 0.3024)
    assert "演示数据" in text_of(client.get(address(published, "account")))


def test_an_unpublished_run_is_on_no_page(published):
    answer = published.client_of("firm_a").get(address(published, "account"))
    shown = [href for y in answer.context["switch"].years for _name, href, _now in y.links]
    assert [f"?period={p}" for p in PUBLISHED] == shown


def test_without_publications_the_pages_say_so(published, monkeypatch):
    monkeypatch.setattr(publications, "_source", [])
    answer = published.client_of("firm_a").get(address(published, "account"))
    assert 404 == answer.status_code
    assert "没有已发布的结果" in text_of(answer)


def test_english_pages_have_the_same_figures(published):
    client = published.client_of("firm_a")
    zh = client.get(address(published, "basis"))
    en = client.get(address(published, "basis"), headers={"accept-language": "en"})
    figures = [re.findall(r'class="res">([^<]*)<', a.content.decode()) for a in (zh, en)]
    assert figures[0] == figures[1]
    assert "Code account, net" in text_of(en)


@pytest.mark.parametrize("name", PAGES)
def test_pages_hold_no_inline_script_or_style(published, name):
    answer = published.client_of("firm_a").get(address(published, name))
    body = answer.content.decode()
    assert not re.search(r"\sstyle=|\son\w+=", body)
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_guest_by_consent_is_led_to_no_login(published):
    firm, own = published.enterprise("A"), published.client_of("firm_a")
    link = own.post(f"/c/{firm.public_code}/consents/", {"purpose": "样例", "days": 3}).context[
        "link"
    ]
    guest = published.client_of("")
    guest.get("/consent/" + link.rpartition("/")[2])
    page = guest.get(f"/inventories/{firm.uid}/basis").content.decode()
    assert "计算依据" in page
    assert f"/registry/enterprises/{firm.uid}/" not in page
    inside = own.get(f"/inventories/{firm.uid}/basis").content.decode()
    assert f"/registry/enterprises/{firm.uid}/" in inside


@pytest.mark.parametrize("page", ["", "lines", "?export=csv", "lines?export=csv"])
def test_every_factor_stands_with_its_unit(published, page):
    address = f"/inventories/{published.enterprise('A').uid}/{page}"
    answer = published.client_of("city").get(address)
    body = b"".join(answer) if answer.streaming else answer.content
    assert "电力排放因子 0.4974 tCO₂/MWh" in body.decode()
