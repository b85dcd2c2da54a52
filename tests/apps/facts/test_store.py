"""The append-only store: versions, stamps, idempotency. Runs on SQLite and PostgreSQL."""

import threading
from datetime import date

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from tanma.apps.facts import door as facts
from tanma.apps.facts import store
from tanma.domain import canonical

pytestmark = pytest.mark.db


def row(subject=7, item="electricity.purchased", month=9, value=1000, **more):
    return {
        "subject": subject, "item": item, "kind": "amount",
        "valid_from": date(2026, month, 1), "valid_to": date(2026, month + 1, 1),
        "value": value, "text": None, "reported": f"{value}", "source": "grid",
        "data_class": "internal",
    } | more  # fmt: skip


def append(*rows, **more):
    return facts.append(facts.table(rows), author="test", **more)


@pytest.mark.django_db
def test_an_append_gets_a_gapless_sequence_one_stamp_and_one_feed_row():
    first, second = append(row(month=1), row(month=2)), append(row(month=3))
    assert [1, 2, 3] == sorted(facts.Fact.objects.values_list("seq", flat=True))
    assert 2 == facts.Fact.objects.filter(stamp=first.stamp).count()
    assert second.stamp == facts.watermark() > first.stamp
    assert [(1, 1, 2), (2, 3, 3)] == list(
        facts.Append.objects.order_by("number").values_list("number", "first_seq", "last_seq")
    )


@pytest.mark.django_db
def test_a_duplicate_delivered_after_a_correction_changes_nothing():
    append(row(value=1000))
    corrected = append(row(value=2000))
    assert 1 == corrected.superseded
    again = append(row(value=1000))
    assert (0, 1) == (again.appended, again.known)
    assert [2000] == [f.value for f in facts.current(facts.facts_of(7))]


@pytest.mark.django_db
def test_a_deliberate_return_names_what_it_corrects():
    append(row(value=1000))
    append(row(value=2000))
    wrong = facts.current(facts.facts_of(7))[0]
    append(row(value=1000, corrects=bytes(wrong.digest).hex()))
    assert [1000] == [f.value for f in facts.current(facts.facts_of(7))]
    assert 3 == facts.current(facts.facts_of(7))[0].version


@pytest.mark.django_db
def test_a_later_arrival_of_an_earlier_revision_does_not_win():
    append(row(value=20, revision=2))
    append(row(value=10, revision=1))
    assert [20] == [f.value for f in facts.current(facts.facts_of(7))]


@pytest.mark.django_db
def test_what_was_known_at_a_time_stays_known():
    before = append(row(value=1)).stamp
    append(row(value=2))
    assert [1] == [f.value for f in facts.current(facts.facts_of(7), known_at=before)]


@pytest.mark.django_db
def test_a_withdrawn_fact_drops_out():
    append(row(value=1))
    append(row(value=None))
    assert [] == facts.current(facts.facts_of(7))


@pytest.mark.django_db
def test_the_same_message_id_adds_nothing():
    append(row(value=1), message_id="m-1")
    again = append(row(value=5), message_id="m-1")
    assert (0, 1) == (again.appended, again.known)
    assert 1 == facts.Fact.objects.count()


@pytest.mark.django_db
def test_the_stamp_rises_although_the_clock_steps_back(monkeypatch):
    first = append(row(value=1))
    monkeypatch.setattr(store, "clock", lambda: first.stamp - 3_600_000_000)
    second = append(row(value=2))
    assert first.stamp + 1 == second.stamp


@pytest.mark.django_db
def test_seventeen_digits_survive_the_database():
    append(row(value=99_999_999_999_999_999, reported="99999999999.999999 t"))
    table = facts.fetch(0, 10)
    assert [99_999_999_999_999_999] == table["value"].to_pylist()
    assert ["99999999999.999999 t"] == table["reported"].to_pylist()
    assert [date(2026, 9, 1)] == table["valid_from"].to_pylist()


@pytest.mark.django_db
def test_all_facts_of_one_subject_and_of_no_other():
    append(row(subject=7), row(subject=8), row(subject=2**62))
    assert [7] == [f.subject for f in facts.facts_of(7)]
    assert [2**62] == [f.subject for f in facts.facts_of(2**62)]


@pytest.mark.django_db
def test_a_repeat_inside_one_append_is_stored_once():
    receipt = append(row(value=1), row(value=1))
    assert (1, 1) == (receipt.appended, receipt.known)


def test_an_append_over_the_limit_is_refused():
    rows = facts.table([row(subject=i) for i in range(facts.APPEND_LIMIT + 1)])
    with pytest.raises(ValueError, match="append_all"):
        facts.append(rows, author="test")


@pytest.mark.django_db
def test_many_rows_are_appended_in_slices():
    rows = facts.table([row(subject=i + 1) for i in range(facts.APPEND_LIMIT + 5)])
    receipts = list(facts.append_all(rows, author="test"))
    assert [facts.APPEND_LIMIT, 5] == [r.appended for r in receipts]


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_share_one_gapless_sequence():
    failures: list[BaseException] = []

    def write(subject):
        try:
            for month in range(1, 11):
                append(row(subject=subject, month=month))
        except BaseException as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(s,)) for s in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == failures
    stamps = facts.Fact.objects.order_by("seq").values_list("seq", "stamp")
    assert list(range(1, 31)) == [s for s, _ in stamps]
    assert sorted(t for _, t in stamps) == [t for _, t in stamps]


@given(st.one_of(st.none(), st.text()), st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)))
def test_the_content_digest_is_over_the_canonical_encoding(text, value):
    expected = canonical.digest(canonical.encode([value, text, None, ""]))
    assert expected == f"sha256:{store.content_digest(value, text, None, '').hex()}"
