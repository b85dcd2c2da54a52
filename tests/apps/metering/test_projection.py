"""Listed columns follow the facts."""

from datetime import date

import pytest

from tanma.apps.facts import door as facts
from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_text
from tests.apps.metering.conftest import FIRST, SECOND

pytestmark = [pytest.mark.db, pytest.mark.django_db]
BOUGHT = "electricity.purchased"
OPEN = date(9999, 12, 31)


def say(subject, item, text, since=date(2020, 1, 1)):
    metering.state([metering.Statement(subject, item, text, since)], author="test")


def test_a_meter_is_listed_as_its_facts_say(firms):
    board = metering.register_meter("B", FIRST, author="test")
    subject = metering.register_meter(
        "M1", FIRST, author="test", site="S1", location="一车间", source="gateway:X",
        calibration_due="2026-12-31", parent=id_text(board), **{"class": "0.5S"},
    )  # fmt: skip
    row = metering.Meter.objects.get(pk=subject)
    assert ("M1", firms[FIRST], "S1", "一车间", "0.5S", date(2026, 12, 31), board) == (
        row.name, row.enterprise, row.site, row.location, row.accuracy, row.calibration_due,
        row.parent,
    )  # fmt: skip


def test_channels_go_where_their_meter_goes(firms):
    subject = metering.register_meter("M1", FIRST, author="test", site="S1")
    (number,) = metering.declare([metering.Declared("M1", BOUGHT)], author="test").values()
    channel = registry.Channel.objects.get(pk=number)
    assert (firms[FIRST], "S1") == (channel.subject, channel.site)
    say(subject, "meter.enterprise", SECOND, date(2024, 1, 1))
    channel.refresh_from_db()
    assert firms[SECOND] == channel.subject


def test_what_begins_later_does_not_count_today(firms):
    subject = metering.register_meter("M1", FIRST, author="test", location="一车间")
    say(subject, "meter.location", "二车间", date(2099, 1, 1))
    assert "一车间" == metering.Meter.objects.get(pk=subject).location
    later = metering.attributes([subject], date(2099, 6, 1))
    assert "二车间" == later[subject]["meter.location"]


def test_a_channel_shows_its_numbers(firms):
    metering.register_meter("M1", FIRST, author="test")
    more = {"multiplier": "3000", "interval_s": "900", "digits": "8", "rated": "630"}
    metering.declare([metering.Declared("M1", BOUGHT, "register", "kWh", 2, more=more)], author="t")
    row = registry.Channel.objects.get()
    assert ("3000", 900, 8, "630") == (row.multiplier, row.interval_s, row.digits, row.rated)


def test_facts_that_came_another_way_are_seen_at_the_next_projection(firms):
    subject = metering.register_meter("M1", FIRST, author="test")
    rows = [
        {"subject": subject, "item": "meter.location", "kind": "attribute", "text": "仓库",
         "valid_from": date(2020, 1, 1), "valid_to": OPEN, "value": None, "source": "declared",
         "data_class": "internal"}
    ]  # fmt: skip
    facts.append(facts.table(rows), author="file")
    assert 1 == metering.project()
    assert 0 == metering.project()
    assert "仓库" == metering.Meter.objects.get().location


def test_a_wrong_day_or_parent_is_shown_as_missing(firms):
    metering.register_meter("M1", FIRST, author="t", calibration_due="2026-13-45", parent="nobody")
    row = metering.Meter.objects.get()
    assert (None, None) == (row.calibration_due, row.parent)


def test_an_enterprise_without_a_credit_code(db):
    subject = registry.register("dataset", ["mill"], author="test")["mill"]
    assert {"dataset:mill": subject} == metering.enterprises({"dataset:mill", "", "dataset:none"})


def test_meters_belong_to_whom_they_named_on_a_day(firms):
    stays, moves, later = (
        metering.register_meter(name, FIRST, author="test", since=since)
        for name, since in (("M1", metering.BEGIN), ("M2", metering.BEGIN),
                            ("M3", date(2026, 5, 1)))
    )  # fmt: skip
    say(moves, "meter.enterprise", SECOND, date(2026, 3, 1))
    say(later, "meter.enterprise", SECOND, date(2026, 8, 1))

    def on(day):
        return {
            code: [m.id for m in metering.meters_on([firms[code]], day)] for code in (FIRST, SECOND)
        }

    # before its first day a meter belongs to whom it names first
    assert {FIRST: [stays, moves, later], SECOND: []} == on(date(2026, 2, 28))
    assert {FIRST: [stays, later], SECOND: [moves]} == on(date(2026, 3, 1))
    assert {FIRST: [stays], SECOND: [moves, later]} == on(date(2026, 8, 1))
    found = metering.meters_on(list(firms.values()), date(2026, 2, 1))
    assert {firms[FIRST]} == {m.enterprise for m in found}
    assert {firms[SECOND]} == {metering.Meter.objects.get(pk=m).enterprise for m in (moves, later)}
