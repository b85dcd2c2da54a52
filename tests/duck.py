"""One DuckDB for the small questions of tests: opening an engine takes longer than an answer."""

from __future__ import annotations

import duckdb

_ENGINE = duckdb.connect()


def session() -> duckdb.DuckDBPyConnection:
    """A session of its own: what it registers and its temporary tables are seen by nobody else."""
    return _ENGINE.cursor()
