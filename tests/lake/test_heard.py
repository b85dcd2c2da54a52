"""Who was heard, from what inboxes remember."""

import datetime as dt
import sqlite3
from contextlib import closing

import pyarrow as pa

from tanma.domain.readings import READING
from tanma.lake.heard import heard
from tanma.lake.landing import Landing, entry

AT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def rows(value):
    row = {"channel": 1, "start_utc": AT, "end_utc": AT, "value": value, "revision": None}
    return pa.Table.from_pylist([row, row | {"channel": 2}], READING)


def take(root, writer, *keys, source="G1", first=0, note=b""):
    landing = Landing(root)
    for n, key in enumerate(keys):
        one = entry(rows(first + n), source=source, message_id=key, note=note)
        landing.take([one], writer=writer)


def test_nothing_was_heard_at_first(tmp_path):
    assert {} == heard(tmp_path)


def test_batches_rows_and_last_contact_over_all_writers(tmp_path):
    take(tmp_path, "http-1", "a", "b")
    take(tmp_path, "http-2", "c", first=10)
    found = heard(tmp_path)["G1"]
    assert (3, 6) == (found.batches, found.rows)
    assert found.last_us > 1_700_000_000_000_000
    assert (None, 0, 0) == (found.last_sequence, found.gaps, found.missed)


def test_numbers_that_never_came_are_gaps(tmp_path):
    take(tmp_path, "http-1", "day-1", "day-2", "day-5", "day-9")
    found = heard(tmp_path)["G1"]
    assert (9, 2, 5) == (found.last_sequence, found.gaps, found.missed)


def test_numbers_that_came_by_another_way_are_no_gaps(tmp_path):
    take(tmp_path, "http-1", "k1", "k3")
    take(tmp_path, "mqtt-1", "k2", first=20)
    assert 0 == heard(tmp_path)["G1"].gaps


def test_sources_apart_and_readings_without_one_not_told(tmp_path):
    take(tmp_path, "http-1", "x1")
    take(tmp_path, "http-1", "x9", source="G2", first=30)
    take(tmp_path, "imports", "y1", source="", first=40)
    assert {"G1", "G2"} == set(heard(tmp_path))


def test_the_newest_refusals_are_kept(tmp_path):
    take(tmp_path, "http-1", "a", note=b"old")
    take(tmp_path, "http-1", "b", first=5, note=b"new")
    take(tmp_path, "http-1", "c", first=9)
    assert b"new" == heard(tmp_path)["G1"].note


def test_an_inbox_that_cannot_be_read_is_left_to_its_writer(tmp_path):
    take(tmp_path, "http-1", "a")
    (tmp_path / "inbox" / "broken.sqlite3").write_bytes(b"not a database, much longer than it")
    assert 1 == heard(tmp_path)["G1"].batches


def test_sums_are_kept_with_the_batches_and_outlive_receipts(tmp_path):
    take(tmp_path, "http-1", "a", "b", "b")
    landing = Landing(tmp_path)
    landing.seal()
    assert 2 == landing.inbox("http-1").forget_receipts(2**62)
    found = heard(tmp_path)["G1"]
    assert (2, 4) == (found.batches, found.rows)
    take(tmp_path, "http-1", "c", first=9)
    assert (3, 6) == (heard(tmp_path)["G1"].batches, heard(tmp_path)["G1"].rows)


def test_an_inbox_that_was_not_opened_since_is_added_up_and_then_kept(tmp_path):
    take(tmp_path, "http-1", "a", "b")
    with closing(sqlite3.connect(tmp_path / "inbox" / "http-1.sqlite3")) as con:
        con.execute("DROP TABLE heard")
        con.execute("PRAGMA user_version = 3")
        con.commit()
    before = heard(tmp_path)["G1"]
    assert (2, 4) == (before.batches, before.rows)
    take(tmp_path, "http-1", "c", first=9)
    assert 3 == heard(tmp_path)["G1"].batches
