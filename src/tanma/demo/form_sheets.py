"""The sheets of the statistics forms: 205-1, 205-2, 205-4, output and finance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from tanma.demo import forms, tables
from tanma.demo.activity import YUAN_PER_WAN
from tanma.demo.population import Floats, Ints
from tanma.demo.region import Region
from tanma.demo.sheets import INCOME_PARTS, REVENUE_SHARE, Columns, Scope

MONEY_DECIMALS = 4
"""万元 with four decimals: whole yuan."""


def _firms(region: Region, scope: Scope) -> Ints:
    return region.form_reporters[np.isin(region.form_reporters, scope.firms)]


def _head(region: Region, scope: Scope, firms: Ints) -> Columns:
    """Who and when of every row: month after month, the enterprises in order."""
    told = forms.months_told(region.plan, scope.months)
    texts = [region.plan.month_text(m) for m in told]
    return {
        "uscc": pa.array([region.people.uscc[f] for f in firms] * len(told), pa.string()),
        "form_period": pa.array([t for t in texts for _ in firms], pa.string()),
    }


def _pair(
    region: Region, scope: Scope, firms: Ints, amounts: Floats, decimals: int
) -> tuple[pa.Array, pa.Array]:
    told = forms.months_told(region.plan, scope.months)
    numbers = np.searchsorted(region.form_reporters, firms)
    month, since = forms.month_and_cumulative(region.plan, amounts, firms, told, decimals, numbers)
    return forms.empty_cells(month), forms.empty_cells(since)


def energy(region: Region, scope: Scope) -> Columns:
    """205-1: fuels consumed and bought, heat bought."""
    blocks = []
    for name, amounts in region.activity.amounts.items():
        carrier = tables.carriers()[name]
        if carrier.flow == "sold" or name == "power":
            continue
        ours = _firms(region, scope)
        firms = ours[(amounts[ours] > 0).any(axis=1)]
        used = amounts + region.transformed_t if name == "bituminous" else amounts
        month, since = _pair(region, scope, firms, used, carrier.decimals)
        block = {**_head(region, scope, firms), "form_carrier": carrier.carrier_zh,
                 "unit": carrier.unit, "purchase_month": month, "purchase_cumulative": since,
                 "consumption_month": month, "consumption_cumulative": since}  # fmt: skip
        blocks.append(_table(block, len(month)))
    return _columns(blocks)


def transformation(region: Region, scope: Scope) -> Columns:
    """205-2: coal put into coking ovens, and the coke that came out."""
    firms = region.transformers[np.isin(region.transformers, scope.firms)]
    kinds = (
        ("烟煤", "transformed", region.transformed_t),
        ("焦炭", "transformation_output", region.coke_t),
    )  # fmt: skip
    blocks = []
    for name, column, amounts in kinds:
        month, since = _pair(region, scope, firms, amounts, 3)
        none = pa.nulls(len(month), pa.float64())
        pairs = {f"{c}_{end}": none for c in ("transformed", "transformation_output")
                 for end in ("month", "cumulative")}  # fmt: skip
        pairs |= {f"{column}_month": month, f"{column}_cumulative": since}
        head = {**_head(region, scope, firms), "form_carrier": name, "unit": "t"}
        blocks.append(_table({**head, **pairs}, len(month)))
    return _columns(blocks)


def water(region: Region, scope: Scope) -> Columns:
    """205-4: fresh water, reused water and the sum of both."""
    firms = _firms(region, scope)
    fresh, reused = region.fresh_water_m3, region.reused_water_m3
    columns: dict[str, Any] = {**_head(region, scope, firms)}
    columns["unit"] = "m3"
    for name, amounts in (("fresh", fresh), ("total", fresh + reused), ("reused", reused)):
        month, since = _pair(region, scope, firms, amounts, 0)
        columns |= {f"water_{name}_month": month, f"water_{name}_cumulative": since}
    return _columns([_table(columns, len(columns["uscc"]))])


def output(region: Region, scope: Scope) -> Columns:
    firms = _firms(region, scope)
    month, since = _pair(
        region, scope, firms, region.activity.output_yuan / YUAN_PER_WAN, MONEY_DECIMALS
    )
    columns = {**_head(region, scope, firms), "output_value_month": month,
               "output_value_cumulative": since, "money_unit": "万元"}  # fmt: skip
    return _columns([_table(columns, len(month))])


def finance(region: Region, scope: Scope) -> Columns:
    """Revenue and the four parts of value added, which add up to it."""
    firms = _firms(region, scope)
    added = region.activity.value_added_yuan
    parts = {name: np.round(np.abs(added) * share) for name, share in INCOME_PARTS.items()}
    parts["operating_surplus"] = added - np.sum(list(parts.values()), axis=0)
    parts["main_revenue"] = np.round(region.activity.output_yuan * REVENUE_SHARE)
    columns: dict[str, Any] = {**_head(region, scope, firms)}
    for name, yuan in parts.items():
        month, since = _pair(region, scope, firms, yuan / YUAN_PER_WAN, MONEY_DECIMALS)
        columns |= {f"{name}_month": month, f"{name}_cumulative": since}
    columns["money_unit"] = "万元"
    return _columns([_table(columns, len(columns["uscc"]))])


def _table(columns: dict[str, Any], rows: int) -> pa.Table:
    """Columns as a table; a single word fills its column."""
    return pa.table(
        {n: pa.repeat(pa.scalar(v), rows) if isinstance(v, str) else v for n, v in columns.items()}
    )


def _columns(blocks: list[pa.Table]) -> Columns:
    table = pa.concat_tables(blocks).combine_chunks()
    return {name: table.column(name).combine_chunks() for name in table.column_names}
