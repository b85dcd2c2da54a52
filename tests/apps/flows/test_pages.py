"""The flow of one enterprise: stated months, metered days, who may look, files and gaps."""

import datetime as dt
import json
import re

import pytest

from tanma.apps.people.door import Role
from tests.apps.flows.conftest import FIRST, KWH, SECOND, say, subject_of
from tests.apps.live.conftest import person

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def text(client, address, status=200):
    answer = client.get(address)
    assert status == answer.status_code
    return (b"".join(answer) if answer.streaming else answer.content).decode()


def drawn(page):
    data = json.loads(re.search(r'id="flows-data"[^>]*>(.*?)</script>', page, re.S)[1])
    names = [n["name"] for n in data["nodes"]]
    return {(names[x["source"]], names[x["target"]]): x["value"] for x in data["links"]}


def test_stated_months_are_drawn_and_close(owner, stated):
    page = text(owner, f"/flows/{stated.uid}/?period=2026Q3")
    links = drawn(page)
    # 3 × 1000 kWh at 0.1229 kgce
    assert 0.3687 == links["购入 电力", "电力"]
    assert 0.03687 == pytest.approx(links["自有光伏 电力", "电力"])
    assert "燃烧 天然气" in {target for _, target in links}
    for said in ("未分摊", "按消费推算", "能源平衡表", "供电企业", "供入"):
        assert said in page


def test_one_carrier_is_drawn_in_its_own_unit(owner, stated):
    links = drawn(text(owner, f"/flows/{stated.uid}/?period=2026Q3&show=electricity"))
    assert {("购入 电力", "电力"): 3000, ("自有光伏 电力", "电力"): 300,
            ("电力", "光伏上网 电力"): 90, ("电力", "电力 未分摊"): 3210} == links  # fmt: skip


def test_days_are_told_by_meters_with_their_sections(owner, stated):
    """Yesterday the board counted 48 kWh an hour, its parts 28 and 16."""
    links = drawn(text(owner, f"/flows/{stated.uid}/?from={day(1)}&show=electricity"))
    assert 48 * 24 == links["购入 电力", "电力"]
    assert 28 * 24 == links["电力", "T-一车间"]
    assert (
        links["电力", "电力 未分摊"]
        == links["购入 电力", "电力"] - 28 * 24 - links["电力", "T-二车间"]
    )


def day(ago):
    from zoneinfo import ZoneInfo

    return (dt.datetime.now(ZoneInfo("Asia/Shanghai")) - dt.timedelta(days=ago)).date()


def test_parts_that_are_known_in_part_are_named(owner, stated):
    """The second part says nothing for two hours within the last days."""
    page = text(owner, f"/flows/{stated.uid}/?from={day(2)}&to={day(1)}")
    assert "读数覆盖" in page
    assert "不是整月" in page


def test_months_that_nobody_stated_are_named(owner, stated):
    page = text(owner, f"/flows/{stated.uid}/?period=2026")
    assert "12 个月中 3 个月有数" in page


def test_a_section_of_gas_takes_the_place_of_what_was_burnt(owner, stated):
    from tanma.apps.metering import door as metering
    from tanma.domain.identity import id_text

    about = {"author": "test"}
    board = metering.register_meter("G-总", FIRST, **about)
    metering.register_meter("G-锅炉", FIRST, parent=id_text(board), **about)
    gas = "fuel.natural_gas.burnt"
    metering.declare([metering.Declared(m, gas, "interval", "m3", 0) for m in ("G-总", "G-锅炉")],
                     **about)  # fmt: skip
    page = text(owner, f"/flows/{stated.uid}/?period=2026Q3")
    assert ("天然气", "燃烧 天然气") in drawn(page)
    assert "表计 G-锅炉：读数覆盖 0.0" in page


def test_the_newest_quarter_is_shown_first_and_nonsense_is_told(owner, stated):
    assert "2026年三季度" in text(owner, f"/flows/{stated.uid}/")
    for wrong in ("period=never", "from=2026-13-01", "from=2020-01-01&to=2026-01-01",
                  "from=2026-02-02&to=2026-02-01"):  # fmt: skip
        assert "看不懂所要的时间" in text(owner, f"/flows/{stated.uid}/?{wrong}")


def test_only_who_may_see_figures_sees_the_flow(owner, office, stated, client):
    stranger = person("yi", Role.ENTERPRISE, subject=subject_of(SECOND))
    text(stranger, f"/flows/{stated.uid}/", 404)
    text(office, f"/flows/{stated.uid}/")
    text(client, f"/flows/{stated.uid}/", 302)
    text(owner, "/flows/nonsense/", 404)


def test_an_enterprise_comes_to_its_own_flow(owner, office, stated):
    assert 302 == owner.get("/flows/").status_code
    page = text(office, "/flows/?q=x")
    assert "企业名称" in page


def test_files_carry_the_table(owner, stated):
    lines = text(owner, f"/flows/{stated.uid}/?period=2026Q3&export=csv").splitlines()
    assert any("未分摊" in line and "电力" in line for line in lines)
    assert any(line.startswith("购入,电力") and "3000" in line for line in lines)


def test_without_data_the_page_says_what_to_do(office, plant):
    assert "没有能源数据" in text(office, f"/flows/{plant.bare}/")


def test_figures_that_were_given_for_statistics_stay_with_who_may_see_them(stated, owner, office):
    from tanma.apps.facts import door as facts

    row = {
        "subject": subject_of(FIRST), "item": "fuel.coke.burnt", "kind": "amount",
        "valid_from": dt.date(2026, 9, 1), "valid_to": dt.date(2026, 10, 1), "value": 10**6,
        "source": "stat.205-1", "data_class": "statistical_only", "text": None, "reported": "1",
    }  # fmt: skip
    facts.append(facts.table([row]), author="test")
    address = f"/flows/{stated.uid}/?period=2026Q3"
    assert "焦炭" in text(owner, address)
    assert "焦炭" not in text(office, address)


def test_a_later_statement_changes_the_flow(owner, stated):
    say(FIRST, "2026-09", "verified", electricity__purchased=4000 * KWH)
    links = drawn(text(owner, f"/flows/{stated.uid}/?period=2026Q3&show=electricity"))
    assert 6000 == links["购入 电力", "电力"]


def test_materials_are_balanced_by_mass(owner, stated):
    say(FIRST, "2026-07", "stat.output", process__in_limestone__amount=30 * 10**6,
        product__crude_steel__output=20 * 10**6, product__garments__output=5)  # fmt: skip
    page = text(owner, f"/flows/{stated.uid}/?period=2026Q3")
    for said in ("原料投入", "粗钢", "占投入 33.3 %", "3 个月中 1 个月有数", "物质流"):
        assert said in page
    assert "服装" not in page


def test_products_alone_have_no_difference(owner, stated):
    say(FIRST, "2026-07", "stat.output", product__crude_steel__output=20 * 10**6)
    assert "只有一边有数" in text(owner, f"/flows/{stated.uid}/?period=2026Q3")


def test_a_meter_counts_for_whom_it_belonged_to_in_the_span(owner, stated):
    """It moved to the other enterprise today: yesterday's flow keeps it, today's does not."""
    from tanma.apps.flows import inside
    from tanma.apps.metering import door as metering

    meter = metering.Meter.objects.get(name="T-一车间")
    first, second = subject_of(FIRST), subject_of(SECOND)
    metering.state(
        [metering.Statement(meter.id, "meter.enterprise", SECOND, day(0))], author="test"
    )
    assert second == metering.Meter.objects.get(name="T-一车间").enterprise
    before = drawn(text(owner, f"/flows/{stated.uid}/?from={day(1)}&to={day(1)}"))
    assert ("电力", "T-一车间") in before

    def whose(on):
        return {p.subject for p in inside.points([first, second], on) if p.meter.id == meter.id}

    assert ({first}, {second}) == (whose(day(1)), whose(day(0)))
