"""Explanations are recomputed: edition + inputs + choices give the same tree every time.

A node says what it is, how it is computed and from what; the leaves carry origin, source row, known
time and evidence. Command line and pages show the same tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from tanma.domain import numbers
from tanma.domain.messages import Problem, render
from tanma.domain.methods.edition import Edition, LineDef, Names, TotalDef, activity_of
from tanma.domain.methods.plans import missing_code
from tanma.domain.quantities import Quantity, described, find, number_text, quantities
from tanma.domain.quantities.core import QUANTA

ORIGINS = {
    "reported": {"zh": "申报", "en": "reported"},
    "measured": {"zh": "实测", "en": "measured"},
    "default": {"zh": "缺省值", "en": "default"},
}
"""Where a value came from; a choice code of the factor preference maps to one of these."""

_UNCONFIRMED = ("recalled", "unconfirmed")


@dataclass(frozen=True)
class LeafValue:
    """A value that entered a line: what it is, where it came from, when it was known."""

    value: float | None
    origin: str
    source: str = ""
    source_row: str = ""
    known_at: int | None = None
    evidence: str = ""
    text: str = ""  # as reported or printed, digits and unit
    note: str = ""  # such as the data year that `latest_published` chose


@dataclass(frozen=True)
class LineInput:
    """One line of an account: its inputs by parameter name, and the posted value if frozen."""

    line_id: str
    item: str
    month: str
    inputs: Mapping[str, LeafValue]
    item_unit: str = ""
    label: str = ""  # the item's name in the reader's language
    posted: int | None = None


@dataclass(frozen=True)
class Node:
    """One step of an explanation. `posted` is exact, `value` is for reading."""

    kind: str  # edition, total, line, quantity, input or derived
    id: str
    symbol: str
    name: str
    unit: str
    value: float | None
    posted: int | None = None
    sign: int = 1
    written: str = ""
    with_values: str = ""
    source: str = ""
    clause: str | None = None
    evidence: str = ""
    origin: str = ""
    source_row: str = ""
    known_at: int | None = None
    text: str = ""
    note: str = ""
    missing: int = 0
    children: tuple[Node, ...] = ()

    @property
    def unconfirmed(self) -> bool:
        """Whether this value or one below it rests on something nobody has confirmed."""
        return self.evidence in _UNCONFIRMED or any(child.unconfirmed for child in self.children)

    def walk(self) -> Iterator[Node]:
        """This node and all below it, in reading order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            **asdict(self),
            "children": [child.as_dict() for child in self.children],
            "unconfirmed": self.unconfirmed,
        }


def explain(edition: Edition, lines: Sequence[LineInput], lang: str) -> Node:
    """The tree of an account: totals → lines → formulas → leaves, in "zh" or "en".

    A line that carries a frozen posted value must give it again, else this is a Problem.
    """
    posted = [_post(edition, line) for line in lines]
    totals = {t.id: _sum(edition, t.id, lines, posted) for t in edition.totals}
    children = tuple(
        _total_node(edition, t, lines, posted, totals, lang) for t in edition.totals
    ) + tuple(
        _derived_node(d.id, d.formula, d.inputs, edition, totals, lang) for d in edition.derived
    )
    return Node(
        kind="edition",
        id=edition.id,
        symbol="",
        name=edition.title[lang],
        unit="",
        value=None,
        source=edition.document,
        evidence=edition.evidence,
        note=edition.boundary[lang],
        children=children,
    )


def render_tree(node: Node, lang: str, depth: int = 0) -> list[str]:
    """The tree as indented lines of text, as the command line prints it."""
    lines = ["  " * depth + _line_text(node, lang)]
    for child in node.children:
        lines += render_tree(child, lang, depth + 1)
    return lines


def _line_text(node: Node, lang: str) -> str:
    head = f"{node.symbol} {node.name}".strip()
    if node.kind != "edition":
        sign = "−" if node.sign < 0 else ""
        head = f"{head} = {sign}{_shown(node)} {node.unit}".rstrip()
    formula = ": " + " = ".join(filter(None, (node.written, node.with_values)))
    leaf = [ORIGINS[node.origin][lang]] if node.origin else []
    marks = [*leaf, node.text, node.source, node.source_row, node.evidence, node.note]
    return head + (formula if node.written else "") + _bracketed([m for m in marks if m])


def _shown(node: Node) -> str:
    if node.posted is not None:
        # The exact posted amount, without a float between.
        return f"{Decimal(numbers.decimal_text(node.posted, _decimals(node.unit))):,f}"
    return number_text(node.value)


def _bracketed(marks: Sequence[str]) -> str:
    return f" [{'; '.join(marks)}]" if marks else ""


def _decimals(unit: str) -> int:
    return next(decimals for of, decimals in QUANTA.values() if of == unit)


def _values(line: LineInput) -> dict[str, float | None]:
    return {name: leaf.value for name, leaf in line.inputs.items()}


def _post(edition: Edition, line: LineInput) -> int | None:
    formula = find(edition.line(line.line_id).formula)
    computed = formula.posted(_values(line))
    if line.posted is not None and line.posted != computed:
        raise Problem(
            "explanation_differs",
            line_id=line.line_id,
            item=line.item,
            month=line.month,
            frozen=line.posted,
            computed=computed,
        )
    return computed


@dataclass(frozen=True)
class _Sum:
    posted: int | None
    missing: int


def _sum(
    edition: Edition, total_id: str, lines: Sequence[LineInput], posted: Sequence[int | None]
) -> _Sum:
    weights = {line: k for line, total, k in edition.membership() if total == total_id}
    parts = [
        None if value is None else weights[line.line_id] * value
        for line, value in zip(lines, posted, strict=True)
        if line.line_id in weights
    ]
    quantity = find("emission_total_mg" if edition.quantum == "mg" else "energy_total_gce")
    if not parts:
        total = next(t for t in edition.totals if t.id == total_id)
        return _Sum(0 if total.empty == "zero" else None, 0)
    summed = quantity(parts)
    return _Sum(summed.value, summed.missing)


def _total_node(
    edition: Edition,
    total: TotalDef,
    lines: Sequence[LineInput],
    posted: Sequence[int | None],
    totals: Mapping[str, _Sum],
    lang: str,
) -> Node:
    unit, decimals = QUANTA[edition.quantum]
    made = totals[total.id]
    children = tuple(
        _line_node(edition, line, value, total.id, lang)
        for line, value in zip(lines, posted, strict=True)
        if total.id in edition.line(line.line_id).totals
    )
    names: dict[str, Names] = {t.id: t.name for t in edition.totals}
    return Node(
        kind="total",
        id=total.id,
        symbol="",
        name=total.name[lang],
        unit=unit,
        value=_float(made.posted, decimals),
        posted=made.posted,
        written=_signed([(sign, names[part][lang]) for part, sign in total.of.items()]),
        with_values=_signed(
            [(sign, _amount(totals[part].posted, decimals)) for part, sign in total.of.items()]
        ),
        evidence=edition.evidence,
        missing=made.missing,
        children=children,
    )


def _line_node(
    edition: Edition, line: LineInput, posted: int | None, total: str, lang: str
) -> Node:
    definition, (unit, _) = edition.line(line.line_id), QUANTA[edition.quantum]
    formula = find(definition.formula)
    node = _quantity_node(formula, line, lang)
    return Node(
        kind="line",
        id=f"{line.line_id}/{line.item}/{line.month}",
        symbol=formula.symbol,
        name=" · ".join(filter(None, (definition.name[lang], line.label, line.month))),
        unit=unit,
        value=node.value,
        posted=posted,
        sign=definition.totals[total],
        written=node.written,
        with_values=node.with_values,
        source=formula.source,
        clause=formula.clause,
        evidence=formula.evidence,
        note=_why_missing(edition, definition, line, lang) if posted is None else "",
        missing=int(posted is None),
        children=node.children,
    )


def _quantity_node(formula: Quantity, line: LineInput, lang: str) -> Node:
    values = _values(line)
    children = tuple(
        _quantity_node(quantities()[need], line, lang)
        if need in quantities()
        else _leaf_node(need, line, lang)
        for need in formula.needs
    )
    return Node(
        kind="quantity",
        id=formula.id,
        symbol=formula.symbol,
        name=formula.name(lang),
        unit=_unit(formula.unit, line),
        value=formula.number(values),
        written=formula.written(),
        with_values=formula.with_values(
            {need: child.value for need, child in zip(formula.needs, children, strict=True)}
        ),
        source=formula.source,
        clause=formula.clause,
        evidence=formula.evidence,
        children=children,
    )


def _leaf_node(name: str, line: LineInput, lang: str) -> Node:
    declared = described(name)
    leaf = line.inputs.get(name, LeafValue(None, ""))
    return Node(
        kind="input",
        id=name,
        symbol=declared.symbol,
        name=declared.name(lang),
        unit=_unit(declared.unit, line),
        value=leaf.value,
        source=leaf.source,
        evidence=leaf.evidence,
        origin=leaf.origin,
        source_row=leaf.source_row,
        known_at=leaf.known_at,
        text=leaf.text,
        note=leaf.note,
        missing=int(leaf.value is None),
    )


def _derived_node(
    node_id: str,
    formula_id: str,
    inputs: Mapping[str, str],
    edition: Edition,
    totals: Mapping[str, _Sum],
    lang: str,
) -> Node:
    formula = find(formula_id)
    _, decimals = QUANTA[edition.quantum]
    exact = {name: totals[total].posted for name, total in inputs.items()}
    shown = {name: _float(value, decimals) for name, value in exact.items()}
    value, note = None, ""
    try:
        value = formula.number(exact)
    except Problem as problem:
        note = problem.text(lang)
    return Node(
        kind="derived",
        id=node_id,
        symbol=formula.symbol,
        name=formula.name(lang),
        unit="" if formula.unit == "1" else formula.unit,
        value=value,
        written=formula.written(),
        with_values=formula.with_values(shown),
        source=formula.source,
        clause=formula.clause,
        evidence=formula.evidence,
        note=note,
        missing=int(value is None),
    )


def _why_missing(edition: Edition, definition: LineDef, line: LineInput, lang: str) -> str:
    """The text of why a line has no value: the first input that lacks."""
    lacking = [n for n in find(definition.formula).inputs() if _values(line).get(n) is None]
    activity = activity_of(definition.formula)
    first = activity if activity in lacking else lacking[0]
    key = "/".join(definition.factors.get(first, ()))
    params = {
        "edition": edition.id,
        "line_id": definition.id,
        "item": line.item,
        "month": line.month,
    }
    return render(missing_code(first), lang, {**params, "key": key})


def _unit(unit: str, line: LineInput) -> str:
    return "" if unit == "1" else unit.replace("{unit}", line.item_unit)


def _float(posted: int | None, decimals: int) -> float | None:
    return None if posted is None else posted / 10**decimals


def _amount(posted: int | None, decimals: int) -> str:
    return number_text(_float(posted, decimals))


def _signed(parts: Sequence[tuple[int, str]]) -> str:
    text = "".join(f" {'−' if sign < 0 else '+'} {part}" for sign, part in parts)
    return text.removeprefix(" + ")
