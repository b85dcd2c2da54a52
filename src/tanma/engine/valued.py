"""Amounts in standard coal and CO2 by the factors of the accounts, also of what no account counts.

The same orders of preference, formulas and postings as the lines of a run, so that an amount that
an account counts has the account's digits; an output of transformation, which no account counts,
is valued beside it. What has no factor has no value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa

from tanma.domain.factors.preferences import preferences
from tanma.domain.factors.resolve import relations, resolve_sql
from tanma.domain.factors.tables import Table
from tanma.domain.items import items as catalogue
from tanma.domain.methods.plans import formula_plan

COAL = {
    "electricity": "power_calorific_tce", "heat": "energy_calorific_tce",
    "fuel": "energy_calorific_tce",
}  # fmt: skip
CARBON = {"electricity": "power_co2_t", "heat": "heat_co2_t", "fuel": "fuel_co2_t"}
"""Family of items → formula of its standard coal and of its CO2."""
EMITS = "(family <> 'fuel' OR ends_with(item, '.burnt'))"
"""Fuel emits where it burns; what is transformed or stays as feedstock is no emission here."""


@dataclass(frozen=True)
class Basis:
    """Which factors count: published by a day, of a province or of its regional grid."""

    known_on: date
    grid_region: str
    grid_level: str = "province"
    further: tuple[Table, ...] = ()
    """released tables of the region, beside those of the package"""


def build(
    con: duckdb.DuckDBPyConnection, lines: str, basis: Basis, into: str = "valued",
    measured: str | None = None,
) -> None:  # fmt: skip
    """Table `into`: the columns of `lines`, gce (当量值), mg, and the rows of their factors.

    `lines` has subject, item, month and value (counts at the item's scale); `measured` the
    measured factors of enterprises, as `resolve_sql` takes them.
    """
    for name, table in relations(*basis.further).items():
        con.register(name, table)
    con.register("valued_items", _items())
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {into}_lines AS
        SELECT l.*, value / divisor AS activity, split_part(item, '.', 1) AS family,
               '{basis.grid_region}' AS region_code
        FROM {lines} l JOIN valued_items USING (item)"""
    )
    order = preferences(f"{basis.grid_level}-average")
    resolved = resolve_sql(order, f"{into}_lines", measured, known_on=basis.known_on)
    own = [c[0] for c in con.execute(f"DESCRIBE {into}_lines").fetchall()]
    kept = ", ".join(c for c in own if c not in ("activity", "family", "region_code"))
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {into} AS
        SELECT {kept}, {_by_family(COAL, _posted)} AS gce,
               CASE WHEN {EMITS} THEN {_by_family(CARBON, _posted)} END AS mg,
               {_by_family(COAL, _rows)} AS coal_rows,
               CASE WHEN {EMITS} THEN {_by_family(CARBON, _rows)} END AS carbon_rows
        FROM ({resolved})"""
    )


def _items() -> pa.Table:
    amounts = [i for i in catalogue().values() if i.kind == "amount"]
    divisors = pa.array([10.0**i.scale for i in amounts], pa.float64())
    return pa.table({"item": [i.item for i in amounts], "divisor": divisors})


def _by_family(formulas: Mapping[str, str], part: Callable[[str], str]) -> str:
    cases = " ".join(f"WHEN '{family}' THEN {part(f)}" for family, f in formulas.items())
    return f"CASE family {cases} END"


def _posted(formula: str) -> str:
    return formula_plan(formula).posted_sql


def _rows(formula: str) -> str:
    """SQL: the rows of the factor tables that a formula took, one text."""
    return f"concat_ws(' ', {', '.join(f'{p}_row' for p in formula_plan(formula).factors)})"
