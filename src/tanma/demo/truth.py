"""What really happened, beside what was told: `truth.parquet` and `truth.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tanma.demo import ledgers, registers, tables
from tanma.demo.population import Floats
from tanma.demo.region import Region, process_amounts

SCHEMA = pa.schema(
    [
        ("uscc", pa.dictionary(pa.int32(), pa.string())),
        ("month", pa.dictionary(pa.int32(), pa.string())),
        ("item", pa.dictionary(pa.int32(), pa.string())),
        ("amount", pa.float64()),
        ("unit", pa.dictionary(pa.int32(), pa.string())),
    ]
)


def figures(region: Region) -> Iterator[tuple[str, str, Floats]]:
    """(item, unit, enterprise × month) of every true figure."""
    now = region.activity
    for name, amounts in now.amounts.items():
        yield tables.carriers()[name].item, tables.carriers()[name].unit, amounts
    for name, amounts in process_amounts(region).items():
        yield f"{name}.amount", "t", amounts
    for name, tonnes in (("bituminous.transformed", region.transformed_t),
                         ("coke.produced", region.coke_t)):  # fmt: skip
        yield f"fuel.{name}", "t", tonnes
    yield "water.fresh", "m3", region.fresh_water_m3
    yield "water.reused", "m3", region.reused_water_m3
    yield "water.total", "m3", region.fresh_water_m3 + region.reused_water_m3
    yield "electricity.pv.generated", "kWh", now.pv_generated_kwh
    yield "electricity.pv.exported", "kWh", now.pv_exported_kwh
    yield "economy.output_value", "yuan", now.output_yuan
    yield "economy.value_added", "yuan", now.value_added_yuan


def write_table(region: Region, path: Path) -> int:
    """One row per enterprise, month and item that is not zero."""
    usccs = pa.array(region.people.uscc)
    months = pa.array([region.plan.month_text(m) for m in range(region.plan.months)])
    rows = 0
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for item, unit, amounts in figures(region):
            firm, month = np.nonzero(amounts)
            batch = pa.table(
                [
                    pa.DictionaryArray.from_arrays(pa.array(firm.astype(np.int32)), usccs),
                    pa.DictionaryArray.from_arrays(pa.array(month.astype(np.int32)), months),
                    _constant(item, len(firm)),
                    pa.array(amounts[firm, month]),
                    _constant(unit, len(firm)),
                ],
                schema=SCHEMA,
            )
            writer.write_table(batch)
            rows += len(firm)
    return rows


def _constant(text: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int32)), [text])


def summary(region: Region) -> dict[str, Any]:
    """Counts and choices that a test, or a reader, can hold the product against."""
    people, months = region.people, region.plan.months
    uscc = np.array(people.uscc)
    above = people.above(months)
    active = people.active(months)
    return {
        "seed": region.plan.seed,
        "region": region.plan.region,
        "enterprises_listed": people.count,
        "above_active_last_month": int((above & active)[:, -1].sum()),
        "below_active_last_month": int((~above & active)[:, -1].sum()),
        "industries": len(set(people.industry.tolist())),
        "opened": int((people.opened > 0).sum()),
        "closed": int((people.closed < months).sum()),
        "entered_above_scale": int((people.risen < months).sum()),
        "left_above_scale": int((people.fallen < months).sum()),
        "missing_energy_quarters": int((~region.told.energy).sum()),
        "missing_economy_quarters": int(
            (~region.told.economy & people.started_above[:, None]).sum()
        ),
        "small_never_declaring": int(
            (~region.told.economy.any(axis=1) & ~people.started_above).sum()
        ),
        "loss_making": sorted(uscc[region.told.losing].tolist()),
        "on_forms": sorted(uscc[region.form_reporters].tolist()),
        "ledger_short": [use.uscc for use in ledgers.holders(region) if use.short],
        "by_account": sorted(uscc[registers.by_account(region)].tolist()),
        "chosen_grade_5": sorted(uscc[region.design.fives].tolist()),
        "abnormal_township": _township(region),
    }


def _township(region: Region) -> str | None:
    place = region.design.abnormal_township
    return str(region.land.codes[place]) if place >= 0 else None


def write_summary(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
