"""A damaged file is named with what depends on it and the way back; the others stay readable."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tanma.lake import tables
from tanma.lake.check import check, set_aside
from tanma.lake.derived import RESTATEMENT, ActivityDays, Restatements, Validated
from tanma.lake.facts import FactsMirror
from tanma.lake.heard import heard
from tanma.lake.landing import Landing, entry
from tanma.lake.readings import Readings
from tanma.lake.settle import Settler
from tanma.lake.upkeep import lake_tables
from tests.lake.lake_store import Store, said
from tests.lake.reading_model import Clock, known, table
from tests.lake.test_derived import day, days, intervals, note


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A lake that has something in each table."""
    clock = Clock()
    lake, settler = Readings(tmp_path, clock), Settler(tmp_path, clock)
    lake.append(table([(1, 0, 10, None), (4096 * 3, 0, 30, None)]), writer="a")
    lake.seal()
    settler.settle()
    settler.night()
    lake.append(table([(1, 24 * 35, 11, None)]), writer="a")
    lake.seal()
    settler.settle()
    landing = Landing(tmp_path, clock)
    landing.take([entry(table([(2, 24 * 35, 5, None)]), body=b"sent")], writer="a")
    landing.seal()
    Validated(tmp_path).replace("2026-09", 0, intervals((1, 0, 5)), 1)
    ActivityDays(tmp_path).put(days(day(1, 1, 5, 1)))
    Restatements(tmp_path).append(pa.Table.from_pylist([note(1, 1)], schema=RESTATEMENT))
    store = Store()
    FactsMirror(tmp_path).sync(store.fetch, store.append([said(1, 1)], 5))
    return tmp_path


TABLES = [
    ("landing", "raw"), ("raw", "backup"), ("receipts", "backup"), ("tail", "raw"),
    ("readings", "raw"), ("validated", "tanma lake run"), ("activity_day", "tanma lake refresh"),
    ("restatements", "backup"), ("facts", "refresh"),
]  # fmt: skip


def test_a_whole_lake_has_no_damage(root: Path) -> None:
    seen = check(root)
    assert () == seen.damages
    assert {name for name, _ in TABLES} == {k.name for k in lake_tables(root) if k.table.files()}
    assert sum(len(k.table.files()) for k in lake_tables(root)) == seen.files
    assert check(root / "none").files == 0


def last_byte_of_a_page(path: Path) -> int:
    chunk = pq.read_metadata(path).row_group(0).column(0)
    begin = chunk.dictionary_page_offset if chunk.has_dictionary_page else chunk.data_page_offset
    return begin + chunk.total_compressed_size - 1


@pytest.mark.parametrize("how", ["bit", "cut", "gone"])
@pytest.mark.parametrize(("name", "way_back"), TABLES)
def test_damage_is_named_with_the_way_back(root: Path, name: str, way_back: str, how: str) -> None:
    [kept] = [k for k in lake_tables(root) if k.name == name]
    file = kept.table.files()[0]
    path = Path(file.uri)
    content = bytearray(path.read_bytes())
    if how == "gone":
        path.unlink()
    elif how == "cut":
        path.write_bytes(content[:-9])
    else:
        content[last_byte_of_a_page(path)] ^= 1
        path.write_bytes(content)
    [damage] = check(root).damages
    assert (name, file.uri) == (damage.table, damage.file)
    for language in ("zh", "en"):
        text = damage.problem.text(language)
        assert file.uri in text
        assert str(file.rows) in text
    assert way_back in damage.problem.text("en")


def test_a_damaged_partition_leaves_the_others_readable(root: Path) -> None:
    [kept] = [k for k in lake_tables(root) if k.name == "readings"]
    [broken] = [f for f in kept.table.files() if f.partition["bucket"] == 3]
    Path(broken.uri).write_bytes(b"PAR1 this is no Parquet file PAR1")
    expected = {(1, 0): 10, (1, 24 * 35): 11, (2, 24 * 35): 5}
    assert expected == known(root, bucket=0)
    with pytest.raises(duckdb.Error):
        known(root)


def test_a_file_with_other_rows_than_its_log_says_is_damage(root: Path) -> None:
    [kept] = [k for k in lake_tables(root) if k.name == "readings"]
    one, other = kept.table.files()[:2]
    longer = Settler(root).tail.files()[0]
    assert one.rows == other.rows == longer.rows
    landing = Readings(root, Clock())
    landing.append(table([(1, 24 * 35 + n, n, None) for n in range(1, 4)]), writer="b")
    landing.seal()
    Settler(root).settle()
    longer = max(Settler(root).tail.files(), key=lambda f: f.rows)
    assert longer.rows > one.rows
    Path(one.uri).write_bytes(Path(longer.uri).read_bytes())
    [damage] = check(root).damages
    assert f"{longer.rows} ≠ {one.rows}" in damage.problem.text("en")


def test_without_a_backup_the_others_go_on(root: Path) -> None:
    tail = tables.tail(root)
    [file] = tail.files()
    Path(file.uri).write_bytes(b"nothing")
    seen = check(root)
    with pytest.raises(duckdb.Error):
        known(root)
    assert 1 == set_aside(root, seen.damages)
    assert () == check(root).damages
    assert {(1, 0): 10, (4096 * 3, 0): 30, (2, 24 * 35): 5} == known(root)
    [apart] = root.glob("damaged-tail-*.parquet")
    assert b"nothing" == apart.read_bytes()
    assert 0 == set_aside(root, seen.damages)  # told twice, done once
    lake = Readings(root, Clock())
    assert not lake.append(table([(1, 24 * 35, 11, None)]), writer="a").duplicate  # sent again
    assert lake.append(table([(1, 24 * 35, 11, None)]), writer="a").duplicate
    lake.seal()
    assert 11 == known(root)[1, 24 * 35]


def test_what_was_heard_stays_known_when_it_is_to_come_again(tmp_path: Path) -> None:
    landing = Landing(tmp_path, Clock())

    def take(number: int):
        sent = entry(table([(1, number, 7, None)]), source="g", message_id=f"day-{number}")
        return landing.take([sent], writer="a")[0]

    for number in (1, 2, 4):
        take(number)
    landing.seal()
    assert take(4).duplicate
    before = heard(tmp_path)["g"]
    landing.inbox("a").take_again()
    assert before == heard(tmp_path)["g"]
    assert (4, 1, 3) == (before.last_sequence, before.gaps, before.rows)
    assert not take(4).duplicate
    assert take(4).duplicate
