"""The lines of all enterprises: activity in order, factors beside it, every posting as a column.

A line's place in the grid of the run is one small number, `f`: item and month. Factors stand in
lists by that number, so that posting is a plain projection, which keeps the order in which the
lines were sorted while they were still narrow. Lines of enterprises with measured factors are few;
they are posted again in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa

from tanma.domain.factors.preferences import Preferences
from tanma.domain.items import items as catalogue
from tanma.domain.methods.edition import activity_of
from tanma.domain.quantities import find
from tanma.engine.derived import DERIVED, MEASURED, SPLIT

Posted = Mapping[str, tuple[str, Mapping[str, Sequence[str]]]]
"""posted column → (order of preference, formula → its items)"""
Orders = Mapping[str, Preferences]


NOWHERE = "false"
"""SQL: of no line."""


def _within(column: str, runs: Sequence[tuple[int, int]], width: int) -> str:
    """SQL: whether a small number lies in one of some runs, each number being so many wide."""
    tests = [f"({column} BETWEEN {a * width} AND {b * width - 1})" for a, b in runs]
    return f"({' OR '.join(tests)})" if tests else NOWHERE


@dataclass(frozen=True)
class Grid:
    """Numbers for the items that occur and the months of the window: f = item × months + month."""

    items: tuple[str, ...]
    first: date
    months: int

    @property
    def numbers(self) -> dict[str, int]:
        return {item: n for n, item in enumerate(self.items)}

    def month_sql(self, column: str) -> str:
        """SQL: the number of a month column in the window."""
        origin = self.first.year * 12 + self.first.month
        return f"(year({column}) * 12 + month({column}) - {origin})"

    def item_of(self, f: str = "f") -> str:
        """SQL: the number of a line's item."""
        return f"({f} // {self.months})"

    def month_of(self, f: str = "f") -> str:
        """SQL: the number of a line's month."""
        return f"({f} % {self.months})"

    def among(self, taken: Iterable[str]) -> str:
        """SQL: whether a line's item number `no` is one of some items; others do not occur."""
        return _within("no", self._runs(taken), 1)

    def places(self, taken: Iterable[str]) -> str:
        """SQL: the same by a line's place `f`."""
        return _within("f", self._runs(taken), self.months)

    def _runs(self, taken: Iterable[str]) -> list[tuple[int, int]]:
        """The numbers of items as runs [from, to): comparing with edges is quicker than a list."""
        found: list[tuple[int, int]] = []
        for no in sorted({self.numbers[i] for i in taken if i in self.numbers}):
            if found and found[-1][1] == no:
                found[-1] = (found[-1][0], no + 1)
            else:
                found.append((no, no + 1))
        return found

    def day(self, place: int) -> date:
        """The first day of a month of the window, or of the one after it."""
        months = self.first.year * 12 + self.first.month - 1 + place
        return date(months // 12, months % 12 + 1, 1)

    def place(self, day: str) -> int:
        """The number of the month that begins on an ISO day."""
        year, month, _ = (int(part) for part in day.split("-"))
        return year * 12 + month - self.first.year * 12 - self.first.month


def grid(
    con: duckdb.DuckDBPyConnection, used: Sequence[str], counted: Iterable[str], since: str,
    until: str,
) -> Grid:  # fmt: skip
    """The grid of what occurs; tables `account_items`, `energy_items`, `line_grid`."""
    found = {r[0] for r in con.execute("SELECT DISTINCT item FROM activity_months").fetchall()}
    present = [item for item in used if item in found]
    first, end = date.fromisoformat(since), date.fromisoformat(until)
    months = (end.year - first.year) * 12 + end.month - first.month
    made = Grid(tuple(present), first, months)
    expected = set(counted)
    con.register(
        "account_items_given",
        pa.table(
            {
                "item": pa.array(present, pa.string()),
                "no": pa.array(range(len(present)), pa.int32()),
                "divisor": pa.array([10.0 ** catalogue()[i].scale for i in present], pa.float64()),
                "counted": pa.array([i in expected for i in present], pa.bool_()),
            }
        ),
    )
    con.execute("CREATE OR REPLACE TEMP TABLE account_items AS FROM account_items_given")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE energy_items AS SELECT item FROM account_items WHERE counted"
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE line_grid AS
        SELECT no * {months} + m AS f, item, no, divisor,
               CAST(DATE '{since}' + to_months(CAST(m AS INTEGER)) AS DATE) AS month
        FROM account_items CROSS JOIN range({months}) t(m)"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE line_window AS
        SELECT m, CAST(DATE '{since}' + to_months(CAST(m AS INTEGER)) AS DATE) AS month
        FROM range({months}) t(m)"""
    )
    return made


def words(con: duckdb.DuckDBPyConnection) -> None:
    """Texts of the lines as numbered words in the order of the text, and `ranked` enterprises."""
    con.execute(
        "CREATE OR REPLACE TEMP TYPE key_words AS ENUM"
        " (SELECT DISTINCT natural_key FROM enterprises UNION SELECT '' ORDER BY 1)"
    )
    con.execute(
        """CREATE OR REPLACE TEMP TABLE ranked AS
        WITH leaves AS (
            SELECT area_code, management_code, CAST(row_number() OVER () AS INTEGER) AS leaf
            FROM (SELECT DISTINCT area_code, management_code FROM enterprises ORDER BY ALL)
        )
        SELECT subject, CAST(natural_key AS key_words) AS natural_key, leaf
        FROM enterprises JOIN leaves USING (area_code, management_code)"""
    )
    con.execute("SET VARIABLE line_sources = (SELECT list(source ORDER BY source) FROM"
                " (SELECT DISTINCT source FROM activity_shapes))")  # fmt: skip
    # words of a type of their own are written as they are; texts would be hashed line by line
    con.execute("CREATE OR REPLACE TEMP TYPE item_words AS ENUM"
                " (SELECT item FROM account_items UNION SELECT '' ORDER BY 1)")  # fmt: skip
    con.execute("CREATE OR REPLACE TEMP TYPE source_words AS ENUM"
                " (SELECT source FROM activity_shapes UNION SELECT '' ORDER BY 1)")  # fmt: skip
    con.execute("SET VARIABLE line_source_words = (SELECT list_transform("
                "getvariable('line_sources'), lambda s: CAST(s AS source_words)))")  # fmt: skip


def build(
    con: duckdb.DuckDBPyConnection, made: Grid, posted: Posted, orders: Orders,
    counted: Iterable[str], gross: str,
) -> None:  # fmt: skip
    """Table `line_rows` in order of natural key, item and month; view `lines` with its texts."""
    factors = _factors(con, made, posted)
    shared = _shared(con, posted, orders)
    first, later = (
        ", ".join(
            f"{_posting(factors[order], formulas, made, shared.get(name))} AS {name}"
            for name, (order, formulas) in posted.items() if (name in shared) == known
        )
        for known in (False, True)
    )  # fmt: skip
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE line_rows AS
        SELECT * EXCLUDE (n, activity){"," if later else ""} {later}
        FROM (SELECT *, {first} FROM (SELECT *, value / n.divisor AS activity FROM (
            SELECT *, getvariable('line_factors')[f + 1] AS n
            FROM (
                SELECT natural_key, CAST(no * {made.months} + m AS USMALLINT) AS f,
                       subject, leaf, value,
                       CAST(list_position(getvariable('line_sources'), source) AS UTINYINT)
                       AS source_no, marks, seq
                FROM activity JOIN account_items USING (item) JOIN line_window USING (month)
                     JOIN ranked USING (subject)
                ORDER BY natural_key, f
            )
        )))"""
    )
    _post_measured(con, made, posted, orders)
    con.execute(
        f"""CREATE OR REPLACE TEMP VIEW lines AS
        SELECT *, CASE WHEN {made.among(counted)} THEN {gross} END AS gross_mg
        FROM ({_texts(posted, made)})"""
    )


def marked(mark: int) -> str:
    """SQL: whether a line carries a mark."""
    return f"((marks & {mark}) > 0)"


def _factors(
    con: duckdb.DuckDBPyConnection, made: Grid, posted: Posted
) -> dict[str, dict[str, str]]:
    """order → parameter → SQL of its value in the factors `n` of a line.

    The factors of each f are one record of the list `line_factors`: a line looks it up once.
    """
    found: dict[str, dict[str, str]] = {}
    for order, formulas in posted.values():
        needed = {p for formula, taken in formulas.items() if made.places(taken) != NOWHERE
                  for p in find(formula).inputs() if p != activity_of(formula)}  # fmt: skip
        suffix = order.replace("-", "_")
        found.setdefault(order, {}).update({p: f"n.{suffix}_{p}" for p in sorted(needed)})
    fields, joins = ["divisor: divisor"], []
    for order, parameters in found.items():
        suffix = order.replace("-", "_")
        fields += [f"{suffix}_{p}: need_{suffix}.{p}" for p in parameters]
        joins.append(f"LEFT JOIN need_{suffix} USING (item, month)")
    con.execute(
        f"""SET VARIABLE line_factors = (
        SELECT list({{{", ".join(fields)}}} ORDER BY f) FROM line_grid {" ".join(joins)})"""
    )
    con.execute(
        """SET VARIABLE line_words = (
        SELECT list({item: CAST(item AS item_words), month: month} ORDER BY f) FROM line_grid)"""
    )
    return found


Shared = tuple[str, frozenset[str]]
"""A column that has been posted already, and the items for which another would be the same."""


def _shared(
    con: duckdb.DuckDBPyConnection, posted: Posted, orders: Orders
) -> dict[str, Shared]:
    """Columns that repeat an earlier one for some items: same formula, same factors throughout.

    Orders of preference mostly differ in electricity alone; fuels need not be worked out twice.
    """
    found: dict[str, Shared] = {}
    for name, (order, formulas) in posted.items():
        for other, (before, known) in posted.items():
            if other == name:
                break
            common = [f for f in formulas if f in known]
            if other not in found and common and before != order:
                pair = (orders[before], orders[order])
                items = {i for f in common for i in _alike(con, f, pair, formulas[f])}
                if items and len(items) > len(found.get(name, ("", ()))[1]):
                    found[name] = (other, frozenset(items & {i for f in common for i in known[f]}))
    return found


def _alike(
    con: duckdb.DuckDBPyConnection, formula: str, pair: tuple[Preferences, Preferences],
    items: Sequence[str],
) -> set[str]:  # fmt: skip
    """Items whose factors of a formula are the same in two orders of preference, in every month."""
    needed = [p for p in find(formula).inputs() if p != activity_of(formula)]
    if not all(p in order.parameters for p in needed for order in pair):
        return set()
    tests = " AND ".join(f"a.{p} IS NOT DISTINCT FROM b.{p}" for p in needed) or "true"
    one, two = (order.id.replace("-", "_") for order in pair)
    rows = con.execute(
        f"""SELECT item FROM need_{one} a JOIN need_{two} b USING (item, month)
        GROUP BY item HAVING bool_and({tests})"""
    ).fetchall()
    return {row[0] for row in rows} & set(items)


def _posting(
    factors: Mapping[str, str], formulas: Mapping[str, Sequence[str]], made: Grid,
    shared: Shared | None = None,
) -> str:  # fmt: skip
    """One CASE over the formulas of a column; an item belongs to one formula of it."""
    column, repeated = shared or ("", frozenset())
    same = made.places(repeated)
    cases = [f"WHEN {same} THEN {column}"] if same != NOWHERE else []
    for formula, taken in formulas.items():
        place = made.places(i for i in taken if i not in repeated)
        if place == NOWHERE:
            continue
        quantity = find(formula)
        activity = activity_of(formula)
        names = {p: factors[p] for p in quantity.inputs() if p != activity}
        posting = quantity.posted_sql(names | {activity: "activity"})
        cases.append(f"WHEN {place} THEN {posting}")
    return f"CASE {' '.join(cases)} END" if cases else "CAST(NULL AS BIGINT)"


def _post_measured(
    con: duckdb.DuckDBPyConnection, made: Grid, posted: Posted, chosen: Orders
) -> None:
    """Lines of enterprises with measured factors, posted with their own."""
    if con.execute("SELECT count(*) FROM own_lines").fetchall() == [(0,)]:
        return
    orders = sorted({order for order, _ in posted.values()})
    suffixes = {order: order.replace("-", "_") for order in orders}
    own = {o: {p: f"n_{s}.{p}" for p in chosen[o].parameters} for o, s in suffixes.items()}
    joins = " ".join(
        f"JOIN own_{s} n_{s} ON n_{s}.subject = l.subject AND n_{s}.item = l.item"
        f" AND n_{s}.month = l.month"
        for s in suffixes.values()
    )
    values = ", ".join(
        f"{_posting(own[order], formulas, made)} AS {name}"
        for name, (order, formulas) in posted.items()
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE line_own AS
        SELECT l.subject, l.f, {values}
        FROM (SELECT r.subject, r.f, r.value / divisor AS activity, item, month
              FROM line_rows r JOIN line_grid USING (f)
              SEMI JOIN own_lines o USING (subject, item, month)) l {joins}"""
    )
    assigned = ", ".join(f"{name} = o.{name}" for name in posted)
    con.execute(
        f"""UPDATE line_rows SET marks = marks | {MEASURED}, {assigned} FROM line_own o
        WHERE line_rows.subject = o.subject AND line_rows.f = o.f"""
    )


def _texts(posted: Posted, made: Grid) -> str:
    """The lines with their texts, columns as published."""
    return f"""SELECT CAST(natural_key AS VARCHAR) AS natural_key, subject,
        word.item AS item, word.month AS month, value,
        getvariable('line_source_words')[source_no] AS source, {marked(SPLIT)} AS split, seq,
        {marked(MEASURED)} AS measured, {marked(DERIVED)} AS derived,
        {", ".join(posted)}, {made.item_of()} AS no
        FROM (SELECT *, getvariable('line_words')[f + 1] AS word FROM line_rows)"""
