"""Emission and energy lines, posted, and what editions add up from them. One plan for all lines.

Every (enterprise, item, month) is one line. Factors are resolved once for the few distinct
(item, month); lines of enterprises with measured factors are resolved one by one beside them. A
posting is a formula under an order of preference; an edition's total is a weighted sum of posted
integers, the weights being +1, 0 or −1 per item.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

import duckdb
import pyarrow as pa

from tanma.domain.factors.preferences import Preferences, preferences
from tanma.domain.factors.resolve import relations, resolve_sql
from tanma.domain.factors.tables import Table
from tanma.domain.items import items as catalogue
from tanma.domain.methods.edition import Edition
from tanma.domain.methods.edition import edition as shipped
from tanma.domain.methods.plans import Binding, BoundLine, bind
from tanma.domain.quantities import find
from tanma.engine import derived, lines

EDITIONS = ("zj-code-account", "statutory-general", "carbon-market", "gbt-2589-2020")
CODE, STATUTORY, MARKET, ENERGY = EDITIONS
BASE = "province-average"
"""The order of preference that follows the office's choice of grid: province or regional grid."""


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


def of_package(names: Sequence[str] = EDITIONS) -> tuple[Edition, ...]:
    """The editions that come with the package."""
    return tuple(shipped(name) for name in names)


def items(editions: Sequence[Edition] | None = None) -> list[str]:
    """Items that any of the editions counts; by default those of the package."""
    made = of_package() if editions is None else editions
    found = {line.item for one in made for line in _bound(one, "").lines}
    return sorted(item for item in catalogue() if item in found)


@lru_cache(maxsize=64)
def _bound(made: Edition, region: str) -> Binding:
    units = {i.item: i.unit for i in catalogue().values() if i.kind == "amount"}
    return bind(made, units, {"province": region or "{province}"})


def counting(made: Edition, region: str, total: str) -> dict[str, tuple[BoundLine, int]]:
    """item → the line by which an edition counts it in a total, and with which sign."""
    signs = {line: sign for line, of, sign in made.membership() if of == total}
    bound = (b for b in _bound(made, region).lines if b.line_id in signs)
    return {b.item: (b, signs[b.line_id]) for b in bound}


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


def weights(editions: Sequence[Edition], region: str) -> list[Weight]:
    """Every (measure, item, column) that counts, with its sign."""
    made = {one.id: one for one in editions}
    return [w for name, m in MEASURE_DEFS.items() if m.edition in made
            for w in _weights_of(made[m.edition], name, m, region)]  # fmt: skip


def _weights_of(made: Edition, name: str, measure: Measure, region: str) -> Iterator[Weight]:
    signs = {line: w for line, total, w in made.membership() if total == measure.total}
    for bound in _bound(made, region).lines:
        weight = signs.get(bound.line_id, 0)
        category = made.line(bound.line_id).category
        if not weight or (measure.categories and category not in measure.categories):
            continue
        if measure.sign and weight * measure.sign < 0:
            continue
        yield Weight(name, bound.item, column_of(bound), weight * (measure.sign or 1))


def build(
    con: duckdb.DuckDBPyConnection,
    editions: Sequence[Edition],
    region: str,
    known_on: str,
    window: tuple[str, str],
    frozen_grid_year: int | None = None,
    grid_level: str = "province",
    further: Sequence[Table] = (),
) -> Totals:
    """View `lines` over `line_rows`, tables `need_<order>`, `own_<order>`, `energy_items`.

    `lines` has one posted column per quantum and order of preference; the `need` and `own` tables
    say for each (item, month) and measured subject which value, choice and row a parameter took.
    """
    counted = weights(editions, region)
    gross = Gross.of(counted)
    made = lines.grid(con, items(editions), gross.items, *window)
    posted = _columns(editions, region)
    orders = orders_of(editions, dict.fromkeys(o for o, _ in posted.values()), grid_level)
    for name, table in relations(*further).items():
        con.register(name, table)
    _resolve(con, orders, region, date.fromisoformat(known_on), frozen_grid_year)
    lines.words(con)
    lines.build(con, made, posted, orders, gross.items, gross.sql(made))
    return Totals(
        counted, made, tuple(posted), _holes(con, posted, made), gross, tuple(orders.values()),
        {one.id: one for one in editions},
    )  # fmt: skip


@dataclass(frozen=True)
class Gross:
    """Which posted column holds the gross emission of an item that the code account adds.

    These items are what an enterprise is expected to report on.
    """

    columns: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, entries: Sequence[Weight]) -> Gross:
        found: dict[str, list[str]] = {}
        for w in entries:
            if w.measure == "gross_mg" and w.weight > 0:
                found.setdefault(w.column, []).append(w.item)
        return cls({column: tuple(taken) for column, taken in found.items()})

    @property
    def items(self) -> frozenset[str]:
        return frozenset(item for taken in self.columns.values() for item in taken)

    def sql(self, made: lines.Grid) -> str:
        """SQL over lines or sums of them with an item number `no`; for counted items alone."""
        first, *others = self.columns or ["NULL::BIGINT"]
        cases = " ".join(f"WHEN {made.among(self.columns[c])} THEN {c}" for c in others)
        return f"CASE {cases} ELSE {first} END" if cases else first


def orders_of(
    editions: Sequence[Edition], names: Iterable[str], grid_level: str
) -> dict[str, Preferences]:
    """The orders of preference in use, by name.

    Where the province's own factor is not to be used, the base order, and whatever an edition of a
    region builds upon it, takes that of its regional grid.
    """
    base = replace(preferences(f"{grid_level}-average"), id=BASE)
    own = {o.id: o.upon(base) if o.based_on == BASE else o for e in editions for o in e.orders}
    return {name: base if name == BASE else own.get(name) or preferences(name) for name in names}


def _columns(
    editions: Sequence[Edition], region: str
) -> dict[str, tuple[str, dict[str, list[str]]]]:
    """posted column → (order of preference, formula → its items)."""
    found: dict[str, tuple[str, dict[str, list[str]]]] = {}
    for made in editions:
        for line in _bound(made, region).lines:
            _, formulas = found.setdefault(column_of(line), (line.preferences, {}))
            taken = formulas.setdefault(line.formula, [])
            if line.item not in taken:
                taken.append(line.item)
    return found


def _resolve(
    con: duckdb.DuckDBPyConnection, orders: Mapping[str, Preferences], region: str, known_on: date,
    frozen_grid_year: int | None,
) -> None:  # fmt: skip
    """Tables `need_<order>` for all and `own_<order>` for lines with measured factors."""
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE need_lines AS
        SELECT DISTINCT CAST(NULL AS BIGINT) AS subject, item, month, '{region}' AS region_code
        FROM activity_months SEMI JOIN account_items USING (item)"""
    )
    some = _measured(con, region)
    for order, chosen in orders.items():
        national = any(s.source == "grid" and s.level == "national" for s in chosen.steps)
        frozen = (frozen_grid_year, "CN" if national else region) if frozen_grid_year else None
        suffix = _suffix(order)
        sql = resolve_sql(chosen, "need_lines", None, known_on=known_on, frozen_grid=frozen)
        con.execute(f"CREATE OR REPLACE TEMP TABLE need_{suffix} AS {sql}")
        own = f"FROM need_{suffix} WHERE false"
        if some:
            own = resolve_sql(
                chosen, "own_lines", "measured", known_on=known_on, frozen_grid=frozen
            )
        con.execute(f"CREATE OR REPLACE TEMP TABLE own_{suffix} AS {own}")


def _measured(con: duckdb.DuckDBPyConnection, region: str) -> bool:
    """Measured factors as facts, and the lines they touch: same enterprise, fuel and month.

    Whether there are any: planning the search for them costs more than most runs need.
    """
    scales = [(i.item, 10.0**i.scale) for i in catalogue().values() if i.group == "measured"]
    con.register(
        "measured_items",
        pa.table({"item": [i for i, _ in scales], "divisor": [d for _, d in scales]}),
    )
    occurs = "EXISTS (FROM activity_shapes SEMI JOIN measured_items USING (item))"
    some = con.execute(f"SELECT {occurs}").fetchall() == [(True,)]
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE measured AS
        SELECT subject, item, valid_from AS month, value / divisor AS value, source
        FROM known JOIN measured_items USING (item)
        WHERE {some} AND value IS NOT NULL AND kind = 'amount'"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE own_lines AS
        SELECT DISTINCT a.subject, a.item, a.month, '{region}' AS region_code
        FROM activity a SEMI JOIN account_items USING (item)
             JOIN measured m ON m.subject = a.subject AND m.month = a.month
                  AND split_part(m.item, '.', 2) = split_part(a.item, '.', 2)"""
    )
    return con.execute("SELECT count(*) > 0 FROM own_lines").fetchall() == [(True,)]


def _holes(
    con: duckdb.DuckDBPyConnection, posted: lines.Posted, made: lines.Grid
) -> frozenset[tuple[str, str]]:
    """(item, column) that some line has no posting in: no formula, no factor, or beyond 2⁶³."""
    columns = ", ".join(f"count(*) > count({name})" for name in posted)
    rows = con.execute(
        f"SELECT {made.item_of()} AS no, {columns} FROM line_rows GROUP BY no"
    ).fetchall()
    return frozenset(
        (made.items[row[0]], name)
        for row in rows for name, empty in zip(posted, row[1:], strict=True) if empty
    )  # fmt: skip


@dataclass(frozen=True)
class Totals:
    """What is needed to add lines up to measures: weights, item numbers, lines without posting.

    A counted line without posting makes its measure NULL. Such lines are rare, so they are looked
    for once per item instead of beside every sum.
    """

    entries: Sequence[Weight]
    grid: lines.Grid
    posted: tuple[str, ...]
    missing: frozenset[tuple[str, str]]
    gross: Gross
    orders: tuple[Preferences, ...]
    editions: Mapping[str, Edition]

    @property
    def holes(self) -> set[tuple[str, str]]:
        """(item, column) with a missing posting that some measure counts."""
        return {(w.item, w.column) for w in self.entries} & self.missing

    def by_item(self, con: duckdb.DuckDBPyConnection, spans: Sequence[tuple[int, int]]) -> None:
        """Table `item_sums`: lines added up per enterprise, item and span of months.

        `part` says which of the spans (from, to) of month numbers; the last part is the rest.
        `months` has one bit per month of the window that was reported; sources as bits likewise.
        Measures are then sums over some ten items instead of a hundred lines per enterprise.
        """
        empty = {column for _, column in self.holes}
        sums = ", ".join(
            f"CASE WHEN count(*) = count({c}) THEN CAST(sum({c}) AS BIGINT) END AS {c}"
            if c in empty else f"CAST(sum({c}) AS BIGINT) AS {c}" for c in self.posted
        )  # fmt: skip
        parts = " ".join(
            f"WHEN m >= {first} AND m < {last} THEN {n}" for n, (first, last) in enumerate(spans)
        )
        gross = self.gross.sql(self.grid)
        con.execute(
            f"""CREATE OR REPLACE TEMP TABLE item_sums AS
            WITH sums AS (
                SELECT subject, no, CASE {parts} ELSE {len(spans)} END AS part, {sums},
                       max({gross}) AS most_mg, bit_or(CAST(1 AS UBIGINT) << m) AS months,
                       bit_or(CAST(1 AS UBIGINT) << source_no) AS sources,
                       (bit_or(marks) & {derived.SPLIT}) > 0 AS split,
                       (bit_or(marks) & {derived.RESTRICTED}) > 0 AS restricted
                FROM (SELECT *, {self.grid.item_of()} AS no,
                             CAST({self.grid.month_of()} AS UTINYINT) AS m FROM line_rows)
                GROUP BY subject, no, part
            )
            SELECT s.*, item, counted, CASE WHEN counted THEN {gross} END AS gross_mg
            FROM sums s JOIN account_items USING (no)"""
        )

    def contribution(self, measure: str) -> str | None:
        """SQL over `item_sums`: what a row adds to a measure; None when nothing enters it."""
        signs: dict[tuple[str, int], int] = {}
        for w in self.entries:
            if w.measure == measure and w.item in self.grid.numbers:
                place = w.column, self.grid.numbers[w.item]
                signs[place] = signs.get(place, 0) + w.weight
        terms = [
            f"coalesce({column}, 0) * CASE no {cases} ELSE 0 END"
            for column in sorted({column for column, _ in signs})
            if (cases := " ".join(
                f"WHEN {no} THEN {sign}" for (c, no), sign in signs.items() if c == column and sign
            ))
        ]  # fmt: skip
        return " + ".join(terms) or None

    def columns(self, measures: Sequence[str] = MEASURES) -> str:
        """SQL: `sum AS measure, …` over a group of lines, which have an item number `no`."""
        by_measure: dict[str, list[Weight]] = {m: [] for m in MEASURES}
        for entry in self.entries:
            by_measure[entry.measure].append(entry)
        return ", ".join(f"{self._weighted_sum(m, by_measure[m])} AS {m}" for m in measures)

    def _weighted_sum(self, measure: str, found: Sequence[Weight]) -> str:
        empty = "0" if self._may_be_empty(measure) else ""
        return _weighted_sum(found, self.grid, self.holes, empty)

    def _may_be_empty(self, measure: str) -> bool:
        """Whether no line at all means 0: a part of a total, or a total whose edition says so."""
        made = MEASURE_DEFS[measure]
        declared = self.editions.get(made.edition) or shipped(made.edition)
        total = next(t for t in declared.totals if t.id == made.total)
        return bool(made.categories) or total.empty == "zero"


def _weighted_sum(
    found: Sequence[Weight], made: lines.Grid, holes: set[tuple[str, str]], empty_as: str
) -> str:
    """SQL of a measure; `empty_as` is what no line at all means, nothing where it is missing."""
    groups: dict[tuple[str, int], list[str]] = {}
    numbers = made.numbers
    for w in found:
        if w.item in numbers:
            groups.setdefault((w.column, w.weight), []).append(w.item)
    if not groups:
        return f"CAST({(found and empty_as) or 'NULL'} AS BIGINT)"
    terms = [
        f"sum({'-' if weight < 0 else ''}{column}) FILTER ({made.among(taken)})"
        for (column, weight), taken in groups.items()
    ]
    total = " + ".join(f"coalesce({t}, 0)" for t in terms)
    if not empty_as:
        counted = made.among(w.item for w in found)
        total = f"CASE WHEN count(*) FILTER ({counted}) > 0 THEN {total} END"
    empty = sorted({(numbers[w.item], w.column) for w in found if (w.item, w.column) in holes})
    if empty:
        tests = " OR ".join(f"(no = {no} AND {column} IS NULL)" for no, column in empty)
        total = f"CASE WHEN count(*) FILTER ({tests}) = 0 THEN {total} END"
    return f"CAST({total} AS BIGINT)"

