"""The published region, and one enterprise whose facts are told without a database."""

from __future__ import annotations

from types import SimpleNamespace

import pyarrow as pa
import pytest

from tanma.apps.inventories.frozen import read
from tanma.engine.evaluate import run
from tanma.lake.facts import SCHEMA
from tests.apps.region import published
from tests.engine.region import COAL, GJ, HEAT, MWH, OUTPUT, POWER, TONNE, VALUE, YUAN, Region
from tests.engine.test_run import mirrored, plan

__all__ = ["published"]

MONTHS = ("2026-07", "2026-08", "2026-09")
CEMENT = 1


class ToldFacts:
    """Facts of a `Region`, as the store would give them."""

    def __init__(self, made):
        self.rows = made.facts

    def by_seq(self, seqs):
        return {f["seq"]: SimpleNamespace(**f) for f in self.rows if f["seq"] in set(seqs)}

    def known(self, subject, items, known_at):
        wanted = [
            f for f in self.rows
            if f["subject"] == subject and f["item"] in items and f["stamp"] <= known_at
        ]  # fmt: skip
        return pa.Table.from_pylist(wanted, schema=SCHEMA)


def cement_region():
    """A cement works with coal, process, heat and solar power, among seven enterprises."""
    made = Region()
    made.area(1001, "99")
    for subject in range(1, 8):
        made.enterprise(subject, "3011", "99")
        for month in MONTHS:
            made.month(
                subject, month,
                {POWER: subject * 10 * MWH, VALUE: 10**5 * YUAN, OUTPUT: 4 * 10**5 * YUAN},
            )  # fmt: skip
    for month in MONTHS:
        made.month(
            CEMENT, month,
            {
                COAL: 100 * TONNE, HEAT: 10 * GJ, "process.caco3.amount": 50 * TONNE,
                "electricity.pv.generated": 10 * MWH, "electricity.pv.exported": 4 * MWH,
            },
        )  # fmt: skip
        made.month(CEMENT, month, {"product.cement.output": 200 * TONNE})
    made.month(CEMENT, MONTHS[0], {"product.clinker.output": 100 * TONNE})
    return made


@pytest.fixture(scope="session")
def cement(tmp_path_factory):
    """The run of that region: files, facts, and the region itself."""
    lake = tmp_path_factory.mktemp("cement")
    made = cement_region()
    exported = [f for f in made.facts if f["item"] == "electricity.pv.exported"]
    exported[-1]["reported"] = "4 MWh"
    mirrored(lake, made)
    files = run(lake, plan(made.facts[-1]["stamp"]), "cement")
    return SimpleNamespace(files=files, facts=ToldFacts(made), region=made)


@pytest.fixture
def frozen(cement):
    """The account of the cement works in that run."""
    return read(cement.files, CEMENT)
