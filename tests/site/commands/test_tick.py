"""`tanma tick` says what it computed, or that nothing is due."""

import argparse

import pytest

from tanma.site import keeping, setup
from tanma.site.commands import tick


@pytest.mark.parametrize(("expected", "made"), [("nothing is due\n", ""), ("2026Q2\n", "2026Q2")])
def test_it_tells_what_was_computed(monkeypatch, capsys, expected, made):
    monkeypatch.setattr(setup, "prepare", lambda: None)
    monkeypatch.setattr(keeping, "evaluated", lambda: made)
    assert 0 == tick.run(argparse.Namespace())
    assert expected == capsys.readouterr().out
