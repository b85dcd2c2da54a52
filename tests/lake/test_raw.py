"""Which bodies stay beyond their days: the listed ones, and signed ones that a result used."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from tanma.lake import raw
from tanma.lake.landing import Landing, entry
from tests.lake.reading_model import BEGIN, HOUR, OCTOBER_US, Clock, table

FIRST = BEGIN.date()
AFTER = dt.datetime.fromtimestamp(OCTOBER_US / 10**6, dt.UTC).date() + dt.timedelta(days=91)
LATE = 10**18


def sent(number: int, signature: str = "", day: int = 0) -> object:
    rows = table([(1, day * 24 + number, number, None)])
    return entry(rows, body=b"body %d" % number, form="f", source="g", signature=signature)


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    """Two signed batches, of the first day and ten days later, and one unsigned of each."""
    made = Landing(tmp_path, Clock())
    made.take([sent(0, "s0"), sent(1), sent(2, "s2", 10), sent(3, day=10)], writer="a")
    made.seal()
    return made


def days(first: int, end: int, known_at: int = LATE) -> raw.Used:
    return raw.Used(FIRST + dt.timedelta(first), FIRST + dt.timedelta(end), known_at)


def held(root: Path) -> dict[int, bytes | None]:
    return {b.batch: b.body for b in raw.bodies(root)}


def test_a_signature_lies_beside_its_body_with_the_span_it_speaks_of(
    landing: Landing, tmp_path: Path
) -> None:
    found = {b.batch: b for b in raw.bodies(tmp_path)}
    assert ["s0", None, "s2", None] == [found[n].signature for n in range(1, 5)]
    assert BEGIN + 242 * HOUR == found[3].first_utc
    assert found[3].first_utc == found[3].last_utc
    assert found[2].first_utc is None


@pytest.mark.parametrize(
    ("used", "stay"),
    [((), []), ((days(0, 5),), [1]), ((days(8, 31),), [3]), ((days(0, 31),), [1, 3]),
     ((days(0, 5), days(9, 12)), [1, 3]), ((days(3, 8),), []), ((days(0, 31, known_at=1),), [])],
)  # fmt: skip
def test_signed_bodies_stay_as_long_as_a_result_that_used_them(
    landing: Landing, tmp_path: Path, used: tuple[raw.Used, ...], stay: list[int]
) -> None:
    assert 4 - len(stay) == raw.drop_bodies(tmp_path, AFTER, used=used)
    assert stay == [n for n, body in held(tmp_path).items() if body is not None]
    assert {"s0", "s2", None} == {b.signature for b in raw.bodies(tmp_path)}
    assert 0 == raw.drop_bodies(tmp_path, AFTER, used=used)


def test_what_no_result_needs_any_more_goes_in_a_later_night(
    landing: Landing, tmp_path: Path
) -> None:
    assert 2 == raw.drop_bodies(tmp_path, AFTER, used=(days(0, 31),))
    assert 1 == raw.drop_bodies(tmp_path, AFTER, used=(days(0, 5),))
    assert 1 == raw.drop_bodies(tmp_path, AFTER)
    assert {1: None, 2: None, 3: None, 4: None} == held(tmp_path)


def test_a_register_just_outside_a_period_counts_in_it() -> None:
    before, after = (BEGIN + dt.timedelta(days=n) for n in (9, 20))
    for instant, own, other in ((before, (10, 20), (11, 20)), (after, (10, 20), (10, 19))):
        assert days(*own).has(instant, instant, 1)
        assert not days(*other).has(instant, instant, 1)


def test_a_batch_is_found_by_its_receipt(landing: Landing, tmp_path: Path) -> None:
    found = raw.find(tmp_path, "a", 3)
    assert found is not None
    assert (b"body 2", "s2") == (found.body, found.signature)
    assert raw.find(tmp_path, "a", 9) is None
    assert raw.find(tmp_path, "b", 3) is None
    raw.drop_bodies(tmp_path, AFTER)
    bare = raw.find(tmp_path, "a", 3)
    assert bare is not None
    assert (None, "s2", found.digest) == (bare.body, bare.signature, bare.digest)


def test_nothing_is_found_in_an_empty_lake(tmp_path: Path) -> None:
    assert raw.find(tmp_path, "a", 1) is None


def test_files_written_before_there_were_signatures_are_read_and_thinned(
    landing: Landing, tmp_path: Path
) -> None:
    """Rewrites the file of this day without the later columns, as an earlier version wrote it."""
    sheet = raw.table(tmp_path)
    [file] = sheet.files()
    old = pa.parquet.read_table(file.uri, partitioning=None)
    pa.parquet.write_table(old.drop(["signature", "first_utc", "last_utc"]), file.uri)
    assert [None] * 4 == [b.signature for b in raw.bodies(tmp_path)]
    raw.keep(tmp_path, [("a", 2)], "dispute")
    assert 3 == raw.drop_bodies(tmp_path, AFTER, keep=raw.kept(tmp_path), used=(days(0, 31),))
    assert {1: None, 2: b"body 1", 3: None, 4: None} == held(tmp_path)
