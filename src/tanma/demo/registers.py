"""Registers and documents of the region: areas, enterprises, meters, targets, regional product."""

from __future__ import annotations

from typing import Any

import numpy as np

from tanma.demo import names
from tanma.demo.activity import YUAN_PER_WAN
from tanma.demo.population import Ints
from tanma.demo.region import Region
from tanma.domain import periods

Columns = dict[str, Any]
Row = dict[str, Any]
SINCE = "2021-01-01"
GDP_PER_INDUSTRIAL_VA = 2.6
SITES = 60
METERED_ENTERPRISES = 400
SHARED_ACCOUNTS = 12
HOLDER_CHANGES = 8
READING_METERS = 6
READING_DAYS = 30
INTERVALS_PER_DAY = 96
ACCOUNT_PREFIX = 9900000000


def as_columns(rows: list[Row], columns: tuple[str, ...]) -> Columns:
    return {column: [row.get(column) for row in rows] for column in columns}


def new_area_code(region: Region) -> str:
    return str(int(region.land.city_codes[0]) + 90)


def park_codes(region: Region) -> list[str]:
    """Nine digits: county, then 901, 902, …"""
    land = region.land
    first = land.county_codes[land.park_county] * 1000 + 901
    rank = [int((land.park_county[:i] == c).sum()) for i, c in enumerate(land.park_county)]
    return [str(int(code) + r) for code, r in zip(first, rank, strict=True)]


def entrusted_month(region: Region) -> int:
    """Month in which the last township of the new area is entrusted to it."""
    return region.plan.months // 2


def day(region: Region, month: int) -> str:
    """First day of a month of the plan."""
    return periods.month_start(region.plan.first_month + month).isoformat()


AREA_COLUMNS = (
    "area", "area_name", "area_kind", "parent_statutory", "parent_management",
    "hex_col", "hex_row", "valid_from", "valid_to",
)  # fmt: skip


def areas(region: Region) -> Columns:
    land = region.land
    rows: list[Row] = [_area(str(names.PROVINCE_CODE), names.PROVINCE_NAME, "省")]
    for code, name in zip(land.city_codes, land.cities, strict=True):
        rows.append(_area(str(code), name, "市", parent_statutory=str(names.PROVINCE_CODE)))
    for county, name in enumerate(land.counties):
        parent = str(land.city_codes[land.city_of_county[county]])
        rows.append(_area(str(land.county_codes[county]), name, "县区", parent_statutory=parent))
    rows.append(
        _area(
            new_area_code(region),
            names.NEW_AREA,
            "新区",
            parent_management=str(land.city_codes[0]),
        )
    )
    for place in range(len(land.townships)):
        rows += _township(region, place)
    rows += [_park(region, park, code) for park, code in enumerate(park_codes(region))]
    return as_columns(rows, AREA_COLUMNS)


def _area(code: str, name: str, kind: str, **more: Any) -> Row:
    return {"area": code, "area_name": name, "area_kind": kind, "valid_from": SINCE, **more}


def _township(region: Region, place: int) -> list[Row]:
    """One row, or two when the township is entrusted to the new area on a later date."""
    land = region.land
    base = _area(
        str(land.codes[place]),
        land.townships[place],
        "乡镇街道",
        parent_statutory=str(land.county_codes[land.county_of[place]]),
        hex_col=int(land.column[place]),
        hex_row=int(land.row[place]),
    )
    if place not in land.new_area:
        return [base]
    managed = {**base, "parent_management": new_area_code(region)}
    if place != land.new_area[-1]:
        return [managed]
    change = day(region, entrusted_month(region))
    return [{**base, "valid_to": change}, {**managed, "valid_from": change}]


def _park(region: Region, park: int, code: str) -> Row:
    land = region.land
    inside = land.park_township[park] in land.new_area[:-1]
    parent = new_area_code(region) if inside else str(land.city_codes[0])
    return _area(code, land.parks[park], "园区", parent_management=parent)


ENTERPRISE_COLUMNS = (
    "uscc", "name", "industry", "area_statutory", "area_management",
    "size_class", "status", "valid_from", "valid_to",
)  # fmt: skip


def enterprises(region: Region) -> Columns:
    """One row per enterprise and span in which nothing changed."""
    parks = park_codes(region)
    rows: list[Row] = []
    for firm in range(region.people.count):
        rows += _enterprise(region, firm, parks)
    return as_columns(rows, ENTERPRISE_COLUMNS)


def _enterprise(region: Region, firm: int, parks: list[str]) -> list[Row]:
    people, land, months = region.people, region.land, region.plan.months
    township = int(people.township[firm])
    begins = day(region, int(people.opened[firm])) if people.opened[firm] else SINCE
    moves = {people.risen[firm], people.fallen[firm], people.closed[firm]}
    if township == land.new_area[-1] and people.park[firm] < 0:
        moves.add(entrusted_month(region))
    cuts = sorted(int(m) for m in moves if people.opened[firm] < m < months)
    starts = [begins, *(day(region, m) for m in cuts)]
    probes = [int(people.opened[firm]), *cuts]
    base = {
        "uscc": people.uscc[firm],
        "name": people.name[firm],
        "industry": str(people.industry[firm]),
        "area_statutory": str(land.codes[township]),
    }
    return [
        {
            **base,
            "area_management": _management(region, firm, month, parks),
            "size_class": _size_word(region, firm, month),
            "status": "关闭" if month >= people.closed[firm] else "在营",
            "valid_from": start,
            "valid_to": end,
        }
        for start, end, month in zip(starts, [*starts[1:], None], probes, strict=True)
    ]


def _size_word(region: Region, firm: int, month: int) -> str:
    people = region.people
    if people.started_above[firm]:
        return "规上" if month < people.fallen[firm] else "规下"
    return "规上" if month >= people.risen[firm] else "规下"


def _management(region: Region, firm: int, month: int, parks: list[str]) -> str | None:
    """The park, else the new area once it manages the township, else none."""
    park = int(region.people.park[firm])
    if park >= 0:
        return parks[park]
    new_area = region.land.new_area
    place = region.people.township[firm]
    late = place == new_area[-1] and month < entrusted_month(region)
    return new_area_code(region) if place in new_area and not late else None


def targets(region: Region) -> Columns:
    """Intensity of every city and county for this year and the next."""
    last_year = (region.plan.first_month + region.plan.months - 1) // 12
    level = _intensity(region)
    rows = []
    codes, _ = _areas_with_figures(region)
    for code, value in zip(codes, level, strict=True):
        for step, year in enumerate((last_year, last_year + 1)):
            rows.append(_target(str(code), "单位增加值碳排放", year, value * (0.985 - 0.03 * step)))
    return as_columns(rows, tuple(rows[0]))


def _target(code: str, indicator: str, year: int, value: float) -> Row:
    return {
        "target_subject_kind": "区域",
        "target_subject": code,
        "indicator": indicator,
        "period": str(year),
        "target_value": round(value, 3),
        "unit": "t/万元",
        "document_no": f"演示工信〔{year}〕{int(code) % 100 + 1}号",
    }


MARKET_INDUSTRIES = ("3011", "31", "3216", "4411", "4412")
"""Cement, steel, aluminium, and power: what the national market covers."""
MARKET_LEAST_T = 26_000
"""Emission of a year from which an enterprise of these industries takes part [tCO2]."""


def carbon_market(region: Region) -> Columns:
    """Allowances of the last full year; the difference to the emission was bought or sold."""
    plan, rng = region.plan, region.plan.stream("carbon_market")
    year = (plan.first_month + plan.months) // 12 - 1
    first = max(year * 12 - plan.first_month, 0)
    emitted = region.activity.net_tco2()[:, first : first + 12].sum(axis=1)
    covered = np.char.startswith(region.people.industry[:, None], MARKET_INDUSTRIES).any(axis=1)
    rows = []
    for firm in np.flatnonzero(covered & (emitted >= MARKET_LEAST_T)):
        owed = round(float(emitted[firm]))
        given = round(owed * rng.uniform(0.9, 1.08))
        rows.append({
            "uscc": region.people.uscc[firm], "period": str(year), "quota_allocated": given,
            "quota_surrendered": owed, "quota_bought": max(owed - given, 0),
            "quota_sold": max(given - owed, 0), "unit": "吨二氧化碳",
            "document_no": f"演示环函〔{year + 1}〕7号",
        })  # fmt: skip
    return as_columns(rows, tuple(rows[0])) if rows else {}


def _areas_with_figures(region: Region) -> tuple[list[int], list[np.ndarray]]:
    """Codes of every city and county, and the enterprises of each as flags."""
    land = region.land
    county = land.county_of[region.people.township]
    city = land.city_of_county[county]
    codes = [*land.city_codes.tolist(), *land.county_codes.tolist()]
    groups = [city == c for c in range(len(land.city_codes))]
    return codes, groups + [county == c for c in range(len(land.county_codes))]


def _intensity(region: Region) -> list[float]:
    """L of every city and county in the last year, sizing factors."""
    net = region.activity.net_tco2()[:, -12:].sum(axis=1)
    added = region.activity.value_added_yuan[:, -12:].sum(axis=1) / YUAN_PER_WAN
    _, groups = _areas_with_figures(region)
    return [float(net[g].sum() / added[g].sum()) for g in groups]


def gdp(region: Region) -> Columns:
    """Regional product per quarter of every city and county: industry is part of it, 亿元."""
    rng = region.plan.stream("gdp")
    codes, groups = _areas_with_figures(region)
    factor = GDP_PER_INDUSTRIAL_VA * rng.uniform(0.85, 1.15, len(codes))
    above_yuan = region.activity.value_added_yuan * region.above
    rows = []
    for quarter in range(region.plan.quarters):
        months = slice(3 * quarter, 3 * quarter + 3)
        for code, group, multiple in zip(codes, groups, factor, strict=True):
            value = float(above_yuan[group, months].sum()) / 1e8
            rows.append(
                {
                    "known_area": str(code),
                    "period": region.plan.quarter_text(quarter),
                    "gdp": round(value * multiple, 2),
                    "industrial_value_added": round(value, 2),
                    "money_unit": "亿元",
                }
            )
    return as_columns(rows, tuple(rows[0]))


def metered(region: Region) -> Ints:
    """Enterprises with meters in the register: active throughout, by random choice."""
    rng = region.plan.stream("metered")
    pool = np.flatnonzero((region.people.opened == 0) & region.active[:, -1])
    return np.sort(rng.choice(pool, size=METERED_ENTERPRISES, replace=False))


SITE_COLUMNS = ("site", "site_name", "uscc", "area_statutory", "address", "valid_from")


def sites(region: Region) -> Columns:
    """Works of the first metered enterprises; every fourth has a second one."""
    rows = []
    for number, firm in enumerate(metered(region)[:SITES]):
        place = int(region.people.township[firm])
        for part in range(2 if number % 4 == 0 else 1):
            rows.append(
                {
                    "site": f"S-{number + 1:04d}-{part + 1}",
                    "site_name": ("一厂区", "二厂区")[part],
                    "uscc": region.people.uscc[firm],
                    "area_statutory": str(region.land.codes[place]),
                    "address": f"{region.land.townships[place]}演示路{number * 7 % 180 + 1}号",
                    "valid_from": SINCE,
                }
            )
    return as_columns(rows, SITE_COLUMNS)


def accounts(region: Region) -> tuple[Ints, np.ndarray]:
    """(number in `metered`, account) of every metered enterprise; neighbours share some."""
    numbers = np.arange(METERED_ENTERPRISES)
    shares = (numbers >= SITES) & (numbers < SITES + 2 * SHARED_ACCOUNTS)
    first = np.where(shares, numbers - (numbers - SITES) % 2, numbers)
    return numbers, (ACCOUNT_PREFIX + first + 1).astype(str)


def by_account(region: Region) -> Ints:
    """Enterprises whose power is told by account only: theirs alone, and never anybody else's."""
    numbers, _ = accounts(region)
    plain = (numbers < SITES) | (numbers >= SITES + 2 * SHARED_ACCOUNTS)
    return metered(region)[plain & (numbers < METERED_ENTERPRISES - HOLDER_CHANGES)]


METER_COLUMNS = (
    "meter", "site", "uscc", "account", "channel_quantity", "channel_kind", "unit",
    "resolution", "multiplier", "valid_from", "valid_to",
)  # fmt: skip


def meters(region: Region) -> Columns:
    """Power meters: some accounts are shared by two enterprises, some change hands."""
    chosen = metered(region)
    rows: list[Row] = []
    for number, firm in enumerate(chosen):
        rows += _meter(region, chosen, number, int(firm))
    return as_columns(rows, METER_COLUMNS)


def _meter(region: Region, chosen: Ints, number: int, firm: int) -> list[Row]:
    _, names = accounts(region)
    base = {
        "meter": f"M-{number + 1:05d}",
        "site": f"S-{number + 1:04d}-1" if number < SITES else None,
        "uscc": region.people.uscc[firm],
        "account": str(names[number]),
        "channel_quantity": "购入电量",
        "channel_kind": "区间量",
        "unit": "kWh",
        "resolution": "0.01",
        "multiplier": "1",
        "valid_from": SINCE,
    }
    if number < METERED_ENTERPRISES - HOLDER_CHANGES:
        return [base]
    # The account changes hands: its meter served an earlier enterprise of the list.
    change = day(region, region.plan.months // 3)
    before = region.people.uscc[int(chosen[number - 200])]
    return [{**base, "uscc": before, "valid_to": change}, {**base, "valid_from": change}]


def readings(region: Region) -> Columns:
    """Quarter-hours of a few meters over the last month of the plan, local time."""
    rng = region.plan.stream("readings")
    end = np.datetime64(periods.month_start(region.plan.first_month + region.plan.months), "m")
    count = READING_DAYS * INTERVALS_PER_DAY
    starts = end - np.arange(count, 0, -1) * np.timedelta64(15, "m")
    chosen = metered(region)[:READING_METERS]
    monthly_kwh = region.activity.amounts["power"][chosen, -1]
    hour = np.arange(count) % INTERVALS_PER_DAY / 4
    shape = 0.45 + np.where((hour >= 7.5) & (hour < 20), 0.9, 0.0)
    load = shape * rng.lognormal(0.0, 0.08, (READING_METERS, count))
    # differences of rounded sums: the month of a meter is what the grid company reported, exactly
    share = load.cumsum(axis=1) / load.sum(axis=1, keepdims=True)
    since = np.round(monthly_kwh[:, None] * share, 2)
    energy = np.round(np.diff(since, axis=1, prepend=0.0), 2)
    texts = np.char.replace(np.datetime_as_string(starts, unit="m"), "T", " ")
    stops = np.char.replace(
        np.datetime_as_string(starts + np.timedelta64(15, "m"), unit="m"), "T", " "
    )
    return {
        "meter": np.repeat([f"M-{n + 1:05d}" for n in range(READING_METERS)], count),
        "channel_quantity": np.repeat("购入电量", READING_METERS * count),
        "start_time": np.tile(texts, READING_METERS),
        "end_time": np.tile(stops, READING_METERS),
        "reading": energy.ravel(),
        "unit": np.repeat("kWh", READING_METERS * count),
    }


def certificates(region: Region) -> Columns:
    """Green certificates of one MWh each, 32 digits, some held by each of a few enterprises."""
    rng = region.plan.stream("certificates")
    holders = rng.choice(np.flatnonzero(region.above[:, -1]), size=40, replace=False)
    each = rng.integers(3, 12, len(holders))
    firm = np.repeat(holders, each)
    month = region.plan.month_text(region.plan.months - 2)
    # 17 digits of project and 15 of the power, project segment 99 as no real one has it.
    numbers = [f"99{int(f):015d}{month.replace('-', '')}{i + 1:09d}" for i, f in enumerate(firm)]
    return {
        "certificate_no": numbers,
        "uscc": [region.people.uscc[f] for f in firm],
        "period": [month] * len(firm),
        "quantity": [1] * len(firm),
        "unit": ["MWh"] * len(firm),
    }
