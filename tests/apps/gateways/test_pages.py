"""Pages of gateways, and the way from nothing to the first value seen."""

import datetime as dt
import json
import re
from html import unescape
from pathlib import Path

import pyarrow as pa
import pytest

from tanma.apps.gateways import channel_list
from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
from tanma.domain.readings import READING
from tanma.intake.live import Refusal
from tanma.lake import tables
from tanma.lake.check import check
from tanma.lake.landing import Landing, entry
from tanma.lake.readings import Readings
from tests.apps.metering.conftest import FIRST
from tests.apps.meters.conftest import BOUGHT, NEW, a_meter, new_address, page

pytestmark = [pytest.mark.db, pytest.mark.django_db(databases=["default", "work"])]


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
