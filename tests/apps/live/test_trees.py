"""Trees from parents, freshness by the expected interval."""

import datetime as dt

import pytest

from tanma.apps.live import known, trees
from tanma.apps.live.words import ago
from tanma.apps.metering.door import Meter
from tanma.apps.registry.door import Channel

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def meters(*pairs):
    return [Meter(id=n, name=name, parent=parent) for n, (name, parent) in enumerate(pairs, 1)]


def shown(roots):
    return [(b.depth, b.meter.name) for r in roots for b in r.walk()]


def test_meters_lie_below_what_they_are_part_of():
    roots = trees.grow(meters(("b", None), ("c", 1), ("a", 1), ("d", 3)), [], {})
    assert [(0, "b"), (1, "a"), (2, "d"), (1, "c")] == shown(roots)


def test_a_parent_that_is_not_here_makes_a_root():
    assert [(0, "a")] == shown(trees.grow(meters(("a", 99)), [], {}))


def test_a_circle_of_parents_is_cut_at_its_first_name():
    roots = trees.grow(meters(("b", 2), ("a", 1), ("c", 1)), [], {})
    assert [(0, "a"), (1, "b"), (2, "c")] == shown(roots)


@pytest.mark.parametrize(
    ("age_s", "interval_s", "state"),
    [(1700, 900, "fresh"), (1801, 900, "late"), (3500, None, "fresh"), (90_000, 900, "silent")],
)
def test_freshness_by_the_expected_interval(age_s, interval_s, state):
    channel = Channel(id=1, interval_s=interval_s, scale=1)
    found = known._fresh(channel, NOW - dt.timedelta(seconds=age_s), 125, NOW)
    assert (state, 12.5, age_s) == (found.state, found.value, found.age_s)


def test_the_worst_channel_speaks_for_a_meter():
    channels = [Channel(id=1, meter="a"), Channel(id=2, meter="a")]
    fresh = {1: known.Fresh("fresh"), 2: known.Fresh("late")}
    (root,) = trees.grow(meters(("a", None)), channels, fresh)
    assert "late" == root.state
    assert {"fresh": 1, "late": 1, "silent": 0, "none": 0} == trees.counts([root])


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "—"), (5, "5 秒前"), (125, "2 分钟前"), (7300, "2 小时前"), (200_000, "2 天前")],
)
def test_how_long_ago(seconds, said):
    assert said == ago(seconds)
