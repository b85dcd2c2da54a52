"""Readings of meters to channels of the lake; whose a meter is stands in facts about the meter."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings

from tanma.apps.facts import door as facts
from tanma.apps.imports import files
from tanma.apps.imports.models import Batch, today
from tanma.apps.registry import door as registry
from tanma.domain.readings import READING
from tanma.lake.readings import Readings

WRITER = "imports"
SLICE = 200_000
"""Readings per message: one durable write each."""
OF_METER = ("meter.enterprise", "meter.kind", "meter.site")


@dataclass(frozen=True)
class Channels:
    """Readings in the lake's columns, and which of them cannot be taken."""

    readings: pa.Table
    unknown: pa.Array
    too_fine: pa.Array
    scale_text: str


def channels(made: pa.Table, allowed: Collection[int] | None, *, create: bool) -> Channels:
    """Readings by channel; a channel is made for a registered meter that has none yet."""
    pairs = made.group_by(["channel", "quantity", "unit", "resolution"]).aggregate([])
    found: dict[tuple[str, str], registry.Channel] = {}
    owners = _owners(pc.unique(made["channel"]).to_pylist())
    for row in pairs.to_pylist():
        owner = owners.get(row["channel"])
        if owner and (allowed is None or owner["subject"] in allowed):
            found[row["channel"], row["quantity"]] = _channel(row, owner, create)
    return _converted(made, found)


def _converted(made: pa.Table, found: dict[tuple[str, str], registry.Channel]) -> Channels:
    """Counts at the channel's own resolution; finer ones are refused, never rounded."""
    keys = pc.binary_join_element_wise(made["channel"], made["quantity"], "\x1f")
    encoded = pc.dictionary_encode(keys.combine_chunks() if len(made) else pa.array([], "string"))
    known = [found.get(tuple(k.split("\x1f"))) for k in encoded.dictionary.to_pylist()]
    ids = pa.array([c and c.id for c in known], pa.int64()).take(encoded.indices)
    scale = pa.array([c.scale if c else None for c in known], pa.int64()).take(encoded.indices)
    said = _scales(made["resolution"])
    up = pc.max_element_wise(pc.subtract(scale, said), 0)
    down = pc.max_element_wise(pc.subtract(said, scale), 0)
    value = pc.multiply(made["value"], _power(up))
    divisor = _power(down)
    whole = pc.divide(value, divisor)
    fine = pc.fill_null(pc.not_equal(pc.multiply(whole, divisor), value), False)
    columns = {"channel": ids, "start_utc": made["start_utc"], "end_utc": made["end_utc"]}
    scales = ", ".join(sorted({str(c.scale) for c in known if c}))
    table = pa.table({**columns, "value": whole, "revision": made["revision"]}).cast(READING)
    return Channels(table, pc.is_null(ids), fine, scales)


def _power(exponent: pa.Array) -> pa.Array:
    return pc.cast(pc.power(10, pc.fill_null(exponent, 0)), pa.int64())


def _scales(resolution: pa.ChunkedArray) -> pa.Array:
    encoded = resolution.combine_chunks().dictionary_encode()
    decimals = [scale_of(r) for r in encoded.dictionary.to_pylist()]
    return pa.array(decimals, pa.int64()).take(encoded.indices)


def scale_of(resolution: str) -> int:
    """Decimals of a resolution: "0.01" counts hundredths."""
    return len(resolution.rstrip("0").partition(".")[2]) if "." in resolution else 0


def _owners(names: list[str]) -> dict[str, dict[str, Any]]:
    """meter → subject of its enterprise and what is known of the meter, as of today."""
    meters = registry.find("meter", names)
    rows = facts.Fact.objects.filter(
        subject__in=list(meters.values()), kind="attribute", item__in=OF_METER
    )
    said: dict[int, dict[str, str]] = {}
    day = today()
    for fact in sorted(facts.current(list(rows)), key=lambda f: (f.valid_from, facts.rank(f))):
        if fact.valid_from <= day < fact.valid_to:
            said.setdefault(fact.subject, {})[fact.item] = fact.text or ""
    firms = _enterprises({s.get("meter.enterprise", "") for s in said.values()})
    return {
        name: {**said[meter], "subject": firms[said[meter]["meter.enterprise"]]}
        for name, meter in meters.items()
        if said.get(meter, {}).get("meter.enterprise") in firms
    }


def _enterprises(names: Collection[str]) -> dict[str, int]:
    """Enterprises by credit code, or by `scheme:value` where they have none."""
    found = registry.find("uscc", sorted(n for n in names if ":" not in n))
    for name in sorted(n for n in names if ":" in n):
        scheme, _, value = name.partition(":")
        for subject in registry.find(scheme, [value]).values():
            found[name] = subject
    return found


def _channel(row: dict[str, str], owner: dict[str, Any], create: bool) -> registry.Channel:
    wanted = {"subject": owner["subject"], "meter": row["channel"], "item": row["quantity"]}
    rest = {
        "kind": owner.get("meter.kind") or "interval", "site": owner.get("meter.site") or "main",
        "unit": row["unit"], "scale": scale_of(row["resolution"]),
    }  # fmt: skip
    if create:
        return registry.Channel.objects.get_or_create(**wanted, defaults=rest)[0]
    return registry.Channel.objects.filter(**wanted).first() or registry.Channel(**wanted, **rest)


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
