"""Sheets about channels: a row names a meter of its enterprise and a quantity of that meter."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tanma.apps.imports.meters import Fault
from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
from tanma.intake.tables.packages import Package

SCHEME, QUANTITY = "channel", "channel.item"


def speaks_of(package: Package) -> bool:
    """Whether the rows of a sheet are about channels that exist."""
    return package.subject is not None and package.subject.scheme == SCHEME


def named(made: pa.Table) -> dict[int, registry.Channel]:
    """Row → the channel that it names, of the meters of its enterprise."""
    rows = {
        f["row"]: (*f["subject_value"].split("/", 1), f["text"])
        for f in made.select(["row", "subject_value", "item", "text"]).to_pylist()
        if f["item"] == QUANTITY
    }  # fmt: skip
    firms = metering.enterprises({firm for firm, _, _ in rows.values()})
    names = {meter for _, meter, _ in rows.values()}
    owners = dict(metering.Meter.objects.filter(name__in=names).values_list("name", "enterprise"))
    channels = {(c.meter, c.item): c for c in registry.Channel.objects.filter(meter__in=names)}
    return {
        row: channels[meter, item] for row, (firm, meter, item) in rows.items()
        if (meter, item) in channels and firm in firms and owners.get(meter) == firms[firm]
    }  # fmt: skip


def subjects(made: pa.Table) -> pa.Array:
    """Per fact, the number of the channel that its row names; null where there is none."""
    found = named(made)
    numbers = [found[row].id if row in found else None for row in made["row"].to_pylist()]
    return pa.array(numbers, pa.int64())


def unknown(made: pa.Table) -> list[Fault]:
    """Rows whose meter is not of their enterprise, or has no channel of their quantity."""
    found = pa.array(list(named(made)), made["row"].type)
    stranger = pc.and_(pc.invert(pc.is_in(made["row"], found)), pc.equal(made["item"], QUANTITY))
    return [Fault("import_channel_unknown", QUANTITY, stranger, "reported")]
