"""Who may see what: every rule of the one policy function. Runs on SQLite and PostgreSQL."""

import pytest
from django.core.exceptions import PermissionDenied

from tanma.apps.people import door as people
from tanma.apps.people.door import Grant, Role, Viewer
from tanma.apps.registry import door as registry

pytestmark = [pytest.mark.db, pytest.mark.django_db]


@pytest.fixture
def region():
    subjects = registry.register("uscc", ["E", "W"], author="test")
    for name, area in (("E", "11"), ("W", "12")):
        for code in (area, "1"):
            registry.Placement.objects.create(subject=subjects[name], area_code=code)
    return subjects


def seen(viewer):
    rows = people.visible(viewer, registry.Enterprise.objects.all())
    return {e.uscc for e in rows}


def test_each_role_sees_its_own_rows(region):
    official = Viewer(1, "x", (Grant(Role.BUREAU, "11"),))
    assert {"E"} == seen(official)
    assert {"E", "W"} == seen(Viewer(1, "x", (Grant(Role.BUREAU, ""),)))
    assert {"W"} == seen(Viewer(2, "y", (Grant(Role.ENTERPRISE, subject=region["W"]),)))
    assert set() == seen(Viewer())
    assert {"E"} == seen(Viewer(consented=frozenset({region["E"]})))


def test_an_official_of_one_area_may_not_open_figures_of_another(region):
    official = Viewer(1, "x", (Grant(Role.BUREAU, "11"),))
    assert official.may("see_figures", region["E"])
    assert not official.may("see_figures", region["W"])
    with pytest.raises(PermissionDenied):
        official.require("see_figures", region["W"])


def test_consent_opens_figures_but_no_action(region):
    guest = Viewer(consented=frozenset({region["E"]}))
    assert guest.may("see_figures", region["E"])
    assert not guest.may("declare", region["E"])
    assert not guest.may("see_statistical", region["E"])


def test_an_enterprise_acts_for_itself_only(region):
    own = Viewer(2, "y", (Grant(Role.ENTERPRISE, subject=region["W"]),))
    assert own.may("declare", region["W"])
    assert not own.may("declare", region["E"])
    assert not own.may("publish_run")


def test_review_check_and_publication_are_three_roles():
    for action, role in (
        ("review_run", Role.REVIEWER),
        ("check_run", Role.CHECKER),
        ("publish_run", Role.PUBLISHER),
    ):
        assert {role} == people.ACTIONS[action]


def test_a_model_without_a_policy_cannot_be_shown():
    with pytest.raises(LookupError, match="row_policy"):
        people.visible(people.SYSTEM, people.Organisation.objects.all())
