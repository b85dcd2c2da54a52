"""Virtual meters: a formula over other meters, parsed into a sum of channels times constants.

    formula := sum | call
    sum     := term (("+" | "-") term)*
    term    := factor (("*" | "×") factor)*
    factor  := "-" factor | number | "[" name of a meter "]" | "#" channel number | "(" sum ")"
    call    := "standard_gas" "(" meter "," pressure "," meter ["," number] ")"
             | "steam_heat" "(" meter "," pressure ["," meter] ")"
    pressure := meter ["+" number]

A meter named in brackets stands for its channel of the virtual channel's item, or for its only one;
in a call for its channel of the quantity that stands there. A call is answered interval by interval
(engine.metering.computed): volume, pressure, temperature and Z/Zₙ; or mass, pressure, temperature.
A gauge pressure needs the pressure of the air in kPa added to it, an absolute one takes none.
Formulas may name virtual meters again; a circle is refused with its members. PV used on the spot is
`[generation] - [export]`. Amounts are exact: constants are decimals, counts integers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tanma.domain.items import items
from tanma.domain.messages import Problem
from tanma.engine.metering.channels import item_ratio
from tanma.engine.metering.days import half_even

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|\[(?P<name>[^\]\[]+)\]|\"(?P<quoted>[^\"]+)\""
    r"|\#(?P<channel>\d+)|(?P<function>standard_gas|steam_heat)|(?P<sign>[-+*×(),]))"
)
_DEPTH = 50
Linear = dict[str, Fraction]
"""Reference (`[name]` or `#number`) → how often it counts; "" is a constant without a meter."""


@dataclass(frozen=True)
class Call:
    """A function over an amount, a pressure and a temperature, named by references or channels.

    Saturated steam names no temperature: its pressure tells it.
    `added_kpa`: pressure of the air, added to a gauge pressure; `ratio`: Z/Zₙ of the gas.
    """

    function: str
    parts: tuple[str, ...]
    added_kpa: Fraction | None = None
    ratio: Fraction = Fraction(1)

    def channels(self) -> tuple[int, ...]:
        """The numbers of its parts, once `numbered` has found them."""
        return tuple(int(part[1:]) for part in self.parts)

    def text(self) -> str:
        """The formula that reads as this call."""
        amount, pressure, *temperature = self.parts
        added = "" if self.added_kpa is None else f" + {_decimal(self.added_kpa)}"
        ratio = [] if self.ratio == 1 else [_decimal(self.ratio)]
        given = [amount, f"{pressure}{added}", *temperature, *ratio]
        return f"{self.function}({', '.join(given)})"


def _decimal(number: Fraction) -> str:
    """A number of a formula as text; formulas hold finite decimals only."""
    places = 0
    while (number * 10**places).denominator != 1:
        places += 1
    return f"{Decimal(number.numerator) / Decimal(number.denominator):.{places}f}"


GAUGE_PRESSURE = "state.pressure.gauge"
_STATES = (("state.pressure", GAUGE_PRESSURE), ("state.temperature",))
PARTS = {
    "standard_gas": (("gas.working",), *_STATES),
    "steam_heat": (("steam.mass",), *_STATES),
}
"""Function → items that its amount, its pressure and its temperature may be."""


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
    return reader.whole()


def read(formula: str) -> Linear | Call:
    """The same, or a call of a function.

    >>> read("standard_gas([A], [A] + 101.3, #7)").added_kpa
    Fraction(1013, 10)
    """
    reader = _Reader(formula)
    return reader.call() if reader.next.kind == "function" else reader.whole()


class _Reader:
    """Recursive descent over the words of one formula."""

    def __init__(self, formula: str) -> None:
        self._formula = formula
        self._tokens = tokens(formula)
        self.next = next(self._tokens)

    def whole(self) -> Linear:
        """A sum that is the whole formula."""
        linear = self.sum(0)
        if self.next.kind != "end":
            raise self.expected("+, -, ×")
        linear = {name: factor for name, factor in linear.items() if factor}
        if not linear or "" in linear:
            raise Problem("formula_not_linear", formula=self._formula)
        return linear

    def call(self) -> Call:
        """A call that is the whole formula."""
        function = self._take().text
        self._sign("(")
        amount = self._reference()
        self._sign(",")
        pressure, added = self._reference(), self._optional("+")
        temperature = self._temperature(function)
        ratio = self._optional(",") if function == "standard_gas" else None
        self._sign(")")
        if self.next.kind != "end":
            raise self.expected("")
        if ratio == 0:
            raise Problem("formula_not_linear", formula=self._formula)
        return Call(function, (amount, pressure, *temperature), added, ratio or Fraction(1))

    def _temperature(self, function: str) -> tuple[str, ...]:
        """None of saturated steam: a thermometer a tenth of a degree low would call it water."""
        if function == "steam_heat" and self.next.text == ")":
            return ()
        self._sign(",")
        return (self._reference(),)

    def _sign(self, text: str) -> None:
        if self.next.text != text or self.next.kind != "sign":
            raise self.expected(text)
        self._take()

    def _reference(self) -> str:
        if self.next.kind not in ("name", "channel"):
            raise self.expected("[表], #通道 / [meter], #channel")
        (reference,) = self._factor(0)
        return reference

    def _optional(self, sign: str) -> Fraction | None:
        if self.next.text != sign:
            return None
        self._take()
        if self.next.kind != "number":
            raise self.expected("0-9")
        return Fraction(self._take().text)

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


class _Register:
    """The channels that formulas can name."""

    def __init__(self, table: pa.Table, names: Mapping[str, str]) -> None:
        self._names = names
        rows = table.select(["channel", "meter", "item", "formula"]).to_pylist()
        self._by_item = {(r["meter"], r["item"]): r["channel"] for r in rows}
        self._of_meter: dict[str, list[int]] = {}
        for row in rows:
            self._of_meter.setdefault(row["meter"], []).append(row["channel"])
        self.items: dict[int, str] = {r["channel"]: r["item"] for r in rows}
        self.formulas: dict[int, str] = {r["channel"]: r["formula"] for r in rows if r["formula"]}

    def channel_of(self, virtual: int, reference: str) -> int | None:
        """What a reference of a sum means: the channel of its item, or the only one."""
        if reference.startswith("#"):
            return self._numbered(reference)
        meter = self._names.get(reference[1:-1], "")
        only = self._of_meter.get(meter, [])
        found = self._by_item.get((meter, self.items[virtual]))
        return found or (only[0] if len(only) == 1 else None)

    def part_of(self, reference: str, wanted: tuple[str, ...]) -> int | None:
        """What a reference of a call means: a channel with readings, of one of some items."""
        if reference.startswith("#"):
            found = [self._numbered(reference)]
        else:
            meter = self._names.get(reference[1:-1], "")
            found = [self._by_item.get((meter, item)) for item in wanted]
        fit = [c for c in found if c and self.items[c] in wanted and c not in self.formulas]
        return fit[0] if len(fit) == 1 else None

    def _numbered(self, reference: str) -> int | None:
        number = int(reference[1:])
        return number if number in self.items else None

    def call(self, virtual: int, call: Call) -> Call:
        """The call with its parts as channel numbers."""
        formula, parts = self.formulas[virtual], []
        for reference, wanted in zip(call.parts, PARTS[call.function], strict=False):
            channel = self.part_of(reference, wanted)
            if channel is None:
                raise Problem(
                    "formula_part", formula=formula, meter=reference,
                    items=_named(wanted, "zh"), items_en=_named(wanted, "en"),
                )  # fmt: skip
            parts.append(channel)
        gauge = self.items[parts[1]] == GAUGE_PRESSURE
        if gauge != (call.added_kpa is not None):
            used = [self.items[parts[1]]]
            raise Problem(
                "formula_pressure", formula=formula, item=_named(used, "zh"),
                item_en=_named(used, "en"),
            )  # fmt: skip
        return replace(call, parts=tuple(f"#{part}" for part in parts))


def of_meters(
    table: pa.Table, names: Mapping[str, str]
) -> tuple[dict[int, dict[int, Fraction]], dict[int, Problem]]:
    """The same for a table of channels.CHANNELS; `names`: name of a meter → its id text.

    A channel whose formula is a call counts as one with readings: its days are derived, not added.
    """
    if table["formula"].null_count == table.num_rows:
        return {}, {}
    register = _Register(table, names)
    found, wrong = _calls(register)
    sums = {c: f for c, f in register.formulas.items() if c not in found and c not in wrong}
    done, others = expand(sums, register.channel_of)
    return done, wrong | others


def _calls(register: _Register) -> tuple[dict[int, Call], dict[int, Problem]]:
    found: dict[int, Call] = {}
    wrong: dict[int, Problem] = {}
    for channel, formula in register.formulas.items():
        meant = _readable(formula)
        if isinstance(meant, Call):
            try:
                found[channel] = register.call(channel, meant)
            except Problem as problem:
                wrong[channel] = problem
    return found, wrong


def _readable(formula: str) -> Linear | Call:
    """What a formula says; nothing where it cannot be read, which `expand` tells."""
    try:
        return read(formula)
    except Problem:
        return {}


def calls(table: pa.Table) -> dict[int, Call]:
    """Virtual channel → its call, of a table whose calls name channel numbers (`numbered`)."""
    said = pc.match_substring_regex(table["formula"], _NUMBERED)
    some = table.filter(pc.and_(pc.fill_null(said, False), pc.is_null(table["problem"])))
    read_ones = zip(
        some["channel"].to_pylist(), map(read, some["formula"].to_pylist()), strict=True
    )
    return {channel: call for channel, call in read_ones if isinstance(call, Call)}


_NUMBERED = r"^(standard_gas|steam_heat)\(#\d+,"


def call_parts(con: duckdb.DuckDBPyConnection, table: pa.Table) -> None:
    """Table `call_parts` (virtual, channel, amount): what each call names; `amount` comes first."""
    rows = [
        (computed, part, part == call.channels()[0])
        for computed, call in calls(table).items()
        for part in call.channels()
    ]
    schema = pa.schema([("virtual", pa.int64()), ("channel", pa.int64()), ("amount", pa.bool_())])
    columns = dict(zip(schema.names, zip(*rows, strict=True), strict=False))
    con.register("given", pa.table(columns or schema.empty_table(), schema=schema))
    con.execute("CREATE OR REPLACE TEMP TABLE call_parts AS FROM given")
    con.unregister("given")


def numbered(
    con: duckdb.DuckDBPyConnection, table: pa.Table, names: Mapping[str, str],
    name: str = "metering",
) -> pa.Table:  # fmt: skip
    """The table of channels with calls by channel numbers, here and in `<name>_channels`.

    Whoever derives some channels then needs no names of meters. A call that cannot be answered
    becomes the problem `formula` of its channel.
    """
    if table["formula"].null_count == table.num_rows:
        return table
    found, wrong = _calls(_Register(table, names))
    rows: list[tuple[int, str | None, str | None]]
    rows = [(c, call.text(), None) for c, call in found.items()]
    rows += [(c, None, "formula") for c in wrong]
    if not rows:
        return table
    columns = ("channel", "formula", "problem")
    con.register("given", pa.Table.from_pylist(
        [dict(zip(columns, row, strict=True)) for row in rows], schema=_STATED))  # fmt: skip
    con.execute(
        f"""UPDATE {name}_channels SET formula = coalesce(g.formula, {name}_channels.formula),
                   problem = coalesce({name}_channels.problem, g.problem)
            FROM given g WHERE {name}_channels.channel = g.channel"""
    )
    con.unregister("given")
    return con.sql(f"FROM {name}_channels ORDER BY channel").to_arrow_table().cast(table.schema)


_STATED = pa.schema([("channel", pa.int64()), ("formula", pa.string()), ("problem", pa.string())])


def with_parts(table: pa.Table, numbers: Iterable[int]) -> set[int]:
    """Some channels and those that their calls name; formulas of `table` are numbered."""
    found = calls(table)
    wanted = set(numbers)
    return wanted.union(*(found[c].channels() for c in wanted if c in found))


def reached(table: pa.Table, names: Mapping[str, str]) -> dict[int, set[int]]:
    """Virtual channel → every channel met on the way down its formula, itself left out."""
    if table["formula"].null_count == table.num_rows:
        return {}
    register = _Register(table, names)
    found, wrong = _calls(register)
    direct: dict[int, set[int]] = {c: set(call.channels()) for c, call in found.items()}
    for channel in register.formulas.keys() - found.keys() - wrong.keys():
        meant = _readable(register.formulas[channel])
        references = () if isinstance(meant, Call) else meant
        named = (register.channel_of(channel, r) for r in references)
        direct[channel] = {c for c in named if c is not None}
    return {channel: _below(direct, channel) for channel in direct}


def _below(direct: Mapping[int, set[int]], channel: int) -> set[int]:
    found: set[int] = set()
    waiting = list(direct[channel])
    while waiting:
        met = waiting.pop()
        if met not in found:
            found.add(met)
            waiting += direct.get(met, ())
    return found - {channel}


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


def _named(wanted: Iterable[str], lang: str) -> str:
    """Names of items, for problems."""
    known = [items()[item] for item in wanted]
    return " / ".join(i.name_zh if lang == "zh" else i.name_en for i in known)
