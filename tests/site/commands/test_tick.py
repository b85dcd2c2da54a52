"""`tanma tick` says what it computed and wrote, or that nothing is due."""

import argparse

import pytest

from tanma.apps.cases import door as cases
from tanma.site import keeping, setup
from tanma.site.commands import tick


@pytest.mark.parametrize(
    ("expected", "made", "letters"),
    [("nothing is due\n", "", 0), ("2026Q2\n", "2026Q2", 0), ("2026Q2, 2 letters\n", "2026Q2", 2)],
)
def test_it_tells_what_was_done(monkeypatch, capsys, expected, made, letters):
    monkeypatch.setattr(setup, "prepare", lambda: None)
    monkeypatch.setattr(keeping, "evaluated", lambda: made)
    monkeypatch.setattr(cases, "send_letters", lambda: letters)
    assert 0 == tick.run(argparse.Namespace())
    assert expected == capsys.readouterr().out
