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
    with queue.place() as take:
        take(500)
        take(500)  # it is alone still
        with queue.place() as other, pytest.raises(Problem) as caught:
            other(1)
        assert "http_busy" == caught.value.code
        for lang in ("zh", "en"):
            assert "1000" in caught.value.text(lang)
            assert "100" in caught.value.text(lang)
    with queue.place() as take, queue.place() as other:
        take(60)
        other(40)
        assert 100 == queue.bytes
    assert 0 == queue.bytes


def test_a_body_that_grows_beyond_the_room_is_let_go_whole():
    queue = Queue(100)
    with queue.place() as take:
        take(50)
        with queue.place() as growing:
            growing(10)
            growing(40)
            with pytest.raises(Problem):
                growing(1)
        assert 50 == queue.bytes
