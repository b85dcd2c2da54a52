"""`tanma dataset`: load a real, public data set through the doors that any other data takes."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from tanma.intake.datasets import Card

HELP = "载入真实公开数据集 · load a real public data set"
MILL_SCHEME, MILL, METER = "uci", "851", "uci-851-steel"
"""The mill has no credit code: it is known by the number of its data set."""
SINCE, OPEN = date(2018, 1, 1), date(9999, 12, 31)
MILL_YEAR, MILL_ZONE = (date(2018, 1, 1), date(2019, 1, 1)), "Asia/Seoul"
UK_SCHEME = "uk-ets-allocation"
UK_COLUMNS = (
    "id", "period", "numerator", "denominator", "intensity", "ratio", "level", "grade", "flags",
)  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="数据集 · data set; without it they are listed")
    parser.add_argument("--path", type=Path, help="已有的文件或文件夹 · file or folder at hand")
    parser.add_argument("--output", type=Path, help="评级结果 · rated rows (.csv or .json)")


def run(args: argparse.Namespace) -> int:
    from tanma.intake import datasets

    if args.name is None:
        for card in datasets.cards().values():
            print(f"{card.id}\n  {card.title_zh} · {card.title_en}\n  {card.authors}; "
                  f"{card.licence}\n  {card.origin}")  # fmt: skip
        return 0
    card = datasets.find(args.name)
    return LOADERS[card.loader](card, args)


def _files(card: Card, path: Path | None) -> dict[str, Path]:
    from tanma.intake import datasets

    if path is not None:
        return datasets.taken(card, path)
    from django.conf import settings

    from tanma.site.setup import prepare

    prepare()
    return datasets.fetched(card, settings.TANMA.home / "datasets" / card.id)


def load_steel(card: Card, args: argparse.Namespace) -> int:
    """The mill as one enterprise with one meter, its year of readings, and the sums of its days."""
    from tanma.site.setup import prepare

    prepare()
    (path,) = _files(card, args.path).values()
    from tanma.apps.imports.door import import_file
    from tanma.apps.people.door import SYSTEM

    subject = register_mill(card)
    batch = import_file(path, SYSTEM, package="uci_steel")
    days = mill_days(subject)
    total_kwh = sum(value for _, value in days) / 100
    print(f"{card.title_zh}：{batch.rows} 行，{len(days)} 天，合计 {total_kwh / 1000:.2f} MWh\n"
          f"{card.title_en}: {batch.rows} rows, {len(days)} days, {total_kwh / 1000:.2f} MWh; "
          f"{card.authors}, {card.licence}")  # fmt: skip
    if args.output:
        _write(args.output, ({"day": d.isoformat(), "kwh": v / 100} for d, v in days))
    return 0 if batch.complete else 1


def register_mill(card: Card) -> int:
    """The enterprise and its meter as facts; the enterprise's subject."""
    from tanma.apps.facts import door as facts
    from tanma.apps.metering import door as metering
    from tanma.apps.registry import door as registry

    about = {"author": f"dataset:{card.id}", "evidence": card.origin}
    (subject,) = registry.register(MILL_SCHEME, [MILL], author=about["author"]).values()
    name = {
        "subject": subject, "item": "name", "kind": "attribute", "valid_from": SINCE,
        "valid_to": OPEN, "text": card.title_zh, "source": "registry", "data_class": "public",
    }  # fmt: skip
    facts.append(facts.table([name]), **about)
    registry.project()
    metering.register_meter(METER, f"{MILL_SCHEME}:{MILL}", since=SINCE, **about)
    quarter_hours = metering.Declared(
        METER, "electricity.purchased", unit="kWh", scale=2, since=SINCE,
        more={"interval_s": "900", "zone": MILL_ZONE},
    )  # fmt: skip
    metering.declare([quarter_hours], **about)
    return subject


def mill_days(subject: int) -> list[tuple[date, int]]:
    """(day in Seoul, counts of 0.01 kWh) of the mill's year."""
    import duckdb
    from django.conf import settings

    from tanma.apps.registry import door as registry
    from tanma.lake.readings import Readings

    lake = Readings(settings.TANMA.lake)
    channels = registry.Channel.objects.filter(subject=subject).values_list("id", flat=True)
    with duckdb.connect() as con:
        lake.daily(con, list(channels), *MILL_YEAR, MILL_ZONE, lake.watermark)
        return con.execute("SELECT day, value::BIGINT FROM daily ORDER BY day").fetchall()


def load_uk_ets(card: Card, args: argparse.Namespace) -> int:
    """Every installation and year, verified ÷ allocated, rated by a foreign scheme."""
    from tanma.domain.rating import find
    from tanma.engine.rating import rate

    given = installation_years(_files(card, args.path))
    rated = rate(given, find(UK_SCHEME)).to_pylist()
    amounts = given.select(["numerator", "denominator"]).to_pylist()
    rows = [{k: (row | own)[k] for k in UK_COLUMNS}
            for row, own in zip(rated, amounts, strict=True)]  # fmt: skip
    graded = [row["grade"] for row in rows if row["grade"]]
    ladder = " ".join(f"{g}:{graded.count(g)}" for g in range(1, 6))
    print(f"{card.title_zh}：{len(rows)} 条设施年，{len(graded)} 条定级（{ladder}）\n"
          f"{card.title_en}: {len(rows)} installation-years, {len(graded)} graded ({ladder}); "
          f"{card.authors}, {card.licence}")  # fmt: skip
    if args.output:
        _write(args.output, rows)
    return 0


def installation_years(files: dict[str, Path]) -> pa.Table:
    """Installation-years with both figures, as the rating takes them."""
    import pyarrow as pa

    verified = _column(files["verified_emissions.csv"], "verified_tco2e")
    allocated = _column(files["free_allocation.csv"], "free_allowances")
    keys = sorted(verified.keys() & allocated.keys())
    return pa.table(
        {
            "id": [key[0] for key in keys],
            "period": [key[1] for key in keys],
            "group": ["UK"] * len(keys),
            "numerator": pa.array([verified[key] for key in keys], pa.int64()),
            "denominator": pa.array([allocated[key] for key in keys], pa.int64()),
        }
    )


def _column(path: Path, name: str) -> dict[tuple[str, str], int]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        return {(row["installation_id"], row["year"]): int(row[name]) for row in rows}


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """CSV, or JSON lines where the name ends so."""
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".json":
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        else:
            writer: csv.DictWriter[str] | None = None
            for row in rows:
                flat = {k: " ".join(v) if isinstance(v, list) else v for k, v in row.items()}
                if writer is None:
                    writer = csv.DictWriter(file, list(flat))
                    writer.writeheader()
                writer.writerow(flat)
    print(path, file=sys.stderr)


LOADERS = {"steel": load_steel, "uk_ets": load_uk_ets}
