"""Virtual meters: a formula over other meters, parsed into a sum of channels times constants.

    formula := term (("+" | "-") term)*
    term    := factor (("*" | "×") factor)*
    factor  := "-" factor | number | "[" name of a meter "]" | "#" channel number | "(" formula ")"

A meter named in brackets stands for its channel of the virtual channel's item, or for its only one.
Formulas may name virtual meters again; a circle is refused with its members. PV used on the spot is
`[generation] - [export]`. Amounts are exact: constants are decimals, counts integers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import duckdb
import pyarrow as pa

from tanma.domain.messages import Problem
from tanma.engine.metering.channels import item_ratio
from tanma.engine.metering.days import half_even

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|\[(?P<name>[^\]\[]+)\]|\"(?P<quoted>[^\"]+)\""
    r"|\#(?P<channel>\d+)|(?P<sign>[-+*×()]))"
)
_DEPTH = 50
Linear = dict[str, Fraction]
"""Reference (`[name]` or `#number`) → how often it counts; "" is a constant without a meter."""


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    place: int


def tokens(formula: str) -> Iterator[Token]:
    """The words of a formula, `end` last; what is no word is refused."""
    place = 0
    while formula[place:].strip():
        found = _TOKEN.match(formula, place)
        if found is None:
            place += len(formula[place:]) - len(formula[place:].lstrip())
            raise _unreadable(formula, place, formula[place], "[表], #通道 / [meter], #channel")
        kind = found.lastgroup or ""
        yield Token("name" if kind == "quoted" else kind, found[kind], found.start(kind))
        place = found.end()
    yield Token("end", "", len(formula))


def _unreadable(formula: str, place: int, found: str, expected: str) -> Problem:
    return Problem(
        "formula_syntax", formula=formula, place=place + 1, found=found, expected=expected
    )


def parse(formula: str) -> Linear:
    """What a formula adds up: each reference with its exact constant.

    >>> parse("[A] - 0.5 * ([B] + #7)")["#7"]
    Fraction(-1, 2)
    """
    reader = _Reader(formula)
    linear = reader.sum(0)
    if reader.next.kind != "end":
        raise reader.expected("+, -, ×")
    linear = {name: factor for name, factor in linear.items() if factor}
    if not linear or "" in linear:
        raise Problem("formula_not_linear", formula=formula)
    return linear


class _Reader:
    """Recursive descent over the words of one formula."""

    def __init__(self, formula: str) -> None:
        self._formula = formula
        self._tokens = tokens(formula)
        self.next = next(self._tokens)

    def expected(self, what: str) -> Problem:
        return _unreadable(self._formula, self.next.place, self.next.text, what)

    def _take(self) -> Token:
        taken = self.next
        if taken.kind != "end":
            self.next = next(self._tokens)
        return taken

    def sum(self, depth: int) -> Linear:
        total = self._product(depth)
        while self.next.text in ("+", "-"):
            sign = 1 if self._take().text == "+" else -1
            for name, factor in self._product(depth).items():
                total[name] = total.get(name, Fraction(0)) + sign * factor
        return total

    def _product(self, depth: int) -> Linear:
        total = self._factor(depth)
        while self.next.text in ("*", "×"):
            self._take()
            total = self._times(total, self._factor(depth))
        return total

    def _times(self, left: Linear, right: Linear) -> Linear:
        if set(left) <= {""}:
            left, right = right, left
        if not set(right) <= {""}:
            raise Problem("formula_not_linear", formula=self._formula)
        constant = right.get("", Fraction(0))
        return {name: factor * constant for name, factor in left.items()}

    def _factor(self, depth: int) -> Linear:
        if depth > _DEPTH:
            raise self.expected(")")
        word = self._take()
        if word.kind == "number":
            return {"": Fraction(word.text)}
        if word.kind == "name":
            return {f"[{word.text.strip()}]": Fraction(1)}
        if word.kind == "channel":
            return {f"#{int(word.text)}": Fraction(1)}
        if word.text == "-":
            return {name: -factor for name, factor in self._factor(depth + 1).items()}
        if word.text == "(":
            return self._bracket(depth)
        raise _unreadable(self._formula, word.place, word.text, "[表], #通道 / [meter], #channel")

    def _bracket(self, depth: int) -> Linear:
        inner = self.sum(depth + 1)
        if self.next.text != ")":
            raise self.expected(")")
        self._take()
        return inner


ChannelOf = Callable[[int, str], int | None]
"""(virtual channel, reference) → the channel meant, None where it is unknown."""


def expand(
    formulas: Mapping[int, str], channel_of: ChannelOf
) -> tuple[dict[int, dict[int, Fraction]], dict[int, Problem]]:
    """Virtual channel → real channel → constant, and what is wrong with the others."""
    expander = _Expander(formulas, channel_of)
    wrong: dict[int, Problem] = {}
    for channel in sorted(formulas):
        try:
            expander.real(channel, ())
        except Problem as problem:
            wrong[channel] = problem
    return expander.done, wrong


class _Expander:
    """Formulas put into formulas, until only channels with readings are left."""

    def __init__(self, formulas: Mapping[int, str], channel_of: ChannelOf) -> None:
        self._formulas, self._channel_of = formulas, channel_of
        self.done: dict[int, dict[int, Fraction]] = {}

    def real(self, channel: int, path: tuple[int, ...]) -> dict[int, Fraction]:
        if channel not in self._formulas:
            return {channel: Fraction(1)}
        if channel in path:
            circle = (*path[path.index(channel) :], channel)
            raise Problem("formula_cycle", cycle=" → ".join(f"#{c}" for c in circle))
        if channel not in self.done:
            self.done[channel] = self._expanded(channel, (*path, channel))
        return self.done[channel]

    def _expanded(self, channel: int, path: tuple[int, ...]) -> dict[int, Fraction]:
        formula, total = self._formulas[channel], dict[int, Fraction]()
        for reference, factor in parse(formula).items():
            named = self._channel_of(channel, reference)
            if named is None:
                raise Problem("formula_meter", formula=formula, meter=reference)
            for base, inner in self.real(named, path).items():
                total[base] = total.get(base, Fraction(0)) + factor * inner
        return total


def of_meters(
    table: pa.Table, names: Mapping[str, str]
) -> tuple[dict[int, dict[int, Fraction]], dict[int, Problem]]:
    """The same for a table of channels.CHANNELS; `names`: name of a meter → its id text."""
    rows = table.select(["channel", "meter", "item", "formula"]).to_pylist()
    by_item = {(r["meter"], r["item"]): r["channel"] for r in rows}
    of_meter: dict[str, list[int]] = {}
    for row in rows:
        of_meter.setdefault(row["meter"], []).append(row["channel"])
    items = {r["channel"]: r["item"] for r in rows}

    def channel_of(virtual: int, reference: str) -> int | None:
        if reference.startswith("#"):
            return int(reference[1:]) if int(reference[1:]) in items else None
        meter = names.get(reference[1:-1], "")
        only = of_meter.get(meter, [])
        return by_item.get((meter, items[virtual])) or (only[0] if len(only) == 1 else None)

    return expand({r["channel"]: r["formula"] for r in rows if r["formula"]}, channel_of)


def terms(
    con: duckdb.DuckDBPyConnection, expanded: Mapping[int, Mapping[int, Fraction]],
    name: str = "metering",
) -> None:  # fmt: skip
    """Table `<name>_terms` (virtual, channel, num, den): milli-counts per milli-count, exact.

    Units of the same kind are converted; where they differ in kind (electricity from gas), the
    constant of the formula carries the coefficient and decimals are put on the virtual's scale.
    """
    rows = con.execute(f"SELECT channel, unit, scale, item FROM {name}_channels").fetchall()
    shape = {channel: (unit, scale, item) for channel, unit, scale, item in rows}
    made = [
        (virtual, channel, factor * _between(shape[channel], shape[virtual]))
        for virtual, parts in expanded.items()
        for channel, factor in parts.items()
    ]
    con.register(
        "given",
        pa.table(
            {
                "virtual": pa.array([m[0] for m in made], pa.int64()),
                "channel": pa.array([m[1] for m in made], pa.int64()),
                "num": pa.array([str(m[2].numerator) for m in made], pa.string()),
                "den": pa.array([str(m[2].denominator) for m in made], pa.string()),
            }
        ),
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {name}_terms AS
        SELECT virtual, channel, num::HUGEINT AS num, den::HUGEINT AS den FROM given"""
    )
    con.unregister("given")


Shape = tuple[str | None, int | None, str]


def _between(source: Shape, target: Shape) -> Fraction:
    """Milli-counts of the target per milli-count of the source."""
    scales = Fraction(10 ** (target[1] or 0), 10 ** (source[1] or 0))
    here, there = item_ratio(source[0], 0, target[2]), item_ratio(target[0], 0, target[2])
    return scales * here / there if here and there else scales


def days(
    con: duckdb.DuckDBPyConnection, real_days: str, derived: int, name: str = "metering",
    into: str = "virtual_days",
) -> None:  # fmt: skip
    """Table `into` in the columns of lake.derived.DAY: the days of virtual channels.

    A day of which a part has no row, or no amount, has none: missing is not zero. Needs
    `<name>_terms`. `covered_s` is that of the part that is known least.
    """
    exact = half_even(
        "sum(milli::HUGEINT * num * (least_den // den))", "any_value(least_den)::HUGEINT"
    )

    def share(column: str) -> str:
        ratio = half_even(
            f"sum({column}::HUGEINT * num * (least_den // den))", "any_value(least_den)::HUGEINT"
        )
        return f"TRY_CAST({ratio} AS BIGINT)"

    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {into} AS
        WITH common AS (
            SELECT *, product(den::DOUBLE) OVER (PARTITION BY virtual) AS size,
                   count(*) OVER (PARTITION BY virtual) AS parts,
                   list_reduce(list(den) OVER (PARTITION BY virtual),
                       lambda a, b: (a // gcd(a, b)) * b) AS least_den
            FROM {name}_terms
        )
        SELECT t.virtual AS channel, d.day, any_value(v.item) AS item, NULL::BIGINT AS count,
               CASE WHEN count(milli) = any_value(parts) THEN TRY_CAST({exact} AS BIGINT) END
                   AS milli,
               min(d.n)::INTEGER AS n, min(d.expected)::INTEGER AS expected,
               sum(d.flagged)::INTEGER AS flagged, bit_or(d.flags) AS flags,
               {share("substituted_milli")} AS substituted_milli,
               {share("spread_milli")} AS spread_milli,
               CASE WHEN count(milli) = any_value(parts) THEN min(d.covered_s) ELSE 0 END::INTEGER
                   AS covered_s,
               min(d.last_utc) AS last_utc, NULL::BIGINT AS last_value, NULL::BIGINT AS minimum,
               NULL::BIGINT AS maximum, NULL::BIGINT AS mean_milli,
               {int(derived)}::BIGINT AS derived
        FROM common t JOIN {real_days} d USING (channel)
             JOIN {name}_channels v ON v.channel = t.virtual
        GROUP BY t.virtual, d.day"""
    )
