"""Amounts in standard coal and CO2 by the editions of the accounts, also of what no account counts.

The same formulas, orders of preference and postings as the lines of a run, so that an amount that
an account counts has the account's digits; an output of transformation, which no account counts,
is valued beside it. What has no factor has no value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import duckdb
import pyarrow as pa

from tanma.domain.factors.preferences import Preferences
from tanma.domain.factors.resolve import relations, resolve_sql
from tanma.domain.factors.tables import Table
from tanma.domain.items import items as catalogue
from tanma.domain.methods.edition import Edition
from tanma.domain.methods.plans import formula_plan
from tanma.engine.accounts import CODE, ENERGY, counting, of_package, orders_of

COAL = {
    "electricity": "power_calorific_tce", "heat": "energy_calorific_tce",
    "fuel": "energy_calorific_tce",
}  # fmt: skip
CARBON = {"electricity": "power_co2_t", "heat": "heat_co2_t", "fuel": "fuel_co2_t"}
"""Family of items → formula of its standard coal and of its CO2, where no account counts it."""


@dataclass(frozen=True)
class Basis:
    """Which factors count: published by a day, of a province or of its regional grid."""

    known_on: date
    grid_region: str
    grid_level: str = "province"
    further: tuple[Table, ...] = ()
    """released tables of the region, beside those of the package"""
    editions: tuple[Edition, ...] = field(default_factory=of_package)
    """accounting editions: their formulas and orders of preference hold"""

    def edition(self, name: str) -> Edition:
        return next(e for e in self.editions if e.id == name)

    def signs(self) -> dict[str, int]:
        """item → +1 or −1 in the net emission of the code account, without what is not in it."""
        counted = counting(self.edition(CODE), self.grid_region, "code_net")
        return {item: sign for item, (_, sign) in counted.items()}


@dataclass(frozen=True)
class Kind:
    """What amounts are valued in: the account that says how, and the columns that hold it."""

    name: str
    column: str
    edition: str
    total: str
    beside: Mapping[str, str]

    def ways(self, basis: Basis) -> dict[str, tuple[str | None, str]]:
        """item → formula and order of preference, as its account counts it or beside that."""
        made = basis.edition(self.edition)
        counted = counting(made, basis.grid_region, self.total)
        bound = {item: (line.formula, line.preferences) for item, (line, _) in counted.items()}
        return {item: (self._formula(item), made.preferences) for item in catalogue()} | bound

    def _formula(self, item: str) -> str | None:
        """Fuel emits where it burns: what is transformed or stays as feedstock emits nothing."""
        family = item.partition(".")[0]
        idle = self is EMISSION and family == "fuel" and not item.endswith(".burnt")
        return None if idle else self.beside.get(family)


ENERGY_USE = Kind("coal", "gce", ENERGY, "consumption_calorific", COAL)
EMISSION = Kind("carbon", "mg", CODE, "code_gross", CARBON)


def build(
    con: duckdb.DuckDBPyConnection, lines: str, basis: Basis, into: str = "valued",
    measured: str | None = None,
) -> None:  # fmt: skip
    """View `into`: the columns of `lines`, gce (当量值), mg, and the rows of their factors.

    `lines` has subject, item, month and value (counts at the item's scale); `measured` the
    measured factors of enterprises, as `resolve_sql` takes them.
    """
    for name, table in relations(*basis.further).items():
        con.register(name, table)
    con.register("valued_items", _items(basis))
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {into}_lines AS
        SELECT l.*, value / divisor AS activity, '{basis.grid_region}' AS region_code,
               coal_formula, coal_order, carbon_formula, carbon_order
        FROM {lines} l JOIN valued_items USING (item)"""
    )
    con.execute(f"CREATE OR REPLACE TEMP VIEW {into}_filled AS FROM {into}_lines")
    for kinds in _passes(basis):
        parts = " UNION ALL ".join(_filled(con, f"{into}_filled", kinds, basis, measured))
        step = f"{into}_{kinds[-1].name}"
        con.execute(f"CREATE OR REPLACE TEMP TABLE {step} AS {parts}")
        con.execute(f"CREATE OR REPLACE TEMP VIEW {into}_filled AS FROM {step}")
    con.execute(
        f"""CREATE OR REPLACE TEMP VIEW {into} AS
        SELECT * EXCLUDE (activity, region_code, coal_formula, coal_order, carbon_formula,
                          carbon_order) FROM {into}_filled"""
    )


def _passes(basis: Basis) -> list[tuple[Kind, ...]]:
    """Both kinds at once where each item has one order of preference for both, as it mostly is."""
    coal, carbon = ({i: o for i, (_, o) in k.ways(basis).items()} for k in (ENERGY_USE, EMISSION))
    return [(ENERGY_USE, EMISSION)] if coal == carbon else [(ENERGY_USE,), (EMISSION,)]


def _items(basis: Basis) -> pa.Table:
    amounts = [i for i in catalogue().values() if i.kind == "amount"]
    columns = {
        "item": pa.array([i.item for i in amounts], pa.string()),
        "divisor": pa.array([10.0**i.scale for i in amounts], pa.float64()),
    }
    for kind in (ENERGY_USE, EMISSION):
        ways = kind.ways(basis)
        for n, part in enumerate(("formula", "order")):
            told = [ways[i.item][n] for i in amounts]
            columns[f"{kind.name}_{part}"] = pa.array(told, pa.string()).dictionary_encode()
    return pa.table(columns)


def _filled(
    con: duckdb.DuckDBPyConnection, source: str, kinds: Sequence[Kind], basis: Basis,
    measured: str | None,
) -> Iterator[str]:  # fmt: skip
    """SQL of the lines under each order of preference, with amounts and factor rows of kinds."""
    own = [str(c[0]) for c in con.execute(f"DESCRIBE {source}").fetchall()]
    names = dict.fromkeys(order for _, order in kinds[0].ways(basis).values())
    for name, order in orders_of(basis.editions, names, basis.grid_level).items():
        lines = f"(FROM {source} WHERE {kinds[0].name}_order = '{name}')"
        resolved = resolve_sql(order, lines, measured, known_on=basis.known_on)
        made = [text for kind in kinds for text in (
            f"{_cases(kind, basis, order, posted=True)} AS {kind.column}",
            f"{_cases(kind, basis, order, posted=False)} AS {kind.name}_rows",
        )]  # fmt: skip
        yield f"SELECT {', '.join([*own, *made])} FROM ({resolved})"


def _cases(kind: Kind, basis: Basis, order: Preferences, *, posted: bool) -> str:
    """Amount, or the rows of the factor tables as one text, by the formula of a line.

    A formula whose factors an order does not know has no value under it.
    """
    formulas = dict.fromkeys(f for f, o in kind.ways(basis).values() if f and o == order.id)
    plans = [formula_plan(f) for f in formulas]
    cases = [
        f"WHEN '{p.formula}' THEN "
        + (p.posted_sql if posted else _rows(p.factors))
        for p in plans if set(p.factors) <= set(order.parameters)
    ]  # fmt: skip
    if not cases:
        return f"CAST(NULL AS {'BIGINT' if posted else 'VARCHAR'})"
    return f"CASE {kind.name}_formula {' '.join(cases)} END"


def _rows(factors: Sequence[str]) -> str:
    return f"concat_ws(' ', {', '.join(f'{name}_row' for name in factors) or 'NULL'})"
