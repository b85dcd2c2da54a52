"""Meters of a file to channels, and readings of meters to the lake."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings

from tanma.apps.imports import files
from tanma.apps.imports.models import Batch
from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_text
from tanma.domain.readings import READING
from tanma.intake import units
from tanma.intake.tables.packages import Package
from tanma.lake.readings import Readings

WRITER = "imports"
SLICE = 200_000
"""Readings per message: one durable write each."""
Pair = tuple[str, str]


@dataclass(frozen=True)
class Channels:
    """Readings in the lake's columns, and which of them cannot be taken."""

    readings: pa.Table
    unknown: pa.Array
    too_fine: pa.Array
    scale_text: str


def of_channels(made: pa.Table) -> pa.Array:
    """Which facts of a file describe a channel: its subject is the channel, not the meter."""
    return pc.starts_with(made["item"].combine_chunks(), "channel.")


def registers(package: Package) -> bool:
    """Whether a sheet states what meters are: ours, and any mapping of a foreign one."""
    return package.subject is not None and package.subject.scheme == "meter"


def declared(made: pa.Table) -> dict[int, metering.Declared]:
    """Row of the file → the channel that it registers."""
    own = made.filter(of_channels(made)).select(
        ["row", "subject_value", "item", "text", "valid_from", "valid_to", "revision"]
    )
    said: dict[int, dict[str, Any]] = {}
    for fact in own.to_pylist():
        row = said.setdefault(fact["row"], {
            "meter": fact["subject_value"], "since": fact["valid_from"],
            "until": fact["valid_to"], "revision": fact["revision"],
        })  # fmt: skip
        row[fact["item"].removeprefix("channel.")] = fact["text"]
    return {row: _declared(**texts) for row, texts in said.items() if "item" in texts}


def _declared(
    meter: str, since: date, until: date, revision: int | None, item: str,
    kind: str = "interval", unit: str = "", resolution: str = "0.001", **more: str,
) -> metering.Declared:  # fmt: skip
    scale = scale_of(resolution)
    return metering.Declared(meter, item, kind, unit, scale, since, more, until, revision)


def fixed_otherwise(made: pa.Table) -> pa.Array:
    """Which facts stand in a row that would change the meaning of readings that exist."""
    rows = declared(made)
    problems = metering.conflicts(list(rows.values()))
    wrong = [row for row, problem in zip(rows, problems, strict=True) if problem is not None]
    return pc.is_in(made["row"], pa.array(wrong, made["row"].type))


@dataclass(frozen=True)
class Fault:
    """Facts whose rows cannot be taken, what they state ("": the meter), the column of its text."""

    code: str
    item: str
    mask: pa.Array
    text: str


PARENT_FAULTS = {
    "unknown": "import_parent_unknown", "other": "import_parent_other",
    "circle": "import_parent_circle",
}  # fmt: skip


def contradicted(made: pa.Table) -> list[Fault]:
    """Rows of one meter that say different things of it for the same days."""
    plain = made.filter(pc.invert(of_channels(made))).select([*_SAID, "row", "text"])
    many = plain.group_by(list(_SAID)).aggregate([("text", "count_distinct"), ("row", "list")])
    many = many.filter(pc.greater(many["text_count_distinct"], 1))
    rows = pc.list_flatten(many["row_list"])
    mask = pc.is_in(made["row"], rows.combine_chunks())
    return [Fault("import_meter_contradicted", "", mask, "subject_value")]


_SAID = ("subject_value", "item", "valid_from", "valid_to", "revision")


def misplaced(made: pa.Table) -> list[Fault]:
    """Rows whose meter above is unknown, somebody else's, or in the end below the meter itself."""
    wrong = metering.refused(_placed(made))
    return [
        Fault(code, "meter.parent", _of(made, "meter.parent", rows), "reported")
        for why, code in PARENT_FAULTS.items()
        if (rows := [row for row, said in wrong.items() if said == why])
    ]


def _of(made: pa.Table, item: str, rows: list[int]) -> pa.Array:
    here = pc.is_in(made["row"], pa.array(rows, made["row"].type))
    return pc.and_(here, pc.equal(made["item"], item))


def _rows(made: pa.Table) -> dict[int, dict[str, Any]]:
    """Row → its meter, its span, and item → text of what it says of the meter."""
    plain = made.filter(pc.invert(of_channels(made)))
    columns = ["row", "subject_value", "item", "text", "valid_from", "valid_to"]
    found: dict[int, dict[str, Any]] = {}
    for fact in plain.select(columns).to_pylist():
        found.setdefault(fact["row"], fact)[fact["item"]] = fact["text"]
    return found


def _placed(made: pa.Table) -> list[metering.Placed]:
    return [
        metering.Placed(
            row, f["subject_value"], f.get("meter.enterprise", ""), f.get("meter.parent", ""),
            f["valid_from"], f["valid_to"],
        )
        for row, f in _rows(made).items()
    ]  # fmt: skip


def unconnected(made: pa.Table) -> list[Fault]:
    """Rows that name a gateway which may not bring their meter's readings, or more than one."""
    named = _gateways(made)
    known = metering.sources_named(set(named.values()))
    rows = [row for row, pair in named.items() if pair not in known]
    mask = _of(made, "meter.source", rows)
    return [Fault("import_gateway_unknown", "meter.source", mask, "reported")]


def _gateways(made: pa.Table) -> dict[int, Pair]:
    return {
        row: (f["meter.source"], f.get("meter.enterprise", ""))
        for row, f in _rows(made).items() if "meter.source" in f
    }  # fmt: skip


def resolved(made: pa.Table) -> pa.Table:
    """Names of meters and gateways as the ids that facts keep; what was written stays reported."""
    rows, gateways = made["row"].to_pylist(), _gateways(made)
    sources = metering.sources_named(set(gateways.values()))
    texts, items = made["text"].to_pylist(), made["item"].to_pylist()
    above = {t for t, item in zip(texts, items, strict=True) if item == "meter.parent"}
    subjects = registry.find("meter", sorted(above))
    for n, item in enumerate(items):
        if item == "meter.parent":
            texts[n] = id_text(subjects[texts[n]])
        elif item == "meter.source":
            texts[n] = sources[gateways[rows[n]]]
    place = made.schema.get_field_index("text")
    return made.set_column(place, "text", pa.array(texts, pa.string()))


def channels(
    made: pa.Table, allowed: Collection[int] | None, *, create: bool, author: str, evidence: str
) -> Channels:
    """Readings by channel; a channel is made for a registered meter that has none yet."""
    metering.project()
    pairs = made.group_by(["channel", "quantity", "unit", "resolution"]).aggregate([]).to_pylist()
    names = list({row["channel"] for row in pairs})
    owners = dict(metering.Meter.objects.filter(name__in=names).values_list("name", "enterprise"))
    mine = [
        row for row in pairs
        if (owner := owners.get(row["channel"])) and (allowed is None or owner in allowed)
    ]  # fmt: skip
    found = {(c.meter, c.item): c for c in registry.Channel.objects.filter(meter__in=names)}
    missing = [r for r in mine if (r["channel"], r["quantity"]) not in found]
    new = {d.key: d for d in map(_from_reading, missing)}
    found |= _made(new, create, author, evidence)
    return _converted(made, {(r["channel"], r["quantity"], r["unit"], r["resolution"]):
                             found[r["channel"], r["quantity"]] for r in mine})  # fmt: skip


def _from_reading(row: dict[str, str]) -> metering.Declared:
    scale = scale_of(row["resolution"])
    return metering.Declared(row["channel"], row["quantity"], "interval", row["unit"], scale)


def _made(
    new: dict[Pair, metering.Declared], create: bool, author: str, evidence: str
) -> dict[Pair, registry.Channel]:
    if create:
        numbers = metering.declare(list(new.values()), author=author, evidence=evidence)
        rows = registry.Channel.objects.in_bulk(list(numbers.values()))
        return {key: rows[number] for key, number in numbers.items()}
    return {
        d.key: registry.Channel(id=0, meter=d.meter, item=d.item, unit=d.unit, scale=d.scale)
        for d in new.values()
    }


def _converted(
    made: pa.Table, found: dict[tuple[str, str, str, str], registry.Channel]
) -> Channels:
    """Counts at the channel's own unit and resolution; finer ones are refused, never rounded."""
    names = ["channel", "quantity", "unit", "resolution"]
    keys = pc.binary_join_element_wise(*(made[n] for n in names), "\x1f")
    encoded = pc.dictionary_encode(keys.combine_chunks() if len(made) else pa.array([], "string"))
    parts = [tuple(k.split("\x1f")) for k in encoded.dictionary.to_pylist()]
    known = [found.get(p) for p in parts]
    steps = [_step(c, p[2], p[3]) if c else None for c, p in zip(known, parts, strict=True)]
    ids = [c.id if c and s else None for c, s in zip(known, steps, strict=True)]
    channel = pa.array(ids, pa.int64()).take(encoded.indices)
    up, down = (
        pa.array([getattr(s or Fraction(1), part) for s in steps], pa.int64()).take(encoded.indices)
        for part in ("numerator", "denominator")
    )
    raised = pc.multiply(made["value"], up)
    whole = pc.divide(raised, down)
    fine = pc.fill_null(pc.not_equal(pc.multiply(whole, down), raised), False)
    columns = {"channel": channel, "start_utc": made["start_utc"], "end_utc": made["end_utc"]}
    scales = ", ".join(sorted({str(c.scale) for c in known if c}))
    table = pa.table({**columns, "value": whole, "revision": made["revision"]}).cast(READING)
    return Channels(table, pc.is_null(channel), fine, scales)


def _step(channel: registry.Channel, unit: str, resolution: str) -> Fraction | None:
    """Counts of the channel per count of the file; None where units are of another kind."""
    known = units.units()
    if channel.unit not in known or unit not in known:
        return None
    ratio = units.ratio(known[unit], known[channel.unit])
    return None if ratio is None else ratio * Fraction(resolution) * 10**channel.scale


def scale_of(resolution: str) -> int:
    """Decimals of a resolution: "0.01" counts hundredths."""
    return len(resolution.rstrip("0").partition(".")[2]) if "." in resolution else 0


def append(readings: pa.Table, batch: Batch) -> None:
    """Readings into the lake, durable when this returns, and readable after the seal."""
    lake = Readings(settings.TANMA.lake)
    files.write_table(batch, "readings", readings)
    for start in range(0, len(readings), SLICE):
        part = readings.slice(start, SLICE)
        receipt = lake.append(part, writer=WRITER, message_id=f"{batch.uid}:{start}")
        batch.new += 0 if receipt.duplicate else receipt.rows
        batch.unchanged += receipt.rows if receipt.duplicate else 0
    if len(readings):
        lake.seal()
