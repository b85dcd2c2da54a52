"""Rates of tokens and the queue of bodies."""

import pytest

from tanma.domain.messages import Problem
from tanma.intake.http.limits import Queue, Rate


def test_a_burst_then_the_rate():
    now = [0.0]
    rate = Rate(100, burst_s=10, clock=lambda: now[0])
    rate.check("a")
    rate.charge("a", 1500)
    with pytest.raises(Problem) as caught:
        rate.check("a")
    assert ("http_rate", 6) == (caught.value.code, caught.value.params["wait_s"])
    assert "100" in caught.value.text("zh")
    assert "6 s" in caught.value.text("en")
    rate.check("b")
    now[0] = 5.1
    rate.check("a")
    rate.keep({"b"})
    now[0] = 0.0
    rate.check("a")


def test_what_was_not_used_does_not_gather_without_end():
    now = [0.0]
    rate = Rate(100, burst_s=10, clock=lambda: now[0])
    rate.charge("a", 0)
    now[0] = 1e6
    rate.charge("a", 1000)
    with pytest.raises(Problem):
        rate.check("a")


def test_a_full_queue_tells_and_a_lone_body_always_finds_room():
    queue = Queue(100)
    queue.enter(500)
    with pytest.raises(Problem) as caught:
        queue.enter(1)
    assert "http_busy" == caught.value.code
    for lang in ("zh", "en"):
        assert "500" in caught.value.text(lang)
        assert "100" in caught.value.text(lang)
    queue.leave(500)
    queue.enter(60)
    queue.enter(40)
    assert 100 == queue.bytes
