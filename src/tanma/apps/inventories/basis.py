"""The basis of an enterprise's figures: explanation trees from the frozen files of a run.

Nothing is stored: edition + frozen lines + frozen factors give the same tree every time. A posted
integer that the formulas do not give again is a Problem (`explanation_differs`), never a footnote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from tanma.apps.inventories import ratios
from tanma.apps.inventories.frozen import Frozen, read
from tanma.apps.inventories.leaves import line_input
from tanma.apps.inventories.said import Facts, StoredFacts
from tanma.domain.items import items as catalogue
from tanma.domain.messages import Problem
from tanma.domain.methods import Edition, LineInput, Node, bind, explain
from tanma.engine.accounts import CODE, ENERGY, MARKET, MEASURE_DEFS, STATUTORY
from tanma.lake.results import Run as RunFiles

ACCOUNTS: dict[str, tuple[str, ...]] = {
    "code": (CODE,), "statutory": (STATUTORY, MARKET), "energy": (ENERGY,),
}  # fmt: skip
"""account of the command line and the page → editions it explains"""


@dataclass(frozen=True)
class Basis:
    """What one run says of one enterprise, explained: account → one tree per edition."""

    frozen: Frozen
    accounts: dict[str, tuple[Node, ...]]

    @property
    def result(self) -> dict[str, Any]:
        return self.frozen.result

    @property
    def period(self) -> str:
        return self.frozen.period.text

    @property
    def nodes(self) -> tuple[Node, ...]:
        return tuple(node for nodes in self.accounts.values() for node in nodes)

    @property
    def unconfirmed(self) -> bool:
        return any(node.unconfirmed for node in self.nodes)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON: what the run is, then the trees."""
        meta, result = self.frozen.files.meta, self.frozen.result
        return {
            "run": self.frozen.run_id,
            "digest": self.frozen.files.digest,
            "period": self.period,
            "scheme": meta["scheme"],
            "known_at": meta["known_at"],
            "natural_key": result["natural_key"],
            "name": result["name"],
            "industry": result["industry"],
            "accounts": {k: [n.as_dict() for n in v] for k, v in self.accounts.items()},
        }


def basis(
    run_files: RunFiles,
    subject: int,
    lang: str,
    *,
    accounts: Sequence[str] = tuple(ACCOUNTS),
    facts: Facts | None = None,
    statistical: bool = True,
) -> Basis:
    """The explanation trees of an enterprise in a run, in "zh" or "en".

    `statistical`: whether the reader may see single facts that came for statistics only.
    """
    return explained(read(run_files, subject), lang, accounts, facts or StoredFacts(), statistical)


def explained(
    frozen: Frozen, lang: str, accounts: Sequence[str], facts: Facts, statistical: bool = True
) -> Basis:
    """The trees of rows that have been read already."""
    said = facts.by_seq([row["seq"] for row in frozen.lines])
    made = {}
    for account in accounts:
        editions = [frozen.edition(name) for name in editions_of(frozen, account)]
        made[account] = tuple(
            _tree(frozen, each, _inputs(frozen, each, said, lang), lang) for each in editions
        )
    if "code" in made:
        tree, *others = made["code"]
        shown = ratios.nodes(frozen, lang, facts, statistical)
        made["code"] = (replace(tree, children=tree.children + shown), *others)
    return Basis(frozen, made)


def editions_of(frozen: Frozen, account: str) -> tuple[str, ...]:
    """Editions of an account that ran and cover the industry of the enterprise."""
    if account not in ACCOUNTS:
        raise Problem("basis_account_unknown", account=account, known=", ".join(ACCOUNTS))
    industry, ran = frozen.result["industry"], frozen.files.meta["editions"]
    return tuple(n for n in ACCOUNTS[account] if n in ran and frozen.edition(n).covers(industry))


def _inputs(frozen: Frozen, made: Edition, said: Any, lang: str) -> list[LineInput]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in frozen.lines:
        rows.setdefault(row["item"], []).append(row)
    units = {item: catalogue()[item].unit for item in rows}
    places = {"province": frozen.files.meta["grid_region"]}
    return [
        line_input(frozen, bound, row, said, lang)
        for bound in bind(made, units, places).lines
        for row in rows[bound.item]
    ]


def _tree(frozen: Frozen, made: Edition, lines: Sequence[LineInput], lang: str) -> Node:
    tree = explain(made, lines, lang)
    for node in tree.walk():
        if node.kind == "line":
            _check_frozen(node, lines)
    _check_totals(frozen, made, tree)
    return replace(tree, children=tuple(_by_source(total) for total in tree.children))


def _check_frozen(node: Node, lines: Sequence[LineInput]) -> None:
    """A value where the frozen line has none is a difference as well."""
    if node.posted is None:
        return
    line_id, item, month = node.id.split("/")
    lost = any(
        (x.line_id, x.item, x.month) == (line_id, item, month) and x.posted is None for x in lines
    )
    if lost:
        raise Problem(
            "explanation_differs", line_id=line_id, item=item, month=month, frozen="—",
            computed=node.posted,
        )  # fmt: skip


def _check_totals(frozen: Frozen, made: Edition, tree: Node) -> None:
    """The totals of the tree are those of the frozen result."""
    whole = {(m.edition, m.total): name for name, m in MEASURE_DEFS.items() if not m.categories}
    for node in tree.children:
        column = whole.get((made.id, node.id))
        expected = frozen.result.get(column) if column else None
        if expected is not None and node.posted is not None and expected != node.posted:
            raise Problem(
                "explanation_differs", line_id=node.id, item=column, month=frozen.period.text,
                frozen=expected, computed=node.posted,
            )  # fmt: skip


def _by_source(total: Node) -> Node:
    """The months of one source below one node, where there are several."""
    if total.kind != "total":
        return total
    return replace(total, children=tuple(_grouped(total.children)))


def _grouped(lines: Sequence[Node]) -> Iterator[Node]:
    for source, found in groupby(lines, key=lambda line: line.id.rpartition("/")[0]):
        months = tuple(found)
        yield months[0] if len(months) == 1 else _source_node(source, months)


def _source_node(source: str, months: tuple[Node, ...]) -> Node:
    first, values = months[0], [m.posted for m in months]
    missing = sum(v is None for v in values)
    posted = None if missing else sum(v for v in values if v is not None)
    return Node(
        kind="source",
        id=source,
        symbol=f"Σ {first.symbol}",
        name=first.name.rpartition(" · ")[0],
        unit=first.unit,
        value=None if missing else sum(m.value or 0.0 for m in months),
        posted=posted,
        sign=first.sign,
        missing=missing,
        children=months,
    )
