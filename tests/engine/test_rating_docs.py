"""What the pages show can be run as it stands, and the page names every column and field."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tanma.site.cli import main
from tanma.site.commands import rate
from tanma.site.commands._rating_file import OPTIONAL, REQUIRED

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "rate-a-table.md"
TEXT = PAGE.read_text(encoding="utf-8")


def block(language: str) -> str:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)[0]


def test_command_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("firms.csv").write_text(block("csv"), encoding="utf-8")
    assert 0 == main(block("sh").split()[1:])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found = [(r["id"], r["benchmark"], r["ratio"], r["grade"]) for r in rows]
    assert [("A", 2.0, 0.5, 1), ("B", 2.0, 1.5, 4)] == found


def test_python_of_the_page() -> None:
    names: dict[str, object] = {}
    exec(block("python"), names)
    assert "rated" in names


def test_page_names_every_column_and_every_field() -> None:
    for name in (*REQUIRED, *OPTIONAL, *rate.SHOWN, *rate.FURTHER):
        assert f"`{name}`" in TEXT, name
