"""Emission and energy lines, posted, and what editions add up from them. One plan for all lines.

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
    return sorted(item for item in catalogue() if item in found)


@cache
def _bound(edition_id: str, region: str):  # noqa: ANN202 - a Binding
    units = {i.item: i.unit for i in catalogue().values() if i.kind == "amount"}
    return bind(edition(edition_id), units, {"province": region or "{province}"})


def _suffix(order: str) -> str:
    """An order of preference as part of a column or table name."""
    return order.replace("-", "_")


def column_of(line: BoundLine) -> str:
    """Name of the posted column: quantum, valuation of energy, order of preference.

    The two valuations of energy (当量值, 等价值) are told apart by the formula, never mixed.
    """
    quantum = find(line.formula).quantum
    valuation = "_equivalent" if "equivalent" in line.formula else ""
    return f"{quantum}{valuation}_{_suffix(line.preferences)}"


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
) -> Totals:
    """Tables `lines`, `need_<order>`, `own_<order>`, `energy_items`; view `line_upper`.

    `lines` has one posted column per quantum and order of preference; the `need` and `own` tables
    say for each (item, month) and measured subject which value, choice and row a parameter took.
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
    con.execute(
        """CREATE OR REPLACE TEMP VIEW line_upper AS
        SELECT subject, item, max(gross_mg) AS upper_mg FROM lines GROUP BY subject, item"""
    )
    entries = weights(editions, region)
    return Totals(entries, numbers, _missing_postings(con, entries))


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
        suffix = _suffix(order)
        sql = resolve_sql(chosen, "need_lines", None, known_on=known_on, frozen_grid=frozen)
        con.execute(f"CREATE OR REPLACE TEMP TABLE need_{suffix} AS {sql}")
        own = resolve_sql(
            chosen, "own_lines", "measured", known_on=known_on, frozen_grid=frozen
        )
        con.execute(f"CREATE OR REPLACE TEMP TABLE own_{suffix} AS {own}")
    con.execute(_need(orders))


def _need(orders: Sequence[str]) -> str:
    """Table `need`: the factors of every order side by side, one row per item number and month."""
    suffixes = [_suffix(order) for order in orders]
    columns = [
        f"n_{s}.{p} AS {s}_{p}"
        for order, s in zip(orders, suffixes, strict=True)
        for p in preferences(order).parameters
    ]
    first, *others = suffixes
    joins = " ".join(f"JOIN need_{s} n_{s} USING (item, month)" for s in others)
    return f"""CREATE OR REPLACE TEMP TABLE need AS
        SELECT no, month, {", ".join(columns)}
        FROM need_{first} n_{first} {joins} JOIN account_items USING (item)"""


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
        f"{_posting(f'need.{_suffix(order)}_', formulas, numbers)} AS {name}"
        for name, (order, formulas) in posted.items()
    )
    own_columns = ", ".join(
        f"{_posting(f'n_{_suffix(order)}.', formulas, numbers)} AS {name}"
        for name, (order, formulas) in posted.items()
    )
    suffixes = [_suffix(order) for order in orders]
    own_joins = " ".join(
        f"JOIN own_{o} n_{o} ON n_{o}.subject = a.subject AND n_{o}.item = a.item"
        f" AND n_{o}.month = a.month"
        for o in suffixes
    )
    base = "a.subject, a.item, a.no, a.month, a.value, a.source, a.split, a.seq"
    amounts = """(SELECT a.*, no, value / divisor AS activity
                  FROM activity a JOIN account_items USING (item)) a"""
    gross = "mg_" + _suffix(BASE)
    counted = _numbered(_counted(), numbers)
    return f"""
        CREATE OR REPLACE TEMP TABLE lines AS
        WITH priced AS (
            SELECT {base}, false AS measured, {columns}
            FROM {amounts} JOIN need ON need.no = a.no AND need.month = a.month
            ANTI JOIN own_lines o ON o.subject = a.subject AND o.item = a.item
                 AND o.month = a.month
            UNION ALL
            SELECT {base}, true AS measured, {own_columns}
            FROM {amounts} {own_joins}
        )
        SELECT *, CASE WHEN no IN ({counted}) THEN {gross} END AS gross_mg FROM priced"""


def _posting(prefix: str, formulas: dict[str, list[str]], numbers: dict[str, int]) -> str:
    """One CASE over the formulas of a column; an item belongs to one formula of it."""
    cases = []
    for formula, taken in formulas.items():
        quantity = find(formula)
        activity = activity_of(formula)
        names = {p: prefix + p for p in quantity.inputs() if p != activity} | {activity: "activity"}
        listed = _numbered(taken, numbers)
        cases.append(f"WHEN a.no IN ({listed}) THEN {quantity.posted_sql(names)}")
    return f"CASE {' '.join(cases)} END"


@dataclass(frozen=True)
class Totals:
    """What is needed to add lines up to measures: weights, item numbers, lines without posting.

    A counted line without posting makes its measure NULL. Such lines are rare, so they are looked
    for once per item instead of beside every sum.
    """

    entries: Sequence[Weight]
    numbers: dict[str, int]
    missing: set[tuple[str, str]]

    @property
    def posted(self) -> list[str]:
        """The posted columns that enter any measure."""
        return sorted({entry.column for entry in self.entries})

    def by_item(self, condition: str) -> str:
        """SQL: lines of a span added up per enterprise and item; NULL where one is missing.

        Measures are then sums over some ten items instead of a hundred lines per enterprise.
        """
        holes = {column for _, column in self.missing}
        sums = ", ".join(
            f"CASE WHEN count(*) = count({c}) THEN sum({c}) END AS {c}" if c in holes
            else f"sum({c}) AS {c}" for c in self.posted
        )  # fmt: skip
        return (
            f"SELECT subject, item, no, {sums}, sum(gross_mg) AS gross_mg FROM lines"
            f" WHERE {condition} GROUP BY subject, item, no"
        )

    def columns(self, measures: Sequence[str] = MEASURES) -> str:
        """SQL: `sum AS measure, …` over a group of lines."""
        by_measure: dict[str, list[Weight]] = {m: [] for m in MEASURES}
        for entry in self.entries:
            by_measure[entry.measure].append(entry)
        return ", ".join(
            f"{_weighted_sum(m, by_measure[m], self.numbers, self.missing)} AS {m}"
            for m in measures
        )


def _missing_postings(
    con: duckdb.DuckDBPyConnection, entries: Sequence[Weight]
) -> set[tuple[str, str]]:
    """(item, column) of which some line has no posting."""
    columns = sorted({w.column for w in entries})
    tests = ", ".join(f"count(*) - count({c})" for c in columns)
    rows = con.execute(f"SELECT item, {tests} FROM lines GROUP BY item").fetchall()
    return {(row[0], c) for row in rows for c, n in zip(columns, row[1:], strict=True) if n}


def _weighted_sum(
    measure: str, found: Sequence[Weight], numbers: dict[str, int], missing: set[tuple[str, str]]
) -> str:
    groups: dict[tuple[str, int], list[str]] = {}
    for w in found:
        groups.setdefault((w.column, w.weight), []).append(w.item)
    if not groups:
        return "CAST(NULL AS BIGINT)"
    terms = [
        f"sum({'-' if weight < 0 else ''}{column}) FILTER (no IN ({_numbered(taken, numbers)}))"
        for (column, weight), taken in groups.items()
    ]
    total = " + ".join(f"coalesce({t}, 0)" for t in terms)
    counted = _numbered((w.item for w in found), numbers)
    if not _may_be_empty(measure):
        total = f"CASE WHEN count(*) FILTER (no IN ({counted})) > 0 THEN {total} END"
    holes = [w for w in found if (w.item, w.column) in missing]
    if holes:
        tests = " OR ".join(f"(no = {numbers[w.item]} AND {w.column} IS NULL)" for w in holes)
        total = f"CASE WHEN count(*) FILTER ({tests}) = 0 THEN {total} END"
    return f"CAST({total} AS BIGINT)"


def _may_be_empty(measure: str) -> bool:
    """Whether no line at all means 0: a part of a total, or a total whose edition says so."""
    made = MEASURE_DEFS[measure]
    total = next(t for t in edition(made.edition).totals if t.id == made.total)
    return bool(made.categories) or total.empty == "zero"
