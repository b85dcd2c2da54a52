"""The data catalogue: which classes of data there are, whose they are, and how complete they came.

Classes are data (`catalogue.toml`); what has arrived is read from the lake's mirror in columns.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Literal

import duckdb
import msgspec
import pyarrow as pa
from django.utils.translation import gettext_lazy as _

from tanma.apps.catalogue.models import DeclaredClass, LegalBasis
from tanma.apps.imports.door import mirror, today
from tanma.apps.registry import door as registry
from tanma.domain.items import items, sources
from tanma.domain.messages import Problem
from tanma.domain.periods import Period

FREQUENCIES = {
    "event": _("变动时"), "day": _("每日"), "month": _("每月"), "quarter": _("每季"),
    "year": _("每年"),
}  # fmt: skip
SIZES = {"above": _("规上"), "below": _("规下")}
Sizes = list[Literal["above", "below"]]


class DataClass(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One class of data: its names, owner (a source), frequency and the items it states."""

    zh: str
    en: str
    owner: str
    frequency: Literal["event", "day", "month", "quarter", "year"]
    package: str
    items: list[str]
    required_of: Sizes = []
    also: list[str] = []
    """Other sources whose statement of the same items counts as reported."""
    kept_by: str = ""
    """The source whose owner provides the class, where the register is told by others."""
    id: str = ""

    @property
    def department(self) -> str:
        return owner_name(self.kept_by or self.owner)


DECLARED = ("name", "zh", "en", "owner", "frequency", "package", "items", "required_of")
"""Columns of a class that the office declared."""


class Rule(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One rule of the tax-power comparison; a bound that is missing does not count."""

    id: str
    zh: str
    en: str
    power_change_from: float | None = None
    power_change_to: float | None = None
    turnover_change_from: float | None = None
    turnover_change_to: float | None = None
    power: Literal["", "none"] = ""
    turnover: Literal["", "none"] = ""


class Mismatch(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    evidence: str
    least_power_kwh: int
    rule: list[Rule]


class _File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    class_: dict[str, DataClass] = msgspec.field(name="class")
    mismatch: Mismatch


@cache
def _file() -> _File:
    text = (resources.files(__package__) / "catalogue.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _File)


def classes() -> list[DataClass]:
    """Every class of data: those of the file, then those that the office declared."""
    named = _file().class_.items()
    rows = DeclaredClass.objects.order_by("declared_at").values(*DECLARED)
    declared = [msgspec.convert({"id": row.pop("name"), **row}, DataClass) for row in rows]
    return [msgspec.structs.replace(one, id=name) for name, one in named] + declared


def declare(one: DataClass, by: str) -> None:
    """Add a class of data; its name is new, its source and items are known."""
    if any(known.id == one.id for known in classes()):
        raise Problem("class_known", name=one.id)
    if unknown := [i for i in one.items if not items_of(msgspec.structs.replace(one, items=[i]))]:
        raise Problem("class_items_unknown", items="、".join(unknown))
    DeclaredClass.objects.create(
        name=one.id, zh=one.zh, en=one.en, owner=one.owner, frequency=one.frequency,
        package=one.package, items=one.items, required_of=list(one.required_of), declared_by=by,
    )  # fmt: skip


def legal_bases() -> dict[str, LegalBasis]:
    """class → the document it rests on today; a class without one is not in it."""
    rows = LegalBasis.objects.filter(valid_from__lte=today()).order_by("valid_from", "entered_at")
    return {row.data_class: row for row in rows}


def mismatch_rules() -> Mismatch:
    return _file().mismatch


def items_of(one: DataClass) -> list[str]:
    """Items that a class states; a name that ends in a dot stands for all below it."""
    ends = tuple(i for i in one.items if i.endswith("."))
    return [i for i in items() if i in one.items or (ends and i.startswith(ends))]


@dataclass(frozen=True)
class Arrival:
    """What has come of a class: rows, when the last, for which month, from how many of whom."""

    data: DataClass
    rows: int = 0
    stamp: int | None = None
    last: date | None = None
    reported: int = 0
    expected: int | None = None

    @property
    def completeness(self) -> float | None:
        return self.reported / self.expected if self.expected else None

    @property
    def owner(self) -> str:
        return self.data.department


OWNERS = {
    "市场监管部门": _("市场监管部门"), "供电企业": _("供电企业"), "燃气企业": _("燃气企业"),
    "供热企业": _("供热企业"), "供水企业": _("供水企业"), "企业或采集平台": _("企业或采集平台"),
    "税务部门": _("税务部门"), "统计部门": _("统计部门"), "企业": _("企业"),
    "核查机构": _("核查机构"), "主管部门": _("主管部门"),
}  # fmt: skip


def owner_name(source: str) -> str:
    """The department or company behind a source, in the language of the page."""
    owner = sources()[source].owner
    return str(OWNERS.get(owner, owner))


_ARRIVED = """
    WITH stated AS (
        SELECT class, subject, valid_from, valid_to, stamp,
            CASE WHEN kind IN ('amount', 'cumulative') THEN CAST(valid_to - 1 AS DATE)
                ELSE valid_from END AS day
        FROM known JOIN class_items USING (item, source)
    ), newest AS (SELECT class, max(day) AS last FROM stated GROUP BY class)
    SELECT class, count(*) AS n, max(stamp) AS stamp, any_value(last) AS last,
        count(DISTINCT subject) FILTER (
            valid_from <= last AND valid_to > last AND subject IN (SELECT id FROM firms
                WHERE list_contains(required_of, size_class))) AS reported
    FROM stated JOIN newest USING (class) JOIN class_sizes USING (class) GROUP BY class"""


def arrivals() -> list[Arrival]:
    """Every class with what has arrived of it; readings are counted by their batches."""
    found = mirror()
    with duckdb.connect() as con:
        found.relation(con, found.watermark)
        register(con, classes())
        rows = con.sql(_ARRIVED).to_arrow_table().to_pylist()
    said = {row.pop("class"): row for row in rows}
    return [_arrival(one, said.get(one.id)) for one in classes()]


def _arrival(one: DataClass, row: dict[str, Any] | None) -> Arrival:
    expected = _expected(one.required_of) if one.required_of else None
    if row is None:
        return Arrival(one, expected=expected)
    return Arrival(one, row["n"], row["stamp"], row["last"], row["reported"], expected)


def _expected(sizes: Sequence[str]) -> int:
    active = registry.Enterprise.objects.filter(status="active", size_class__in=sizes)
    return active.count()


def register(con: duckdb.DuckDBPyConnection, wanted: Iterable[DataClass]) -> None:
    """Give a connection the tables `class_items`, `class_sizes` and `firms` (active ones)."""
    wanted = list(wanted)
    pairs = [{"class": c.id, "item": i, "source": s}
             for c in wanted for i in items_of(c) for s in (c.owner, *c.also)]  # fmt: skip
    schema = pa.schema([(n, pa.string()) for n in ("class", "item", "source")])
    con.register("class_items", pa.Table.from_pylist(pairs, schema))
    sizes = {"class": [c.id for c in wanted], "required_of": [list(c.required_of) for c in wanted]}
    types = pa.schema([("class", pa.string()), ("required_of", pa.list_(pa.string()))])
    con.register("class_sizes", pa.table(sizes, schema=types))
    firms = registry.Enterprise.objects.filter(status="active").values_list("id", "size_class")
    ids, size = zip(*firms, strict=True) if firms else ((), ())
    con.register("firms", pa.table({"id": pa.array(ids, pa.int64()),
                                    "size_class": pa.array(size, pa.string())}))  # fmt: skip


_MISSING = """
    SELECT id AS subject, list(class ORDER BY class) AS classes FROM firms JOIN class_sizes
        ON list_contains(required_of, size_class)
    WHERE NOT EXISTS (
        SELECT 1 FROM known JOIN class_items i USING (item, source)
        WHERE i.class = class_sizes.class AND known.subject = firms.id
            AND known.valid_from < $until AND known.valid_to > $since)
    GROUP BY id"""


def missing(period: Period, *, asked_since: date | None = None) -> dict[int, list[str]]:
    """subject → classes that an active enterprise owes for a period and has not reported.

    A class of which nothing at all has come in the period is not asked of enterprises: its owner
    has not delivered, and the catalogue says so. `asked_since`: whatever came from that day on is
    asked, so that a period without any data is not taken for a complete one.
    """
    found = mirror()
    with duckdb.connect() as con:
        found.relation(con, found.watermark)
        register(con, [c for c in classes() if c.required_of])
        span = {"since": period.start, "until": period.end}
        come = con.execute(
            "SELECT DISTINCT class FROM known JOIN class_items USING (item, source)"
            " WHERE valid_from < $until AND valid_to > $since",
            span | {"since": asked_since or period.start},
        ).fetchall()
        names = {c for (c,) in come}
        register(con, [c for c in classes() if c.required_of and c.id in names])
        rows = con.execute(_MISSING, span).fetchall()
    return dict(rows)
