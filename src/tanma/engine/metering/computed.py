"""Channels that are computed interval by interval from an amount, a pressure and a temperature.

Working gas becomes gas at standard conditions, a mass of steam becomes heat. The level that holds
at the start of an interval speaks for it. Where none holds, where it lies outside what the formula
covers, or where the amount came over a gap, the interval has no amount: it is marked `gap`, covers
no time, and nothing is put in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tanma.domain.factors.tables import rows
from tanma.domain.items import items
from tanma.domain.methods.shared.metered import gas_standard_m3
from tanma.domain.quality import flags
from tanma.domain.steam import KELVIN, enthalpies_kj_per_kg, saturated_enthalpies_kj_per_kg
from tanma.engine.metering import virtual
from tanma.engine.metering.channels import item_ratio
from tanma.engine.metering.intervals import COLUMNS
from tanma.intake import units

Floats = NDArray[np.float64]
_GAP = flags()["gap"].mask
_MADE = {"standard_gas": "m3", "steam_heat": "GJ"}
"""Function → unit of what it yields."""
_MOST = 9e18
"""Counts beyond are no 64-bit integers."""


def prepare(con: duckdb.DuckDBPyConnection, table: pa.Table, name: str = "metering") -> list[int]:
    """Table `<name>_calls`, one row per call whose parts all stand in `table`; which channels.

    They then count as channels with readings, so that they get parameters of their own.
    """
    there = set(table["channel"].to_pylist())
    calls = virtual.calls(table)
    found = {c: call for c, call in calls.items() if there.issuperset(call.channels())}
    shapes = {r["channel"]: (r["unit"], r["scale"], r["item"]) for r in table.to_pylist()}
    made = [row for c, call in found.items() if (row := _row(c, call, shapes))]
    con.register("given", pa.Table.from_pylist(made, schema=_CALLS))
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name}_calls AS FROM given")
    con.unregister("given")
    con.execute(
        f"""UPDATE {name}_channels SET formula = NULL
            WHERE channel IN (SELECT channel FROM {name}_calls)"""
    )
    return [row["channel"] for row in made]


_CALLS = pa.schema(
    [
        ("channel", pa.int64()), ("function", pa.string()), ("amount", pa.int64()),
        ("pressure", pa.int64()), ("temperature", pa.int64()), ("amount_per", pa.float64()),
        ("kpa_per", pa.float64()), ("degc_per", pa.float64()), ("added_kpa", pa.float64()),
        ("ratio", pa.float64()), ("counts_per", pa.float64()),
    ]
)  # fmt: skip


def _row(
    channel: int, call: virtual.Call, shapes: Mapping[int, virtual.Shape]
) -> dict[str, Any] | None:
    """A call with what one milli-count of its parts is; None where units do not agree."""
    per = [_per(shapes[part]) for part in call.channels()]
    unit, scale, _ = shapes[channel]
    source, target = units.find(_MADE[call.function]), units.find(unit or "")
    ratio = units.ratio(source, target) if source and target else None
    if None in per or ratio is None:
        return None
    saturated = [None] * (len(virtual.PARTS[call.function]) - len(per))
    return dict(zip(_CALLS.names, (
        channel, call.function, *call.channels(), *saturated,
        *(float(p or 0) for p in per), *saturated,
        float(call.added_kpa or 0), float(call.ratio), float(ratio * 10 ** (scale or 0)),
    ), strict=True))  # fmt: skip


def _per(shape: virtual.Shape) -> Fraction | None:
    """How much of its item's unit one milli-count of a channel is."""
    unit, scale, item = shape
    ratio = item_ratio(unit, scale or 0, item)
    return None if ratio is None else ratio / 10 ** items()[item].scale


def extend(con: duckdb.DuckDBPyConnection, into: str = "intervals", name: str = "metering") -> None:
    """Add the intervals of computed channels to a table in intervals.COLUMNS."""
    given = con.sql(_joined(into, name)).to_arrow_table().combine_chunks()
    if not given.num_rows:
        return
    counts = pa.array(np.zeros(given.num_rows), pa.float64())
    for function, formula in (("standard_gas", _gas), ("steam_heat", _steam)):
        here = np.array(given["function"]) == function
        counts = np.where(here, formula(given), counts)
    known = np.isfinite(counts) & (np.abs(np.nan_to_num(counts)) < _MOST)
    rounded = np.rint(np.where(known, counts, 0)).astype(np.int64)
    con.register("given", given.append_column("count", pa.array(rounded, mask=~known)))
    con.execute(
        f"""INSERT INTO {into} BY NAME
        SELECT channel, start_utc, CASE WHEN count IS NULL THEN start_utc ELSE end_utc END
               AS end_utc, count,
               flags | CASE WHEN count IS NULL THEN {_GAP} ELSE 0 END AS flags,
               count AS value, 0 AS disorder FROM given"""
    )
    con.unregister("given")


def _joined(into: str, name: str) -> str:
    """Every interval of an amount beside the levels that hold when it begins."""
    at_params = f"""JOIN {name}_params p ON p.channel = i.channel
        AND i.start_utc >= p.from_utc AND i.start_utc < p.to_utc"""
    levels = f"""SELECT i.channel, i.start_utc, i.end_utc, i.flags,
            i.count::DOUBLE * multiplier_milli AS milli
        FROM (SELECT {COLUMNS} FROM {into}) i {at_params} WHERE i.count IS NOT NULL"""

    def level(column: str) -> str:
        return f"CASE WHEN {column}.end_utc > a.start_utc THEN {column}.milli END"

    return f"""
        WITH levels AS (SELECT * FROM ({levels}) SEMI JOIN (
                SELECT pressure AS channel FROM {name}_calls
                UNION SELECT temperature FROM {name}_calls) USING (channel)),
        amounts AS (
            SELECT c.*, i.start_utc, i.end_utc, i.flags, CASE WHEN coalesce(
                   epoch_us(i.end_utc) - epoch_us(i.start_utc) <= gap_us, true)
                   THEN i.count::DOUBLE * multiplier_milli END AS milli
            FROM {name}_calls c JOIN {into} i ON i.channel = c.amount {at_params}
        )
        SELECT a.channel, a.start_utc, a.end_utc, function,
               (a.flags | CASE WHEN p.end_utc > a.start_utc THEN p.flags ELSE 0 END
                | CASE WHEN t.end_utc > a.start_utc THEN t.flags ELSE 0 END)::INTEGER AS flags,
               a.milli * amount_per AS amount,
               {level("p")} * kpa_per + added_kpa AS kpa,
               {level("t")} * degc_per + {KELVIN} AS kelvin,
               temperature IS NULL AS saturated, ratio, counts_per
        FROM amounts a
        ASOF LEFT JOIN levels p ON p.channel = a.pressure AND a.start_utc >= p.start_utc
        ASOF LEFT JOIN levels t ON t.channel = a.temperature AND a.start_utc >= t.start_utc"""


def _floats(given: pa.Table, column: str) -> Floats:
    return np.asarray(given[column].to_numpy(), dtype=np.float64)


def _positive(given: pa.Table, column: str) -> Floats:
    values = _floats(given, column)
    return np.where(values > 0, values, np.nan)


def _gas(given: pa.Table) -> Floats:
    """Counts of gas at standard conditions."""
    standard = gas_standard_m3(
        _floats(given, "amount"), _positive(given, "kpa"), _positive(given, "kelvin"),
        _constant("gas_standard_pressure"), _constant("gas_standard_temperature"),
        _floats(given, "ratio"),
    )  # fmt: skip
    return np.asarray(standard * _floats(given, "counts_per"))


def _steam(given: pa.Table) -> Floats:
    """Counts of heat: Q [GJ] = m [t] · (h − h₀) [kJ/kg] / 1000, as for steam stated in tonnes."""
    mpa, kelvin = _positive(given, "kpa") / 1000, _positive(given, "kelvin")
    pressure = pa.array(mpa, mask=np.isnan(mpa))
    measured = enthalpies_kj_per_kg(pressure, pa.array(kelvin, mask=np.isnan(kelvin)))
    saturated = saturated_enthalpies_kj_per_kg(pressure)
    enthalpy = np.where(np.array(given["saturated"]), _plain(saturated), _plain(measured))
    heat_gj = _floats(given, "amount") * (enthalpy - _constant("steam_enthalpy_ref")) / 1000
    return np.asarray(heat_gj * _floats(given, "counts_per"))


def _plain(column: pa.Array) -> Floats:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)


@cache
def _constant(key: str) -> float:
    (row,) = [r for r in rows("constants") if r["key"] == key]
    return float(row["value"])
