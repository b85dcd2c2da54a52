"""Pages of devices, run time, limits and alarms, and who may see them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from tanma.apps.cases import door as cases
from tanma.apps.people.door import Role
from tanma.apps.watch import door as watch
from tests.apps.live.conftest import person
from tests.apps.watch.test_alarms import state

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def page(client, address, status=200):
    answer = client.get(address)
    assert status == answer.status_code, answer.content.decode()[:1500]
    return answer.content.decode()


def test_the_list_shows_load_energy_efficiency_and_state(owner, plant, compressor, loom):
    text = page(owner, f"/watch/{plant.uid}/")
    for said in ("空压机 K-1", "织机 E-1", "80 %", "70 %", "kWh/m³", "未关闭报警", "正常"):
        assert said in text
    assert 302 == owner.get("/watch/").status_code
    assert "空压机" in b"".join(owner.get(f"/watch/{plant.uid}/?export=csv")).decode()


def test_the_bureau_chooses_an_enterprise(office, plant, compressor):
    assert plant.uid in page(office, "/watch/")
    assert "还没有登记设备" in page(office, f"/watch/{plant.bare}/")
    assert "还没有登记设备" in page(office, f"/watch/{plant.bare}/runtime/")


def test_run_time_of_a_span_with_bounds_chart_and_file(owner, plant, compressor, loom):
    day = timezone.localdate() - dt.timedelta(days=1)
    text = page(owner, f"/watch/{plant.uid}/runtime/?from={day}&to={day}")
    for said in ("75 %", "100 %", "75–75 %", "利用率 = 运行", "24.0"):
        assert said in text
    page(owner, f"/watch/{plant.uid}/runtime/?from=x&to=2099-01-01")
    answer = owner.get(f"/watch/{plant.uid}/runtime/?from={day}&to={day}&export=csv")
    assert "K-1" in b"".join(answer).decode()


def test_one_device_with_parameters_chart_limits_and_alarms(owner, plant, compressor):
    number = plant.number("二车间")
    state(number, day_limit="300")
    watch.evaluate()
    text = page(owner, f"/watch/{plant.uid}/{compressor.uid}/")
    for said in ("运行状态", "压缩空气", "每日用量上限 300", "每日效率", "昨日同时段"):
        assert said in text
    assert "今天的门槛" in text
    assert cases.Case.objects.get().title in text
    page(owner, f"/watch/{plant.uid}/{compressor.uid}/?from=2026-01-01&to=2026-01-02")
    page(owner, f"/watch/{plant.uid}/0000000000000/", 404)
    page(owner, f"/watch/{plant.bare}/{compressor.uid}/", 404)


def test_an_alarm_shows_the_days_that_brought_it(owner, plant, compressor):
    state(plant.number("二车间"), hour_limit="15")
    watch.evaluate()
    text = page(owner, f"/cases/{cases.Case.objects.get().uid}/")
    for said in ("超限的日子", "每小时用量上限", "查看曲线", "有效"):
        assert said in text


def test_limits_are_listed_and_stated_with_a_date(owner, plant, compressor):
    number = plant.number("一车间")
    where = f"/watch/{plant.uid}/limits/"
    assert "未设" in page(owner, where)
    assert "每日用量上限（kWh）" in page(owner, f"{where}{number}/")
    given = {"hour_limit": "30", "day_limit": "", "profile_percent": "", "since": "2026-01-01",
             "evidence": "限值单"}  # fmt: skip
    assert 302 == owner.post(f"{where}{number}/", given).status_code
    assert '<span class="num">30</span>' in page(owner, where)
    assert 400 == owner.post(f"{where}{number}/", given | {"hour_limit": "x"}).status_code
    page(owner, f"{where}{plant.channels['state']}/", 404)
    page(owner, f"{where}999999/", 404)


def test_nobody_else_sees_or_limits_anything(plant, compressor):
    other = person("yi", Role.ENTERPRISE, subject=1)
    number = plant.number("一车间")
    for part in ("", "runtime/", "intensity/", "limits/", f"limits/{number}/",
                 f"{compressor.uid}/"):  # fmt: skip
        page(other, f"/watch/{plant.uid}/{part}", 404)


def test_a_virtual_meter_says_which_limit_it_cannot_have(owner, plant):
    text = page(owner, f"/watch/{plant.uid}/limits/")
    assert "虚拟表由组成它的表计逐段相加" in text
    form = page(owner, f"/watch/{plant.uid}/limits/{plant.number('其余')}/")
    assert 'name="hour_limit"' in form
    assert 'name="profile_percent"' not in form
    assert "请为组成表计设定" in form
    real = page(owner, f"/watch/{plant.uid}/limits/{plant.number('一车间')}/")
    assert 'name="profile_percent"' in real
    assert "虚拟表" not in real
