"""Emission and energy lines, posted, and monthly accounts by edition. One plan for all lines.

Every (enterprise, item, month) is one line. Factors are resolved once for the few distinct
(item, month); lines of enterprises with measured factors are resolved one by one beside them. A
posting is a formula under an order of preference; an edition's total is a weighted sum of posted
integers, the weights being +1, 0 or −1 per item.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import duckdb
import pyarrow as pa

from tanma.domain.factors.preferences import preferences
from tanma.domain.factors.resolve import relations, resolve_sql
from tanma.domain.items import items as catalogue
from tanma.domain.methods.edition import activity_of, edition
from tanma.domain.methods.plans import BoundLine, bind
from tanma.domain.quantities import find

EDITIONS = ("zj-code-account", "statutory-general", "carbon-market", "gbt-2589-2020")
CODE, STATUTORY, MARKET, ENERGY = EDITIONS
BASE = "province-average"
PREFERENCES = (BASE, "national-average", "market-residual", "carbon-market")


@dataclass(frozen=True)
class Measure:
    """A column of the monthly account: lines of an edition's total, some categories only."""

    edition: str
    total: str
    categories: tuple[str, ...] = ()
    sign: int = 0
    """+1: only lines that add; -1: only lines that are deducted, as a positive amount."""


MEASURE_DEFS: dict[str, Measure] = {
    "gross_mg": Measure(CODE, "code_gross"),
    "deduction_mg": Measure(CODE, "code_neutral"),
    "net_mg": Measure(CODE, "code_net"),
    "statutory_mg": Measure(STATUTORY, "statutory"),
    "location_mg": Measure(STATUTORY, "location_based"),
    "market_based_mg": Measure(STATUTORY, "market_based"),
    "carbon_market_mg": Measure(MARKET, "carbon_market"),
    "direct_mg": Measure(STATUTORY, "location_based", ("fuel", "process")),
    "process_mg": Measure(STATUTORY, "location_based", ("process",)),
    "power_bought_mg": Measure(STATUTORY, "location_based", ("electricity",), 1),
    "power_sold_mg": Measure(STATUTORY, "location_based", ("electricity",), -1),
    "heat_bought_mg": Measure(STATUTORY, "location_based", ("heat",), 1),
    "heat_sold_mg": Measure(STATUTORY, "location_based", ("heat",), -1),
    "energy_calorific_gce": Measure(ENERGY, "consumption_calorific"),
    "energy_fuel_gce": Measure(ENERGY, "fuel_calorific"),
    "energy_bought_gce": Measure(ENERGY, "bought_calorific"),
    "energy_renewable_gce": Measure(ENERGY, "renewable_calorific"),
    "energy_output_gce": Measure(ENERGY, "output_calorific"),
    "energy_feedstock_gce": Measure(ENERGY, "feedstock_calorific"),
    "energy_sold_gce": Measure(ENERGY, "sold_calorific"),
}
MEASURES = tuple(MEASURE_DEFS)


def items(editions: Sequence[str] = EDITIONS) -> list[str]:
    """Items that any of the editions counts."""
    found = {line.item for name in editions for line in _bound(name, "").lines}
    return [item for item in catalogue() if item in found]


@cache
def _bound(edition_id: str, region: str):  # noqa: ANN202 - a Binding
    units = {i.item: i.unit for i in catalogue().values() if i.kind == "amount"}
    return bind(edition(edition_id), units, {"province": region or "{province}"})


def column_of(line: BoundLine) -> str:
    """Name of the posted column: quantum, valuation of energy, order of preference.

    The two valuations of energy (当量值, 等价值) are told apart by the formula, never mixed.
    """
    quantum = find(line.formula).quantum
    valuation = "_equivalent" if "equivalent" in line.formula else ""
    return f"{quantum}{valuation}_{line.preferences.replace('-', '_')}"


@dataclass(frozen=True)
class Weight:
    """How often a posted column of an item enters a measure."""

    measure: str
    item: str
    column: str
    weight: int


def weights(editions: Sequence[str], region: str) -> list[Weight]:
    """Every (measure, item, column) that counts, with its sign."""
    return [w for name, m in MEASURE_DEFS.items() if m.edition in editions
            for w in _weights_of(name, m, region)]  # fmt: skip


def _weights_of(name: str, measure: Measure, region: str) -> Iterator[Weight]:
    made = edition(measure.edition)
    signs = {line: w for line, total, w in made.membership() if total == measure.total}
    for bound in _bound(measure.edition, region).lines:
        weight = signs.get(bound.line_id, 0)
        category = made.line(bound.line_id).category
        if not weight or (measure.categories and category not in measure.categories):
            continue
        if measure.sign and weight * measure.sign < 0:
            continue
        yield Weight(name, bound.item, column_of(bound), weight * (measure.sign or 1))


def build(
    con: duckdb.DuckDBPyConnection,
    editions: Sequence[str],
    region: str,
    known_on: str,
    frozen_grid_year: int | None = None,
    grid_level: str = "province",
) -> None:
    """Tables `factors_used`, `lines`, `account_monthly`, `energy_items`, `line_upper`.

    `lines` has one posted column per quantum and order of preference; `factors_used` says for each
    (item, month, order) and measured subject which value, choice and row each parameter took.
    """
    used = items(editions)
    con.register("account_items", _item_table(used))
    con.execute("CREATE OR REPLACE TEMP TABLE energy_items AS SELECT item FROM account_items"
                " WHERE counted")  # fmt: skip
    posted = _columns(editions, region)
    orders = sorted({order for order, _ in posted.values()})
    _resolve(con, orders, region, date.fromisoformat(known_on), frozen_grid_year, grid_level)
    numbers = {item: n for n, item in enumerate(used)}
    con.execute(_lines(posted, orders, numbers))
    con.execute(_monthly(weights(editions, region), numbers))
    con.execute(
        """CREATE OR REPLACE TEMP VIEW line_upper AS
        SELECT subject, item, max(gross_mg) AS upper_mg FROM lines GROUP BY subject, item"""
    )


def _item_table(used: Sequence[str]) -> pa.Table:
    """Items with the divisor that turns a count into the item's unit."""
    counted = _counted()
    return pa.table(
        {
            "item": pa.array(used, pa.string()),
            "no": pa.array(range(len(used)), pa.int32()),
            "divisor": pa.array([10.0 ** catalogue()[i].scale for i in used], pa.float64()),
            "counted": pa.array([i in counted for i in used], pa.bool_()),
        }
    )


@cache
def _counted() -> frozenset[str]:
    """Items whose use the code account adds: what an enterprise is expected to report on."""
    return frozenset(
        w.item for w in weights((CODE,), "") if w.measure == "gross_mg" and w.weight > 0
    )


def _numbered(taken: Iterable[str], numbers: dict[str, int]) -> str:
    """Items as their small numbers: comparing integers is several times cheaper than text."""
    return ", ".join(str(n) for n in sorted(numbers[i] for i in taken if i in numbers)) or "-1"


def _columns(editions: Sequence[str], region: str) -> dict[str, tuple[str, dict[str, list[str]]]]:
    """posted column → (order of preference, formula → its items)."""
    found: dict[str, tuple[str, dict[str, list[str]]]] = {}
    for name in editions:
        for line in _bound(name, region).lines:
            _, formulas = found.setdefault(column_of(line), (line.preferences, {}))
            taken = formulas.setdefault(line.formula, [])
            if line.item not in taken:
                taken.append(line.item)
    return found


def _resolve(
    con: duckdb.DuckDBPyConnection, orders: Sequence[str], region: str, known_on: date,
    frozen_grid_year: int | None, grid_level: str,
) -> None:  # fmt: skip
    """Tables `need_<order>` for all and `own_<order>` for lines with measured factors."""
    for name, table in relations().items():
        con.register(name, table)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE need_lines AS
        SELECT DISTINCT CAST(NULL AS BIGINT) AS subject, item, month, '{region}' AS region_code
        FROM activity SEMI JOIN account_items USING (item)"""
    )
    _measured(con, region)
    for order in orders:
        located = order == BASE
        # where the province's own factor is not to be used, the base order is that of its grid
        chosen = preferences(f"{grid_level}-average" if located else order)
        place = region if located else "CN"
        frozen = (frozen_grid_year, place) if frozen_grid_year else None
        suffix = order.replace("-", "_")
        sql = resolve_sql(chosen, "need_lines", None, known_on=known_on, frozen_grid=frozen)
        con.execute(f"CREATE OR REPLACE TEMP TABLE need_{suffix} AS {sql}")
        own = resolve_sql(
            chosen, "own_lines", "measured", known_on=known_on, frozen_grid=frozen
        )
        con.execute(f"CREATE OR REPLACE TEMP TABLE own_{suffix} AS {own}")


def _measured(con: duckdb.DuckDBPyConnection, region: str) -> None:
    """Measured factors as facts, and the lines they touch: same enterprise, fuel and month."""
    scales = [(i.item, 10.0**i.scale) for i in catalogue().values() if i.group == "measured"]
    con.register(
        "measured_items",
        pa.table({"item": [i for i, _ in scales], "divisor": [d for _, d in scales]}),
    )
    con.execute(
        """CREATE OR REPLACE TEMP TABLE measured AS
        SELECT subject, item, valid_from AS month, value / divisor AS value, source
        FROM known JOIN measured_items USING (item) WHERE value IS NOT NULL AND kind = 'amount'"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE own_lines AS
        SELECT DISTINCT a.subject, a.item, a.month, '{region}' AS region_code
        FROM activity a SEMI JOIN account_items USING (item)
             JOIN measured m ON m.subject = a.subject AND m.month = a.month
                  AND split_part(m.item, '.', 2) = split_part(a.item, '.', 2)"""
    )


def _lines(
    posted: dict[str, tuple[str, dict[str, list[str]]]],
    orders: Sequence[str],
    numbers: dict[str, int],
) -> str:
    """The lines: activity beside its factors, every posting as a column."""
    columns = ", ".join(
        f"{_posting(order, formulas, numbers)} AS {name}" for name, (order, formulas) in posted.items()
    )
    has_own = "LEFT JOIN (SELECT DISTINCT subject, item, month, true AS own FROM own_lines) o" \
              " ON o.subject = a.subject AND o.item = a.item AND o.month = a.month"  # fmt: skip
    joins = " ".join(
        f"LEFT JOIN need_{o} n_{o} ON n_{o}.item = a.item AND n_{o}.month = a.month"
        for o in (name.replace("-", "_") for name in orders)
    )
    own_joins = " ".join(
        f"JOIN own_{o} n_{o} ON n_{o}.subject = a.subject AND n_{o}.item = a.item"
        f" AND n_{o}.month = a.month"
        for o in (name.replace("-", "_") for name in orders)
    )
    base = "a.subject, a.item, no, a.month, a.value, a.source, a.kind, a.split, a.seq"
    gross = "mg_" + BASE.replace("-", "_")
    counted = _numbered(_counted(), numbers)
    return f"""
        CREATE OR REPLACE TEMP TABLE lines AS
        WITH priced AS (
            SELECT {base}, false AS measured, {columns}
            FROM (SELECT a.*, no, value / divisor AS activity
                  FROM activity a JOIN account_items USING (item)) a {joins} {has_own}
            WHERE own IS NULL
            UNION ALL
            SELECT {base}, true AS measured, {columns}
            FROM (SELECT a.*, no, value / divisor AS activity
                  FROM activity a JOIN account_items USING (item)) a {own_joins}
        )
        SELECT *, CASE WHEN no IN ({counted}) THEN {gross} END AS gross_mg FROM priced"""


def _posting(order: str, formulas: dict[str, list[str]], numbers: dict[str, int]) -> str:
    """One CASE over the formulas of a column; an item belongs to one formula of it."""
    prefix = f"n_{order.replace('-', '_')}."
    cases = []
    for formula, taken in formulas.items():
        quantity = find(formula)
        activity = activity_of(formula)
        names = {p: prefix + p for p in quantity.inputs() if p != activity} | {activity: "activity"}
        listed = _numbered(taken, numbers)
        cases.append(f"WHEN no IN ({listed}) THEN {quantity.posted_sql(names)}")
    return f"CASE {' '.join(cases)} END"


def _monthly(entries: Sequence[Weight], numbers: dict[str, int]) -> str:
    """Monthly account: per measure the signed sum, NULL where a counted line has no posting."""
    parts = []
    for measure in MEASURES:
        terms: dict[tuple[str, int], list[str]] = {}
        for w in entries:
            if w.measure == measure:
                terms.setdefault((w.column, w.weight), []).append(w.item)
        parts.append(f"{_signed_sum(terms, numbers, _may_be_empty(measure))} AS {measure}")
    return f"""CREATE OR REPLACE TEMP TABLE account_monthly AS
        SELECT subject, month, {", ".join(parts)} FROM lines GROUP BY subject, month"""


def _may_be_empty(measure: str) -> bool:
    """Whether no line at all means 0: a part of a total, or a total whose edition says so."""
    made = MEASURE_DEFS[measure]
    total = next(t for t in edition(made.edition).totals if t.id == made.total)
    return bool(made.categories) or total.empty == "zero"


def _signed_sum(
    terms: dict[tuple[str, int], list[str]], numbers: dict[str, int], may_be_empty: bool
) -> str:
    if not terms:
        return "CAST(NULL AS BIGINT)"
    cases, missing = [], []
    for (column, weight), taken in terms.items():
        listed = _numbered(taken, numbers)
        cases.append(f"WHEN no IN ({listed}) THEN {weight} * {column}")
        missing.append(f"(no IN ({listed}) AND {column} IS NULL)")
    total = f"sum(CASE {' '.join(cases)} END)"
    return (
        f"CASE WHEN count(*) FILTER ({' OR '.join(missing)}) = 0"
        f" THEN CAST({f'coalesce({total}, 0)' if may_be_empty else total} AS BIGINT) END"
    )
