"""A disk that is full stops the work and nothing else: no row is lost, no half file is read."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tanma.lake.readings import Readings
from tanma.lake.settle import Settler
from tests.lake.reading_model import OCTOBER_US, Clock, Row, known, table

ROOM_BYTES = 2 * 2**20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with little room; needs the right to mount."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    done = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={ROOM_BYTES}", "tmpfs", str(place)],
        check=False, capture_output=True,
    )  # fmt: skip
    if not done or done.returncode:
        pytest.skip("no right to mount a small file system here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path, leave_bytes: int) -> Path:
    filler = place / "filler"
    free = os.statvfs(place).f_bavail * os.statvfs(place).f_bsize
    filler.write_bytes(os.urandom(max(0, free - leave_bytes)))
    return filler


def settle_and_move(settler: Settler) -> None:
    settler.settle()
    settler.night()


@pytest.mark.parametrize("leave_bytes", [0, 4096, 16_384, 40_960])
def test_settling_on_a_full_disk_can_be_done_later(small_disk: Path, leave_bytes: int) -> None:
    root = small_disk / "lake"
    lake, settler = Readings(root, Clock()), Settler(root, lambda: OCTOBER_US)
    rows: list[Row] = [(c, h, c * h, None) for c in (1, 5000) for h in range(0, 1400, 7)]
    lake.append(table(rows), writer="a")
    lake.seal()
    settler.settle()
    lake.append(table([(c, h, 1, None) for c, h, _, _ in rows[::3]]), writer="a")
    lake.seal()
    before = known(root)
    filler = fill(small_disk, leave_bytes)
    with pytest.raises(OSError, match="No space left"):
        settle_and_move(settler)
    assert before == known(root)
    filler.unlink()
    settle_and_move(settler)
    assert before == known(root)
    assert [] == settler.landing.files()
    assert {f.uri for t in (settler.tail, settler.readings) for f in t.files()} <= {
        str(p) for p in root.rglob("*.parquet")
    }


def fill_lake(root: Path) -> None:
    lake, settler = Readings(root, Clock()), Settler(root, lambda: OCTOBER_US)
    lake.append(table([(1, 0, 5, None), (1, 720, 6, None)]), writer="a")
    lake.seal()
    settler.settle()
    lake.append(table([(1, 0, 7, None)]), writer="a")
    lake.seal()


def remount(place: Path, how: str) -> None:
    gc.collect()  # an inbox that is still open would keep the file system busy
    subprocess.run(["mount", "-o", f"remount,{how}", str(place)], check=True)


def test_a_read_only_disk_can_be_read(small_disk: Path) -> None:
    root = small_disk / "lake"
    fill_lake(root)
    settler = Settler(root, lambda: OCTOBER_US)
    remount(small_disk, "ro")
    try:
        assert {(1, 0): 7, (1, 720): 6} == known(root)
        with pytest.raises(OSError, match="Read-only"):
            settler.settle()
    finally:
        remount(small_disk, "rw")
    settle_and_move(settler)
    assert {(1, 0): 7, (1, 720): 6} == known(root)
