"""What each department hands over for a quarter, as columns of a table package.

Departments: the grid company (power), statistics (fuels, heat, materials, output, finance), tax,
the enterprises themselves (small ones by phone, renewables).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from tanma.demo import registers, tables
from tanma.demo.activity import YUAN_PER_WAN
from tanma.demo.plan import MONTHS_PER_QUARTER
from tanma.demo.population import Flags, Floats, Ints
from tanma.demo.region import Region, process_amounts

Columns = dict[str, Any]
INCOME_PARTS = {"labour_compensation": 0.46, "net_production_tax": 0.13, "depreciation": 0.17}
TURNOVER_SHARE = 0.97
TAX_SHARE = 0.034
REVENUE_SHARE = 0.96


@dataclass(frozen=True)
class Scope:
    """One quarter and the enterprises that a file covers (all of them, or those of one city)."""

    quarter: int
    firms: Ints

    @property
    def months(self) -> range:
        first = self.quarter * MONTHS_PER_QUARTER
        return range(first, first + MONTHS_PER_QUARTER)


def _uscc(region: Region) -> pa.Array:
    return pa.array(region.people.uscc)


def _long(
    region: Region, scope: Scope, amounts: Floats, allowed: Flags
) -> tuple[Ints, Ints, Floats]:
    """(enterprise, month, amount) of every allowed amount above zero, by month then enterprise."""
    months = np.array(scope.months)
    part = amounts[np.ix_(scope.firms, months)].T
    kept = (part > 0) & allowed[np.ix_(scope.firms, months)].T
    month, firm = np.nonzero(kept)
    return scope.firms[firm], months[month], part[kept]


def _periods(region: Region, months: Ints) -> pa.Array:
    texts = pa.array([region.plan.month_text(m) for m in range(region.plan.months)])
    return texts.take(pa.array(months))


def grid_power(region: Region, scope: Scope) -> Columns:
    """Monthly power by the grid company, by enterprise, kWh without decimals.

    Enterprises whose accounts are theirs alone are told by account, see `grid_accounts`.
    """
    plain = ~np.isin(np.arange(region.people.count), registers.by_account(region))
    told = region.active & plain[:, None]
    firm, month, power = _long(region, scope, region.activity.amounts["power"], told)
    return {
        "uscc": _uscc(region).take(pa.array(firm)),
        "period": _periods(region, month),
        "carrier": pa.repeat("电力", len(firm)),
        "flow": pa.repeat("购入", len(firm)),
        "quantity": power.astype(np.int64),
        "unit": pa.repeat("kWh", len(firm)),
        "source": pa.repeat("grid", len(firm)),
    }


def grid_accounts(region: Region, scope: Scope) -> Columns:
    """Monthly power by account, with its holder; a shared account has no holder of its own."""
    numbers, accounts = registers.accounts(region)
    chosen = registers.metered(region)
    months = np.array(scope.months)
    inside = np.isin(chosen, scope.firms)
    power = region.activity.amounts["power"][np.ix_(chosen, months)].astype(np.int64)
    names = sorted(set(accounts[inside].tolist()))
    rows = np.array([power[accounts == name].sum(axis=0) for name in names]).reshape(-1)
    firms = [chosen[accounts == name] for name in names]
    alone = np.isin(numbers, np.flatnonzero(np.isin(chosen, registers.by_account(region))))
    sole = {name for name, mine in zip(accounts[alone].tolist(), numbers[alone], strict=True)}
    holder = [region.people.uscc[f[0]] if n in sole else None
              for n, f in zip(names, firms, strict=True)]  # fmt: skip
    texts = [region.plan.month_text(m) for m in scope.months]
    return {
        "account": pa.array([n for n in names for _ in texts], pa.string()),
        "account_holder": pa.array([h for h in holder for _ in texts], pa.string()),
        "period": pa.array([t for _ in names for t in texts], pa.string()),
        "quantity": rows,
        "unit": pa.repeat("kWh", len(rows)),
    }


def statistics_energy(region: Region, scope: Scope) -> Columns:
    """Fuels, heat, sales and process materials of those above scale, monthly."""
    told = np.repeat(region.told.energy, MONTHS_PER_QUARTER, axis=1)
    return _energy(region, scope, region.above & told & ~region.on_forms[:, None], "stat.205-1")


def small_energy(region: Region, scope: Scope) -> Columns:
    """Fuels of small enterprises that declare them, monthly amounts in a quarterly message."""
    allowed = ~region.above & region.told.fuels[:, None] & _small_told(region)
    return _energy(region, scope, allowed, "declared")


def _small_told(region: Region) -> Flags:
    return np.repeat(region.told.economy, MONTHS_PER_QUARTER, axis=1)


def _energy(region: Region, scope: Scope, allowed: Flags, source: str) -> Columns:
    parts: list[pa.Table] = []
    for name, amounts in region.activity.amounts.items():
        carrier = tables.carriers()[name]
        if name != "power":
            parts.append(
                _block(
                    region,
                    _long(region, scope, amounts, allowed),
                    (carrier.carrier_zh, carrier.flow_zh, carrier.unit),
                )
            )
    for name, amounts in process_amounts(region).items():
        found = _long(region, scope, amounts, allowed)
        parts.append(_block(region, found, (name, "过程用量", "t")))
    table = pa.concat_tables(parts).combine_chunks()
    columns = {name: table.column(name).combine_chunks() for name in table.column_names}
    return {**columns, "source": pa.repeat(source, table.num_rows)}


def _block(
    region: Region, found: tuple[Ints, Ints, Floats], words: tuple[str, str, str]
) -> pa.Table:
    """Rows of one carrier: who, when, what, how much, in which unit."""
    firm, month, amount = found
    carrier, flow, unit = words
    return pa.table(
        {
            "uscc": _uscc(region).take(pa.array(firm)),
            "period": _periods(region, month),
            "carrier": pa.repeat(carrier, len(firm)),
            "flow": pa.repeat(flow, len(firm)),
            "quantity": amount,
            "unit": pa.repeat(unit, len(firm)),
        }
    )


def statistics_economics(region: Region, scope: Scope) -> Columns:
    """Output, value added (declared, or its four parts) and revenue, monthly, 万元."""
    told = np.repeat(region.told.economy, MONTHS_PER_QUARTER, axis=1)
    allowed = region.above & region.active & told & ~region.on_forms[:, None]
    firm, month, output = _long(region, scope, region.activity.output_yuan, allowed)
    added = region.activity.value_added_yuan[firm, month]
    parts = _income_parts(added, region.told.income_approach[firm])
    return {
        "uscc": _uscc(region).take(pa.array(firm)),
        "period": _periods(region, month),
        "output_value": output / YUAN_PER_WAN,
        **{name: _wan(values) for name, values in parts.items()},
        "main_revenue": _wan(np.round(output * REVENUE_SHARE)),
        "money_unit": pa.repeat("万元", len(firm)),
        "source": pa.repeat("stat.finance", len(firm)),
    }


def _income_parts(added_yuan: Floats, by_parts: Flags) -> dict[str, Floats]:
    """Value added as one figure, or as four whole-yuan parts that add up to it exactly."""
    split = {
        name: np.where(by_parts, np.round(np.abs(added_yuan) * share), np.nan)
        for name, share in INCOME_PARTS.items()
    }
    rest = added_yuan - np.sum(list(split.values()), axis=0)
    return {
        "value_added": np.where(by_parts, np.nan, added_yuan),
        **split,
        "operating_surplus": rest,
    }


def _wan(yuan: Floats) -> pa.Array:
    """10⁴ yuan; a missing figure is an empty cell."""
    return pa.array(yuan / YUAN_PER_WAN, from_pandas=True)


def small_economics(region: Region, scope: Scope) -> Columns:
    """Output and value added that small enterprises declare by phone, one row a quarter."""
    firm = _small_declaring(region, scope)
    months = slice(scope.months.start, scope.months.stop)
    return {
        "uscc": _uscc(region).take(pa.array(firm)),
        "period": pa.repeat(region.plan.quarter_text(scope.quarter), len(firm)),
        "output_value": _wan(region.activity.output_yuan[firm, months].sum(axis=1)),
        "value_added": _wan(region.activity.value_added_yuan[firm, months].sum(axis=1)),
        "money_unit": pa.repeat("万元", len(firm)),
        "source": pa.repeat("declared", len(firm)),
    }


def _small_declaring(region: Region, scope: Scope) -> Ints:
    """Small in the whole quarter, active in all of it, and willing to declare."""
    months = slice(scope.months.start, scope.months.stop)
    small = (~region.above & region.active)[:, months].all(axis=1)
    willing = small & region.told.economy[:, scope.quarter]
    return np.asarray(scope.firms[willing[scope.firms]])


def tax(region: Region, scope: Scope) -> Columns:
    """Taxable turnover and tax paid per quarter, for everybody active in the whole quarter."""
    months = slice(scope.months.start, scope.months.stop)
    output = region.activity.output_yuan[:, months].sum(axis=1)
    firm = scope.firms[output[scope.firms] > 0]
    rng = region.plan.stream(f"tax {scope.quarter} {scope.firms[0]}")
    turnover = np.round(output[firm] * TURNOVER_SHARE * rng.lognormal(0.0, 0.02, len(firm)))
    paid = np.round(turnover * TAX_SHARE * rng.lognormal(0.0, 0.25, len(firm)))
    return {
        "uscc": _uscc(region).take(pa.array(firm)),
        "period": pa.repeat(region.plan.quarter_text(scope.quarter), len(firm)),
        "tax_paid": paid.astype(np.int64),
        "tax_turnover": turnover.astype(np.int64),
        "money_unit": pa.repeat("元", len(firm)),
    }


def renewables(region: Region, scope: Scope) -> Columns:
    """PV generation and export, monthly, kWh."""
    now = region.activity
    generated = _long(region, scope, now.pv_generated_kwh, region.active)
    exported = _long(region, scope, now.pv_exported_kwh, region.active)
    firm = np.concatenate([generated[0], exported[0]])
    month = np.concatenate([generated[1], exported[1]])
    words = np.repeat(["光伏发电量", "光伏上网电量"], [len(generated[0]), len(exported[0])])
    return {
        "uscc": _uscc(region).take(pa.array(firm)),
        "period": _periods(region, month),
        "renewable_flow": pa.array(words),
        "quantity": np.concatenate([generated[2], exported[2]]).astype(np.int64),
        "unit": pa.repeat("kWh", len(firm)),
        "source": pa.repeat("meter", len(firm)),
    }


def production(region: Region, scope: Scope) -> Columns:
    """Output of the main product of those above scale whose product has a unit of its own."""
    told = np.repeat(region.told.economy, MONTHS_PER_QUARTER, axis=1)
    codes = region.people.industry
    found = [tables.product_of(str(code)) for code in codes]
    price = np.array([p.output_yuan_per_unit if p else np.inf for p in found])
    quantity = np.round(region.activity.output_yuan / price[:, None])
    firm, month, amount = _long(region, scope, quantity, region.above & told)
    names = pa.array([p.product_zh if p else "" for p in found])
    units = pa.array([p.unit if p else "" for p in found])
    return {
        "uscc": _uscc(region).take(pa.array(firm)),
        "period": _periods(region, month),
        "product": names.take(pa.array(firm)),
        "quantity": amount.astype(np.int64),
        "unit": units.take(pa.array(firm)),
        "source": pa.repeat("stat.output", len(firm)),
    }
