"""A publication never changes: read-only files, digests that verify, every changed byte named."""

from __future__ import annotations

import os
import stat

import pytest

from tanma.apps.codes import door as codes
from tanma.apps.people.door import Grant, Role, User, Viewer
from tanma.domain.messages import Problem

pytestmark = [pytest.mark.db, pytest.mark.django_db]
STEPS = {"review": Role.REVIEWER, "check": Role.CHECKER, "publish": Role.PUBLISHER}


def step(run, action):
    user, _ = User.objects.get_or_create(username=action, defaults={"display_name": action})
    viewer = Viewer(user.pk, action, (Grant(STEPS[action]),))
    return codes.take(run.id, action, viewer, preview_days=0)


@pytest.fixture
def run(kernel):
    made = kernel.compute()
    step(made, "review")
    return step(made, "check")


def parquet(run):
    return sorted(codes.files_of(run).folder.glob("*.parquet"))


def flip(path, place):
    """Change one byte, as a disk or a hand might."""
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_publication_seals_the_lines(run):
    published = step(run, "publish")
    assert codes.files_of(run).seal("lines") == published.summary["seals"]["lines"]
    published.refresh_from_db()
    assert "published" == published.state
    assert published.summary["seals"]["lines"].startswith("sha256:")


def test_the_files_are_read_only_and_agree_with_their_digests(run):
    published = step(run, "publish")
    files = codes.files_of(published)
    assert files.digest == published.digest
    files.verify()
    for path in (*parquet(published), files.folder / "run.json"):
        assert not stat.S_IMODE(os.stat(path).st_mode) & 0o222


def test_any_changed_byte_is_named(run):
    published = step(run, "publish")
    files = codes.files_of(published)
    for path in parquet(published):
        for place in (4, path.stat().st_size // 2, path.stat().st_size - 5):
            flip(path, place)
            with pytest.raises(Problem) as told:
                files.verify()
            assert "result_changed" == told.value.code
            for language in ("zh", "en"):
                assert path.stem in told.value.text(language)
            flip(path, place)
    files.verify()


def test_a_run_whose_lines_changed_is_not_published(run):
    flip(codes.files_of(run).path("lines"), 4)
    with pytest.raises(Problem) as told:
        step(run, "publish")
    assert "result_changed" == told.value.code
    run.refresh_from_db()
    assert ("checked", None) == (run.state, run.number)
