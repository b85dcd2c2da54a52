"""What channels are, from the dated facts of channels and meters, in columns.

Facts are attributes whose subject is the number of a channel (`channel.*`) or the id of a meter
(`meter.*`); contract: docs/design/readings.md §1. Where spans overlap the later start holds, then
the later version. A channel that cannot be read says why in `problem` and is left out of sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import duckdb
import pyarrow as pa

from tanma.domain.identity import ALPHABET, ID_LENGTH
from tanma.domain.items import items as catalogue
from tanma.domain.readings import KINDS
from tanma.engine.metering.calendar import DEFAULT_ZONE
from tanma.intake import units

CHANNELS = pa.schema(
    [
        ("channel", pa.int64()),
        ("meter", pa.string()),
        ("subject", pa.int64()),
        ("item", pa.string()),
        ("carrier", pa.string()),
        ("direction", pa.string()),
        ("kind", pa.string()),
        ("unit", pa.string()),
        ("scale", pa.int32()),
        ("interval_s", pa.int32()),
        ("zone", pa.string()),
        ("digits", pa.int32()),
        ("parent_meter", pa.string()),
        ("parent_channel", pa.int64()),
        ("rated", pa.string()),
        ("formula", pa.string()),
        ("problem", pa.string()),
    ]
)
BUCKET = 4096
"""Channels of one bucket: consecutive numbers."""
_LATER = "(valid_from, coalesce(revision, 0), stamp, seq)"
_WHOLE = r"'^[0-9]{1,9}$'"
_DECIMAL = r"'^-?[0-9]{1,12}(\.[0-9]{1,3}0*)?$'"
_DEPTH = 16
"""Levels of an energy tree; deeper ones, and circles, end there."""


def number_of_id(column: str) -> str:
    """SQL: the number that an id text stands for (domain.identity.id_from_text), or NULL."""
    digits = " + ".join(
        f"((strpos('{ALPHABET}', substr({column}, {n + 1}, 1)) - 1)::BIGINT"
        f" << {5 * (ID_LENGTH - 1 - n)})"
        for n in range(ID_LENGTH)
    )
    # the first character holds the two highest bits only, so nothing is shifted out
    fits = f"regexp_full_match({column}, '[0-3][{ALPHABET}]{{{ID_LENGTH - 1}}}')"
    return f"CASE WHEN {fits} THEN {digits} END"


def spans(con: duckdb.DuckDBPyConnection, facts: str = "known", name: str = "metering") -> None:
    """Table `<name>_spans` (subject, item, text, valid_from, valid_to): what holds when.

    Spans of one subject and item do not overlap. Table `<name>_events`: what happened to registers.
    """
    said = f"""SELECT subject, item, text, valid_from, valid_to, {_LATER} AS place FROM {facts}
        WHERE kind = 'attribute' AND text IS NOT NULL
          AND (item LIKE 'channel.%' OR item LIKE 'meter.%')
          AND NOT starts_with(item, 'channel.event')"""
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {name}_spans AS
        WITH said AS MATERIALIZED ({said}),
        often AS (SELECT subject, item FROM said GROUP BY ALL HAVING count(*) > 1),
        contested AS (FROM said SEMI JOIN often USING (subject, item)),
        edges AS (
            SELECT DISTINCT subject, item, unnest([valid_from, valid_to]) AS edge FROM contested
        ),
        pieces AS (
            SELECT *, lead(edge) OVER (PARTITION BY subject, item ORDER BY edge) AS until
            FROM edges
        )
        SELECT subject, item, text, valid_from, valid_to FROM said ANTI JOIN often
            USING (subject, item)
        UNION ALL
        SELECT p.subject, p.item, arg_max(text, place), edge, until
        FROM pieces p JOIN contested c ON c.subject = p.subject AND c.item = p.item
             AND c.valid_from <= edge AND c.valid_to > edge
        WHERE until IS NOT NULL GROUP BY p.subject, p.item, edge, until"""
    )
    _events(con, facts, name)


def _events(con: duckdb.DuckDBPyConnection, facts: str, name: str) -> None:
    body = '\'{"type":"VARCHAR","at":"VARCHAR","final":"BIGINT","first":"BIGINT"}\''
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {name}_events AS
        WITH said AS (
            SELECT subject AS channel, json_transform(text, {body}) AS e, {_LATER} AS place
            FROM {facts} WHERE kind = 'attribute' AND text IS NOT NULL
                 AND starts_with(item, 'channel.event') AND json_valid(text)
        )
        SELECT channel, timezone('UTC', TRY_CAST(e.at AS TIMESTAMPTZ)) AS at_utc,
               arg_max(e.type, place) AS type, arg_max(e.final, place) AS final,
               arg_max(e.first, place) AS first
        FROM said WHERE TRY_CAST(e.at AS TIMESTAMPTZ) IS NOT NULL
             AND e.type IN ('exchange', 'rollover', 'reset')
        GROUP BY channel, at_utc"""
    )


def channels(
    con: duckdb.DuckDBPyConnection, facts: str = "known", name: str = "metering",
    zone: str = DEFAULT_ZONE,
) -> pa.Table:  # fmt: skip
    """Table `<name>_channels` in the columns of CHANNELS, and the spans and events beside it.

    One row per channel that any fact names, with what holds last. `subject` is the enterprise,
    `parent_channel` the channel of the parent meter that counts the same item.
    """
    spans(con, facts, name)
    con.register(f"{name}_items", _item_table())
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name}_meters AS {_meters(name, facts)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name}_channels AS {_channels(name, zone)}")
    _under(con, name)
    return con.sql(f"FROM {name}_channels ORDER BY channel").to_arrow_table().cast(CHANNELS)


def _item_table() -> pa.Table:
    rows = [i for i in catalogue().values() if i.kind != "attribute"]
    return pa.table(
        {
            "item": [i.item for i in rows],
            "carrier": [i.carrier for i in rows],
            "flow": [i.flow for i in rows],
        }
    )


def _newest(name: str, prefix: str, wanted: Sequence[str]) -> str:
    """One row per subject with the last text of each attribute as a column."""
    columns = ", ".join(
        f"arg_max(text, valid_from) FILTER (item = '{prefix}.{w}') AS {w}" for w in wanted
    )
    return f"""SELECT subject, {columns} FROM {name}_spans
               WHERE starts_with(item, '{prefix}.') GROUP BY subject"""


def _meters(name: str, facts: str) -> str:
    """Meters with the subject of their enterprise, found by `scheme:value` or the credit code."""
    return f"""
        WITH meters AS ({_newest(name, "meter", ("enterprise", "parent", "formula"))}),
        ids AS (
            SELECT substr(item, 4) || ':' || text AS key, arg_max(subject, {_LATER}) AS owner
            FROM {facts} WHERE starts_with(item, 'id.') AND kind = 'attribute'
                 AND text IS NOT NULL GROUP BY key
        )
        SELECT m.subject AS meter_id, m.enterprise, m.parent, m.formula, owner
        FROM meters m LEFT JOIN ids
             ON key = CASE WHEN contains(enterprise, ':') THEN enterprise
                           ELSE 'uscc:' || enterprise END"""


_OF_CHANNEL = ("meter", "item", "kind", "unit", "scale", "interval_s", "digits", "rated", "zone")


def _channels(name: str, zone: str) -> str:
    kinds = ", ".join(f"'{kind}'" for kind in KINDS)
    return f"""
        WITH wide AS ({_newest(name, "channel", _OF_CHANNEL)}),
        placed AS (
            SELECT w.*, m.owner, m.parent, m.formula, i.carrier, i.flow
            FROM wide w LEFT JOIN {name}_meters m ON m.meter_id = {number_of_id("w.meter")}
                 LEFT JOIN {name}_items i ON i.item = w.item
        )
        SELECT p.subject AS channel, p.meter, p.owner AS subject, p.item,
               coalesce(p.carrier, '') AS carrier, coalesce(p.flow, '') AS direction,
               p.kind, p.unit, TRY_CAST(p.scale AS INTEGER) AS scale,
               TRY_CAST(p.interval_s AS INTEGER) AS interval_s,
               coalesce(p.zone, '{zone}') AS zone, TRY_CAST(p.digits AS INTEGER) AS digits,
               p.parent AS parent_meter, up.subject AS parent_channel, p.rated, p.formula,
               CASE WHEN p.meter IS NULL THEN 'meter' WHEN p.item IS NULL THEN 'item'
                    WHEN coalesce(p.kind, '') NOT IN ({kinds}) THEN 'kind'
                    WHEN TRY_CAST(p.scale AS INTEGER) NOT BETWEEN 0 AND 18
                         OR p.scale IS NULL THEN 'scale'
                    WHEN p.digits IS NOT NULL AND coalesce(TRY_CAST(p.digits AS INTEGER), 0)
                         NOT BETWEEN 1 AND 18 THEN 'digits'
                    WHEN p.interval_s IS NOT NULL
                         AND NOT regexp_matches(p.interval_s, {_WHOLE}) THEN 'interval_s'
                    WHEN EXISTS (
                        SELECT 1 FROM {name}_spans s WHERE s.subject = p.subject
                        AND s.item = 'channel.multiplier'
                        AND NOT regexp_matches(s.text, {_DECIMAL})) THEN 'multiplier'
               END AS problem
        FROM placed p LEFT JOIN placed up
             ON up.meter = p.parent AND up.item = p.item AND p.parent <> p.meter
        QUALIFY row_number() OVER (PARTITION BY p.subject ORDER BY up.subject) = 1"""


def _under(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Table `<name>_under` (channel, valid_from, valid_to): when a meter above counts the same.

    Such a channel is a part of its parent and is not added to the enterprise's sum again.
    """
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {name}_under AS
        WITH RECURSIVE parents AS (
            SELECT {id_text("subject")} AS meter, text AS parent, valid_from, valid_to
            FROM {name}_spans WHERE item = 'meter.parent'
        ),
        above AS (
            SELECT meter, parent, valid_from, valid_to, 1 AS depth FROM parents
            UNION
            SELECT a.meter, p.parent, greatest(a.valid_from, p.valid_from),
                   least(a.valid_to, p.valid_to), depth + 1
            FROM above a JOIN parents p ON p.meter = a.parent
                 AND p.valid_from < a.valid_to AND p.valid_to > a.valid_from
            WHERE depth < {_DEPTH}
        )
        SELECT DISTINCT c.channel, a.valid_from, a.valid_to
        FROM {name}_channels c JOIN above a USING (meter)
             JOIN {name}_channels u ON u.meter = a.parent AND u.item = c.item
        WHERE a.parent <> c.meter AND u.problem IS NULL AND u.formula IS NULL"""
    )


def id_text(column: str) -> str:
    """SQL: domain.identity.id_text."""
    return " || ".join(
        f"substr('{ALPHABET}', ((({column}) >> {shift}) & 31)::INTEGER + 1, 1)"
        for shift in range(60, -1, -5)
    )


def item_ratio(unit: str | None, scale: int, item: str) -> Fraction | None:
    """Counts of the item per milli-count of a channel; None where the units do not agree."""
    known = catalogue().get(item)
    source, target = units.find(unit or ""), units.find(known.unit if known else "")
    if known is None or source is None or target is None:
        return None
    ratio = units.ratio(source, target)
    return None if ratio is None else ratio * Fraction(10**known.scale, 10**scale * 1000)
