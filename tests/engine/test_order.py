"""Whatever the order of delivery, the same facts give the same canonical result.

`TANMA_ORDERS=1000` for as many permutations; a few otherwise.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tanma.engine.evaluate import run
from tanma.lake.facts import SCHEMA, FactsMirror
from tests.engine.region import MWH, POWER
from tests.engine.test_run import plan, region

ORDERS = int(os.environ.get("TANMA_ORDERS", "3"))
Rows = list[dict[str, Any]]


def stated() -> Rows:
    """The facts of a region, some of them in three revisions, the greatest of which counts."""
    made = region()
    for subject in (1, 4):
        for revision in (1, 2, 3):
            amount = (subject * 7 + revision) * MWH
            made.say(subject, POWER, "2026-08", amount, revision=revision)
            made.facts[-1]["version"] = revision + 1
    return made.facts


def together(rows: Rows, chance: random.Random) -> Rows:
    """Appends of a few facts each: those of one append share its stamp, in any order within."""
    found, stamp = [], 0
    while len(found) < len(rows):
        stamp += chance.randrange(1, 9)
        some = rows[len(found) : len(found) + chance.randrange(1, 12)]
        found += [row | {"stamp": stamp} for row in chance.sample(some, len(some))]
    return [row | {"seq": n} for n, row in enumerate(found, 1)]


def delivered(root: Path, rows: Rows, chance: random.Random) -> str:
    """Digest of the result over a mirror that was brought up in pieces, some of them twice."""
    mirror, upto = FactsMirror(root), 0

    def fetch(after: int, limit: int) -> pa.Table:
        some = [r for r in rows if after < r["seq"] <= upto]
        return pa.Table.from_pylist(some[: min(limit, chance.randrange(1, 99))], schema=SCHEMA)

    while upto < len(rows):
        upto = min(len(rows), upto + chance.randrange(1, 60))
        while upto < len(rows) and rows[upto]["stamp"] == rows[upto - 1]["stamp"]:
            upto += 1
        for _again in range(chance.randrange(1, 3)):
            mirror.sync(fetch, rows[upto - 1]["stamp"])
        if chance.random() < 0.2:
            mirror.compact()
    return run(root, plan(rows[-1]["stamp"]), "result").digest


@pytest.mark.slow
def test_any_order_of_delivery_gives_the_same_canonical_result(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    rows = stated()
    plain, revised = rows[:-6], rows[-6:]
    found = set()
    for order in range(ORDERS):
        chance = random.Random(order)
        mixed = chance.sample(plain, len(plain))
        # before what they correct or after it, in any order among themselves
        for row in chance.sample(revised, len(revised)):
            mixed.insert(chance.randrange(len(mixed) + 1), row)
        found.add(delivered(tmp_path_factory.mktemp("order"), together(mixed, chance), chance))
    assert 1 == len(found)


@pytest.mark.slow
def test_without_its_last_revision_the_result_is_another(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    rows, chance = stated(), random.Random(1)
    whole = delivered(tmp_path_factory.mktemp("whole"), together(rows, chance), chance)
    assert whole != delivered(tmp_path_factory.mktemp("less"), together(rows[:-1], chance), chance)
