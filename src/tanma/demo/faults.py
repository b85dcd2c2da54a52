"""Plant errors into finished sheets, and write down each one with what is true.

A row that will be corrected later keeps its key; the correction carries revision 1.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from tanma.demo import names
from tanma.demo.region import Region

Columns = dict[str, Any]
LATE_ENERGY = 60
LATE_ECONOMICS = 40
LATE_FORMS = 12
POWER_SLIPS = 4
COAL_SLIPS = 4
UNMATCHED = 25
WRONG_CHECK = 5
DUPLICATES = 4
SMALL_COAL_T = 3.0
VALUES = ("output_value", "consumption_cumulative", "quantity")
"""Columns that carry the figure of a sheet, by kind of sheet."""
PERIODS = ("period", "form_period")
COALS = ("烟煤", "无烟煤", "焦炭")


@dataclass(frozen=True)
class Fault:
    """One planted error: where it stands, what it says, what is true."""

    kind: str
    step: str
    uscc: str
    period: str
    what: str
    reported: str
    true: str
    corrected_in: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def _replaced(column: Any, rows: np.ndarray, values: Any) -> pa.Array:
    """The column with other values at the given rows."""
    whole = np.array(column)
    if np.issubdtype(whole.dtype, np.integer) and np.asarray(values).dtype.kind == "f":
        whole = whole.astype(np.float64)
    whole[rows] = values
    return pa.array(whole)


def _pick(pool: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    return np.sort(rng.choice(pool, size=min(size, len(pool)), replace=False))


def _rows_at(columns: Columns, rows: np.ndarray) -> Columns:
    return {name: pa.array(values).take(pa.array(rows)) for name, values in columns.items()}


def _faults(
    kind: str, step: str, columns: Columns, wrong: Columns, rows: np.ndarray, what: str, fix: str
) -> list[Fault]:
    value = next(v for v in VALUES if v in columns)
    texts = [
        [
            f"{v} {u}"
            for v, u in zip(*(_values(c, name, rows) for name in _pair(c, value)), strict=True)
        ]
        for c in (wrong, columns)
    ]
    period = next(p for p in PERIODS if p in columns)
    who, when = (_values(columns, name, rows) for name in ("uscc", period))
    return [
        Fault(kind, step, str(w), str(p), what, said, true, fix or None)
        for w, p, said, true in zip(who, when, *texts, strict=True)
    ]


def _pair(columns: Columns, value: str) -> tuple[str, str]:
    return value, "unit" if "unit" in columns else "money_unit"


def _values(columns: Columns, name: str, rows: np.ndarray) -> list[Any]:
    return list(pa.array(columns[name]).take(pa.array(rows)).to_pylist())


def late_figures(
    columns: Columns, value: str, count: int, step: str, fix: str, rng: np.random.Generator
) -> tuple[Columns, Columns, list[Fault]]:
    """Some figures are first told 8 to 35 % too high; a later file has the right ones."""
    rows = _pick(np.arange(len(columns[value])), count, rng)
    true = np.array(columns[value], dtype=np.float64)[rows]
    wrong = {
        **columns,
        value: _replaced(
            columns[value], rows, np.round(true * rng.uniform(1.08, 1.35, len(rows)), 3)
        ),
    }
    correction = {**_rows_at(columns, rows), "revision": np.ones(len(rows), dtype=np.int64)}
    kind = "late_correction"
    return wrong, correction, _faults(kind, step, columns, wrong, rows, value, fix)


def power_in_wrong_unit(
    columns: Columns, step: str, fix: str, rng: np.random.Generator
) -> tuple[Columns, Columns, list[Fault]]:
    """kWh declared as MWh: the number is right, the unit a thousand times too large."""
    rows = _pick(np.arange(len(columns["uscc"])), POWER_SLIPS, rng)
    wrong = {**columns, "unit": _replaced(columns["unit"].to_pylist(), rows, "MWh")}
    correction = {**_rows_at(columns, rows), "revision": np.ones(len(rows), dtype=np.int64)}
    return (
        wrong,
        correction,
        _faults("kwh_declared_as_mwh", step, columns, wrong, rows, "unit", fix),
    )


def coal_thousandfold(
    columns: Columns, step: str, rng: np.random.Generator
) -> tuple[Columns, list[Fault]]:
    """Kilograms written in a column of tonnes, by small users of coal; never corrected."""
    carrier = np.array(columns["carrier"].to_pylist())
    amount = np.array(columns["quantity"], dtype=np.float64)
    rows = _pick(np.flatnonzero(np.isin(carrier, COALS) & (amount < SMALL_COAL_T)), COAL_SLIPS, rng)
    wrong = {**columns, "quantity": _replaced(columns["quantity"], rows, amount[rows] * 1000)}
    return wrong, _faults("coal_thousandfold", step, columns, wrong, rows, "quantity", "")


def duplicates(
    columns: Columns, step: str, rng: np.random.Generator
) -> tuple[Columns, list[Fault]]:
    """The same key twice in one file, with different amounts."""
    rows = _pick(np.arange(len(columns["uscc"])), DUPLICATES, rng)
    again = _rows_at(columns, rows)
    again["quantity"] = pa.array(np.round(np.array(again["quantity"], dtype=np.float64) * 1.5, 3))
    end = len(columns["uscc"]) + np.arange(len(rows))
    wrong = {
        name: pa.concat_arrays(
            [pa.array(v).cast(pa.array(again[name]).type), pa.array(again[name])]
        )
        for name, v in columns.items()
    }
    spread = {
        name: pa.array(v).take(pa.array(np.r_[np.arange(len(v)), rows]))
        for name, v in columns.items()
    }
    return wrong, _faults("duplicate_key", step, spread, wrong, end, "quantity", "")


def strangers(
    region: Region, columns: Columns, step: str, rng: np.random.Generator
) -> tuple[Columns, list[Fault]]:
    """Rows of enterprises nobody registered, and rows whose code has a wrong check character."""
    rows = _pick(np.arange(len(columns["uscc"])), UNMATCHED + WRONG_CHECK, rng)
    extra = _rows_at(columns, rows)
    unknown = names.credit_codes(np.full(UNMATCHED, names.PROVINCE_CODE + 9999), rng)
    owners = [str(u) for u in extra["uscc"].to_pylist()]
    wrong_codes = [names.wrong_check_character(u) for u in owners[UNMATCHED:]]
    codes = [*unknown, *wrong_codes]
    extra["uscc"] = pa.array(codes)
    kinds = ["unmatched_code"] * UNMATCHED + ["wrong_check_character"] * WRONG_CHECK
    found = [
        Fault(kind, step, code, str(period), "uscc", code, true)
        for kind, code, period, true in zip(
            kinds,
            codes,
            extra["period"].to_pylist(),
            ["", *([""] * (UNMATCHED - 1)), *owners[UNMATCHED:]],
            strict=True,
        )
    ]
    wrong = {
        name: pa.concat_arrays([pa.array(v), pa.array(extra[name])]) for name, v in columns.items()
    }
    return wrong, found
