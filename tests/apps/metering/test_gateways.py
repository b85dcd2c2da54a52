"""Gateways: tokens shown once, which channels they may write, when they were heard."""

import pytest

from tanma.apps.metering import door as metering
from tanma.apps.people import door as people
from tanma.apps.people.door import Grant, Role, Viewer
from tests.apps.metering.conftest import FIRST, SECOND

pytestmark = [pytest.mark.db, pytest.mark.django_db]
BOUGHT = "electricity.purchased"


def channel(name, code=FIRST, **more):
    metering.register_meter(name, code, author="test", **more)
    return metering.declare([metering.Declared(name, BOUGHT, unit="kWh")], author="t")[name, BOUGHT]


def numbers(gateway):
    return sorted(metering.channels_of(gateway).values_list("id", flat=True))


def test_a_token_is_shown_once_and_kept_as_a_hash(firms):
    gateway, token = metering.create_gateway("网关一", firms[FIRST], author="test")
    assert token.startswith("tanma_gw_")
    assert people.token_hash(token) == gateway.token_hash
    assert token not in str(metering.Gateway.objects.values().get())
    assert token.endswith(gateway.token_end)


def test_a_gateway_writes_the_meters_of_its_enterprise(firms):
    one, _two = channel("M1"), channel("M2", SECOND)
    gateway, _ = metering.create_gateway("网关", firms[FIRST], author="test")
    assert [one] == numbers(gateway)


def test_a_meter_that_names_its_gateway_is_written_by_it_alone(firms):
    first, _ = metering.create_gateway("甲", firms[FIRST], author="test")
    second, _ = metering.create_gateway("乙", firms[FIRST], author="test")
    one, two = channel("M1", source=first.source), channel("M2")
    assert [one, two] == numbers(first)
    assert [two] == numbers(second)


def test_a_platform_writes_what_names_it_and_nothing_else(firms):
    platform, _ = metering.create_gateway("采集平台", None, author="test")
    one, _other = channel("M1", SECOND, source=platform.source), channel("M2")
    assert [one] == numbers(platform)


def test_a_new_token_ends_the_one_before(firms):
    gateway, token = metering.create_gateway("网关", firms[FIRST], author="test")
    metering.revoke(gateway)
    assert gateway.revoked_at is not None
    again = metering.renew_token(gateway)
    kept = metering.Gateway.objects.get()
    assert people.token_hash(again) == kept.token_hash != people.token_hash(token)
    assert kept.revoked_at is None


def test_scopes_for_the_service(firms):
    channel("M1")
    metering.declare(
        [metering.Declared("M1", "power.active", "gauge", "kW", 1, more={"interval_s": "60"})],
        author="test",
    )
    gateway, token = metering.create_gateway("网关", firms[FIRST], author="test")
    ended, _ = metering.create_gateway("旧网关", firms[FIRST], author="test")
    metering.revoke(ended)
    ((held, scope),) = metering.intake_scopes().items()
    assert people.token_hash(token) == held
    assert gateway.uid == scope.source
    assert [1, 2] == scope.number.tolist()
    assert (f"M1/{BOUGHT}", "M1/power.active") == scope.point
    assert ("kWh", "kW") == scope.unit
    assert [3, 1] == scope.scale.tolist()
    assert [0, 60] == scope.interval_s.tolist()


def test_scopes_are_what_each_gateway_may_write_in_a_bounded_number_of_queries(
    firms, django_assert_num_queries
):
    for name in ("M1", "M2", "M3"):
        channel(name)
    gateways = [
        metering.create_gateway(f"网关 {n}", firms[firm], author="test")[0]
        for n, firm in enumerate((FIRST, FIRST, SECOND))
    ]
    meter = metering.Meter.objects.get(name="M2")
    metering.state(
        [metering.Statement(meter.id, "meter.source", gateways[2].source)], author="test"
    )
    with django_assert_num_queries(4):
        scopes = {s.source: s.number.tolist() for s in metering.intake_scopes().values()}
    for gateway in gateways:
        told = metering.channels_of(gateway).order_by("id").values_list("id", flat=True)
        assert list(told) == scopes[gateway.uid]
    assert [[1, 3], [1, 3], [2]] == [scopes[g.uid] for g in gateways]


def test_a_gateway_without_meters_may_write_nothing(firms):
    metering.create_gateway("网关", firms[FIRST], author="test")
    (scope,) = metering.intake_scopes().values()
    assert [] == scope.number.tolist()


def test_channels_as_columns(firms):
    channel("M1")
    (row,) = metering.channels().to_pylist()
    assert {
        "channel": 1, "enterprise": firms[FIRST], "meter": "M1", "item": BOUGHT,
        "kind": "interval", "unit": "kWh", "scale": 3, "interval_s": None,
        "zone": "Asia/Shanghai", "multiplier": "1", "digits": None, "rated": "",
    } == row  # fmt: skip


def test_nobody_sees_the_gateways_or_meters_of_others(firms):
    channel("M1")
    metering.create_gateway("网关", firms[FIRST], author="test")
    mine = Viewer(1, "a", (Grant(Role.ENTERPRISE, subject=firms[FIRST]),))
    other = Viewer(2, "b", (Grant(Role.ENTERPRISE, subject=firms[SECOND]),))
    for model in (metering.Gateway, metering.Meter):
        assert 1 == people.visible(mine, model.objects.all()).count()
        assert 0 == people.visible(other, model.objects.all()).count()


def test_a_file_names_a_gateway_by_its_id_or_by_a_name_of_one_only(firms):
    own, _ = metering.create_gateway("网关", firms[FIRST], author="test")
    other, _ = metering.create_gateway("网关", firms[SECOND], author="test")
    metering.create_gateway("两个", firms[FIRST], author="test")
    metering.create_gateway("两个", firms[FIRST], author="test")
    platform, _ = metering.create_gateway("平台", None, author="test")
    gone, _ = metering.create_gateway("停用", firms[FIRST], author="test")
    metering.revoke(gone)
    said = (own.uid, own.source, "网关", "平台", "两个", "停用", other.uid, "没有")
    sources = dict.fromkeys((own.uid, own.source, "网关"), own.source)
    expected = {(t, FIRST): s for t, s in (sources | {"平台": platform.source}).items()}
    assert expected == metering.sources_named([(t, FIRST) for t in said])
    assert {} == metering.sources_named([("网关", "91990103MA0DEM003P")])
