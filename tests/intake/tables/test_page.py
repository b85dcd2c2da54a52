"""The reference page is what the declarations say, and the how-to page can be followed."""

import argparse
import re
from pathlib import Path

from tanma.domain.messages import catalogue
from tanma.intake.tables import package_names, packages
from tanma.intake.tables.page import page
from tanma.site.commands import template as command

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "src" / "tanma" / "intake"


def test_the_committed_page_is_the_generated_one():
    """When this fails: ./dev tanma template --markdown > docs/reference/packages.md"""
    committed = (ROOT / "docs" / "reference" / "packages.md").read_text(encoding="utf-8")
    assert page() == committed


def test_every_package_and_every_column_is_on_the_page():
    text = page()
    for name in package_names():
        assert f"\n## {name}\n" in text
        for column in packages()[name].columns:
            assert f"| `{column}` |" in text


def test_every_message_that_intake_raises_is_on_the_page():
    """Codes are read out of the source, so a new one cannot be forgotten."""
    text = page()
    # Data sets, gateways and devices are no table packages.
    files = [f for f in SOURCE.rglob("*.py") if {"tables", "units"} & set(f.parts)]
    sources = "".join(f.read_text(encoding="utf-8") for f in files)
    raised = set(re.findall(r'"([a-z0-9]+(?:_[a-z0-9]+)+)"', sources)) & set(catalogue())
    assert 40 < len(raised)
    assert [] == sorted(code for code in raised if f"| `{code}` |" not in text)


def test_no_message_of_intake_is_left_over():
    texts = (ROOT / "src/tanma/domain/messages/intake.toml").read_text(encoding="utf-8")
    sources = "".join(f.read_text(encoding="utf-8") for f in SOURCE.rglob("*.py"))
    codes = re.findall(r"^\[(\w+)\]$", texts, re.MULTILINE)
    assert [] == [code for code in codes if f'"{code}"' not in sources]


def test_forms_that_were_not_read_are_marked_on_the_page():
    section = page().split("\n## form_205_1\n")[1].split("\n## ")[0]
    assert "**未确认**" in section


def test_the_command_prints_the_page(capsys):
    parser = argparse.ArgumentParser()
    command.arguments(parser)
    assert 0 == command.run(parser.parse_args(["--markdown"]))
    assert page() == capsys.readouterr().out


def test_the_python_of_the_how_to_page_runs(tmp_path, monkeypatch, capsys):
    text = (ROOT / "docs" / "how-to" / "import-tables.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "import-tables.md", "exec"), {})
    assert "'rows': 3, 'good': 3, 'rejected': 0" in capsys.readouterr().out
    assert (tmp_path / "rejected.csv").exists()


def test_the_commands_of_the_how_to_page_are_options_of_the_command():
    text = (ROOT / "docs" / "how-to" / "import-tables.md").read_text(encoding="utf-8")
    parser = argparse.ArgumentParser()
    command.arguments(parser)
    lines = re.findall(r"^\./dev tanma template(.*?)(?:#|$)", text, re.MULTILINE)
    assert 4 == len(lines)
    for words in lines:
        assert parser.parse_args(words.split()).markdown is False
