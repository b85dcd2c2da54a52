"""The purchase ledger: what its vouchers state, and the balance of each material and month.

An entry is a fact of its voucher, not of the enterprise, and its source is `ledger`: accounts and
declared consumption never see it. What is not stated is None and is never taken for 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tanma.apps.imports.door import Fault, mirror
from tanma.domain.items import by_flow, carriers, items
from tanma.domain.periods import Period, month_of

SCHEME, SOURCE, DECLARED = "purchase", "ledger", "declared"
GROUPS = ("fuel.", "process.")
"""Carriers that a ledger holds; electricity and heat are bought by meter."""
USED = ("burnt", "transformed", "feedstock")
"""Flows that a fuel is used in, where the enterprise declares no total of its consumption."""
BOUGHT, OPENING, CLOSING = "bought", "opening", "closing"


@dataclass(frozen=True)
class Line:
    """One figure of one voucher, at the scale of its item."""

    uscc: str
    day: date
    instant: date
    item: str
    kind: str
    count: int
    reported: str
    supplier: str | None
    number: str
    note: str | None

    @property
    def carrier(self) -> str:
        return items()[self.item].carrier


@dataclass(frozen=True)
class Balance:
    """A material over a month: opening + bought - closing = used by the books; None: not stated."""

    month: Period
    carrier: str
    opening: int | None
    bought: int | None
    closing: int | None
    declared: int | None

    @property
    def used(self) -> int | None:
        if self.opening is None or self.bought is None or self.closing is None:
            return None
        return self.opening + self.bought - self.closing

    @property
    def difference(self) -> int | None:
        """Declared less what the books say."""
        if self.used is None or self.declared is None:
            return None
        return self.declared - self.used


def materials() -> list[str]:
    """Carriers that can stand in a ledger: they are both bought and held in stock."""
    flows = by_flow()
    return [
        c for c in carriers()
        if c.startswith(GROUPS) and {(c, "purchased"), (c, "stock")} <= flows.keys()
    ]  # fmt: skip


_DOCUMENTS = """
    CREATE TEMP TABLE documents AS
    SELECT subject, valid_from AS day, max(text) FILTER (item = 'purchase.enterprise') AS uscc,
        max(text) FILTER (item = 'purchase.supplier') AS supplier,
        max(text) FILTER (item = 'purchase.note') AS note
    FROM known WHERE source = $source AND kind = 'attribute' AND item LIKE 'purchase.%'
    GROUP BY subject, valid_from HAVING uscc IN (SELECT uscc FROM asked)"""
# A stock lies at an instant: the beginning of a day of its voucher, or else the end of one.
_LINES = """
    SELECT d.uscc, d.day, f.valid_from AS instant, f.item,
        CASE WHEN f.kind = 'amount' THEN 'bought' WHEN d.day = f.valid_from THEN 'opening'
            ELSE 'closing' END AS kind,
        f.value AS count, f.reported, d.supplier, substr(n.text, strpos(n.text, '/') + 1) AS number,
        d.note
    FROM known f JOIN documents d ON d.subject = f.subject AND (d.day = f.valid_from
            OR (f.kind = 'stock' AND d.day = f.valid_from - 1))
        JOIN known n ON n.subject = f.subject AND n.item = 'id.purchase'
    WHERE f.source = $source AND f.kind IN ('amount', 'stock') AND f.value IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY f.seq ORDER BY d.day DESC) = 1
    ORDER BY f.stamp, f.seq"""


def lines(codes: Sequence[str]) -> list[Line]:
    """What the ledgers of some enterprises say now, by credit code, in the order it was said."""
    found = mirror()
    with duckdb.connect() as con:
        found.relation(con, found.watermark)
        con.register("asked", pa.table({"uscc": pa.array(codes, pa.string())}))
        con.execute(_DOCUMENTS, {"source": SOURCE})
        rows = con.execute(_LINES, {"source": SOURCE}).fetchall()
    return [Line(*row) for row in rows]


_DECLARED = """
    SELECT item, valid_from, valid_to, value FROM known
    WHERE subject = $subject AND source = $source AND kind = 'amount' AND value IS NOT NULL
        AND list_contains($items, item)"""


def balances(subject: int, said: Iterable[Line]) -> list[Balance]:
    """One per material and month that the ledger speaks of, the newest month first."""
    said = list(said)
    used = _declared(subject, {line.carrier for line in said})
    bought: dict[tuple[str, Period], int] = {}
    stock: dict[tuple[str, date], int] = {}
    for line in said:  # of two statements of one instant the later one counts
        if line.kind == BOUGHT:
            key = line.carrier, month_of(line.day)
            bought[key] = bought.get(key, 0) + line.count
        else:
            stock[line.carrier, line.instant] = line.count
    keys = {(line.carrier, month_of(line.day)) for line in said}
    return [
        Balance(month, carrier, stock.get((carrier, month.start)), bought.get((carrier, month)),
                stock.get((carrier, month.end)), used.get((carrier, month)))
        for carrier, month in sorted(keys, key=lambda k: (-k[1].first_month, k[0]))
    ]  # fmt: skip


def _declared(subject: int, wanted: Iterable[str]) -> dict[tuple[str, Period], int]:
    """(carrier, month) → consumption that the enterprise declared for exactly that month."""
    flow_of = {
        item: (carrier, flow)
        for carrier in wanted for flow in ("consumed", "process", *USED)
        if (item := by_flow().get((carrier, flow)))
    }  # fmt: skip
    found = mirror()
    with duckdb.connect() as con:
        found.relation(con, found.watermark)
        asked = {"subject": subject, "source": DECLARED, "items": list(flow_of)}
        rows = con.execute(_DECLARED, asked).fetchall()
    whole: dict[tuple[str, Period], int] = {}
    parts: dict[tuple[str, Period], int] = {}
    for item, start, end, value in rows:
        (carrier, flow), month = flow_of[item], month_of(start)
        if (start, end) != (month.start, month.end):
            continue
        into = parts if flow in USED else whole
        into[carrier, month] = into.get((carrier, month), 0) + value
    return parts | whole


def judge(made: pa.Table) -> list[Fault]:
    """Rows that state no figure, and rows of what is not held in a ledger."""
    figures = pc.not_equal(made["kind"], "attribute")
    stated = pc.is_in(made["row"], made["row"].filter(figures).combine_chunks())
    named = pc.equal(made["item"], "purchase.enterprise")
    kept = pc.or_(*(pc.starts_with(made["item"], group) for group in GROUPS))
    return [
        Fault("ledger_nothing_stated", "", pc.and_(named, pc.invert(stated)), "subject_value"),
        Fault("ledger_not_held", "", pc.and_(figures, pc.invert(kept)), "reported"),
    ]
