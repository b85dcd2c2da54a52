"""Pages of the register: list, one meter, changes, events, checks, a new meter."""

import datetime as dt
from html import unescape

import pytest

from tanma.apps.facts import door as facts
from tanma.apps.people.door import User
from tanma.apps.registry import door as registry
from tanma.domain.messages import Problem
from tests.apps.metering.conftest import FIRST, SECOND
from tests.apps.meters.conftest import BOUGHT, NEW, a_meter, new_address, page

pytestmark = [pytest.mark.db, pytest.mark.django_db(databases=["default", "work"])]


def test_without_meters_the_list_says_what_to_do(owner):
    text = page(owner, "/meters/")
    assert "还没有登记表计" in text
    assert "/meters/connect/" in text


def test_the_list_filters_and_exports(office):
    a_meter("表M1", location="一车间", calibration_due="2020-01-01")
    a_meter("表M2", code=SECOND, location="锅炉房")
    text = page(office, "/meters/")
    assert "表M1" in text
    assert "表M2" in text
    assert "2020-01-01 已过期" in text
    assert "1 只检定已过期" in text
    assert "表M2" not in page(office, "/meters/?due=overdue")
    assert "表M1" not in page(office, "/meters/?q=锅炉")
    assert "表M1" in page(office, f"/meters/?item={BOUGHT}")
    assert "没有符合条件的表计" in page(office, "/meters/?item=water.total")
    assert "没有符合条件的表计" in page(office, "/meters/?virtual=yes")
    firm = registry.Enterprise.objects.get(natural_key=f"uscc:{FIRST}")
    assert "表M2" not in page(office, f"/meters/?of={firm.uid}")
    lines = b"".join(office.get("/meters/?export=csv").streaming_content).decode("utf-8-sig")
    assert "表M1" in lines
    assert "60" in lines


def test_others_see_nothing_of_a_meter(owner, stranger):
    row = a_meter()
    assert "表M1" in page(owner, f"/meters/{row.uid}/")
    for part in ("", "change/", "event/"):
        page(stranger, f"/meters/{row.uid}/{part}", 404)
    assert "表M1" not in page(stranger, "/meters/")


def test_one_meter_with_its_tree_channel_and_history(owner):
    board = a_meter("B1")
    row = a_meter("表M1", parent=board.uid, location="一车间", **{"class": "0.5S"})
    text = page(owner, f"/meters/{row.uid}/")
    for said in ("一车间", "0.5S", "B1", "购入电力", "表底（累计示数）", "60", "0.01", "采用"):
        assert said in text
    assert "表M1" in page(owner, f"/meters/{board.uid}/")


def form(row, **changes):
    given = {
        "site": row.site, "location": row.location, "accuracy": row.accuracy, "source": row.source,
        "calibration_due": row.calibration_due or "", "formula": "", "parent": "",
        "valid_from": "2026-01-01", "evidence": "工单 7",
    }  # fmt: skip
    for c in registry.Channel.objects.filter(meter=row.name):
        given |= {f"multiplier_{c.id}": c.multiplier, f"interval_s_{c.id}": c.interval_s or "",
                  f"digits_{c.id}": c.digits or "", f"rated_{c.id}": c.rated}  # fmt: skip
    return given | changes


def test_a_change_is_shown_confirmed_and_stated_from_its_day_on(owner):
    row = a_meter(location="一车间")
    address = f"/meters/{row.uid}/change/"
    page(owner, address)
    given = form(row, location="二车间", multiplier_1="80")
    shown = owner.post(address, given).content.decode()
    assert "请确认" in shown
    assert "二车间" in shown
    row.refresh_from_db()
    assert "一车间" == row.location
    answer = owner.post(address, given | {"confirmed": "1"})
    assert (302, f"/meters/{row.uid}/") == (answer.status_code, answer.url)
    row.refresh_from_db()
    assert ("二车间", "80") == (row.location, registry.Channel.objects.get().multiplier)
    (fact,) = [f for f in facts.facts_of(1, "channel.multiplier") if f.text == "80"]
    assert (dt.date(2026, 1, 1), "工单 7") == (fact.valid_from, fact.evidence)
    user = User.objects.get(username="jia")
    assert f"user:{user.pk}" == fact.author


def test_nothing_changed_is_said_and_nothing_stated(owner):
    row = a_meter()
    before = facts.Fact.objects.count()
    answer = owner.post(f"/meters/{row.uid}/change/", form(row))
    assert "没有任何改动" in answer.content.decode()
    assert before == facts.Fact.objects.count()


def test_a_wrong_multiplier_is_told(owner):
    row = a_meter()
    answer = owner.post(f"/meters/{row.uid}/change/", form(row, multiplier_1="6e1"))
    assert 400 == answer.status_code
    assert "aria-invalid" in answer.content.decode()


def test_virtual_meters_name_others_and_never_themselves(owner):
    one, two = a_meter("表M1", "interval"), a_meter("表M2", "interval")
    address = f"/meters/{two.uid}/change/"
    given = form(two, formula="[表M1] - 0.5 * [表M1]")
    assert 302 == owner.post(address, given | {"confirmed": "1"}).status_code
    two.refresh_from_db()
    assert "[表M1] - 0.5 * [表M1]" == two.formula
    assert "[表M1] - 0.5 * [表M1]" in page(owner, f"/meters/{two.uid}/")
    chosen = form(two, formula=two.formula, counts="yes")
    assert 302 == owner.post(address, chosen | {"confirmed": "1"}).status_code
    two.refresh_from_db()
    assert "yes" == two.counts
    (fact,) = facts.facts_of(two.id, "meter.counts")
    assert "yes" == fact.text
    answer = owner.post(f"/meters/{one.uid}/change/", form(one, formula="[表M2]"))
    assert 400 == answer.status_code
    assert "绕成了圈" in answer.content.decode()
    assert "#1 → #2 → #1" in answer.content.decode()


def test_a_formula_names_meters_that_exist(owner):
    row = a_meter("表M1", "interval")
    answer = owner.post(f"/meters/{row.uid}/change/", form(row, formula="[M7] + [表M1]"))
    assert 400 == answer.status_code
    assert "[M7]" in answer.content.decode()
    answer = owner.post(f"/meters/{row.uid}/change/", form(row, formula="[表M1 +"))
    assert "读不懂" in answer.content.decode()


def test_an_exchange_needs_both_registers_and_stands_on_the_page(owner):
    row = a_meter()
    address = f"/meters/{row.uid}/event/"
    page(owner, address)
    given = {"channel": "1", "kind": "exchange", "at": "2026-03-01T16:15", "evidence": "换表单 3"}
    assert 400 == owner.post(address, given).status_code
    fine = owner.post(address, given | {"final": "1.234", "first": "0"})
    assert "该通道只有 2 位小数" in fine.content.decode()
    answer = owner.post(address, given | {"final": "91234.56", "first": "0.10"})
    assert 302 == answer.status_code
    text = page(owner, f"/meters/{row.uid}/")
    for said in ("换表", "91234.56", "0.10", "2026-03-01T08:15:00Z", "换表单 3"):
        assert said in text


def test_events_are_for_registers(owner):
    row = a_meter("表M1", "interval")
    assert "没有表底通道" in page(owner, f"/meters/{row.uid}/event/")


def test_a_meter_by_hand(owner, firms):
    page(owner, new_address(firms))
    answer = owner.post(new_address(firms), NEW)
    assert 302 == answer.status_code, answer.content.decode()
    channel = registry.Channel.objects.get()
    assert ("A-100", "250", 2, "kWh", 900, "630", firms[FIRST]) == (
        channel.meter, channel.multiplier, channel.scale, channel.unit, channel.interval_s,
        channel.rated, channel.subject,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"resolution": "0.05"}, "请填 1、0.1、0.01 等"),
        ({"resolution": "x"}, "请填 1、0.1、0.01 等"),
        ({"unit": "GJx"}, "该项目可用的单位"),
        ({"kind": "register"}, "表底需要位数"),
        ({"meter": "a b"}, "aria-invalid"),
    ],
)
def test_what_is_wrong_with_a_new_meter_is_told(owner, firms, wrong, told):
    answer = owner.post(new_address(firms), NEW | wrong)
    assert 400 == answer.status_code
    assert told in answer.content.decode()
    assert not registry.Channel.objects.exists()


def test_nobody_registers_meters_of_others(stranger, firms):
    page(stranger, new_address(firms), 404)


def test_a_taken_name_is_told(owner, stranger, firms):
    owner.post(new_address(firms), NEW)
    answer = stranger.post(new_address(firms, SECOND), NEW)
    assert "已登记在另一企业名下" in answer.content.decode()


def checks_of(meter):
    (channel,) = registry.Channel.objects.filter(meter=meter.name)
    return channel, f"/meters/{meter.uid}/checks/{channel.id}/"


def test_checks_of_a_channel_are_stated_from_a_day_on(owner):
    meter = a_meter()
    channel, address = checks_of(meter)
    text = page(owner, address)
    assert "空着即用默认值 21600 s" in text  # the default of electricity, not that of all carriers
    said = {f"flag.range_percent_{channel.id}": "150", f"flag.substitution_{channel.id}": "omit",
            f"flag.substitution_flags_{channel.id}": ["range", "negative"],
            "valid_from": "2026-09-01", "evidence": "工单 7"}  # fmt: skip
    shown = owner.post(address, said).content.decode()
    assert "<td>spike|range</td><td><b>negative|range</b></td>" in shown.replace(
        "range|negative", "negative|range"
    )
    assert not facts.Fact.objects.filter(item__startswith="channel.flag.").exists()
    assert 302 == owner.post(address, said | {"confirmed": "1"}).status_code
    found = {f.item: f.text for f in facts.current(facts.facts_of(channel.id))}
    assert ("150", "omit") == (
        found["channel.flag.range_percent"], found["channel.flag.substitution"],
    )  # fmt: skip
    assert {"range", "negative"} == set(found["channel.flag.substitution_flags"].split("|"))
    assert "没有任何改动" in owner.post(address, said).content.decode()
    history = page(owner, f"/meters/{meter.uid}/")
    assert "质量参数 越限判据（额定值的百分比）" in history
    assert "质量参数 替代方法" in history


@pytest.mark.parametrize(
    ("field", "given", "told"),
    [
        ("range_percent", "much", "quality_number"),
        ("substitution", "slot", "还没有用量档案"),
        ("substitution", "guess", "选择一个有效的选项"),
        ("substitution_flags", ["unit"], "选择一个有效的选项"),
    ],
)
def test_checks_that_cannot_be_are_refused(owner, field, given, told):
    channel, address = checks_of(a_meter())
    said = {f"flag.substitution_{channel.id}": "none", "valid_from": "2026-09-01",
            "evidence": "x", "confirmed": "1", f"flag.{field}_{channel.id}": given}  # fmt: skip
    answer = owner.post(address, said)
    assert 400 == answer.status_code
    wanted = Problem(told, parameter=field, text=given).text("zh") if "_" in told else told
    assert wanted in unescape(answer.content.decode())
    assert not facts.Fact.objects.filter(item__startswith="channel.flag.").exists()


def test_checks_belong_to_who_may_manage_the_meter(owner, stranger):
    meter = a_meter()
    _, address = checks_of(meter)
    assert 404 == stranger.get(address).status_code
    page(owner, f"/meters/{meter.uid}/checks/999999/", 404)
