"""Rating schemes from TOML files: anything unclear is refused with file, line and repair."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, replace
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from tanma.domain.messages import Problem
from tanma.domain.periods import parse
from tanma.domain.rating import scheme as model
from tanma.domain.rating.scheme import Band, Scheme

FOLDER = Path(__file__).parent / "schemes"
_DECIMAL = re.compile(r"-?\d+(\.\d+)?")
_CHOICES = {
    "evidence": model.EVIDENCE,
    "validity_evidence": model.EVIDENCE,
    "periods": model.PERIODS,
    "published_period": model.PERIODS,
    "region": model.REGIONS,
    "size_class": model.SIZE_CLASSES,
    "comparison": ("ratio_of_sums",),
}


@dataclass(frozen=True)
class Place:
    """Where in a file something stands: the table path, and the text to find its line in."""

    file: str
    text: str
    path: str = ""

    def at(self, key: str) -> Place:
        return Place(self.file, self.text, f"{self.path}.{key}" if self.path else key)

    def problem(self, code: str, key: str, **params: object) -> Problem:
        where = self.at(key)
        return Problem(
            code, file=self.file, line=_line(self.text, where.path), key=where.path, **params
        )


def _line(text: str, path: str) -> int:
    """The line that a dotted path (`ratio.bands[2].up_to`) is defined on; its table's if absent."""
    table, best = "", 1
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*(\[\[?)([\w.-]+)\]\]?", line)
        key = re.match(r"\s*([\w-]+)\s*=", line)
        if header:
            table = header[2]
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table += f"[{counts[table]}]"
            here = table
        elif key:
            here = f"{table}.{key[1]}" if table else key[1]
        else:
            continue
        if here == path:
            return number
        if path.startswith((here + ".", here + "[")):
            best = number
    return best


def parse_scheme(text: str, file: str) -> Scheme:
    """A scheme from TOML text; `file` names it in problems."""
    place = Place(file, text)
    data = _toml(place)
    scheme: Scheme = _record(Scheme, data, place, file=file)
    _check(scheme, place)
    return scheme


def _toml(place: Place) -> dict[str, Any]:
    try:
        return tomllib.loads(place.text)
    except tomllib.TOMLDecodeError as error:
        reason = str(error)
        found = re.search(r"line (\d+)", reason)
        line = int(found[1]) if found else len(place.text.splitlines())
        duplicate = re.search(r"Cannot (overwrite|declare)", reason)
        code = "scheme_duplicate_key" if duplicate else "scheme_not_toml"
        raise Problem(code, file=place.file, line=line, reason=reason) from None


def _record(kind: type[Any], data: Any, place: Place, **extra: object) -> Any:
    """A dataclass from a table: every key known, every required key there, every value typed."""
    if not isinstance(data, dict):
        raise _wrong(place, "", data, "a table")
    known = {f.name: f for f in fields(kind) if f.name not in extra}
    for key in data:
        if key not in known:
            raise place.problem("scheme_unknown_key", key, known=", ".join(sorted(known)))
    given = {name for name, spec in known.items() if name in data or _required(spec, place)}
    values = {name: _field(known[name], data, place) for name in known if name in given}
    return kind(**values, **extra)


def _required(spec: Field[Any], place: Place) -> bool:
    if spec.default is not MISSING:
        return False
    code = "scheme_missing_unit" if spec.name in {"unit", "scale"} else "scheme_missing_key"
    raise place.problem(code, spec.name)


def _field(spec: Field[Any], data: Mapping[str, Any], place: Place) -> Any:
    return _READERS[str(spec.type)](data[spec.name], place, spec.name)


def _wrong(place: Place, key: str, value: object, expected: str) -> Problem:
    return place.problem("scheme_wrong_value", key, value=value, expected=expected)


def _plain(kind: type, expected: str) -> Callable[[Any, Place, str], Any]:
    def read(value: Any, place: Place, key: str) -> Any:
        if type(value) is not kind or value == "":
            raise _wrong(place, key, value, expected)
        return _choice(key, value, place)

    return read


def _choice(key: str, value: Any, place: Place) -> Any:
    if key in _CHOICES and value not in _CHOICES[key]:
        raise _wrong(place, key, value, "one of " + ", ".join(_CHOICES[key]))
    return value


def _decimal(value: Any, place: Place, key: str) -> Fraction:
    """Cut-offs are decimal text: 0.6 as a TOML float would already be another number."""
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise _wrong(place, key, value, 'decimal text in quotes such as "0.6"')
    return Fraction(value)


def _table(kind: type[Any]) -> Callable[[Any, Place, str], Any]:
    return lambda value, place, key: _record(kind, value, place.at(key))


def _tables(kind: type[Any]) -> Callable[[Any, Place, str], Any]:
    def read(value: Any, place: Place, key: str) -> tuple[Any, ...]:
        if not isinstance(value, list) or not value:
            raise _wrong(place, key, value, f"one or more [[{key}]] tables")
        return tuple(_record(kind, row, place.at(f"{key}[{i}]")) for i, row in enumerate(value))

    return read


def _texts(value: Any, place: Place, key: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise _wrong(place, key, value, "a list of texts")
    return tuple(_choice(key, text, place) for text in value)


def _bands(value: Any, place: Place, key: str) -> tuple[Band, ...]:
    if not isinstance(value, list) or not value:
        raise _wrong(place, key, value, f"one or more [[{key}]] tables")
    bands = tuple(_band(row, place.at(f"{key}[{i}]")) for i, row in enumerate(value))
    _increasing(bands, place.at(key))
    return bands


def _band(row: dict[str, Any], place: Place) -> Band:
    """`up_to` includes its cut-off in the band, `below` does not; the last band has neither."""
    allowed = {"id", "zh", "en", "up_to", "below"}
    for key in row:
        if key not in allowed:
            raise place.problem("scheme_unknown_key", key, known=", ".join(sorted(allowed)))
    for key in ("id", "zh", "en"):
        if key not in row:
            raise place.problem("scheme_missing_key", key)
    edge = "below" if "below" in row else "up_to"
    text = row.get(edge)
    upper = None if text is None else _decimal(text, place, edge)
    return Band(row["id"], row["zh"], row["en"], upper, edge == "up_to", text or "")


def _increasing(bands: tuple[Band, ...], place: Place) -> None:
    """Each cut-off above the one before it; only the last band is open."""
    for i, band in enumerate(bands):
        here = Place(place.file, place.text, f"{place.path}[{i}]")
        last = i == len(bands) - 1
        if (band.upper is None) != last:
            raise here.problem("scheme_open_band", "id", band=band.id, last=bands[-1].id)
        if i and band.upper is not None and band.upper <= (bands[i - 1].upper or 0):
            raise here.problem(
                "scheme_cuts_not_increasing",
                "up_to" if band.inclusive else "below",
                value=band.upper_text,
                before=bands[i - 1].upper_text,
            )
    if len({band.id for band in bands}) < len(bands):
        raise place.problem("scheme_band_twice", "id", ids=", ".join(b.id for b in bands))


_READERS: dict[str, Callable[[Any, Place, str], Any]] = {
    "str": _plain(str, "a text"),
    "int": _plain(int, "a whole number"),
    "bool": _plain(bool, "true or false"),
    "date": _plain(date, "a date such as 2024-01-01"),
    "date | None": _plain(date, "a date such as 2024-01-01"),
    "Fraction": _decimal,
    "Fraction | None": _decimal,
    "tuple[str, ...]": _texts,
    "tuple[Band, ...]": _bands,
    "tuple[Source, ...]": _tables(model.Source),
    "tuple[IndustryLevel, ...]": _tables(model.IndustryLevel),
    "Words": _table(model.Words),
    "Quantity": _table(model.Quantity),
    "Indicator": _table(model.Indicator),
    "Population": _table(model.Population),
    "Robust": _table(model.Robust),
    "Fallback | None": _table(model.Fallback),
    "NetNegative | None": _table(model.NetNegative),
    "Neutrality | None": _table(model.Neutrality),
    "Uncertainty | None": _table(model.Uncertainty),
    "Abnormal | None": _table(model.Abnormal),
    "Base | None": _table(model.Base),
    "Shrink | None": _table(model.Shrink),
    "Comparison": _table(model.Comparison),
    "Disclosure": _table(model.Disclosure),
    "tuple[Condition, ...]": _tables(model.Condition),
}


def _check(scheme: Scheme, place: Place) -> None:
    """What no single field shows: order of dates, names that must exist elsewhere in the file."""
    if scheme.valid_to is not None and scheme.valid_to <= scheme.valid_from:
        raise _wrong(place, "valid_to", scheme.valid_to, f"a day after {scheme.valid_from}")
    if scheme.published_period not in scheme.periods:
        raise _wrong(place, "published_period", scheme.published_period, "one of periods")
    grades = [band.id for band in scheme.ratio.bands]
    if grades != [str(i + 1) for i in range(len(grades))]:
        raise _wrong(place, "ratio", ", ".join(grades), "band ids 1, 2, 3 … from best to worst")
    _check_population(scheme.population, place.at("population"))
    if scheme.uncertainty is not None:
        _check_uncertainty(scheme.uncertainty, place.at("uncertainty"))
    if scheme.net_negative is not None:
        _member(scheme.net_negative.grade, grades, place.at("net_negative"), "grade")
        levels = [band.id for band in scheme.intensity.bands]
        _member(scheme.net_negative.level, levels, place.at("net_negative"), "level")
    if scheme.abnormal is not None:
        _check_abnormal(scheme.abnormal, len(grades), place.at("abnormal"))
    if scheme.base is not None:
        _check_base(scheme.base, place.at("base"))


def _check_base(rule: model.Base, place: Place) -> None:
    try:
        parse(rule.period)
    except Problem:
        raise _wrong(place, "period", rule.period, "a period such as 2024") from None
    if rule.yearly_decline is not None and not 0 < rule.yearly_decline < 1:
        raise _wrong(place, "yearly_decline", rule.yearly_decline, "a share between 0 and 1")


def _check_shrink(population: model.Population, rule: model.Shrink, place: Place) -> None:
    if len(population.levels) < 2:
        raise _wrong(place, "evidence", rule.evidence, "a population with two levels to climb")
    for key in ("k", "fallback_k"):
        if (k := getattr(rule, key)) is not None and k <= 0:
            raise _wrong(place, key, k, "a number above 0")


def _check_uncertainty(rule: model.Uncertainty, place: Place) -> None:
    for key in ("metered", "statistics", "declared"):
        if not 0 < getattr(rule, key) < 1:
            raise _wrong(place, key, getattr(rule, key), "a share between 0 and 1")


def _check_abnormal(rule: model.Abnormal, grades: int, place: Place) -> None:
    """Bands that a condition names must exist, and its text may name their cut-offs alone."""
    for i, condition in enumerate(rule.conditions):
        here = place.at(f"conditions[{i}]")
        bands = {"ratio_at_least": grades, "change_at_least": len(rule.change.bands)}
        for key, most in bands.items():
            if not 1 <= getattr(condition, key) <= most:
                raise _wrong(here, key, getattr(condition, key), f"a band from 1 to {most}")
        try:
            (condition.zh + condition.en).format(ratio="", percent="")
        except (KeyError, IndexError, ValueError) as error:
            raise _wrong(here, "zh", str(error), "{ratio} or {percent}") from None


def _check_population(population: model.Population, place: Place) -> None:
    digits = [level.digits for level in population.levels]
    if digits != sorted(set(digits), reverse=True):
        raise _wrong(place, "levels", digits, "digits falling from the finest level to the widest")
    _member(
        population.rank_level,
        [model.LABEL, *(lv.id for lv in population.levels)],
        place,
        "rank_level",
    )
    if bool(population.levels) != bool(population.industry_pattern):
        raise _wrong(place, "industry_pattern", population.industry_pattern, "levels and a pattern")
    try:
        re.compile(population.industry_pattern)
    except re.error as error:
        raise _wrong(place, "industry_pattern", population.industry_pattern, str(error)) from None
    if population.shrink is not None:
        _check_shrink(population, population.shrink, place.at("shrink"))


def _member(value: str, known: list[str], place: Place, key: str) -> None:
    if value not in known:
        raise _wrong(place, key, value, "one of " + ", ".join(known))


def load_folder(folder: Path = FOLDER) -> tuple[Scheme, ...]:
    """Every scheme file of a folder; editions of one scheme must not overlap in time."""
    schemes = [
        parse_scheme(file.read_text(encoding="utf-8"), file.name)
        for file in sorted(folder.glob("*.toml"))
    ]
    return _apart(schemes)


def succession(schemes: Iterable[Scheme]) -> tuple[Scheme, ...]:
    """Editions in order of validity; one without an end ends where its successor begins."""
    ordered = sorted(schemes, key=lambda s: (s.id, s.valid_from, s.file))
    return _apart(
        replace(one, valid_to=other.valid_from)
        if other is not None and other.id == one.id and one.valid_to is None
        else one
        for one, other in itertools.zip_longest(ordered, ordered[1:])
    )


def _apart(schemes: Iterable[Scheme]) -> tuple[Scheme, ...]:
    ordered = sorted(schemes, key=lambda s: (s.id, s.valid_from, s.file))
    for one, other in itertools.pairwise(ordered):
        until = None if one.valid_to is None else max(one.valid_to, one.valid_from)
        same = one.id == other.id
        if same and (
            until is None or other.valid_from < until or other.valid_from == one.valid_from
        ):
            raise _overlap(one, other)
    return tuple(ordered)


def _overlap(one: Scheme, other: Scheme) -> Problem:
    return Problem(
        "scheme_overlap",
        id=one.id,
        file=other.file,
        valid_from=other.valid_from,
        other=one.file,
        valid_to=one.valid_to or "…",
    )


@cache
def shipped() -> tuple[Scheme, ...]:
    """The schemes that come with the software."""
    return load_folder()


def find(name: str, on: date | None = None, schemes: Iterable[Scheme] | None = None) -> Scheme:
    """The edition of a scheme valid on a day; the latest when no day is given."""
    known = list(shipped() if schemes is None else schemes)
    editions = [scheme for scheme in known if scheme.id == name]
    if not editions:
        names = ", ".join(sorted({scheme.id for scheme in known}))
        raise Problem("scheme_unknown", name=name, names=names)
    if on is None:
        return editions[-1]
    valid = [scheme for scheme in editions if scheme.covers(on)]
    if not valid:
        spans = "; ".join(f"{s.edition}: {s.valid_from} – {s.valid_to or '…'}" for s in editions)
        raise Problem("scheme_not_valid", name=name, day=on, editions=spans)
    return valid[0]
