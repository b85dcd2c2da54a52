"""A run's frozen files as pages of areas read them: once per process, since a run never changes.

Sums stay integers; what a sum lacks (bounds, structure, completeness) is computed here from the
results of the same run, per hierarchy and area.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from threading import Lock
from typing import Any

import duckdb
import pyarrow as pa

from tanma.apps.codes import door as codes
from tanma.apps.inventories import door as inventories
from tanma.apps.registry import door as registry
from tanma.domain.periods import Period, parse
from tanma.domain.rating.attention import Totals, index_rule
from tanma.domain.rating.attention.regional import adjusted
from tanma.engine.disclosure import few
from tanma.engine.untold import EARLIER, Untold, leaves

HIERARCHIES = ("statutory", "management")
KEPT = 16
"""Runs held in memory: eight periods, their quarters, and the year before."""
Row = dict[str, Any]

COMPLETENESS = """
    SELECT hierarchy, i.area_code, count(*) FILTER (status <> 'closed') AS expected,
           count(*) FILTER (status <> 'closed' AND missing = 0 AND net_mg IS NOT NULL) AS complete,
           count(*) FILTER (status <> 'closed' AND net_mg IS NULL) AS unbounded,
           CAST(coalesce(sum(missing_upper_mg) FILTER (status <> 'closed'), 0) AS BIGINT)
               AS upper_mg
    FROM results JOIN inside i USING (subject) GROUP BY ALL"""
STRUCTURE = """
    SELECT hierarchy, i.area_code, left(industry, {digits}) AS part,
           CAST(sum(net_mg) AS BIGINT) AS net_mg, CAST(sum(output_fen) AS BIGINT) AS output_fen
    FROM results JOIN inside i USING (subject)
    WHERE size_class = 'above' AND net_mg IS NOT NULL AND output_fen > 0 GROUP BY ALL"""
DIRECT = """
    SELECT hierarchy, i.area_code, count(*) AS enterprises,
           CAST(coalesce(sum(net_mg), 0) AS BIGINT) AS net_mg
    FROM results JOIN leaf i USING (subject) GROUP BY ALL"""


@dataclass(frozen=True)
class Tree:
    """The areas of one hierarchy on the last day of the period."""

    ancestors: Mapping[str, list[str]]
    """descendant → itself and everything above it, nearest first"""

    def parent(self, code: str) -> str:
        above = self.ancestors.get(code, [])
        return above[1] if len(above) > 1 else ""

    def children(self, code: str) -> list[str]:
        return sorted(c for c in self.ancestors if self.parent(c) == code)

    def inside(self, code: str, top: str) -> bool:
        return top in self.ancestors.get(code, [code])


@dataclass
class Frozen:
    """One run. Tables are read when first asked for."""

    run: codes.Run
    _rows: dict[str, dict[tuple[str, str], list[Row]]] = field(default_factory=dict)
    attention: dict[int, list[Any]] = field(default_factory=dict)
    """Kept by `attention`, per run it was compared with."""

    @cached_property
    def trees(self) -> dict[str, Tree]:
        return trees_on(self.period.end - timedelta(days=1))

    @cached_property
    def files(self) -> Any:
        return codes.files_of(self.run)

    @property
    def period(self) -> Period:
        return parse(self.run.period)

    @cached_property
    def areas(self) -> dict[tuple[str, str], Row]:
        """Sums per area, without what is `untold` of them."""
        rows = self.files.table("areas").to_pylist()
        found = {(r["hierarchy"], r["area_code"]): r for r in rows}
        return {key: _paired(_told(row, self.untold, *key)) for key, row in found.items()}

    @cached_property
    def memberships(self) -> tuple[pa.Table, pa.Table]:
        return _memberships(self.trees, self.results)

    @cached_property
    def untold(self) -> Untold:
        """Sums and averages that would tell what one or two gave for statistics alone."""
        return inventories.untold_of(self.run.uid)

    @cached_property
    def home(self) -> str:
        """The smallest statutory area that contains every enterprise of the run."""
        rows = [r for (h, _), r in self.areas.items() if h == "statutory"]
        most = max((r["enterprises"] for r in rows), default=0)
        full = [r["area_code"] for r in rows if r["enterprises"] == most]
        above = self.trees["statutory"].ancestors
        return max(full, key=lambda c: (len(above.get(c, [c])), c), default="")

    def rows(self, name: str, hierarchy: str, code: str) -> list[Row]:
        """Rows of `sources`, `industries` or `monthly` of one area."""
        if name not in self._rows:
            self._rows[name] = self._by_area(name)
        return self._rows[name].get((hierarchy, code), [])

    def _by_area(self, name: str) -> dict[tuple[str, str], list[Row]]:
        found: dict[tuple[str, str], list[Row]] = {}
        for row in self.files.table(name).to_pylist():
            area, part = (row["hierarchy"], row["area_code"]), row[PART_OF[name]]
            if name == "monthly" and part < self.period.start:
                part = EARLIER
            told = _told(row, self.untold, *area, str(part or ""))
            found.setdefault(area, []).append(told)
        return found

    @cached_property
    def results(self) -> pa.Table:
        """Rows of enterprises; older files do not mark energy that is for statistics alone."""
        found = self.files.table("results")
        if "energy_restricted" in found.column_names:
            return found
        return found.append_column("energy_restricted", pa.array([False] * len(found)))

    @cached_property
    def standing(self) -> dict[int, Row]:
        """Per enterprise what the relational row lacks, and the integers of K."""
        return {r["subject"]: r for r in self.results.select(STANDING).to_pylist()}

    @cached_property
    def derived(self) -> Derived:
        return _derive(self)


STANDING = [
    "subject", "natural_key", "grade", "net_mg", "value_added_fen", "output_fen", "rated_on",
    "sum_numerator", "sum_denominator", "missing", "missing_items", "missing_upper_mg",
    "statutory_mg",
]  # fmt: skip


@dataclass(frozen=True)
class Derived:
    """Per (hierarchy, area): completeness, structure-adjusted index, what hangs on it directly."""

    completeness: Mapping[tuple[str, str], Row]
    adjusted: Mapping[tuple[str, str], float | None]
    direct: Mapping[tuple[str, str], Row]


MONEY = ("intensity", "intensity_p10", "intensity_p90", "best_intensity")
PARTS = (
    "gross_mg", "deduction_mg", "statutory_mg", "direct_mg", "consolidated_mg",
    "power_bought_mg", "power_sold_mg", "heat_bought_mg", "heat_sold_mg",
)  # fmt: skip


def _rests_on(column: str) -> tuple[str, ...]:
    """Which kinds of sums a column of sums is or is divided by (`engine.untold`)."""
    if column.endswith("_fen"):
        return ("money",)
    if column in MONEY:
        return "money", "energy"
    if column in PARTS:
        return "energy", "parts", "item", "month"
    if column == "missing_upper_mg":
        return "energy", "upper"
    return ("energy", "item", "month") if column.endswith(("_mg", "_gce")) else ()


KINDS = ("money", "energy", "parts", "upper", "item", "month")


def _told(row: Row, untold: Untold, *where: str) -> Row:
    """A row of sums without what is not shown of it and without what was divided by it."""
    shut = {kind for kind in KINDS if untold.has(kind, *where)}
    if not shut:
        return row
    return {c: None if shut & set(_rests_on(c)) else v for c, v in row.items()}


def _paired(row: Row) -> Row:
    """Without comparisons with the year before that would tell one or two told to nobody: those
    who are compared, or those alone who are not."""
    shut: set[str] = set()
    for kind in ("money", "energy"):
        compared = row.get(f"same_closed_{kind}") or 0
        left = (row.get(f"closed_{kind}") or 0) - compared
        if (compared and few(compared)) or (left > 0 and few(left)):
            shut.add(kind)
    if not shut:
        return row
    sides = ("same_", "before_")
    return {c: None if c.startswith(sides) and shut & set(_rests_on(c)) else v
            for c, v in row.items()}  # fmt: skip


PART_OF = {"industries": "division", "sources": "item", "monthly": "month"}


def _memberships(trees: Mapping[str, Tree], results: pa.Table) -> tuple[pa.Table, pa.Table]:
    """(leaf, inside): the area an enterprise hangs on, and every area that contains it."""
    above = {h: tree.ancestors for h, tree in trees.items()}
    columns = (results[c].to_pylist() for c in ("subject", "area_code", "management_code"))
    leaf = [
        (hierarchy, subject, code)
        for subject, area, managed in zip(*columns, strict=True)
        for hierarchy, code in leaves(above, area, managed)
    ]
    inside = [(h, s, over) for h, s, code in leaf for over in above[h].get(code, [code])]
    return _table(leaf), _table(inside)


def _table(rows: Iterable[tuple[str, int, str]]) -> pa.Table:
    hierarchy, subject, code = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table({
        "hierarchy": pa.array(hierarchy, pa.string()), "subject": pa.array(subject, pa.int64()),
        "area_code": pa.array(code, pa.string()),
    })  # fmt: skip


def _derive(frozen: Frozen) -> Derived:
    leaf, inside = frozen.memberships
    results = frozen.results.drop_columns(["area_code"])
    with duckdb.connect(config={"threads": 1}) as con:
        for name, table in (("results", results), ("leaf", leaf), ("inside", inside)):
            con.register(name, table)
        completeness = _keyed(con, COMPLETENESS)
        direct = _keyed(con, DIRECT)
        parts = con.sql(STRUCTURE.format(digits=index_rule().structure_digits)).fetchall()
    return Derived(completeness, _adjusted(frozen, parts), direct)


def _keyed(con: duckdb.DuckDBPyConnection, query: str) -> dict[tuple[str, str], Row]:
    rows = con.sql(query).to_arrow_table().to_pylist()
    return {(r["hierarchy"], r["area_code"]): r for r in rows}


def _adjusted(
    frozen: Frozen, parts: list[tuple[str, str, str, int, int]]
) -> dict[tuple[str, str], float | None]:
    """Per area, only where these members give the index that the run froze.

    A register that was corrected after the run would give other members; then nothing is shown.
    """
    grouped: dict[tuple[str, str], dict[str, Totals]] = {}
    for hierarchy, code, part, net, output in parts:
        grouped.setdefault((hierarchy, code), {})[part] = Totals(net, output)
    region = grouped.get(("statutory", frozen.home), {})
    found = {}
    for key, own in grouped.items():
        same = sum(t.emission_mg for t in own.values()) == frozen.areas[key]["index_mg"] \
            if key in frozen.areas else False  # fmt: skip
        if any(frozen.untold.has("structure", *at, p)
               for p in own for at in (key, ("statutory", frozen.home))):  # fmt: skip
            same = False
        ratio = adjusted((t, region[p]) for p, t in own.items() if p in region) if same else None
        found[key] = None if ratio is None else float(ratio)
    return found


_cache: OrderedDict[int, Frozen] = OrderedDict()
_lock = Lock()


def frozen(run: codes.Run) -> Frozen:
    """The frozen data of a run, kept in this process."""
    with _lock:
        if run.id in _cache:
            _cache.move_to_end(run.id)
            return _cache[run.id]
    made = Frozen(run)
    with _lock:
        _cache[run.id] = made
        while len(_cache) > KEPT:
            _cache.popitem(last=False)
    return made


def publications(kind: str = "rolling") -> list[codes.Run]:
    """The publication in force of each period, newest period first."""
    newest: dict[str, codes.Run] = {}
    for run in codes.published(kind):
        newest.setdefault(run.period, run)
    return list(newest.values())


def forget() -> None:
    """Drop what is kept; for tests, whose databases change under the process."""
    with _lock:
        _cache.clear()


def trees_on(day: date) -> dict[str, Tree]:
    return {h: Tree(registry.ancestors_on(day, h)) for h in HIERARCHIES}


def month_values(rows: Iterable[Row], column: str = "net_mg") -> dict[date, int]:
    return {r["month"]: r[column] for r in rows if r[column] is not None}
