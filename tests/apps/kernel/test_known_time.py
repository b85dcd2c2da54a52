"""A run at T is a function of what was known at T, whatever happens beside it or afterwards."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from tanma.apps.codes import door as codes
from tanma.apps.facts import door as facts
from tanma.apps.facts import store
from tanma.engine import evaluate
from tests.apps.kernel.conftest import POWER

pytestmark = [pytest.mark.db]


@pytest.mark.django_db
def test_later_appends_change_no_byte_of_a_run_at_an_earlier_time(kernel):
    known_at = facts.watermark()
    first = kernel.compute(known_at)
    kernel.say(1, POWER, "2026-09", 999 * 10**6)
    kernel.say(7, POWER, "2026-08", None)
    again, now = kernel.compute(known_at), kernel.compute()
    assert first.digest == again.digest
    assert kernel.bytes_of(first) == kernel.bytes_of(again)
    assert first.digest != now.digest


@pytest.mark.django_db
def test_a_clock_that_stepped_back_does_not_put_a_fact_into_the_past(kernel, monkeypatch):
    known_at = facts.watermark()
    first = kernel.compute(known_at)
    monkeypatch.setattr(store, "clock", lambda: known_at - 3_600_000_000)
    receipt = kernel.say(1, POWER, "2026-09", 999 * 10**6)
    assert receipt.stamp > known_at
    assert kernel.bytes_of(first) == kernel.bytes_of(kernel.compute(known_at))


@pytest.mark.django_db(transaction=True)
def test_another_writer_that_commits_meanwhile_changes_no_byte(kernel, monkeypatch):
    known_at = facts.watermark()
    first = kernel.compute(known_at)
    failures: list[BaseException] = []
    working, stop = threading.Event(), threading.Event()

    def write():
        try:
            for n in range(200):
                kernel.say(1 + n % 7, POWER, "2026-09", 10**9 + n)
                working.set()
                if stop.is_set():
                    break
        except BaseException as failure:
            failures.append(failure)
        finally:
            connection.close()

    real = evaluate.evaluate

    def held(con, plan):
        """The evaluation begins only when the other writer has committed something."""
        assert working.wait(10)
        real(con, plan)

    monkeypatch.setattr(evaluate, "evaluate", held)
    writer = threading.Thread(target=write)
    writer.start()
    again = kernel.compute(known_at)
    stop.set()
    writer.join()
    assert [] == failures
    assert facts.watermark() > known_at
    assert kernel.bytes_of(first) == kernel.bytes_of(again)


@pytest.mark.django_db
def test_a_duplicate_delivered_after_a_correction_changes_nothing(kernel):
    kernel.say(1, POWER, "2026-09", 5 * 10**6)
    corrected = kernel.compute()
    before = facts.watermark()
    receipt = kernel.say(1, POWER, "2026-09", 10**6)
    assert (0, 1) == (receipt.appended, receipt.known)
    again = kernel.compute()
    assert before == facts.watermark()
    assert corrected.digest == again.digest
    assert kernel.bytes_of(corrected) == kernel.bytes_of(again)


@pytest.mark.django_db
def test_a_newer_revision_of_the_source_beats_a_later_delivery_of_an_older_one(kernel):
    kernel.say(1, POWER, "2026-09", 5 * 10**6, revision=2)
    newest = kernel.compute()
    kernel.say(1, POWER, "2026-09", 4 * 10**6, revision=1)
    assert newest.digest == kernel.compute().digest


@pytest.mark.django_db
def test_one_thread_and_several_give_equal_posted_integers(kernel):
    mirror = codes.sync_lake()
    plan = evaluate.Plan(
        codes.SCHEME, "2026Q3", mirror.watermark, "2026-11-20", "330000", legal_basis="样例"
    )
    one = evaluate.run(kernel.lake, plan, "one", threads=1)
    four = evaluate.run(kernel.lake, plan, "four", threads=4)
    assert one.digest == four.digest
    assert one.seal("lines") == four.seal("lines")
    for name in one.card["tables"]:
        assert one.table(name).equals(four.table(name)), name
