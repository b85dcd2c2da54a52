"""Pages of the register and the way from nothing to the first value seen."""

import datetime as dt
import json
import re
from html import unescape
from pathlib import Path

import pyarrow as pa
import pytest
from django.test import Client

from tanma.apps.facts import door as facts
from tanma.apps.metering import channel_list
from tanma.apps.metering import door as metering
from tanma.apps.people.door import Membership, Organisation, Role, User
from tanma.apps.registry import door as registry
from tanma.domain.messages import Problem
from tanma.domain.readings import READING
from tanma.intake.live import Refusal
from tanma.lake import tables
from tanma.lake.check import check
from tanma.lake.landing import Landing, entry
from tanma.lake.readings import Readings
from tests.apps.metering.conftest import FIRST, SECOND

pytestmark = [pytest.mark.db, pytest.mark.django_db(databases=["default", "work"])]
BOUGHT = "electricity.purchased"


def person(name, role, **scope):
    organisation, _ = Organisation.objects.get_or_create(name_zh="样例单位")
    user = User.objects.create_user(username=name)
    since = dt.date(2020, 1, 1)
    Membership.objects.create(
        user=user, organisation=organisation, role=role, valid_from=since, **scope
    )
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def office(firms):
    return person("bureau", Role.BUREAU)


@pytest.fixture
def owner(firms):
    return person("jia", Role.ENTERPRISE, subject=firms[FIRST])


@pytest.fixture
def stranger(firms):
    return person("yi", Role.ENTERPRISE, subject=firms[SECOND])


def a_meter(name="表M1", kind="register", code=FIRST, **more):
    subject = metering.register_meter(name, code, author="test", **more)
    dated = {"multiplier": "60", "interval_s": "900", "digits": "8"}
    metering.declare([metering.Declared(name, BOUGHT, kind, "kWh", 2, more=dated)], author="test")
    return metering.Meter.objects.get(pk=subject)


def page(client, address, status=200):
    answer = client.get(address)
    assert status == answer.status_code, answer.content.decode()[:500]
    return answer.content.decode()


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


NEW = {
    "meter": "A-100", "item": BOUGHT, "kind": "interval", "unit": "", "resolution": "0.01",
    "interval_s": "900", "ct": "100", "pt": "2.5", "digits": "", "rated": "630", "parent": "",
    "site": "", "location": "变电所", "accuracy": "0.5S", "calibration_due": "2030-01-01",
    "since": "2026-01-01", "evidence": "工单 1",
}  # fmt: skip


def new_address(firms, code=FIRST):
    return f"/meters/new/{registry.Enterprise.objects.get(pk=firms[code]).uid}/"


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


def test_from_nothing_to_the_first_value(owner, firms, home):
    page(owner, "/meters/gateways/")
    page(owner, "/meters/connect/")
    shown = owner.post("/meters/connect/", {"name": "一号网关"}).content.decode()
    token = re.search(r"tanma_gw_[\w-]+", shown)[0]
    gateway = metering.Gateway.objects.get()
    assert token not in page(owner, f"/meters/gateways/{gateway.uid}/")
    assert "还没有可写的通道" in page(owner, f"/meters/connect/{gateway.uid}/meters/")
    answer = owner.post(f"{new_address(firms)}?gateway={gateway.uid}", NEW)
    assert f"/meters/connect/{gateway.uid}/meters/" == answer.url
    assert gateway.source == metering.Meter.objects.get().source
    assert f"A-100/{BOUGHT}" in page(owner, answer.url)
    test = f"/meters/connect/{gateway.uid}/test/"
    assert "等待第一个读数" in page(owner, test)
    poll = page(owner, test + "poll/")
    assert "hx-get" in poll
    arrive(home, 1, 1234)
    assert 'id="connect-steps" hx-swap-oob="true"' in poll
    text = page(owner, test + "poll/")
    assert "12.34" in text
    assert "接入完成" in text
    assert "hx-get" not in text


def test_the_test_of_a_platform_shows_a_page_of_its_channels_with_separators(owner, firms, home):
    gateway, _ = metering.create_gateway("网关", firms[FIRST], author="t")
    a_meter()
    registry.Channel.objects.bulk_create(
        registry.Channel(
            id=100 + n, subject=firms[FIRST], meter="表M1", item=f"x.{n:03d}", unit="kWh"
        )
        for n in range(120)
    )  # fmt: skip
    arrive(home, 1, 123_456_789)
    test = f"/meters/connect/{gateway.uid}/test/"
    text = page(owner, test)
    assert "1,234,567.89" in text
    assert "还有 120 个通道没有到数，本页每 2 秒检查一次" in text
    assert 50 == text.count("等待第一个读数") + 1
    assert f"{test}poll/?page=2" in (second := page(owner, test + "?page=2"))
    assert "1,234,567.89" not in second
    file = owner.get(test + "?export=csv")
    assert 122 == len(b"".join(file.streaming_content).decode().strip().splitlines())


def test_what_arrived_is_shown_around_a_damaged_file(owner, firms, home):
    gateway, _ = metering.create_gateway("网关", firms[FIRST], author="t")
    a_meter()
    arrive(home, 1, 1234)
    [file] = tables.landing(home / "lake").files()
    Path(file.uri).write_bytes(b"no")
    check(home / "lake")
    assert "等待第一个读数" in page(owner, f"/meters/connect/{gateway.uid}/test/")


def test_many_channels_are_looked_at_less_often(owner, firms, home, monkeypatch):
    monkeypatch.setattr(channel_list, "SLICE", 1)
    gateway, _ = metering.create_gateway("网关", firms[FIRST], author="t")
    a_meter()
    a_meter("表M2")
    assert "每 15 秒检查一次" in page(owner, f"/meters/connect/{gateway.uid}/test/")


def arrive(home, channel, count):
    start = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
    end = start + dt.timedelta(minutes=15)
    row = {"channel": channel, "start_utc": start, "end_utc": end, "value": count, "revision": None}
    lake = Readings(home / "lake")
    lake.append(pa.Table.from_pylist([row], schema=READING), writer="test")
    lake.seal()


def heard(home, gateway, key, note=b"", at_us=None):
    """A batch as the intake service takes it in."""
    clock = {"clock": lambda: at_us} if at_us else {}
    landing = Landing(home / "lake", **clock)
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    row = {"channel": 1, "start_utc": start, "end_utc": start, "value": 1, "revision": None}
    rows = pa.Table.from_pylist([row], schema=READING)
    one = entry(rows, source=gateway.uid, message_id=key, note=note)
    landing.take([one], writer="http-1")


def test_refusals_are_shown_while_waiting(owner, firms, home):
    gateway, _ = metering.create_gateway("网关", firms[FIRST], author="t")
    a_meter()
    told = json.dumps([[2, "reading_channel_unknown", {"channel": 9}]]).encode()
    heard(home, gateway, "k-1", told)
    text = page(owner, f"/meters/connect/{gateway.uid}/test/poll/")
    assert Refusal(2, "reading_channel_unknown", {"channel": 9}).text("zh") in unescape(text)
    assert "累计接收 1 条，1 批" in text


def test_a_device_map_is_shown_and_registered_at_once(owner, firms):
    from tanma.intake.devices import built_in

    gateway, _ = metering.create_gateway("网关", firms[FIRST], author="t")
    address = f"/meters/connect/{gateway.uid}/meters/"
    name, device = next(iter(built_in().items()))
    text = page(owner, f"{address}?map={name}")
    assert device.points[0].name_zh in text
    given = {"map": name, "meter": "SDM-1", "evidence": "工单 9"}
    assert 302 == owner.post(f"{address}?map={name}", given).status_code
    numbers = set(metering.channels_of(gateway).values_list("id", flat=True))
    assert len(device.points) == len(numbers)
    kept = {(c.item, c.unit, c.kind) for c in registry.Channel.objects.all()}
    assert {(p.item, p.unit, p.kind) for p in device.points} == kept
    assert 400 == owner.post(address, given | {"meter": "a b"}).status_code


def test_the_office_finds_the_enterprise_first(office, firms):
    assert "哪家企业" in page(office, "/meters/connect/")
    assert FIRST in page(office, f"/meters/connect/?q={FIRST[:10]}")
    assert "没有找到" in page(office, "/meters/connect/?q=nothing")


def test_tokens_are_renewed_and_ended_by_the_owner_only(owner, stranger, firms):
    gateway, _ = metering.create_gateway("网关", firms[FIRST], author="t")
    own = f"/meters/gateways/{gateway.uid}/"
    assert 404 == stranger.post(own + "renew/").status_code
    assert "tanma_gw_" in owner.post(own + "renew/").content.decode()
    assert 302 == owner.post(own + "revoke/").status_code
    assert "已停用" in page(owner, own)
    assert {} == metering.intake_scopes()


def test_gateways_that_went_quiet_are_marked(owner, firms, home):
    gateway, _ = metering.create_gateway("网关", firms[FIRST], author="t")
    assert "尚未收到数据" in page(owner, "/meters/gateways/")
    heard(home, gateway, "k-7", at_us=1_700_000_000_000_000)
    text = page(owner, "/meters/gateways/")
    assert "tone-bad" in text
    assert "2023-11-15" in text
    assert "末次序号" in page(owner, f"/meters/gateways/{gateway.uid}/")


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


def test_a_gateway_is_asked_to_sign_and_its_key_told_once(owner, stranger, firms):
    gateway, _ = metering.create_gateway("网关", firms[FIRST], author="t")
    own = f"/meters/gateways/{gateway.uid}/"
    assert 404 == stranger.post(own + "sign/", {"how": "secret"}).status_code
    assert "不要求" in page(owner, own)
    answer = owner.post(own + "sign/", {"how": "secret"})
    key = gateway.keys.get()
    assert "no-store" in answer["Cache-Control"]
    told = re.search(rf"{key.uid}\.[\w-]{{43}}", answer.content.decode())
    assert told is not None
    text = page(owner, own)
    assert told[0] not in text
    assert f'hmac-sha256 · <span class="mono">{key.uid}</span>' in text
    assert 200 == owner.post(own + "sign/", {"how": "end"}).status_code
    assert "不要求" in page(owner, own)


def test_a_public_key_is_taken_and_anything_else_told(owner, firms):
    gateway, _ = metering.create_gateway("网关", firms[FIRST], author="t")
    own = f"/meters/gateways/{gateway.uid}/sign/"
    for text, said in (("", "请粘贴公钥"), ("nonsense", "不是 Ed25519 公钥")):
        answer = owner.post(own, {"how": "public", "public_key": text})
        assert 400 == answer.status_code
        assert said in answer.content.decode()
    assert 400 == owner.post(own, {"how": "x"}).status_code
    assert not gateway.keys.exists()
    pem = (
        "-----BEGIN PUBLIC KEY-----\n"
        "MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n"
        "-----END PUBLIC KEY-----"
    )
    assert 200 == owner.post(own, {"how": "public", "public_key": pem}).status_code
    assert "ed25519" == gateway.keys.get().algorithm


def test_the_way_in_offers_to_sign_from_the_start(office, firms):
    firm = registry.Enterprise.objects.get(pk=firms[FIRST])
    start = f"/meters/connect/?of={firm.uid}"
    text = office.post(start, {"name": "签名网关", "sign": "on"}).content.decode()
    key = metering.Gateway.objects.get(name="签名网关").keys.get()
    assert f"{key.uid}." in text
    assert "签名密钥只显示这一次" in text
    office.post(start, {"name": "普通网关"})
    assert not metering.Gateway.objects.get(name="普通网关").keys.exists()


def listed(client, address):
    """The rows of the first table of a page."""
    return page(client, address).split("<tbody>")[1].split("</tbody>")[0]


def test_the_channels_of_a_gateway_are_paged_filtered_and_exported(owner, firms, home):
    gateway, _ = metering.create_gateway("网关", firms[FIRST], author="t")
    for n in range(60):
        a_meter(f"表{n:02d}")
    own = f"/meters/gateways/{gateway.uid}/"
    text = page(owner, own)
    assert 50 == listed(owner, own).count(BOUGHT)
    assert 'href="?page=2"' in text
    rest = listed(owner, own + "?page=2")
    assert (True, False) == (f"表59/{BOUGHT}" in rest, f"表00/{BOUGHT}" in rest)
    file = b"".join(owner.get(own + "?export=csv").streaming_content).decode()
    assert 60 == file.count(BOUGHT)
    first = registry.Channel.objects.get(meter="表07")
    assert f"表07/{BOUGHT}" in listed(owner, f"{own}?q={first.id}")
    for asked in ("device=表07", "q=表07"):
        rows = listed(owner, f"{own}?{asked}")
        assert f"表07/{BOUGHT}" in rows
        assert f"表08/{BOUGHT}" not in rows
    assert f"表07/{BOUGHT}" in page(owner, own + "?q=购入电力")
    arrive(home, first.id, 1234)
    fresh = listed(owner, own + "?state=fresh")
    assert f"表07/{BOUGHT}" in fresh
    assert f"表08/{BOUGHT}" not in fresh
    quiet = b"".join(owner.get(own + "?state=none&export=csv").streaming_content).decode()
    assert (59, 59) == (quiet.count(BOUGHT), quiet.count("无数据"))
    assert "没有符合条件的通道" in page(owner, own + "?q=nothing")
