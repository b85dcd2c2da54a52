"""Rows to facts: which item, which unit, which exact count, over which days."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tanma.domain.facts import STATED, schema
from tanma.domain.items import Item, by_flow, items
from tanma.domain.periods import Period
from tanma.intake import amounts, units
from tanma.intake.tables import steam
from tanma.intake.tables.cells import OPEN_END
from tanma.intake.tables.columns import Coded, Work, text_column
from tanma.intake.tables.packages import FactRule, shared_fields
from tanma.intake.tables.report import ERROR, WARNING

FIRST_DAY = dt.date(1, 1, 1)
"""Of rows that name no day; they are refused."""
FACT_SCHEMA = pa.schema(
    [("subject_scheme", pa.string()), ("subject_value", pa.string()), *schema(STATED),
     ("row", pa.int64())]
)  # fmt: skip
"""The input of `facts.append`, with external ids for subjects and the row for the evidence."""


@dataclass(frozen=True)
class Stated:
    """What one rule finds in the rows: item per row, and a count or a text where there is one."""

    rule: FactRule
    item_of: NDArray[np.int64]
    items: list[str]
    given: NDArray[np.bool_]
    count: NDArray[np.int64] | None
    text: Coded | None

    def content(self) -> NDArray[np.int64]:
        """One number per row that is equal when the rule states the same."""
        if self.count is not None:
            return np.where(self.given, self.count, np.iinfo(np.int64).min)
        assert self.text is not None
        return np.where(self.given, self.text.same(), -1)


def state(work: Work, rule: FactRule) -> Stated:
    """One rule over all rows; what cannot be stated goes to the report."""
    codes, item_ids = _items(work, rule)
    if rule.text:
        text = text_column(work, rule.text)
        return Stated(rule, codes, item_ids, text.present, None, text)
    known = np.array([bool(i) for i in item_ids] or [False])[codes]
    count, given = _counts(work, rule, codes, [items().get(i) for i in item_ids], known)
    stated = Stated(rule, codes, item_ids, given, count, None)
    _check_sign(work, stated)
    return stated


def _items(work: Work, rule: FactRule) -> tuple[NDArray[np.int64], list[str]]:
    """(code per row, item id per code); "" where the row names none."""
    n = len(work.sheet.rows)
    if rule.item:
        return np.zeros(n, np.int64), [rule.item]
    name = rule.item_column or rule.carrier or rule.product
    first = work.coded[name]
    if rule.item_column:
        return first.codes, [str(v or "") for v in first.values]
    flows = _flows(work, rule, n)
    pair = first.codes * max(len(flows.texts), 1) + flows.codes
    distinct, which = _distinct(pair)
    ids = []
    for code in distinct.tolist():
        carrier, flow = divmod(code, max(len(flows.texts), 1))
        ids.append(by_flow().get((str(first.values[carrier]), str(flows.values[flow])), ""))
    _flow_unsupported(work, rule, name, first, flows, which, ids)
    return which, ids


def _flows(work: Work, rule: FactRule, n: int) -> Coded:
    if rule.flow:
        return work.coded[rule.flow]
    fixed = rule.flow_is or "output"
    return Coded(np.zeros(n, np.int64), [fixed], [fixed])


def _distinct(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distinct codes and the place of each row among them; hashing, no sort."""
    encoded = pc.dictionary_encode(pa.array(codes))
    which = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return encoded.dictionary.to_numpy(zero_copy_only=False), which


def _flow_unsupported(
    work: Work,
    rule: FactRule,
    name: str,
    carrier: Coded,
    flow: Coded,
    which: NDArray[np.int64],
    ids: list[str],
) -> None:
    """A carrier and a flow that are each known but make no item, such as water burnt.

    A form has a column for each flow: one that a carrier lacks is no fault while its cell is empty.
    """
    unknown = np.array([not i for i in ids] or [False])[which] & carrier.present & flow.present
    if rule.flow_is and unknown.any():
        unknown &= pc.not_equal(work.sheet.column(rule.value), "").to_numpy(zero_copy_only=False)
    at = np.flatnonzero(unknown)
    for code in np.unique(carrier.codes[at]).tolist():
        here = at[carrier.codes[at] == code]
        said = sorted({flow.texts[c] for c in flow.codes[here].tolist()})
        work.note("cell_flow_unsupported", ERROR, name, here,
                  **_flow_names(work, rule, str(carrier.values[code]), said))  # fmt: skip


def _flow_names(work: Work, rule: FactRule, carrier: str, said: list[str]) -> dict[str, str]:
    """What was said and what a carrier has, in words: those of the column where there is one.

    The columns of a form stand for flows; there the names of the carrier's items are told.
    """
    own = {flow: items()[item] for (of, flow), item in by_flow().items() if of == carrier}
    words = shared_fields()["flow"].values
    zh = {f: i.name_zh for f, i in own.items()}
    en = {f: i.name_en for f, i in own.items()}
    if rule.flow:
        typed = work.sheet.package.fields[rule.flow].values
        zh = {f: typed[f] for f in own if f in typed}
        en = {f: f for f in zh}
    return {
        "flow": "、".join(words.get(f, f) for f in said), "flow_en": ", ".join(said),
        "allowed": "、".join(zh.values()), "allowed_en": ", ".join(en.values()),
    }  # fmt: skip


def _counts(
    work: Work,
    rule: FactRule,
    item_of: NDArray[np.int64],
    known_items: list[Item | None],
    known: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    text = work.sheet.column(rule.value)
    unit = work.coded[rule.unit]
    pair = item_of * max(len(unit.texts), 1) + unit.codes
    distinct, which = _distinct(pair)
    ratios = [_ratio(c, unit, known_items) for c in distinct.tolist()]
    usable = [r if r is not None else Fraction(1) for r in ratios]
    result = amounts.counts(text, usable, which)
    filled = result.state != amounts.MISSING
    fits = np.array([r is not None for r in ratios] or [False])[which]
    fits |= steam.convert(work, rule, known_items, item_of, result)
    _unit_mismatch(work, rule, item_of, known_items, filled & known & unit.present & ~fits)
    _number_faults(work, rule, result, item_of, known_items)
    return result.count, (result.state == amounts.OK) & fits & known


def _ratio(code: int, unit: Coded, known_items: list[Item | None]) -> Fraction | None:
    """Counts per stated unit, scale included; None where unit and item do not go together."""
    item_code, unit_code = divmod(code, max(len(unit.texts), 1))
    item, said = known_items[item_code], unit.values[unit_code]
    if item is None or not isinstance(said, units.Unit):
        return None
    ratio = units.ratio(said, units.units()[item.unit])
    return None if ratio is None else ratio * 10**item.scale


def _unit_mismatch(
    work: Work,
    rule: FactRule,
    item_of: NDArray[np.int64],
    known_items: list[Item | None],
    wrong: NDArray[np.bool_],
) -> None:
    at = np.flatnonzero(wrong)
    for code in np.unique(item_of[at]).tolist():
        item = known_items[code]
        assert item is not None
        allowed = "、".join(units.spellings(units.units()[item.unit].dimension))
        here = at[item_of[at] == code]
        work.note("cell_unit_mismatch", ERROR, rule.unit, here, item=item.name_zh,
                  item_en=item.name_en, allowed=allowed)  # fmt: skip


def _number_faults(
    work: Work,
    rule: FactRule,
    result: amounts.Counts,
    item_of: NDArray[np.int64],
    known_items: list[Item | None],
) -> None:
    wrong = np.flatnonzero(result.state == amounts.NOT_DECIMAL)
    work.note("number_not_decimal", ERROR, rule.value, wrong)
    limit = str(amounts.LIMIT)
    codes = {amounts.TOO_FINE: "number_too_fine", amounts.TOO_LARGE: "number_too_large"}
    for fault, code in codes.items():
        at = np.flatnonzero(result.state == fault)
        for item_code in np.unique(item_of[at]).tolist():
            item = known_items[item_code]
            scale = item.scale if item else 0
            for digits in np.unique(result.digits[at]).tolist():
                here = at[(item_of[at] == item_code) & (result.digits[at] == digits)]
                work.note(code, ERROR, rule.value, here, digits=digits, scale=scale,
                          limit=limit, unit=item.unit if item else "")  # fmt: skip


def _check_sign(work: Work, stated: Stated) -> None:
    rule, count = stated.rule, stated.count
    assert count is not None
    if rule.negative and not rule.not_positive:
        at = np.flatnonzero(stated.given & (count < 0))
        severity = ERROR if rule.negative == "error" else WARNING
        work.note("amount_negative", severity, rule.value, at)
    if rule.not_positive:
        at = np.flatnonzero(stated.given & (count <= 0))
        work.note("value_not_positive", WARNING, rule.value, at)


@dataclass(frozen=True)
class Days:
    """First day and exclusive end of every row."""

    start: NDArray[np.datetime64]
    end: NDArray[np.datetime64]


def days(work: Work) -> Days:
    """When each row holds, by the package's span."""
    span = work.sheet.package.span
    assert span is not None
    if span.period:
        coded = work.coded[span.period]
        spans = [v if isinstance(v, Period) else None for v in coded.values]
        start = [v.start if v else OPEN_END for v in spans]
        end = [v.end if v else OPEN_END for v in spans]
        return Days(_per_row(start, coded), _per_row(end, coded))
    if span.day:
        start_of = _of_days(work.coded[span.day])
        return Days(start_of, start_of + np.timedelta64(1, "D"))
    first, last = work.coded[span.from_], text_column(work, span.to)
    if span.always:
        return _always(work, first, last)
    ends = [v if isinstance(v, dt.date) else OPEN_END for v in last.values]
    result = Days(_of_days(first), _per_row(ends, last))
    work.note("span_backwards", ERROR, span.to, np.flatnonzero(result.end <= result.start))
    return result


def _of_days(coded: Coded) -> NDArray[np.datetime64]:
    return _per_row([v if isinstance(v, dt.date) else FIRST_DAY for v in coded.values], coded)


def _always(work: Work, first: Coded, last: Coded) -> Days:
    """Without bounds; the moments of a row are only compared."""
    span = work.sheet.package.span
    assert span is not None
    moments = [np.array([str(v or "") for v in c.values] or [""])[c.codes] for c in (first, last)]
    wrong = first.present & last.present & (moments[1] <= moments[0])
    work.note("interval_wrong", ERROR, span.to, np.flatnonzero(wrong))
    n = len(work.sheet.rows)
    begin, end = np.datetime64("1900-01-01"), np.datetime64(OPEN_END)
    return Days(np.full(n, begin, "datetime64[D]"), np.full(n, end, "datetime64[D]"))


def _per_row(values: list[dt.date], coded: Coded) -> NDArray[np.datetime64]:
    return np.array(values or [OPEN_END], "datetime64[D]")[coded.codes]


def build(work: Work, stated: list[Stated], span: Days, keep: NDArray[np.bool_]) -> pa.Table:
    """The facts of the rows that are kept, rule by rule."""
    parts = [_part(work, s, span, np.flatnonzero(keep & s.given)) for s in stated]
    return pa.concat_tables([p for p in parts if p.num_rows] or [FACT_SCHEMA.empty_table()])


def _part(work: Work, stated: Stated, span: Days, at: NDArray[np.int64]) -> pa.Table:
    take = pa.array(at)
    rule, package = stated.rule, work.sheet.package
    scheme, value = _subject(work)
    start, end = _placed(rule, span, at)
    columns = {
        "subject_scheme": scheme.take(take),
        "subject_value": value.take(take),
        "item": pa.array(stated.items, pa.string()).take(pa.array(stated.item_of[at])),
        "kind": pa.repeat(pa.scalar("attribute" if rule.text else rule.kind), len(at)),
        "valid_from": pa.array(start),
        "valid_to": pa.array(end),
        "value": _value(stated, at),
        "text": _text(stated).take(take),
        "reported": _reported(work, rule, take),
        "source": _source(work).take(take),
        "revision": revision(work).take(take),
        "data_class": pa.repeat(pa.scalar(package.data_class), len(at)),
        "evidence": _evidence(work).take(take),
        "corrects": pa.nulls(len(at), pa.string()),
        "row": pa.array(work.sheet.rows[at]),
    }
    return pa.table(columns).cast(FACT_SCHEMA)


def _value(stated: Stated, at: NDArray[np.int64]) -> pa.Array:
    return pa.nulls(len(at), pa.int64()) if stated.count is None else pa.array(stated.count[at])


def _text(stated: Stated) -> pa.Array:
    if stated.text is None:
        return pa.nulls(len(stated.given), pa.string())
    return stated.text.strings([None if v is None else _written(v) for v in stated.text.values])


def _written(value: object) -> str:
    return value.unit if isinstance(value, units.Unit) else str(value)


def _placed(
    rule: FactRule, span: Days, at: NDArray[np.int64]
) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
    """Amounts lie over the span, cumulatives from 1 January, stocks at an end of it or New Year."""
    start, end = span.start[at], span.end[at]
    new_year = start.astype("datetime64[Y]").astype("datetime64[D]")
    if rule.kind == "cumulative":
        return new_year, end
    if rule.kind == "stock":
        moment = {"end": end, "start": start, "year_start": new_year}[rule.at]
        return moment, moment
    return start, end


def _subject(work: Work) -> tuple[pa.Array, pa.Array]:
    subject = work.sheet.package.subject
    assert subject is not None
    coded = text_column(work, subject.column)
    value = coded.strings([None if v is None else str(v) for v in coded.values])
    if subject.within:
        owner = work.coded[subject.within]
        owners = owner.strings([None if v is None else str(v) for v in owner.values])
        value = pc.binary_join_element_wise(owners, value, "/")
    if subject.scheme_column:
        kinds = work.coded[subject.scheme_column]
        return kinds.strings([None if v is None else str(v) for v in kinds.values]), value
    return pa.repeat(pa.scalar(subject.scheme), len(value)), value


def _reported(work: Work, rule: FactRule, take: pa.Array) -> pa.Array:
    cell = work.sheet.column(rule.cell).take(take)
    if rule.text or not rule.unit:
        return cell
    unit = work.coded[rule.unit]
    said = unit.strings([t or None for t in unit.texts]).take(take)
    words = pc.binary_join_element_wise(cell, said, " ")
    if not rule.enthalpy or not work.sheet.has(rule.enthalpy):
        return words
    given = pc.utf8_trim_whitespace(pc.fill_null(work.sheet.column(rule.enthalpy).take(take), ""))
    with_enthalpy = pc.binary_join_element_wise(words, ", ", given, " kJ/kg", "")
    return pc.if_else(pc.equal(given, ""), words, with_enthalpy)


def _source(work: Work) -> pa.Array:
    default = work.sheet.package.source
    coded = work.coded.get("source")
    if coded is None:
        return pa.repeat(pa.scalar(default), len(work.sheet.rows))
    return coded.strings([str(v) if v is not None else default for v in coded.values])


def revision(work: Work) -> pa.Array:
    """The source's own version number per row, null where the sheet gives none."""
    coded = work.coded.get("revision")
    if coded is None:
        return pa.nulls(len(work.sheet.rows), pa.int64())
    numbers = [v if isinstance(v, int) else None for v in coded.values]
    return pa.array(numbers or [None], pa.int64()).take(pa.array(coded.codes))


def _evidence(work: Work) -> pa.Array:
    """`#row`, with the document where the sheet names one; the caller puts the batch before it."""
    rows = pc.binary_join_element_wise("#", pa.array(work.sheet.rows).cast(pa.string()), "")
    if not work.sheet.package.document:
        return rows
    document = pc.utf8_trim_whitespace(work.sheet.column(work.sheet.package.document))
    return pc.binary_join_element_wise(rows, document, " doc:")
