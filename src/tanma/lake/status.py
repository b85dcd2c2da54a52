"""How the lake is doing: freshness, backlog, files and bytes, what waits to be derived.

`status` looks; `metrics` turns what it saw into Prometheus text and touches nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from tanma.lake.derived import ActivityDays
from tanma.lake.held import TABLES, Held, noted, sound
from tanma.lake.inbox import aside_note, writers
from tanma.lake.known import Snapshot, dirty
from tanma.lake.landing import Landing, now_us
from tanma.lake.upkeep import Kept, lake_tables

DERIVED_UPTO = "derived.readings"
"""Mark of `activity_day`: readings stamped at or before it are in its days."""
COMPLETENESS_DAYS = 7
_SECOND_US = 1_000_000


def status(root: Path, clock: Callable[[], int] = now_us) -> dict[str, Any]:
    """What an operator asks first; times are µs since 1970 UTC, ages and freshness seconds."""
    now = clock()
    damaged, held_days = _held(root)
    snapshot = sound(root)
    landing = Landing(root, clock)
    inboxes = [_inbox(landing, writer) for writer in writers(root)]
    return {
        "at_us": now,
        "watermark_us": snapshot.watermark,
        "freshness_s": _age_s(now, snapshot.watermark),
        "settled_us": snapshot.settled_stamp,
        "settled_age_s": _age_s(now, snapshot.settled_stamp),
        "writers": inboxes,
        "backlog_rows": sum(box["backlog_rows"] or 0 for box in inboxes),
        "tables": {kept.name: _size(kept) for kept in lake_tables(root) if kept.exists},
        "bytes_per_reading": _bytes_per_reading(root),
        "derived_us": ActivityDays(root).mark(DERIVED_UPTO),
        "dirty_keys": _dirty_keys(root, snapshot),
        "held_keys": held_days,
        "damaged": [_damage(one) for one in damaged],
        "completeness": _completeness(root, now),
    }


def _held(root: Path) -> tuple[list[Held], int]:
    """Damaged files that derivation goes around, and the channels and days that wait for them."""
    files, days = noted(root)
    named = {f.name for table in TABLES.values() for f in table(root).files()} if files else set()
    return [one for one in files if one.damaged and one.file in named], days


def _damage(one: Held) -> dict[str, Any]:
    said = {"table": one.table, "file": one.uri, "place": one.place, "rows": one.rows}
    return said | {"zh": one.problem.text("zh"), "en": one.problem.text("en")}


def _age_s(now: int, stamp: int) -> float | None:
    return (now - stamp) / _SECOND_US if stamp else None


def _inbox(landing: Landing, writer: str) -> dict[str, Any]:
    aside = aside_note(landing.root, writer).exists()
    rows = None if aside else landing.inbox(writer).backlog()
    return {"writer": writer, "backlog_rows": rows, "aside": aside}


def _size(kept: Kept) -> dict[str, Any]:
    files = kept.table.files()
    rows, size = sum(f.rows for f in files), sum(f.size for f in files)
    return {
        "files": len(files),
        "rows": rows,
        "bytes": size,
        "bytes_per_row": round(size / rows, 3) if rows else None,
    }


def _bytes_per_reading(root: Path) -> float | None:
    """Bytes of settled readings and their receipts, by row: what a reading costs for good."""
    kept = {k.name: _size(k) for k in lake_tables(root) if k.exists}
    settled = [kept[name] for name in ("tail", "readings") if name in kept]
    rows = sum(size["rows"] for size in settled)
    if not rows:
        return None
    receipts = kept.get("receipts", {"bytes": 0})["bytes"]
    return round((sum(size["bytes"] for size in settled) + receipts) / rows, 3)


def _dirty_keys(root: Path, snapshot: Snapshot) -> int | None:
    """Channels and days with readings that no derivation has seen; None: a file is damaged."""
    after = ActivityDays(root).mark(DERIVED_UPTO)
    if after >= snapshot.watermark:
        return 0
    with duckdb.connect() as con, suppress(duckdb.Error):
        dirty(con, snapshot, after, snapshot.watermark)
        return int(con.execute("SELECT count(*) FROM dirty").fetchall()[0][0])
    return None


def _completeness(root: Path, now: int) -> float | None:
    """Readings that came by those expected, over the last whole days; None: nobody knows."""
    today = dt.datetime.fromtimestamp(now / _SECOND_US, dt.UTC).date()
    first = today - dt.timedelta(days=COMPLETENESS_DAYS)
    months = sorted({f"{first:%Y-%m}", f"{today:%Y-%m}"})
    with duckdb.connect() as con, suppress(duckdb.Error):  # a damaged file of days
        ActivityDays(root).view(con, months)
        came, expected = con.execute(
            "SELECT sum(least(n, expected)), sum(expected) FROM days"
            " WHERE expected > 0 AND day >= ? AND day < ?",
            [first, today],
        ).fetchall()[0]
        return round(int(came) / int(expected), 6) if expected else None
    return None


_METRICS = (
    ("watermark_us", "watermark_seconds", "Readings stamped up to here can be read.", 1e-6),
    ("settled_us", "settled_seconds", "Readings stamped up to here are settled.", 1e-6),
    ("derived_us", "derived_seconds", "Readings stamped up to here are in the days.", 1e-6),
    ("freshness_s", "freshness_seconds", "Age of the watermark.", 1),
    ("backlog_rows", "backlog_rows", "Readings acknowledged and not sealed.", 1),
    ("dirty_keys", "dirty_keys", "Channels and days that wait to be derived.", 1),
    ("held_keys", "held_keys", "Channels and days that wait for a damaged file.", 1),
    ("completeness", "completeness_ratio", "Readings that came, by expected, last 7 days.", 1),
    ("bytes_per_reading", "bytes_per_reading", "Settled bytes by reading.", 1),
)


def metrics(found: dict[str, Any]) -> str:
    """The status as Prometheus text; what is unknown is left out, never 0."""
    return "\n".join(_metric_lines(found)) + "\n"


def _metric_lines(found: dict[str, Any]) -> Iterator[str]:
    for key, name, text, factor in _METRICS:
        if found[key] is not None:
            yield from _head(name, text)
            yield f"tanma_lake_{name} {_number(found[key] * factor)}"
    yield from _head("writer_backlog_rows", "Readings of one writer not sealed.")
    for box in found["writers"]:
        if box["backlog_rows"] is not None:
            yield _labelled("writer_backlog_rows", "writer", box["writer"], box["backlog_rows"])
    yield from _head("writer_aside", "1 for a writer whose inbox was set aside.")
    for box in found["writers"]:
        yield _labelled("writer_aside", "writer", box["writer"], int(box["aside"]))
    yield from _damaged_lines(found)
    for what in ("files", "rows", "bytes"):
        yield from _head(f"table_{what}", f"{what.capitalize()} of a table.")
        for name, size in found["tables"].items():
            yield _labelled(f"table_{what}", "table", name, size[what])


def _damaged_lines(found: dict[str, Any]) -> Iterator[str]:
    yield from _head("damaged_files", "Damaged files that derivation goes around.")
    for name in TABLES:
        number = sum(one["table"] == name for one in found["damaged"])
        yield _labelled("damaged_files", "table", name, number)


def _head(name: str, text: str) -> Iterator[str]:
    yield f"# HELP tanma_lake_{name} {text}"
    yield f"# TYPE tanma_lake_{name} gauge"


def _labelled(name: str, label: str, value: str, number: float) -> str:
    return f'tanma_lake_{name}{{{label}="{value}"}} {_number(number)}'


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")
