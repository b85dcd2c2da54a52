"""Which sums and averages of a run are not shown, since they would tell what one or two enterprises
gave for statistics alone (`disclosure.told`). The same for every reader, whatever the area: what a
county sees and what the city sees cannot be held against one another.

Everything that is shown of withheld amounts is listed here, the most wanted first: areas of both
hierarchies, averages that enterprises are compared with, divisions of an area, then the parts of
its energy. A run that withholds nothing of anybody is asked once and costs nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tanma.domain.rating.attention import index_rule
from tanma.domain.rating.scheme import LABEL, Population
from tanma.engine.disclosure import told, without
from tanma.engine.regions import INDEXED
from tanma.engine.rules import scheme_of
from tanma.lake.results import Run

Ancestors = Mapping[str, Mapping[str, Sequence[str]]]
"""Hierarchy → area → itself and everything above it, nearest first."""
Key = tuple[str, ...]
"""What is shown: ("money", hierarchy, area), ("benchmark", group), …"""
Amount = tuple[Any, ...]
"""The enterprise, and which of its amounts."""
PARTS = (
    "deduction_mg", "statutory_mg", "direct_mg", "power_bought_mg", "power_sold_mg",
    "heat_bought_mg", "heat_sold_mg",
)  # fmt: skip
"""Of the energy of an area: who has none of a part does not stand behind it."""
EARLIER = ""
"""Months before the period, whose lines a run does not keep: none is told where any is withheld."""
WANTED = ("money", "energy", "benchmark", "structure", "parts", "upper", "item", "month")
"""In which order sums are shown; of one kind whole areas first, then the largest."""
Given = tuple[str, str, str]
"""Over whom a sum goes (a mark of a row), which amount of each, and in which column it stands."""
FLAGS = {"money": "restricted", "energy": "energy_restricted"}
AREAS: dict[str, tuple[Given, ...]] = {
    "money": (
        ("known", "added", "value_added_fen"),
        ("every", "output", "output_fen"),
        ("indexed", "output", "output_fen"),
    ),
    "energy": tuple((over, "net", "net_mg") for over in ("every", "known", "indexed")),
}
DIVISIONS: dict[str, tuple[Given, ...]] = {
    "money": (("member", "added", "value_added_fen"),),
    "energy": (("every", "net", "net_mg"), ("member", "net", "net_mg")),
}
AVERAGES: dict[str, tuple[Given, ...]] = {
    "money": (("member", "added", "value_added_fen"), ("member", "output", "output_fen")),
    "energy": (("member", "net", "net_mg"),),
}
WITHHELD = "NOT may_use AND (restricted OR {energy_restricted})"
ROWS = f"""
    SELECT subject, coalesce(industry, '') AS industry, coalesce(area_code, '') AS area_code,
           coalesce(management_code, '') AS management_code, member, net_mg, value_added_fen,
           output_fen, missing_upper_mg, {", ".join(PARTS)}, restricted,
           {{energy_restricted}} AS energy_restricted, true AS every, {INDEXED} AS indexed,
           net_mg IS NOT NULL AND value_added_fen IS NOT NULL AS known
    FROM read_parquet(?) WHERE {WITHHELD}"""
LINES = """
    SELECT DISTINCT subject, item, month FROM read_parquet(?)
    SEMI JOIN (SELECT unnest(?::BIGINT[]) AS subject) USING (subject)"""


COMPARED = (
    "benchmark", "ratio", "sum_numerator", "sum_denominator", "n_eff", "margin_better",
    "margin_worse", "margin", "shadow_grade", "shadow_ratio", "probability", "probabilities",
)  # fmt: skip
"""Each tells the average that an enterprise is compared with to who knows its own L."""
RANKED = ("rank", "ranked", "gap_to_best")


@dataclass(frozen=True)
class Untold:
    """What of a run's sums is not shown."""

    keys: frozenset[Key] = frozenset()

    def has(self, kind: str, *where: str) -> bool:
        return (kind, *where) in self.keys

    @cached_property
    def averages(self) -> frozenset[tuple[str, str]]:
        """Level and key of the populations whose average is not shown."""
        return frozenset((key[1], key[2]) for key in self.keys if key[0] == "benchmark")

    def of_row(self, row: Mapping[str, Any], population: Population) -> frozenset[str]:
        """Columns of a row of `results` that whoever knows the others' figures may not see."""
        if not self.averages:
            return frozenset()
        groups = dict(population.candidates(row["industry"] or ""))
        level = LABEL if LABEL in groups else population.rank_level
        compared = (row["benchmark_level"], row["benchmark_key"]) in self.averages
        ranked = (level, groups.get(level)) in self.averages
        return frozenset((COMPARED if compared else ()) + (RANKED if ranked else ()))

    def of_table(self, table: pa.Table, population: Population) -> pa.Table:
        """The table `results` without these columns of each row."""
        if not self.averages:
            return table
        rows = table.select(["industry", "benchmark_level", "benchmark_key"]).to_pylist()
        hidden = [self.of_row(row, population) for row in rows]
        for name in COMPARED + RANKED:
            table = without(table, name, pa.array([name in columns for columns in hidden]))
        return table


def untold(run: Run, areas: Callable[[], Ancestors]) -> Untold:
    """Of the files of a run; its areas are asked for only where anything is withheld."""
    found = _withheld(str(run.path("results")))
    if not found:
        return Untold()
    population, sums, ancestors = scheme_of(run.meta).population, _Sums(), areas()
    placed = {
        row["subject"]: [
            (h, above) for h, code in leaves(ancestors, row["area_code"], row["management_code"])
            for above in ancestors[h].get(code, [code])
        ]
        for row in found
    }  # fmt: skip
    for row in found:
        sums.put(row, _areas(row, placed[row["subject"]]))
        sums.put(row, _averages(row, population.candidates(row["industry"])))
    earlier = {
        ("month", *place, EARLIER)
        for row in found if row["energy_restricted"] for place in placed[row["subject"]]
    }  # fmt: skip
    for subject, item, month in _used(run, [r["subject"] for r in found if r["energy_restricted"]]):
        sums.put({"subject": subject}, _lines(placed[subject], item, month))
    return Untold(sums.refused() | earlier)


def _withheld(path: str) -> list[dict[str, Any]]:
    """Rows of `results` of which something is told to nobody; older files mark money alone."""
    mark = "energy_restricted"
    marks = {mark: mark if mark in pq.read_schema(path).names else "false"}
    with duckdb.connect(config={"threads": 1}) as con:
        some = f"SELECT count(*) FROM read_parquet(?) WHERE {WITHHELD}"
        if con.execute(some.format(**marks), [path]).fetchall() == [(0,)]:
            return []
        return con.sql(ROWS.format(**marks), params=[path]).to_arrow_table().to_pylist()


def _used(run: Run, subjects: list[int]) -> list[tuple[int, str, date]]:
    """Items and months of some enterprises."""
    if not subjects:
        return []
    with duckdb.connect(config={"threads": 1}) as con:
        return con.execute(LINES, [str(run.path("lines")), subjects]).fetchall()


def leaves(ancestors: Ancestors, area: str, managed: str) -> list[tuple[str, str]]:
    """(hierarchy, area) that an enterprise hangs on.

    As in the evaluation, who is in no management area hangs on the root of its statutory division.
    """
    root = ancestors["statutory"].get(area, [area])[-1]
    hangs = ("statutory", area), ("management", managed or root)
    return [(hierarchy, code) for hierarchy, code in hangs if code]


Part = tuple[Key, str, str, int]
"""A sum that is shown, over whom it goes, which amount of an enterprise is in it, and how much."""


def _own(
    row: Mapping[str, Any], kind: str, given: Iterable[Given]
) -> Iterator[tuple[str, str, int]]:
    """Over whom, which amount, how much: those of a kind that are withheld of an enterprise."""
    if row[FLAGS[kind]]:
        for over, amount, column in given:
            if row[over] and row[column] is not None:
                yield over, amount, row[column]


def _areas(row: Mapping[str, Any], placed: Sequence[tuple[str, str]]) -> Iterator[Part]:
    """What an enterprise adds to areas and to its division in each."""
    division = row["industry"][:2]
    for kind, given in AREAS.items():
        for place in placed:
            yield from (((kind, *place), *own) for own in _own(row, kind, given))
            yield from (
                ((kind, *place, division), *own) for own in _own(row, kind, DIVISIONS[kind])
            )
        if row["indexed"]:
            part = row["industry"][: index_rule().structure_digits]
            yield from (
                (("structure", *place, part), kind, amount, size)
                for place in placed for over, amount, size in _own(row, kind, given)
                if over == "indexed"
            )  # fmt: skip
    for place in placed if row["energy_restricted"] else ():
        yield from ((("parts", *place), c, c, row[c]) for c in PARTS if row[c])
        if row["missing_upper_mg"]:
            yield ("upper", *place), "every", "upper", row["missing_upper_mg"]


def _averages(row: Mapping[str, Any], groups: Sequence[tuple[str, str]]) -> Iterator[Part]:
    """What a member adds to the averages that enterprises are compared with, by either amount."""
    for kind, given in AVERAGES.items():
        for over, amount, size in _own(row, kind, given):
            yield from ((("benchmark", *group), f"{over}, {amount}", amount, size)
                        for group in groups)  # fmt: skip


def _lines(placed: Sequence[tuple[str, str]], item: str, month: date) -> Iterator[Part]:
    """What an item of a month adds: to the gross emission, and to that of the item or month."""
    for place in placed:
        yield ("parts", *place), "gross", item, 0
        yield ("item", *place, item), "all", item, 0
        yield ("month", *place, f"{month}"), "all", f"{month}", 0


@dataclass
class _Sums:
    """Each sum that is shown: the withheld amounts in it, and how much they are together."""

    amounts: dict[tuple[Key, str], set[Amount]] = field(default_factory=dict)
    size: dict[tuple[Key, str], int] = field(default_factory=dict)

    def put(self, row: Mapping[str, Any], parts: Iterable[Part]) -> None:
        for key, over, amount, size in parts:
            self.amounts.setdefault((key, over), set()).add((row["subject"], amount))
            self.size[key, over] = self.size.get((key, over), 0) + abs(size)

    def refused(self) -> frozenset[Key]:
        order = sorted(self.amounts, key=lambda s: (
            WANTED.index(s[0][0]), len(s[0]), -self.size[s], str(s),
        ))  # fmt: skip
        shown = told([self.amounts[s] for s in order], owner=lambda amount: amount[0])
        return frozenset(key for (key, _), may in zip(order, shown, strict=True) if not may)
