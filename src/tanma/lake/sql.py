"""Small pieces of DuckDB SQL that the lake's readers share."""

from __future__ import annotations

import re
from collections.abc import Sequence

import duckdb
import pyarrow as pa

from tanma.domain.messages import Problem

TYPES = {
    "int64": "BIGINT",
    "int32": "INTEGER",
    "string": "VARCHAR",
    "date32[day]": "DATE",
    "binary": "BLOB",
}
"""DuckDB's name of an Arrow type."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,50}")


def checked_name(name: str) -> str:
    """A name that may stand in SQL without quotes, or a Problem."""
    if not _NAME.fullmatch(name):
        raise Problem("lake_view_name", name=name)
    return name


def text(value: str) -> str:
    """A text literal."""
    return "'" + value.replace("'", "''") + "'"


def scan(files: Sequence[str], *, union_by_name: bool = False) -> str:
    """A table function over Parquet files; partition values in their paths are not columns.

    `union_by_name`: a column that older files lack is missing there.
    """
    listed = ", ".join(text(f) for f in files)
    union = ", union_by_name = true" if union_by_name else ""
    return f"read_parquet([{listed}], hive_partitioning = false{union})"


def empty_view(con: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema) -> None:
    """A view with the columns of the schema and no rows."""
    con.register(f"{name}_none", schema.empty_table())
    con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM {name}_none")
