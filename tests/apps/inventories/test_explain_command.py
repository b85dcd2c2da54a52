"""`tanma explain` and the basis page: the same tree, and clear words where there is none."""

import html
import json
import re

import pytest

from tanma.site.cli import main
from tests.apps.region import PREVIEW, PUBLISHED

pytestmark = [pytest.mark.db, pytest.mark.django_db]
PERIOD = PUBLISHED[-1]


def said(capsys, *args):
    assert 0 == main(["explain", *args])
    return capsys.readouterr().out


def test_the_command_prints_every_account(published, capsys):
    text = said(capsys, published.enterprise("A").uscc, "--period", PERIOD)
    names = ("碳效码口径碳排放总量（毛）", "碳中和率", "法定核算总量", "综合能源消费量（等价值）")
    for name in names:
        assert name in text
    result = published.run().results.get(subject=published.subject("A"))
    assert f"{result.net_mg / 1e9:,.9f}".rstrip("0") in text
    assert "batch:test#1" in text
    assert "原文 21377000" in text
    assert "记录于" in text


def test_page_and_command_carry_the_same_numbers(published, capsys):
    firm = published.enterprise("A")
    client = published.client_of("firm_a")
    for account in ("code", "statutory", "energy"):
        made = json.loads(said(capsys, firm.uscc, "--period", PERIOD, "--json"))["accounts"]
        lines = said(capsys, firm.uscc, "--period", PERIOD, "--account", account).splitlines()
        query = {"period": PERIOD, "account": account}
        page = client.get(f"/inventories/{firm.uid}/basis", query).content.decode()
        shown = [html.unescape(v) for v in re.findall(r'class="res">([^<]*)<', page)]
        printed = [m[1] for line in lines[1:] if (m := re.search(r" = (−?[\d,.]+|—)( |:|$)", line))]
        assert printed == shown
        assert len(shown) > 20
        assert len(made[account][0]["children"]) > 2


def test_the_newest_period_is_the_default_and_english_is_spoken(published, capsys):
    text = said(capsys, published.enterprise("A").uscc, "--lang", "en", "--account", "code")
    assert f" {PERIOD} " in text.splitlines()[0]
    assert "Code account, net" in text
    assert "data year 2023 used for 2026" in text


def test_an_unpublished_run_is_explained_by_its_id(published, capsys):
    run = published.run(PREVIEW)
    text = said(capsys, published.enterprise("A").uscc, "--run", run.uid, "--account", "code")
    assert run.uid in text


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["91NOBODY"], "91NOBODY"),
        (["{uscc}", "--period", "2026Q3"], ", ".join(reversed(PUBLISHED))),
        (["{uscc}", "--period", "2026Q9"], "2026Q9"),
        (["{uscc}", "--run", "nothing"], "nothing"),
        (["{uscc}", "--run", "{run}", "--period", "2026Q3"], PERIOD),
    ],
)
def test_what_cannot_be_explained_is_told_in_both_languages(published, capsys, args, told):
    uscc, run = published.enterprise("A").uscc, published.run().uid
    assert 2 == main(["explain", *(a.format(uscc=uscc, run=run) for a in args)])
    zh, en = capsys.readouterr().err.strip().splitlines()
    assert told in zh
    assert told in en


def test_demo_data_says_so(published, capsys, settings):
    settings.TANMA = settings.TANMA.model_copy(update={"demo": True})
    text = said(capsys, published.enterprise("A").uscc, "--account", "code")
    assert text.startswith("演示数据")
