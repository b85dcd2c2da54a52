"""A run is published whole, never changed, read back with equal digests, and swept when unused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from tanma.domain import canonical
from tanma.domain.messages import Problem
from tanma.lake import results
from tanma.lake.results import ResultTable

META = {"known_at": 1_790_000_000_000_000, "facts_version": 3, "editions": {"rating": "demo-1"}}


def accounts(order: str = "ascending") -> pa.Table:
    ids = [f"uscc:{n:04d}" for n in range(100)]
    table = pa.table(
        {"enterprise": ids, "emission_mg": [n * 10**15 for n in range(100)], "share": [0.5] * 100}
    )
    return table.sort_by([("enterprise", order)])


def publish(root: Path, run_id: str = "r1", order: str = "ascending", **meta: Any) -> results.Run:
    table = ResultTable(accounts(order), key=("enterprise",), omit=("share",), merkle=True)
    return results.publish(root, run_id, {"accounts": table}, META | meta)


def test_a_run_reads_back_as_it_was_written(tmp_path: Path) -> None:
    publish(tmp_path)
    run = results.read(tmp_path, "r1")
    assert META == run.meta
    assert accounts() == run.table("accounts")
    assert 100 == run.card["tables"]["accounts"]["rows"]
    assert ["enterprise", "emission_mg"] == run.card["tables"]["accounts"]["columns"]
    assert canonical.encode(run.card) == (run.folder / "run.json").read_bytes()
    run.verify()


def test_digest_knows_neither_run_nor_clock_nor_order(tmp_path: Path) -> None:
    one, two = publish(tmp_path), publish(tmp_path, "r2", "descending", computed_at=7)
    assert one.digest == two.digest
    assert one.card["tables"]["accounts"]["digest"] == two.card["tables"]["accounts"]["digest"]


def test_one_other_integer_is_another_digest(tmp_path: Path) -> None:
    one = publish(tmp_path)
    rows = accounts().to_pylist()
    rows[50]["emission_mg"] += 1
    table = ResultTable(pa.Table.from_pylist(rows), key=("enterprise",), omit=("share",))
    two = results.publish(tmp_path, "r2", {"accounts": table}, META)
    assert one.digest != two.digest


def test_a_run_is_never_overwritten(tmp_path: Path) -> None:
    before = (publish(tmp_path).folder / "run.json").read_bytes()
    with pytest.raises(Problem) as caught:
        publish(tmp_path, computed_at=9)
    assert "result_exists" == caught.value.code
    assert "r1" in caught.value.text("zh")
    assert "r1" in caught.value.text("en")
    assert before == (tmp_path / "results" / "run=r1" / "run.json").read_bytes()


def test_of_two_writers_of_one_run_the_second_is_refused(tmp_path: Path) -> None:
    run = publish(tmp_path)
    stage = tmp_path / "results" / ".new-r1-other"
    stage.mkdir()
    with pytest.raises(Problem, match="r1"):
        results._move(stage, run.folder, "r1")
    run.verify()


def test_a_failed_run_leaves_nothing(tmp_path: Path) -> None:
    table = ResultTable(accounts(), key=("enterprise",))
    with pytest.raises(Problem) as caught:
        results.publish(tmp_path, "r1", {"accounts": table}, META)
    assert ("canonical_float", "share") == (caught.value.code, caught.value.params["where"])
    with pytest.raises(Problem) as caught:
        publish(tmp_path, ratio=0.5)
    assert "canonical_float" == caught.value.code
    assert [] == [p.name for p in (tmp_path / "results").iterdir() if p.name != ".spill"]


def test_every_file_and_folder_is_flushed_before_the_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    flush = results.fsync_path

    def note(path: Path) -> None:
        flushed.append(path.name)
        flush(path)

    monkeypatch.setattr(results, "fsync_path", note)
    publish(tmp_path)
    stage = flushed[2]
    assert ["accounts.parquet", "run.json", stage, "results"] == flushed
    assert stage.startswith(".new-r1-")


def test_verify_finds_a_changed_digit(tmp_path: Path) -> None:
    run = publish(tmp_path)
    rows = accounts().to_pylist()
    rows[7]["emission_mg"] += 1
    forged = ResultTable(pa.Table.from_pylist(rows), key=("enterprise",), omit=("share",))
    other = results.publish(tmp_path, "r2", {"accounts": forged}, META)
    os.replace(other.path("accounts"), run.path("accounts"))
    with pytest.raises(Problem) as caught:
        run.verify()
    assert "result_changed" == caught.value.code
    for language in ("zh", "en"):
        assert run.card["tables"]["accounts"]["file_digest"] in caught.value.text(language)
        assert other.card["tables"]["accounts"]["file_digest"] in caught.value.text(language)


@pytest.mark.parametrize("number", [0, 1, 49, 98, 99])
def test_a_row_proves_itself_against_the_published_root(tmp_path: Path, number: int) -> None:
    run = publish(tmp_path, f"r{number}")
    proof = run.proof("accounts", (f"uscc:{number:04d}",))
    assert canonical.encode([f"uscc:{number:04d}", number * 10**15]) == proof.line
    assert run.card["tables"]["accounts"]["merkle_root"] == proof.root
    assert proof.holds()
    assert not results.Proof(proof.line + b" ", proof.path, proof.root).holds()


def test_a_row_that_is_not_there_has_no_proof(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        publish(tmp_path).proof("accounts", ("uscc:none",))
    assert "result_row_missing" == caught.value.code
    assert "uscc:none" in caught.value.text("zh")
    assert "uscc:none" in caught.value.text("en")


def test_a_stream_is_written_without_holding_it(tmp_path: Path) -> None:
    with duckdb.connect() as con:
        reader = con.sql("SELECT i AS id, i * i AS v FROM range(300000) t(i)").to_arrow_reader(
            10_000
        )
        run = results.publish(tmp_path, "r1", {"lines": ResultTable(reader, key=("id",))}, META)
    assert 300_000 == run.card["tables"]["lines"]["rows"]
    run.verify()


def test_names_of_runs_and_tables_are_checked(tmp_path: Path) -> None:
    for run_id in ("", "../r1", "-r", "r" * 65):
        with pytest.raises(Problem) as caught:
            results.read(tmp_path, run_id)
        assert "result_run_name" == caught.value.code
        assert run_id in caught.value.text("zh")
        assert run_id in caught.value.text("en")
    with pytest.raises(Problem) as caught:
        results.read(tmp_path, "r9")
    assert "result_missing" == caught.value.code
    assert "r9" in caught.value.text("zh")
    assert "r9" in caught.value.text("en")
    with pytest.raises(Problem) as caught:
        publish(tmp_path).table("grades")
    assert "result_table_missing" == caught.value.code
    assert "accounts" in caught.value.text("zh")
    assert "accounts" in caught.value.text("en")


def test_sweep_keeps_what_is_referenced_or_young(tmp_path: Path) -> None:
    assert [] == results.sweep(tmp_path, set(), 60)
    for run_id in ("r1", "r2", "r3"):
        published_s = publish(tmp_path, run_id).folder.stat().st_mtime
    (tmp_path / "results" / ".new-r4-0000").mkdir()
    os.utime(tmp_path / "results" / "run=r3", (published_s + 900, published_s + 900))
    swept = results.sweep(tmp_path, {"r1"}, older_than_s=600, now_s=published_s + 1_000)
    assert [".new-r4-0000", "run=r2"] == swept
    results.read(tmp_path, "r1").verify()
    results.read(tmp_path, "r3").verify()
    with pytest.raises(Problem):
        results.read(tmp_path, "r2")
