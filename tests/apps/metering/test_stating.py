"""Numbers of channels and what is stated of them."""

import json
from datetime import UTC, date, datetime
from threading import Thread

import pytest
from django.db import connection

from tanma.apps.facts import door as facts
from tanma.apps.metering import door as metering
from tanma.apps.metering.models import Numbering
from tanma.apps.metering.stating import SLICE
from tanma.apps.registry import door as registry
from tanma.domain.messages import Problem
from tests.apps.metering.conftest import FIRST, SECOND

pytestmark = [pytest.mark.db, pytest.mark.django_db]
BOUGHT, SOLD = "electricity.purchased", "electricity.sold"


def meter(name, code=FIRST, **more):
    return metering.register_meter(name, code, author="test", **more)


def declared(name, item=BOUGHT, **more):
    return metering.Declared(name, item, unit="kWh", scale=2, **more)


def texts(subject, item):
    return [f.text for f in facts.current(facts.facts_of(subject, item))]


def test_numbers_are_small_dense_and_given_once(firms):
    meter("M1")
    first = metering.declare([declared("M1"), declared("M1", SOLD)], author="test")
    assert {("M1", BOUGHT): 1, ("M1", SOLD): 2} == first
    registry.Channel.objects.filter(id=2).delete()
    assert {("M1", SOLD): 3} == metering.declare([declared("M1", SOLD)], author="test")


def test_numbers_go_on_after_the_highest_that_is_dense(firms):
    """Numbers of earlier versions were random and large; new ones are not put after them."""
    row = {"subject": 1, "item": BOUGHT, "unit": "kWh"}
    registry.Channel.objects.create(id=7, meter="A", **row)
    registry.Channel.objects.create(id=2**60, meter="B", **row)
    assert [8] == list(metering.declare([declared("M1")], author="test").values())


def test_more_channels_than_fit_one_transaction(firms):
    names = [f"M{n}" for n in range(SLICE + 7)]
    numbers = metering.declare([declared(n) for n in names], author="test")
    assert list(range(1, SLICE + 8)) == list(numbers.values())


def test_a_channel_is_described_by_facts_under_its_number(firms):
    subject = meter("M1")
    more = {"multiplier": "60", "interval_s": "900", "rated": ""}
    since = date(2026, 1, 1)
    (number,) = metering.declare([declared("M1", since=since, more=more)], author="test").values()
    said = {f.item: (f.text, f.valid_from) for f in facts.facts_of(number)}
    from tanma.domain.identity import id_text

    always = date(1900, 1, 1)
    assert {
        "channel.meter": (id_text(subject), always), "channel.item": (BOUGHT, always),
        "channel.kind": ("interval", always), "channel.unit": ("kWh", always),
        "channel.scale": ("2", always), "channel.multiplier": ("60", since),
        "channel.interval_s": ("900", since),
    } == said  # fmt: skip


def test_declared_again_nothing_is_new(firms):
    meter("M1")
    metering.declare([declared("M1")], author="test")
    before = facts.Fact.objects.count()
    assert {("M1", BOUGHT): 1} == metering.declare([declared("M1")], author="again")
    assert before == facts.Fact.objects.count()


@pytest.mark.parametrize(
    ("other", "what"),
    [({"kind": "register"}, "kind"), ({"unit": "MWh"}, "unit"), ({"scale": 3}, "scale")],
)
def test_what_counts_mean_never_changes(firms, other, what):
    metering.declare([declared("M1")], author="test")
    changed = {"kind": "interval", "unit": "kWh", "scale": 2} | other
    with pytest.raises(Problem) as error:
        metering.declare([metering.Declared("M1", BOUGHT, **changed)], author="test")
    assert "channel_fixed" == error.value.code
    assert "不能改为" in error.value.text()
    assert f"{what} is registered as" in error.value.text("en")
    assert ["2"] == texts(1, "channel.scale")


def test_two_rows_of_one_list_must_agree(firms):
    wanted = [declared("M1"), metering.Declared("M1", BOUGHT, unit="MWh", scale=2)]
    assert [None, "channel_fixed"] == [p and p.code for p in metering.conflicts(wanted)]


def test_a_meter_of_somebody_else_keeps_its_name(firms):
    meter("M1")
    with pytest.raises(Problem) as error:
        meter("M1", SECOND)
    assert "meter_name_taken" == error.value.code
    assert "已登记在另一企业名下" in error.value.text()
    assert "registered for another enterprise" in error.value.text("en")
    assert meter("M1") == registry.find("meter", ["M1"])["M1"]


def test_going_back_to_what_was_said_before_is_a_correction(firms):
    subject = meter("M1")
    for place in ("一车间", "二车间", "一车间"):
        said = [metering.Statement(subject, "meter.location", place)]
        metering.state(said, author="test", deliberate=True)
    assert ["一车间"] == texts(subject, "meter.location")
    metering.state([metering.Statement(subject, "meter.location", "二车间")], author="file")
    assert ["一车间"] == texts(subject, "meter.location")


def test_each_event_is_a_fact_of_its_own(firms):
    metering.declare([declared("M1")], author="test")
    for minute, first in ((15, 0), (45, 700)):
        at = datetime(2026, 3, 1, 8, minute, tzinfo=UTC)
        metering.record_event(1, "exchange", at, author="t", final=91234, first=first)
    found = [f for f in facts.facts_of(1) if f.item.startswith("channel.event.")]
    assert ["channel.event.2026-03-01T08:15:00Z", "channel.event.2026-03-01T08:45:00Z"] == [
        f.item for f in found
    ]
    said = {"type": "exchange", "at": "2026-03-01T08:15:00Z", "final": 91234, "first": 0}
    assert said == json.loads(found[0].text)
    metering.record_event(1, "exchange", at, author="t", withdrawn=True)
    assert [] == texts(1, found[1].item)


def test_an_unknown_event_is_refused(firms):
    with pytest.raises(Problem) as error:
        metering.record_event(1, "stolen", datetime(2026, 1, 1, tzinfo=UTC), author="t")
    assert "event_kind_unknown" == error.value.code
    assert "exchange, rollover, reset" in error.value.text()
    assert "exchange, rollover, reset" in error.value.text("en")


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_get_numbers_of_their_own():
    registry.register("uscc", [FIRST], author="test")
    failures = []

    def write(part):
        try:
            for n in range(5):
                metering.declare([declared(f"M{part}-{n}")], author="test")
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    writers = [Thread(target=write, args=(part,)) for part in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [] == failures
    assert list(range(1, 21)) == sorted(registry.Channel.objects.values_list("id", flat=True))
    assert 20 == Numbering.objects.get().last
