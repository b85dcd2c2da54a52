"""`tanma lake`: each step from the command line, on the lake of the home."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tanma.domain.messages import Problem
from tanma.intake.live import Scope, ScopedChannel
from tanma.lake import raw
from tanma.lake.landing import Landing, entry
from tanma.lake.readings import Readings
from tanma.lake.storage import Bucket, settled_root
from tanma.lake.upkeep import lake_tables
from tanma.site.cli import main
from tanma.site.intake_scopes import decoder
from tests.lake.reading_model import table


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TANMA_HOME", str(tmp_path))
    return tmp_path / "lake"


@pytest.fixture
def tanma(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def call(*args: str) -> tuple[int, str]:
        code = main(["lake", *args])
        return code, capsys.readouterr().out

    return call


def test_a_reading_is_sealed_settled_and_shown(
    root: Path, tanma: Callable[..., tuple[int, str]], db: None
) -> None:
    Readings(root).append(table([(1, 0, 5, None), (1, 1, 6, None)]), writer="a")
    assert 2 == json.loads(tanma("status", "--json")[1])["backlog_rows"]
    assert 2 == json.loads(tanma("seal")[1])["rows"]
    assert 2 == json.loads(tanma("settle")[1])["rows"]
    code, text = tanma("status")
    assert 0 == code
    assert "待推导 dirty keys          1" in text
    assert "写入方 writer a: 待归档 backlog 0" in text
    night = json.loads(tanma("night", "--keep-hours", "48")[1])
    assert 0 == night["settled"]["rows"]
    assert 'tanma_lake_table_rows{table="landing"} 0' in tanma("status", "--metrics")[1]
    assert {"landing", "tail"} <= set(json.loads(tanma("sweep")[1]))


def test_bodies_are_held_by_the_receipts_that_the_intake_gave(
    root: Path, tanma: Callable[..., tuple[int, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    Readings(root).append(table([(1, 0, 5, None)]), writer="http-1")
    held = tanma("hold", "http-1/1", "connections-2/17", "--reason", "dispute 7")
    assert (0, "保留报文 bodies held 2\n") == held
    assert {("http-1", 1), ("connections-2", 17)} == raw.kept(root)
    with pytest.raises(SystemExit):
        tanma("hold", "http-1", "--reason", "x")
    assert "'http-1' is no receipt" in capsys.readouterr().err


def test_check_fails_when_a_file_is_damaged(
    root: Path, tanma: Callable[..., tuple[int, str]]
) -> None:
    Readings(root).append(table([(1, 0, 5, None)]), writer="a")
    tanma("seal")
    assert (0, "文件 files 1 · 行 rows 1 · 损坏 damaged 0\n") == tanma("check")
    [file] = lake_tables(root)[0].table.files()
    Path(file.uri).write_bytes(b"no")
    code, text = tanma("check")
    assert 1 == code
    assert file.uri in text
    assert "已搁置 set aside 1" in tanma("check", "--set-aside")[1]
    assert 0 == tanma("check")[0]
    assert "损坏 damaged 1" in text


def test_a_refresh_names_what_it_goes_around(
    root: Path, tanma: Callable[..., tuple[int, str]], db: None
) -> None:
    Readings(root).append(table([(1, 0, 5, None)]), writer="a")
    tanma("seal")
    [file] = lake_tables(root)[0].table.files()
    Path(file.uri).write_bytes(b"no")
    code, text = tanma("refresh")
    assert 1 == code
    assert f"landing 的文件 {file.uri} 已损坏" in text
    assert "因损坏等待 held 0 · 文件 damaged files 1" in text  # nobody knows channel 1
    assert f"File {file.uri} of landing is damaged" in tanma("status")[1]
    assert 'damaged_files{table="landing"} 1' in tanma("status", "--metrics")[1]
    assert "已搁置 set aside 1" in tanma("check", "--set-aside")[1]
    code, text = tanma("refresh")
    assert (0, False) == (code, "损坏" in text)


def test_settling_names_what_it_leaves_and_a_refresh_takes_it_in_again(
    root: Path, tanma: Callable[..., tuple[int, str]], db: None
) -> None:
    Readings(root).append(table([(1, 0, 5, None)]), writer="a")
    tanma("seal")
    [file] = lake_tables(root)[0].table.files()
    whole = Path(file.uri).read_bytes()
    Path(file.uri).write_bytes(b"no")
    for step in ("settle", "night"):
        code, text = tanma(step)
        assert 1 == code
        assert f"landing 的文件 {file.uri} 已损坏" in text
    code, text = tanma("run")
    assert (1, True) == (code, "因损坏等待 held 0 · 文件 damaged files 1" in text)
    Path(file.uri).write_bytes(whole)
    assert 0 == tanma("refresh")[0]
    assert {"landing": 0, "tail": 1} == {
        kept.name: sum(f.rows for f in kept.table.files())
        for kept in lake_tables(root) if kept.name in ("landing", "tail")
    }  # fmt: skip
    assert 0 == tanma("settle")[0]


def test_a_check_makes_files_again_from_what_gateways_sent(
    root: Path, tanma: Callable[..., tuple[int, str]], db: None
) -> None:
    """What cannot be proven stays and is told; how bodies are read is the adapters' affair."""
    landing = Landing(root)
    landing.take([entry(table([(1, 0, 5, None)]), body=b"x", form="http-json", source="g")],
                 writer="a")  # fmt: skip
    tanma("seal")
    [file] = lake_tables(root)[0].table.files()
    Path(file.uri).write_bytes(b"no")
    code, text = tanma("check", "--rebuild")
    assert 1 == code
    assert f"文件 {file.uri} 不能由留存报文重建" in text
    assert f"File {file.uri} cannot be made again" in text


def test_bodies_are_read_again_by_what_their_gateway_may_write() -> None:
    scope = Scope.of("g", [ScopedChannel(1, "", "gauge", "", 0)])
    said = b'[{"channel": 1, "time": "2026-09-01T00:00:00Z", "value": 5}]'
    body = raw.Body("a", 1, 1, "g", "http-json", 1, b"", said)
    decode = decoder([scope])
    assert [5] == decode(body)["value"].to_pylist()
    with pytest.raises(Problem) as problem:
        decode(replace(body, source="other"))
    assert "device_gateway" == problem.value.code


def test_an_unknown_step_is_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["lake", "boil"])
    assert "boil" in capsys.readouterr().err


def test_a_lake_is_shared_from_the_start(root: Path, tanma: Callable[..., tuple[int, str]]) -> None:
    code, text = tanma("share", "s3://name/prefix", "--option", "AWS_REGION=x=y")
    assert (0, {"shared": "s3://name/prefix"}) == (code, json.loads(text))
    assert Bucket("s3://name/prefix", (("AWS_REGION", "x=y"),)) == settled_root(root)
