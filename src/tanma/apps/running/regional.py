"""Energy, green power and water of an area by month, from a publication and the facts beside it.

Energy by carrier adds the posted integers of the run's lines, so that it agrees with the accounts.
Green power and water are no lines; they come from the facts known at the run's time, by the same
plan that an evaluation uses. What fewer enterprises stand behind than may be shown is left out, and
what would give it away by subtraction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache

import duckdb
import pyarrow as pa

from tanma.apps.areas import door as areas
from tanma.apps.codes import door as codes
from tanma.apps.live import door as live
from tanma.apps.trends.door import GREEN
from tanma.domain.items import items
from tanma.domain.methods import Edition
from tanma.engine import activity, derived
from tanma.engine.accounts import ENERGY, weights
from tanma.engine.disclosure import closed_lines
from tanma.engine.rules import edition_of
from tanma.lake.facts import FactsMirror

Monthly = dict[str, dict[date, int]]
"""Item → month → sum of counts over the enterprises of the area."""
MEASURE = "energy_calorific_gce"
PV = ("electricity.pv.generated", "electricity.pv.exported")
WATER = ("water.total", "water.fresh", "water.reused")
BESIDE = (*PV, *GREEN, "electricity.purchased", *WATER)


Told = tuple[str, date, int, int, int]
"""Item, month, sum of counts, enterprises behind it, and those of them that are told to nobody."""


def members(run: codes.Run, hierarchy: str, code: str) -> list[int]:
    """The enterprises that lay in an area when the run was made."""
    data = areas.frozen(run)
    column = "area_code" if hierarchy == "statutory" else "management_code"
    tree = data.trees[hierarchy]
    rows = data.results.select(["subject", column]).to_pylist()
    if code == data.home:
        return [r["subject"] for r in rows]
    return [r["subject"] for r in rows if r[column] and tree.inside(r[column], code)]


@lru_cache(maxsize=32)
def _energy(
    run_uid: str, subjects: tuple[int, ...], closed: tuple[int, ...], path: str, region: str,
    made: Edition,
) -> Monthly:  # fmt: skip
    found = [w for w in weights((made,), region) if w.measure == MEASURE]
    columns = sorted({w.column for w in found})
    with duckdb.connect(config={"threads": 2}) as con:
        con.register("members", pa.table({"subject": pa.array(subjects, pa.int64())}))
        con.register("weights", pa.table({
            "item": [w.item for w in found], "used": [w.column for w in found],
            "weight": [w.weight for w in found],
        }))  # fmt: skip
        parts = " UNION ALL ".join(
            f"""SELECT subject, l.item, month, {column} * weight AS gce FROM read_parquet(?) l
                JOIN weights w ON w.item = l.item AND w.used = '{column}' SEMI JOIN members
                USING (subject)""" for column in columns
        )  # fmt: skip
        rows = con.execute(
            f"""SELECT item, month, sum(gce)::BIGINT, count(DISTINCT subject),
                       count(DISTINCT subject) FILTER (list_contains(?, subject)) FROM ({parts})
                WHERE gce IS NOT NULL GROUP BY item, month ORDER BY item, month""",
            [list(closed), *[path] * len(columns)],
        ).fetchall()
    return _open(rows, [frozenset(r[0] for r in rows)])


def _open(rows: list[Told], parts: Sequence[frozenset[str]]) -> Monthly:
    """The sums that enough enterprises stand behind and that nothing shown would give away.

    Who may see the others' amounts knows all but what is told to nobody: enough of these, too.

    `parts`: items that add up to a total of the area, month by month; months to those of a year.
    """
    closed = [r for r in rows if r[4]]
    hidden = _hidden(rows, parts, lambda r: r[3]) | _hidden(closed, parts, lambda r: r[4])
    found: Monthly = {}
    for row in rows:
        if row not in hidden:
            found.setdefault(row[0], {})[row[1]] = row[2]
    return found


def _hidden(
    rows: list[Told], parts: Sequence[frozenset[str]], behind: Callable[[Told], int]
) -> frozenset[Told]:
    lines = [[r for r in rows if r[1] == m and r[0] in own]
             for own in parts for m in dict.fromkeys(r[1] for r in rows)]  # fmt: skip
    lines += [[r for r in rows if r[0] == item] for item in dict.fromkeys(r[0] for r in rows)]
    return closed_lines(lines, behind, lambda r: abs(r[2]))


def _closed(run: codes.Run, subjects: Sequence[int]) -> tuple[int, ...]:
    """Those whose energy is told to nobody singly."""
    if not areas.frozen(run).untold.keys:
        return ()
    rows = areas.frozen(run).results.select(["subject", "energy_restricted", "may_use"])
    inside = set(subjects)
    return tuple(r["subject"] for r in rows.to_pylist()
                 if r["energy_restricted"] and not r["may_use"] and r["subject"] in inside)


def energy(run: codes.Run, hierarchy: str, code: str) -> Monthly:
    """Coal equivalent (当量值, g) of each carrier in the consumption of an area."""
    files = codes.files_of(run)
    subjects = tuple(members(run, hierarchy, code))
    made = edition_of(files.meta, ENERGY)
    return _energy(run.uid, subjects, _closed(run, subjects), str(files.path("lines")),
                   files.meta["grid_region"], made)  # fmt: skip


@lru_cache(maxsize=32)
def _beside(
    known_at: int, subjects: tuple[int, ...], first: date, end: date, basis: str
) -> Monthly:
    """`basis`: the document that allows single results; without one the facts' class decides."""
    mirror = FactsMirror(live.lake())
    with live.engine() as con:
        mirror.relation(con, known_at, "facts_all")
        con.register("members", pa.table({"subject": pa.array(subjects, pa.int64())}))
        listed = ", ".join(f"'{item}'" for item in BESIDE)
        con.execute(
            f"""CREATE OR REPLACE TEMP VIEW facts_here AS
                FROM facts_all SEMI JOIN members USING (subject) WHERE item IN ({listed})"""
        )
        wanted = [item for item in BESIDE if item in items()]
        activity.build(con, wanted, known="facts_here", since=first.isoformat(),
                       until=end.isoformat())  # fmt: skip
        rows = con.execute(
            f"""SELECT item, month, sum(value)::BIGINT, count(DISTINCT subject),
                       count(DISTINCT subject)
                       FILTER (marks & {derived.RESTRICTED} > 0 AND {str(not basis).lower()})
               FROM activity GROUP BY item, month ORDER BY item, month"""
        ).fetchall()
    return _open(rows, [frozenset(WATER)])


def beside(run: codes.Run, hierarchy: str, code: str) -> Monthly:
    """Green power and water of an area in the months of a run, as known at its time."""
    span = areas.frozen(run).period
    basis = codes.files_of(run).meta.get("legal_basis", "")
    return _beside(run.known_at, tuple(members(run, hierarchy, code)), span.start, span.end, basis)
