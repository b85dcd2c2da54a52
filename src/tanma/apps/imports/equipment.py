"""Equipment of a file: the meters that it names, its codes and limits, before its facts go in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tanma.apps.equipment import door as register
from tanma.apps.imports.meters import Fault
from tanma.apps.metering import door as metering
from tanma.domain import equipment
from tanma.domain.messages import Problem
from tanma.intake.tables.packages import Package

FEEDS = tuple(f"equipment.{key}" for key in register.FEEDS)
CODES, IDLE, RUN = "equipment.codes", "equipment.idle_above_kw", "equipment.run_above_kw"


def registers(package: Package) -> bool:
    """Whether a sheet states what devices are."""
    return package.subject is not None and package.subject.scheme == "equipment"


def unfed(made: pa.Table) -> list[Fault]:
    """Rows that name a meter which nobody registered, or which another enterprise has."""
    rows = _rows(made)
    names = {n for row in rows.values() for item in FEEDS for n in _names(row, item)}
    owners = dict(metering.Meter.objects.filter(name__in=names).values_list("name", "enterprise"))
    firms = metering.enterprises({row.get("equipment.enterprise", "") for row in rows.values()})
    return [
        _fault("import_equipment_meter", made, item, [
            number for number, row in rows.items()
            if any(owners.get(n, 0) != firms.get(row.get("equipment.enterprise", ""))
                   for n in _names(row, item))
        ])
        for item in FEEDS
    ]  # fmt: skip


def unread(made: pa.Table) -> list[Fault]:
    """Rows whose codes cannot be read, or whose limit of running is not above that of idling."""
    rows = _rows(made)
    codes = [number for number, row in rows.items() if not _readable(row.get(CODES, ""))]
    limits = [
        number for number, row in rows.items()
        if IDLE in row and RUN in row and float(row[IDLE]) >= float(row[RUN])
    ]  # fmt: skip
    return [
        _fault("import_equipment_codes", made, CODES, codes),
        _fault("import_equipment_limits", made, RUN, limits),
    ]


def resolved(made: pa.Table) -> pa.Table:
    """Names of meters as the ids that facts keep; what was written stays reported."""
    texts, items = made["text"].to_pylist(), made["item"].to_pylist()
    told = [
        register.ids_of(t) if item in FEEDS else t for t, item in zip(texts, items, strict=True)
    ]
    place = made.schema.get_field_index("text")
    return made.set_column(place, "text", pa.array(told, pa.string()))


def _rows(made: pa.Table) -> dict[int, dict[str, Any]]:
    """Row → item → text of what it says."""
    found: dict[int, dict[str, Any]] = {}
    for fact in made.select(["row", "item", "text"]).to_pylist():
        found.setdefault(fact["row"], {})[fact["item"]] = fact["text"]
    return found


def _names(row: dict[str, Any], item: str) -> Iterator[str]:
    yield from equipment.split_names(row.get(item) or "")


def _readable(text: str) -> bool:
    try:
        equipment.codes(text)
    except Problem:
        return False
    return True


def _fault(code: str, made: pa.Table, item: str, rows: list[int]) -> Fault:
    here = pc.is_in(made["row"], pa.array(rows, made["row"].type))
    return Fault(code, item, pc.and_(here, pc.equal(made["item"], item)), "reported")
