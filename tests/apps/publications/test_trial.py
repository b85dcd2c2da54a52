"""The page on which a draft is tried out: counts, moves, rights, and when the draft changed."""

import pytest

from tanma.apps.codes import trials
from tanma.apps.codes.models import Result
from tanma.apps.rules import packs
from tests.apps.region import client_of, viewer_of
from tests.apps.rules.conftest import BASE, CODE, drafted, published, stricter

__all__ = ["drafted", "published"]
pytestmark = [pytest.mark.db, pytest.mark.django_db]


def test_the_page_shows_counts_and_moves_and_says_when_the_draft_changed(drafted):
    address = f"/publications/try/{drafted.scheme.uid}/"
    client = client_of("admin")
    assert "还没有试算过" in client.get(address).content.decode()
    trials.try_pack(drafted.scheme.pk, viewer_of("admin"))
    page = client.get(address).content.decode()
    assert "会变化的企业" in page
    assert "请重新试算" not in page
    packs.edit(drafted.scheme, drafted.scheme.files, viewer_of("admin"), "无改动")
    assert "请重新试算" not in client.get(address).content.decode()
    text = stricter(packs.text_of(BASE), cut="0.2")
    packs.edit(drafted.scheme, {f"{CODE}.toml": text}, viewer_of("admin"))
    assert "请重新试算" in client.get(address).content.decode()
    assert 403 == client_of("county1").post(address).status_code
    assert 403 == client_of("firm_a").get(address).status_code


def test_who_is_graded_by_output_has_no_level_and_moves_like_others(drafted):
    trial = trials.try_pack(drafted.scheme.pk, viewer_of("admin"))
    trial.moved[0][2] = ""
    trial.moved[0][4] = ""
    Result.objects.filter(run=trial.run, subject=trial.moved[0][0]).update(level="")
    trial.save()
    page = client_of("admin").get(f"/publications/try/{drafted.scheme.uid}/").content.decode()
    assert "未定级" in page
