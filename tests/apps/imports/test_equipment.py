"""The sheet 用能设备: devices go in as dated facts, and rows that name strange meters stay out."""

from __future__ import annotations

import pytest

from tanma.apps.equipment import door as equipment
from tanma.apps.imports import door as imports
from tanma.apps.people import door as people
from tests.apps.live.conftest import FIRST, SECOND, Plant, plant

__all__ = ["plant"]
pytestmark = [pytest.mark.db, pytest.mark.django_db]
HEAD = (
    "设备编号,设备名称,统一社会信用代码,设备类别,额定功率（kW）,输入表计,"
    "空闲门槛（kW）,运行门槛（kW）,状态代码,生效日期"
)


def bring(tmp_path, *rows: str, dry_run: bool = False):
    file = tmp_path / "equipment.csv"
    file.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    return imports.import_file(file, people.SYSTEM, package="equipment", dry_run=dry_run)


def codes(batch) -> list[str]:
    return sorted({f.code for f in batch.checked.report.findings})


def test_rows_become_devices_with_their_meters(plant: Plant, tmp_path):
    batch = bring(tmp_path, f"E-7,一号机,{FIRST},加工设备,40,T-一车间、T-二车间,2,20,,2026-01-01")
    assert (1, 0) == (batch.good, batch.bad)
    made = equipment.Equipment.objects.get(name="E-7")
    names = [m.name for m in equipment.meters_of([made]).values()]
    assert {"T-一车间", "T-二车间"} == set(names)
    assert ("machine", "20") == (made.kind, made.run_above_kw)


@pytest.mark.parametrize(
    ("row", "code"),
    [(f"E-8,机,{FIRST},加工设备,40,没有的表,,,,2026-01-01", "import_equipment_meter"),
     (f"E-8,机,{SECOND},加工设备,40,T-一车间,,,,2026-01-01", "import_equipment_meter"),
     (f"E-8,机,{FIRST},加工设备,40,,9,9,,2026-01-01", "import_equipment_limits"),
     (f"E-8,机,{FIRST},加工设备,40,,,,开=1,2026-01-01", "import_equipment_codes")],
)  # fmt: skip
def test_a_row_that_cannot_be_taken_is_reported(plant: Plant, tmp_path, row, code):
    batch = bring(tmp_path, row)
    assert (0, 1) == (batch.good, batch.bad)
    assert code in codes(batch)
    assert not equipment.Equipment.objects.filter(name="E-8").exclude(enterprise=None).exists()


def test_a_trial_writes_nothing(plant: Plant, tmp_path):
    batch = bring(tmp_path, f"E-9,机,{FIRST},泵,11,T-一车间,,,,2026-01-01", dry_run=True)
    assert 1 == batch.good
    assert 0 == equipment.Equipment.objects.count()
