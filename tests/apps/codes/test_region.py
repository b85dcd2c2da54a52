"""The region that page tests share: built through the doors, put back unchanged."""

import pytest

from tanma.apps.codes import door as codes
from tests.apps.region import PREVIEW, PUBLISHED

pytestmark = [pytest.mark.db, pytest.mark.django_db]


@pytest.mark.parametrize("turn", ["built", "restored"])
def test_the_region_is_the_same_each_time(published, turn):
    results = {r.subject: r for r in published.run().results.all()}
    grades = {key: results[published.subject(key)].grade for key in "ABCDEFGS"}
    assert {"A": 1, "B": 5, "C": 1, "D": 2, "E": 3, "F": 3, "G": None, "S": 1} == grades
    assert ["published"] * 2 == [published.run(p).state for p in PUBLISHED]
    assert "checked" == published.run(PREVIEW).state
    files = codes.files_of(published.run())
    files.verify()
    assert files.digest == published.run().digest
    assert 3 == len(published.run().steps.exclude(action="compute"))


def test_facts_can_be_added_to_a_restored_region(published):
    run = codes.compute("2026Q1", published.viewer("admin"))
    assert 8 == run.summary["enterprises"]
