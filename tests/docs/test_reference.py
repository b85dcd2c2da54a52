"""The reference pages are what the product says of itself, and nothing is left out."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from tanma.domain.messages import catalogue
from tanma.site import reference
from tanma.site.cli import command_names
from tanma.site.config import Config

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs/reference"
REPAIR = "python -m tanma.site.reference docs/reference"


@pytest.mark.parametrize(
    "name",
    ["commands.md", "settings.md", "messages.md", "capabilities.md", "intake-openapi.json"],
)
def test_the_committed_page_is_the_generated_one(name):
    committed = (FOLDER / name).read_text(encoding="utf-8")
    assert reference.pages(FOLDER)[name] == committed, REPAIR


def test_every_command_has_a_heading():
    found = re.findall(r"^## `tanma (\S+)`$", reference.commands_page(), re.M)
    assert command_names() == found


def test_every_setting_is_described_and_none_is_invented():
    assert set(Config.model_fields) == set(reference.SETTINGS)
    found = re.findall(r"^\| `(TANMA_\w+)`", reference.settings_page(), re.M)
    assert [f"TANMA_{name.upper()}" for name in Config.model_fields] == found


def test_every_message_stands_on_its_page_once():
    found = re.findall(r"^\| `(\w+)` \|", reference.messages_page(), re.M)
    assert sorted(catalogue()) == sorted(found)


def test_a_bar_in_a_text_does_not_end_its_cell():
    assert "a\\|b c" == reference._cell("a|b\nc")


def test_arguments_are_spelt_as_they_are_typed():
    parser = argparse.ArgumentParser()
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files")
    parser.add_argument("--lang", choices=("zh", "en"), help="language")
    parser.add_argument("--dry", action="store_true", help="only look")
    parser.add_argument("--secret", help=argparse.SUPPRESS)
    lines = list(reference._arguments(parser))
    expected = ["`PATH …` | files", "`--lang zh\\|en` | language", "`--dry` | only look"]
    assert [f"| {text} |" for text in expected] == lines[2:]


def test_main_writes_every_page(tmp_path):
    (tmp_path / "capabilities.csv").write_bytes((FOLDER / "capabilities.csv").read_bytes())
    reference.main(tmp_path)
    assert reference.pages(FOLDER) == {
        f.name: f.read_text(encoding="utf-8")
        for f in tmp_path.iterdir()
        if f.suffix in {".md", ".json"}
    }
