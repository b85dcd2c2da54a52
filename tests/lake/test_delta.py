"""What the lake adds to Delta: the order of flushing, one writer, and torn or foreign tables."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path

import deltalake
import pyarrow as pa
import pytest

from tanma.domain.messages import Problem
from tanma.lake import delta
from tanma.lake.delta import Table, set_torn_entry_aside, sole_writer

SCHEMA = pa.schema([("n", pa.int64()), ("t", pa.string())])


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path / "deep" / "table", SCHEMA, delta_encoded=["n"])


def append(table: Table, *numbers: int) -> int:
    file = table.write([pa.record_batch([list(numbers), ["x"] * len(numbers)], schema=SCHEMA)])
    return table.commit([file] if file else [], {"last": numbers[-1]})


def numbers(table: Table) -> list[int]:
    opened = table.open()
    assert opened is not None
    return sorted(pa.table(opened.to_pyarrow_table())["n"].to_pylist())


def test_data_is_flushed_before_the_log_names_it(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.create()
    seen: list[tuple[str, int]] = []
    flush = delta.fsync_path

    def note(path: Path) -> None:
        opened = table.open()
        assert opened is not None
        seen.append((path.name.split("-")[0], opened.version()))
        flush(path)

    monkeypatch.setattr(delta, "fsync_path", note)
    append(table, 1)
    log = f"{1:020d}.json"
    expected = [("part", 0), ("table", 0), (log, 1), ("_delta_log", 1), ("table", 1)]
    assert expected == seen


def test_new_folders_are_flushed_into_their_parents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []
    monkeypatch.setattr(delta, "fsync_path", seen.append)
    delta.make_folder(tmp_path / "a" / "b")
    assert {tmp_path, tmp_path / "a"} == set(seen)
    delta.make_folder(tmp_path / "a" / "b")
    assert 2 == len(seen)


def test_a_file_without_rows_is_not_kept(table: Table) -> None:
    table.create()
    assert table.write([]) is None
    assert [] == list(table.folder.glob("*.parquet"))


def test_a_file_without_commit_is_no_part_of_the_table(table: Table) -> None:
    append(table, 1)
    table.write([pa.record_batch([[2], ["x"]], schema=SCHEMA)])
    assert [1] == numbers(table)


def test_markers_survive_checkpoints_and_replacement(table: Table) -> None:
    for n in range(1, delta.CHECKPOINT_EVERY + 3):
        append(table, n)
    assert (table.folder / "_delta_log" / "_last_checkpoint").exists()
    file = table.write([pa.record_batch([[7], ["x"]], schema=SCHEMA)], kind="settled")
    assert file is not None
    assert file.name.startswith("settled-")
    table.commit([file], {"other": 5}, replace=True)
    opened = table.open()
    assert opened is not None
    assert delta.CHECKPOINT_EVERY + 2 == opened.transaction_version("last")
    assert 5 == opened.transaction_version("other")
    assert [7] == numbers(table)


def test_a_torn_checkpoint_pointer_does_not_hide_the_table(table: Table) -> None:
    for n in range(1, delta.CHECKPOINT_EVERY + 3):
        append(table, n)
    (table.folder / "_delta_log" / "_last_checkpoint").write_text("")
    assert list(range(1, delta.CHECKPOINT_EVERY + 3)) == numbers(table)


def test_whole_entries_are_left_alone(table: Table) -> None:
    append(table, 1)
    assert not set_torn_entry_aside(table.folder)
    assert not set_torn_entry_aside(table.folder / "none")
    deltalake.write_deltalake(str(table.folder), pa.table({"n": [2], "t": ["y"]}), mode="append")
    assert not set_torn_entry_aside(table.folder)
    assert [1, 2] == numbers(table)


def test_an_entry_that_lost_a_line_is_set_aside(table: Table) -> None:
    append(table, 1)
    version = append(table, 2)
    entry = table.folder / "_delta_log" / f"{version:020d}.json"
    lines = entry.read_text().splitlines(keepends=True)
    assert ["add", "txn"] == sorted(next(iter(json.loads(line))) for line in lines[1:])
    entry.write_text("".join(lines[:-1]))
    assert set_torn_entry_aside(table.folder)
    assert [1] == numbers(table)
    assert version == append(table, 2)
    assert [1, 2] == numbers(table)


def test_an_entry_that_lost_a_removal_is_set_aside(table: Table) -> None:
    append(table, 1)
    [old] = table.files()
    file = table.write([pa.record_batch([[2], ["x"]], schema=SCHEMA)])
    assert file is not None
    version = table.commit([file], {}, drop=[old])
    assert [2] == numbers(table)
    entry = table.folder / "_delta_log" / f"{version:020d}.json"
    lines = entry.read_text().splitlines(keepends=True)
    entry.write_text("".join(line for line in lines if "remove" not in json.loads(line)))
    assert set_torn_entry_aside(table.folder)
    assert [1] == numbers(table)


def test_the_log_knows_rows_and_bounds_of_each_file(tmp_path: Path) -> None:
    schema = pa.schema([("n", pa.int64()), ("t", pa.string()), ("part", pa.int32())])
    parted = Table(tmp_path / "table", schema, delta_encoded=["n"], partition_by=("part",))
    rows = pa.record_batch([[5, None, -3], ["x", "y", None]], names=["n", "t"])
    void = pa.record_batch([pa.nulls(1, pa.int64()), ["z"]], names=["n", "t"])
    files = [
        parted.write([rows, rows.slice(0, 1)], {"part": "1"}, "base"),
        parted.write([void], {"part": "2"}),
    ]
    parted.commit([f for f in files if f], {"seen": 7})
    first, second = parted.files()
    assert ("base", 4, {"part": 1}) == (first.kind, first.rows, first.partition)
    assert ({"n": -3}, {"n": 5}) == (first.least, first.most)
    assert ("part", {}, {}) == (second.kind, second.least, second.most)
    assert Path(first.uri).stat().st_size == first.size
    assert (7, 0) == (parted.marker("seen"), parted.marker("other"))
    assert 4 == parted.parquet(first).metadata.num_rows


def test_files_that_died_before_their_commit_are_swept(table: Table) -> None:
    append(table, 1)
    table.write([pa.record_batch([[2], ["x"]], schema=SCHEMA)])
    assert [] == table.sweep(1)
    assert 1 == len(table.sweep(0))
    assert [1] == numbers(table)


def test_a_file_given_up_leaves_nothing_behind(table: Table) -> None:
    table.create()

    def rows() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch([[2], ["x"]], schema=SCHEMA)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        table.write(rows())
    assert [] == list(table.folder.glob("*.parquet"))


def test_tables_with_foreign_features_are_refused(table: Table) -> None:
    table.create()
    deltalake.DeltaTable(str(table.folder)).alter.add_feature(
        deltalake.TableFeatures.DeletionVectors, allow_protocol_versions_increase=True
    )
    with pytest.raises(Problem) as caught:
        table.open()
    assert "lake_foreign_feature" == caught.value.code
    for language in ("zh", "en"):
        assert str(table.folder) in caught.value.text(language)
        assert "deletionVectors" in caught.value.text(language)


def _append_under_lock(folder: str, count: int) -> None:
    table = Table(Path(folder), SCHEMA)
    for _ in range(count):
        with sole_writer(Path(folder).with_suffix(".lock")):
            opened = table.create()
            append(table, (opened.transaction_version("last") or 0) + 1)


def test_writers_in_two_processes_take_turns(tmp_path: Path) -> None:
    folder = str(tmp_path / "table")
    context = multiprocessing.get_context("spawn")
    children = [
        context.Process(target=_append_under_lock, args=(folder, 5), daemon=True) for _ in range(2)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [0, 0] == [child.exitcode for child in children]
    assert list(range(1, 11)) == numbers(Table(Path(folder), SCHEMA))


def test_the_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(RuntimeError), sole_writer(tmp_path / "x.lock"):
        raise RuntimeError
    with sole_writer(tmp_path / "x.lock"):
        assert time.monotonic() - begun < 5
