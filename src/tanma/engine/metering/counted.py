"""Which virtual meters enter sums, so that nothing is added beside its own parts.

A virtual channel that stands, directly or through others, on a channel of its own item is a view:
sums leave it out. While the fact `meter.counts` of its meter is `yes` it stands for those channels,
and sums leave them out instead. One that stands on other items alone counts like any meter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

import duckdb
import pyarrow as pa

from tanma.engine.metering import virtual
from tanma.engine.metering.channels import id_text

EVER = (dt.date(1, 1, 1), dt.date(9999, 12, 31))
Span = tuple[dt.date, dt.date]
_UNDER = pa.schema(
    [("channel", pa.int64()), ("valid_from", pa.date32()), ("valid_to", pa.date32())]
)


def leave_out(
    con: duckdb.DuckDBPyConnection, table: pa.Table, names: Mapping[str, str],
    name: str = "metering",
) -> None:  # fmt: skip
    """Add to `<name>_under` the channels that sums leave out because of virtual meters."""
    met = virtual.reached(table, names)
    if not met:
        return
    made = list(_left_out(table, met, _counting(con, name)))
    con.register("given", pa.Table.from_pylist(made, schema=_UNDER))
    con.execute(f"INSERT INTO {name}_under SELECT DISTINCT * FROM given")
    con.unregister("given")


def _counting(con: duckdb.DuckDBPyConnection, name: str) -> dict[str, list[Span]]:
    """Meter → the days on which it says that it counts, in order."""
    found: dict[str, list[Span]] = {}
    rows = con.execute(
        f"""SELECT {id_text("subject")}, valid_from, valid_to FROM {name}_spans
            WHERE item = 'meter.counts' AND text = 'yes' ORDER BY ALL"""
    ).fetchall()
    for meter, begin, end in rows:
        found.setdefault(meter, []).append((begin, end))
    return found


def _left_out(
    table: pa.Table, met: Mapping[int, set[int]], counting: Mapping[str, list[Span]]
) -> Iterator[dict[str, object]]:
    rows = table.select(["channel", "meter", "item"]).to_pylist()
    item = {r["channel"]: r["item"] for r in rows}
    meter = {r["channel"]: r["meter"] for r in rows}
    for channel, below in met.items():
        same = [c for c in below if item[c] == item[channel]]
        if not same:
            continue
        counts = counting.get(meter[channel], [])
        yield from (_row(channel, span) for span in _between(counts))
        yield from (_row(c, span) for c in same for span in counts)


def _row(channel: int, span: Span) -> dict[str, object]:
    return {"channel": channel, "valid_from": span[0], "valid_to": span[1]}


def _between(spans: list[Span]) -> Iterator[Span]:
    """What lies between spans that do not overlap, from ever to ever."""
    begin = EVER[0]
    for first, end in spans:
        if first > begin:
            yield begin, first
        begin = end
    if begin < EVER[1]:
        yield begin, EVER[1]
