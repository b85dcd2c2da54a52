"""Every page is listed, every link leads somewhere, every command and setting named exists."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest

from tanma.site.cli import command_names, load
from tanma.site.config import Config

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FRONT = [ROOT / n for n in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES = [*FRONT, *sorted(DOCS.rglob("*.md"))]
DEVELOPER = {"TANMA_CHROMIUM", "TANMA_DATA"}
"""Variables of `./dev` and of the tests; CONTRIBUTING.md tells about them."""
LINK = re.compile(r"\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```", re.M | re.S)
IDS = [str(page.relative_to(ROOT)) for page in PAGES]


def links(text):
    """Targets inside the repository, without their anchors."""
    found = (target.partition("#")[0] for target in LINK.findall(text))
    return [target for target in found if target and "://" not in target]


def commands(text):
    """`tanma …` of all shell blocks, comments and pipes cut off."""
    for block in BLOCK.findall(text):
        joined = block.replace("\\\n", " ")
        for line in joined.splitlines():
            match = re.search(r"(?:^|\s|/)tanma ([a-z].*)", line)
            if match and not line.lstrip().startswith("#"):
                yield shlex.split(re.sub(r'"$', "", match[1]), comments=True)


def parsed(words):
    """What the real parser of the command makes of them; it leaves with 2 on a wrong one."""
    module = load(words[0])
    parser = argparse.ArgumentParser(prog=words[0], exit_on_error=False)
    module.arguments(parser)
    return parser.parse_args(words[1 : next((i for i, w in enumerate(words) if w in "|>"), None)])


def test_every_page_is_listed_once():
    listed = links((DOCS / "index.md").read_text(encoding="utf-8"))
    expected = sorted(str(p.relative_to(DOCS)) for p in DOCS.rglob("*.md") if p.name != "index.md")
    assert expected == sorted(listed)


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_lead_somewhere(page):
    broken = [t for t in links(page.read_text("utf-8")) if not (page.parent / t).exists()]
    assert [] == broken


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_settings_named_exist(page):
    known = {f"TANMA_{name.upper()}" for name in Config.model_fields} | DEVELOPER
    assert set(re.findall(r"TANMA_[A-Z_]*[A-Z]", page.read_text("utf-8"))) <= known


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_commands_named_exist(page):
    named = set(re.findall(r"`(?:\./dev )?tanma ([a-z]+)\b", page.read_text("utf-8")))
    assert named <= set(command_names())


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_commands_in_blocks_are_understood(page):
    for words in commands(page.read_text("utf-8")):
        if words[0] != "manage":
            assert parsed(words) is not None, words


@pytest.mark.parametrize("line", ["tanma rate f.csv --no-such", "./dev tanma explain"])
def test_a_wrong_option_is_noticed(line, capsys):
    [words] = commands(f"```sh\n{line}\n```\n")
    with pytest.raises((SystemExit, argparse.ArgumentError)):
        parsed(words)


def test_both_readmes_have_the_same_blocks_and_leads():
    english, chinese = (page.read_text("utf-8") for page in FRONT[:2])
    assert BLOCK.findall(english) == BLOCK.findall(chinese)
    names = {"README.md", "README.zh-CN.md"}
    assert set(links(english)) - names == set(links(chinese)) - names
