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


@pytest.mark.parametrize("action", ["start_run", "review_run", "check_run", "publish_run"])
def test_what_touches_every_enterprise_needs_the_whole_region(region, action):
    (role, *_) = sorted(people.ACTIONS[action] - {Role.ADMIN})
    assert Viewer(1, "x", (Grant(role, "1"),)).may(action)
    assert Viewer(1, "x", (Grant(role, "11"), Grant(role, "12"))).may(action)
    assert Viewer(1, "x", (Grant(role, ""),)).may(action)
    assert not Viewer(1, "x", (Grant(role, "11"),)).may(action)
    wide_in_another_role = (Grant(role, "11"), Grant(Role.ENTERPRISE, subject=region["E"]))
    assert not Viewer(1, "x", wide_in_another_role).may(action)


def test_an_official_of_part_of_the_region_is_not_of_the_whole(region):
    assert Viewer(1, "x", (Grant(Role.BUREAU, "1"),)).whole_region
    assert not Viewer(1, "x", (Grant(Role.BUREAU, "11"),)).whole_region
    assert not Viewer(2, "y", (Grant(Role.ENTERPRISE, subject=region["W"]),)).whole_region


def test_a_model_without_a_policy_cannot_be_shown():
    with pytest.raises(LookupError, match="row_policy"):
        people.visible(people.SYSTEM, people.Organisation.objects.all())
