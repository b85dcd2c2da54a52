"""The private PostgreSQL of the tests starts, answers in UTF-8, and leaves nothing behind."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psycopg
import pytest

from tests import postgres


@pytest.mark.slow
def test_a_private_server_answers(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("select '碳效码', 99999999999999999::numeric").fetchone()
        assert row is not None
        assert ("碳效码", 99999999999999999) == (row[0], int(row[1]))
        encoding = connection.execute("show server_encoding").fetchone()
    assert ("UTF8",) == encoding


@pytest.mark.slow
def test_it_refuses_a_wrong_password_and_is_gone_afterwards() -> None:
    with postgres.private_postgres() as url:
        wrong = url.replace(url.split(":")[2].split("@")[0], "wrong")
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(wrong)
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(url)


@pytest.mark.slow
def test_a_command_runs_with_the_address_in_its_environment(tmp_path: Path) -> None:
    seen = tmp_path / "url"
    code = f"import os; open({str(seen)!r}, 'w').write(os.environ['TANMA_DATABASE_URL'])"
    assert 0 == postgres.main([sys.executable, "-c", code])
    assert seen.read_text().startswith("postgresql://tanma:")
    assert 3 == postgres.main([sys.executable, "-c", "raise SystemExit(3)"])


def test_a_missing_server_is_named_with_its_package() -> None:
    with pytest.raises(FileNotFoundError, match="apt-get install postgresql"):
        postgres.binary("no-such-program")


def test_root_hands_the_server_to_another_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert postgres.server_account() is None
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert postgres.server_account() in {"postgres", "nobody"}
