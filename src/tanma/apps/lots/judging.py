"""Rows of the sheet `batches` against the register of meters, before they go in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tanma.apps.imports.door import Fault
from tanma.apps.lots.models import meter_names
from tanma.apps.metering import door as metering

METERS, SECTION = "batch.meters", "batch.section"
Places = Mapping[str, tuple[set[str], set[str]]]


def judge(made: pa.Table) -> list[Fault]:
    """Rows whose meters are not those of their enterprise, or that name none at all."""
    rows = _rows(made)
    places = _places({row["firm"] for row in rows.values()})
    strangers = [n for n, row in rows.items() if _stranger(row, places)]
    nowhere = [n for n, row in rows.items() if _nowhere(row, places)]
    return [
        Fault("lots_meter_unknown", METERS, _of(made, strangers, METERS), "reported"),
        Fault("lots_section_unknown", "", _of(made, nowhere, "batch.enterprise"), "subject_value"),
    ]


def _rows(made: pa.Table) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for fact in made.select(["row", "subject_value", "item", "text"]).to_pylist():
        row = found.setdefault(fact["row"], {"firm": fact["subject_value"].partition("/")[0]})
        row[fact["item"]] = fact["text"]
    return found


def _places(firms: set[str]) -> Places:
    """Enterprise → names of its meters, and where they stand."""
    subjects = {subject: name for name, subject in metering.enterprises(firms).items()}
    found: dict[str, tuple[set[str], set[str]]] = {name: (set(), set()) for name in firms}
    for meter in metering.Meter.objects.filter(enterprise__in=subjects):
        names, places = found[subjects[meter.enterprise or 0]]
        names.add(meter.name)
        places |= {meter.location, meter.site} - {""}
    return found


def _stranger(row: Mapping[str, Any], places: Places) -> bool:
    return not set(meter_names(row.get(METERS) or "")) <= places[row["firm"]][0]


def _nowhere(row: Mapping[str, Any], places: Places) -> bool:
    """Without meters, and no meter of the enterprise at its place."""
    if meter_names(row.get(METERS) or ""):
        return False
    return row.get(SECTION) not in places[row["firm"]][1]


def _of(made: pa.Table, rows: list[int], item: str) -> pa.Array:
    return pc.and_(
        pc.is_in(made["row"], pa.array(rows, made["row"].type)), pc.equal(made["item"], item)
    )
