"""Live pages: tree, curve, table, export, quality, region, lake."""

import csv
import datetime as dt
import json
from pathlib import Path

import pytest

from tanma.apps.live import views
from tanma.apps.metering import door as metering
from tanma.apps.people.door import Role, User, create_token
from tanma.lake import tables
from tanma.lake.check import check
from tests.apps.live.conftest import person

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def page(client, address, status=200):
    answer = client.get(address)
    assert status == answer.status_code, answer.content.decode()[:800]
    return answer.content.decode()


def points(client, plant, *numbers, **more):
    query = "&".join(f"{k}={v}" for k, v in more.items())
    channel = ",".join(map(str, numbers))
    answer = client.get(f"/live/{plant.uid}/points.json?channel={channel}&{query}")
    assert 200 == answer.status_code
    return answer.json()["series"]


def lines(client, plant, number):
    answer = client.get(f"/live/{plant.uid}/readings.csv?channel={number}&span=7d")
    return b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()


def test_a_meter_s_name_in_the_file_is_never_run_as_a_formula():
    assert "'=1+1,-2.0\r\n" == views._row(["=1+1", -2.0])


def known(series):
    return [v for _, v in series["points"] if v is not None]


def test_the_tree_shows_every_meter_with_its_newest_reading(owner, plant):
    text = page(owner, f"/live/{plant.uid}/")
    for said in ("T-总表", "T-一车间", "T-二车间", "T-其余", "虚拟表", "变电所", "正常"):
        assert said in text
    for what in ("表底数", "瞬时值"):  # what the newest reading is
        assert what in text
    assert "hx-get" in page(owner, f"/live/{plant.uid}/tree/")


def test_a_register_is_drawn_as_its_rate_with_its_ratio(owner, plant):
    """20 counts of 0.01 kWh a quarter-hour through 60 : 1 are 12 kWh, or 48 kW."""
    (series,) = points(owner, plant, plant.number("总表"))
    assert "kW" == series["unit"]
    assert {48.0} == {round(v, 9) for v in known(series)}


def test_a_level_is_drawn_as_it_is(owner, plant):
    (series,) = points(owner, plant, plant.number("总表", "state.power.active"))
    assert (48.0, 48.6) == (min(known(series)), max(known(series)))


def test_a_virtual_meter_is_the_exact_rest_and_silent_where_a_part_is(owner, plant):
    """12 − 7 − 4 = 1 kWh a quarter-hour: 4 kW; nothing while a part says nothing."""
    (series,) = points(owner, plant, plant.number("其余"), span="7d")
    assert {4.0} == {round(v, 9) for v in known(series)}
    assert any(v is None for _, v in series["points"])


def test_a_gap_stays_a_gap(owner, plant):
    (series,) = points(owner, plant, plant.number("二车间"), span="7d")
    holes = [at for at, v in series["points"] if v is None]
    assert 1 == len(holes)
    assert {16.0} == {round(v, 9) for v in known(series)}


def test_several_curves_and_the_day_before(owner, plant):
    numbers = plant.number("一车间"), plant.number("二车间")
    series = points(owner, plant, *numbers, compare="day", span="6h")
    assert ["used", "used", "before", "before"] == [s["drawn"] for s in series]
    assert "T-一车间 · 购入电力 · 前一天" == series[2]["name"]
    now, before = (s["points"][0][0] for s in (series[0], series[2]))
    assert abs(now - before) <= 15 * 60 * 1000


def test_a_zoomed_span_is_asked_for_in_milliseconds(owner, plant):
    low = int((plant.until - dt.timedelta(hours=5)).timestamp() * 1000)
    high = int((plant.until - dt.timedelta(hours=4)).timestamp() * 1000)
    (series,) = points(owner, plant, plant.number("一车间"), **{"from": low, "to": high})
    assert 4 <= len(known(series)) <= 10
    inside = [low - 900_000 <= at <= high + 900_000 for at, _ in series["points"]]
    assert all(inside)


@pytest.mark.parametrize("more", ["channel=999", "span=x", "from=y&to=z", "compare=q", "width=a"])
def test_what_is_wrong_in_an_address_does_no_harm(owner, plant, more):
    page(owner, f"/live/{plant.uid}/?{more}")
    page(owner, f"/live/{plant.uid}/points.json?{more}")


def test_the_table_behind_adds_up_and_carbon_is_an_estimate(owner, plant):
    text = page(owner, f"/live/{plant.uid}/?channel={plant.number('一车间')}&span=6h")
    assert "监测估算值" in text
    assert "tCO₂/MWh" in text
    assert "不进入任何发布结果" in text
    assert ">28<" in text  # four quarter-hours of 7 kWh


def test_the_file_holds_every_interval(owner, plant):
    number = plant.number("一车间")
    head, *rows = lines(owner, plant, number)
    assert "表计,计量项目,开始时间,结束时间,用量,实测用量,数值,单位,质量标志" == head
    assert 3 * 96 == len(rows)
    assert "T-一车间,electricity.purchased" in rows[0]
    assert ",7.0,7.0,28.0,kWh," in rows[0]


def test_long_spans_are_read_from_days(owner, plant):
    assert [] == known(points(owner, plant, plant.number("一车间"), span="1y")[0])


def test_an_enterprise_without_meters_is_told_what_to_do(office, plant):
    assert "还没有表计" in page(office, f"/live/{plant.bare}/")
    assert "还没有表计" in page(office, f"/live/{plant.bare}/quality/")
    assert [] == office.get(f"/live/{plant.bare}/points.json").json()["series"]


def test_nobody_else_sees_the_curves(plant):
    other = person("yi", Role.ENTERPRISE, subject=1)
    for part in ("", "tree/", "points.json", "readings.csv", "quality/"):
        page(other, f"/live/{plant.uid}/{part}", 404)


def test_the_list_leads_to_enterprises_and_an_enterprise_to_itself(office, owner, plant):
    assert f"/live/{plant.uid}/" in page(office, "/live/")
    assert plant.bare not in page(office, "/live/")
    answer = owner.get("/live/")
    assert (302, f"/live/{plant.uid}/") == (answer.status_code, answer.url)


def test_quality_tells_of_the_gap_and_of_the_difference(owner, plant):
    month = (plant.until - dt.timedelta(hours=29 - 8)).strftime("%Y-%m")
    text = page(owner, f"/live/{plant.uid}/quality/?month={month}")
    for said in ("完整率日历", "缺数", "T-二车间", "上级表与下级表之和", "没有重述"):
        assert said in text
    assert "100" in text
    # the board counts 12 a quarter, its parts 11: more than five percent off each whole day
    assert "分项不平的天数" in text


def test_what_was_replaced_stands_beside_every_total(owner, plant):
    number = plant.number("一车间")
    said = [metering.Statement(number, f"channel.flag.{k}", v, dt.date(2020, 1, 1)) for k, v in
            (("substitution", "slot"), ("substitution_flags", "range"))]  # fmt: skip
    said.append(metering.Statement(number, "channel.rated", "20", dt.date(2020, 1, 1)))
    medians = json.dumps({"limit": [9999] * 48, "median": [1400] * 48})
    said.append(metering.Statement(number, "channel.profile", medians, dt.date(2020, 1, 1)))
    metering.state(said, author="test", evidence="工单 3")
    # 28 kW against a rated 20: each quarter of 7 kWh counts the 3.5 of its hour instead
    text = page(owner, f"/live/{plant.uid}/?channel={number}&span=1d")
    assert "按声明方法替代 100.0%" in text
    assert "含替代" in text
    used, meter = points(owner, plant, number, span="6h")
    assert (["used", "measured"], "T-一车间 · 购入电力 · 实测") == (
        [used["drawn"], meter["drawn"]], meter["name"],
    )  # fmt: skip
    assert ({14.0}, {28.0}) == tuple({round(v, 6) for v in known(s)} for s in (used, meter))
    drawn = list(csv.DictReader(lines(owner, plant, number)))
    assert {("3.5", "7.0")} == {(r["用量"], r["实测用量"]) for r in drawn[2:]}
    assert all("已替代" in r["质量标志"] for r in drawn[2:])
    month = (plant.until - dt.timedelta(hours=29 - 8)).strftime("%Y-%m")
    assert "100.0" in page(owner, f"/live/{plant.uid}/quality/?month={month}")
    # the rest of the board stands on it: 48 kW less 14 less 16, by its meters less 28
    used, meter = points(owner, plant, plant.number("其余"), span="6h")
    assert ({18.0}, {4.0}) == tuple({round(v, 6) for v in known(s)} for s in (used, meter))
    metering.state(
        [metering.Statement(number, "channel.flag.substitution", "omit", dt.date(2020, 1, 1))],
        author="test", evidence="工单 3",
    )  # fmt: skip
    used, meter = points(owner, plant, number, span="6h")
    assert (set(), {28.0}) == (set(known(used)), {round(v, 6) for v in known(meter)})
    assert "按声明方法剔除" in page(owner, f"/live/{plant.uid}/?channel={number}&span=1d")


def test_the_lake_is_for_administrators(admin, office):
    text = page(admin, "/live/lake/")
    assert "landing" in text
    assert "test" in text
    page(office, "/live/lake/", 403)


def test_a_damaged_file_stands_on_the_page_of_the_lake(admin, plant):
    [file, *_] = tables.landing(plant.lake).files()
    Path(file.uri).write_bytes(b"no")
    check(plant.lake)
    text = page(admin, "/live/lake/")
    assert "有文件损坏；其他数据照常计算" in text
    assert file.uri in text
    assert 'damaged_files{table="landing"} 1' in page(admin, "/metrics")


def test_metrics_for_a_session_or_a_key(admin, office, client):
    assert "tanma_lake_backlog_rows 0" in page(admin, "/metrics")
    assert 401 == client.get("/metrics").status_code
    page(office, "/metrics", 401)
    _, key = create_token(User.objects.get(username="admin"), "prometheus", 9)
    assert 200 == client.get("/metrics", headers={"Authorization": f"Bearer {key}"}).status_code
    assert 401 == client.get("/metrics", headers={"Authorization": "Bearer x"}).status_code
