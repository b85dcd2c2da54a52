"""Formulas of virtual meters, as people write them: `[总表] - [一车间] - 0.5 * [二车间]`.

What they mean is the engine's; here they are tried against the meters of their enterprise before
they are stated.
"""

from __future__ import annotations

import pyarrow as pa

from tanma.apps.metering.models import Meter
from tanma.apps.registry import door as registry
from tanma.engine.metering import virtual


def refuse_wrong(meter: Meter, formula: str) -> None:
    """Raise what is wrong with a formula of a meter: its words, its meters, or a circle."""
    virtual.read(formula)
    rows = list(registry.Channel.objects.filter(subject=meter.enterprise or 0))
    formulas = dict(Meter.objects.filter(enterprise=meter.enterprise or 0).exclude(formula="")
                    .values_list("name", "formula"))  # fmt: skip
    formulas[meter.name] = formula
    table = pa.table(
        {
            "channel": pa.array([r.id for r in rows], pa.int64()),
            "meter": pa.array([r.meter for r in rows], pa.string()),
            "item": pa.array([r.item for r in rows], pa.string()),
            "formula": pa.array([formulas.get(r.meter) for r in rows], pa.string()),
        }
    )
    _, wrong = virtual.of_meters(table, {r.meter: r.meter for r in rows})
    for row in rows:
        if row.meter == meter.name and row.id in wrong:
            raise wrong[row.id]
