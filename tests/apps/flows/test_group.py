"""Sites add up to the enterprise, members to the group; consent alone opens a member."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanma.apps.facts import door as facts
from tanma.apps.flows import sites
from tanma.apps.flows.gathering import Metered
from tanma.apps.flows.inside import Point
from tanma.apps.metering import door as metering
from tanma.apps.people.door import Role
from tanma.apps.registry import door as registry
from tests.apps.flows.conftest import FIRST, KWH, SECOND, _attribute, say, subject_of
from tests.apps.live.conftest import person

BOUGHT = "electricity.purchased"


def metered(number, site, above, count):
    channel = registry.Channel(id=number, site=site, item=BOUGHT, unit="kWh", meter=f"M{number}")
    point = Point(channel, metering.Meter(id=number, name=f"M{number}"), 0, above)
    return Metered(point, count, count, count, 1)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9), st.integers(0, 500)),
                min_size=1, max_size=10))  # fmt: skip
def test_sites_add_up_to_the_border_whatever_the_tree(meters):
    """Each meter is a part of an earlier one, or stands at the border."""
    made = [
        metered(n, site, above if 0 < above < n else None, count)
        for n, (site, above, count) in enumerate(meters, start=1)
    ]
    border = sum(m.count for m in made if m.point.above is None)
    found = sites.sites(made, {})
    assert border == sum(s.counts.get(BOUGHT, 0) for s in found)
    assert border == sites.total(found).counts[BOUGHT] == sites.total(found).gce[BOUGHT]


def test_a_part_at_another_site_is_taken_from_the_site_of_its_board():
    made = [metered(1, "一厂", None, 100), metered(2, "二厂", 1, 30), metered(3, "一厂", 1, 20)]
    assert {"一厂": 70, "二厂": 30} == {s.code: s.counts[BOUGHT] for s in sites.sites(made, {})}


def test_a_site_without_readings_is_missing_and_not_zero():
    found = sites.sites([metered(1, "一厂", None, None)], {"三厂": "三期"})
    assert [True, True] == [s.missing for s in found]
    assert {} == sites.total(found).counts
    assert ("三期", 1) == (found[1].name, found[0].silent)


def text(client, address, status=200):
    answer = client.get(address)
    assert status == answer.status_code
    return (b"".join(answer) if answer.streaming else answer.content).decode()


@pytest.fixture
def pair(stated):
    """The second enterprise belongs to the group of the first."""
    say(SECOND, "2026-09", electricity__purchased=4000 * KWH)
    facts.append(facts.table([_attribute(subject_of(SECOND), "group.head", FIRST)]), author="test")
    registry.project()
    return stated


def member():
    return person("yi", Role.ENTERPRISE, subject=subject_of(SECOND))


pytestmark = [pytest.mark.db, pytest.mark.once, pytest.mark.django_db]


def test_the_head_sees_a_member_only_while_it_consents(owner, pair):
    address, other = f"/flows/{pair.uid}/group/?period=2026Q3", member()
    before = text(owner, address)
    assert "另有 1 家成员没有同意集团查看" in before
    assert 404 == owner.get(f"/flows/{pair.bare}/").status_code
    post = f"/flows/{pair.bare}/group/consent/"
    assert 302 == other.post(post, {"given": "yes"}).status_code
    page = text(owner, address)
    assert "另有" not in page
    # 3000 + 4000 kWh of power, PV and steam beside it
    assert "0.492" in page
    text(owner, f"/flows/{pair.bare}/")
    other.post(post, {"given": "no"})
    assert "另有 1 家成员没有同意集团查看" in text(owner, address)
    other.post(post, {"given": "yes"})
    assert "另有" not in text(owner, address)


def test_the_sum_of_the_group_is_the_sum_of_its_members(owner, pair):
    member().post(f"/flows/{pair.bare}/group/consent/", {"given": "yes"})
    lines = text(owner, f"/flows/{pair.uid}/group/?period=2026Q3&m-export=csv").splitlines()
    values = [float(line.split(",")[1]) for line in lines[1:]]
    assert values[2] == pytest.approx(values[0] + values[1], abs=1e-12)
    assert values[1] == 0.4916 or values[0] == 0.4916


def test_nobody_consents_for_another_enterprise(owner, office, pair):
    for client in (owner, office):
        answer = client.post(f"/flows/{pair.bare}/group/consent/", {"given": "yes"})
        assert answer.status_code in (403, 404)
    assert "" == registry.Enterprise.objects.get(pk=subject_of(SECOND)).group_consent


def test_a_consent_to_another_group_opens_nothing(owner, pair):
    member().post(f"/flows/{pair.bare}/group/consent/", {"given": "yes"})
    later = _attribute(subject_of(SECOND), "group.head", "91990101MA0DEM999X")
    facts.append(facts.table([later | {"revision": 1}]), author="test")
    registry.project()
    assert 404 == owner.get(f"/flows/{pair.bare}/").status_code


def test_a_member_sees_its_group_and_its_own_figures_alone(pair):
    page = text(member(), f"/flows/{pair.bare}/group/?period=2026Q3")
    assert "所属集团" in page
    assert "同意集团查看" in page
    assert 404 == member_again().get(f"/flows/{pair.uid}/").status_code


def member_again():
    from django.test import Client

    from tanma.apps.people.door import User

    client = Client()
    client.force_login(User.objects.get(username="yi"))
    return client


def test_the_sheet_of_enterprises_states_the_group(pair, tmp_path):
    from tanma.apps.imports.door import import_file
    from tanma.apps.people import door as people

    path = tmp_path / "e.csv"
    path.write_text(
        "统一社会信用代码,单位名称,行业代码,行政区划代码,规模,状态,所属集团信用代码,生效日期\n"
        f"{SECOND},乙,1751,330502,规上,在营,{FIRST},2026-01-01\n",
        encoding="utf-8",
    )
    assert 1 == import_file(path, people.SYSTEM, package="enterprises").good
    assert FIRST == registry.Enterprise.objects.get(pk=subject_of(SECOND)).group_uscc


def test_sites_are_shown_with_their_zone_and_missing_ones_named(owner, pair):
    day = (dt.datetime.now(dt.UTC) - dt.timedelta(days=1)).date()
    site = registry.register("site", ["S-9"], author="test")["S-9"]
    rows = [_attribute(site, "name", "三期"), _attribute(site, "site.enterprise", FIRST)]
    facts.append(facts.table(rows), author="test")
    page = text(owner, f"/flows/{pair.uid}/group/?from={day}")
    for said in ("S-9 三期", "缺数", "Asia/Shanghai", "1 个厂区缺数"):
        assert said in page


def test_visitors_are_sent_to_the_login(client, pair):
    text(client, f"/flows/{pair.uid}/group/", 302)
    assert 302 == client.post(f"/flows/{pair.uid}/group/consent/").status_code


def test_a_meter_that_moved_counts_where_it_stood_on_the_last_day():
    made = [metered(1, "二厂", None, 100)]
    (found,) = sites.sites(made, {}, {1: {"meter.site": "一厂"}})
    assert ("一厂", 100) == (found.code, found.counts[BOUGHT])
    assert [sites.MAIN] == [s.code for s in sites.sites(made, {}, {})]


@pytest.mark.db
@pytest.mark.django_db
def test_members_of_a_group_are_those_of_the_day(pair):
    head = registry.Enterprise.objects.get(pk=subject_of(FIRST))
    member = subject_of(SECOND)
    left = _attribute(member, "group.head", "") | {"valid_from": dt.date(2026, 10, 1)}
    facts.append(facts.table([left]), author="test")
    registry.project()
    assert [] == list(registry.members(head))
    assert [member] == [m.id for m in registry.members_on(head, dt.date(2026, 9, 30))]
    assert [] == list(registry.members_on(head, dt.date(2026, 10, 1)))


@pytest.mark.db
@pytest.mark.django_db
def test_sites_of_the_register_are_those_of_the_day(pair):
    head = registry.Enterprise.objects.get(pk=subject_of(FIRST))
    (site,) = registry.register("site", ["S-九厂"], author="test").values()
    since = {"valid_from": dt.date(2026, 10, 1)}
    rows = [_attribute(site, "site.enterprise", FIRST) | since, _attribute(site, "name", "九厂")]
    facts.append(facts.table(rows), author="test")
    assert "S-九厂" not in sites.registered(head, dt.date(2026, 9, 30))
    assert "九厂" == sites.registered(head, dt.date(2026, 10, 1))["S-九厂"]
