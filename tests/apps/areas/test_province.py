"""A province of two cities: each office has its own, the province ranks them, sums stay exact."""

import pytest

from tanma.apps.areas.frozen import forget
from tanma.apps.facts import door as facts
from tanma.apps.people.door import Membership, Organisation, Role, User
from tanma.apps.registry import door as registry
from tests.apps.region import CITY, COUNTY_1, COUNTY_2, PUBLISHED, client_of, fact, publish

pytestmark = [pytest.mark.db, pytest.mark.django_db]
PROVINCE, OTHER = "99", "9902"
NAMES = {PROVINCE: "样例省", OTHER: "样例二市"}


@pytest.fixture
def province(published):
    """County 2 lies in a second city, and each of the three has an office of its own."""
    made = registry.register("area", [PROVINCE, OTHER, CITY, COUNTY_2], author="test")
    kinds = {PROVINCE: "province", OTHER: "city", CITY: "city"}
    parents = {CITY: PROVINCE, OTHER: PROVINCE, COUNTY_2: OTHER}
    rows = [fact(made[c], "name", text=n) for c, n in NAMES.items()]
    rows += [fact(made[c], "area.kind", text=k) for c, k in kinds.items()]
    rows += [fact(made[c], "area.parent.statutory", text=p) for c, p in parents.items()]
    facts.append(facts.table(rows), author="test")
    registry.project()
    publish(PUBLISHED[-1])
    forget()
    office, _ = Organisation.objects.get_or_create(name_zh="样例单位")
    for name, area in (("province", PROVINCE), ("other", OTHER)):
        user = User.objects.create_user(username=name)
        Membership.objects.create(
            user=user, organisation=office, role=Role.BUREAU, area_code=area,
            valid_from="2020-01-01",
        )  # fmt: skip
    return published


def page(name, address):
    answer = client_of(name).get(address)
    return answer.content.decode() if answer.status_code == 200 else answer.status_code


def test_the_province_ranks_its_cities_and_a_city_its_counties(province):
    text = page("province", "/cockpit/rankings/?level=city")
    assert "地市" in text
    assert "样例市" in text
    assert "样例二市" in text
    assert "地市" not in page("city", "/cockpit/rankings/")


def test_a_city_office_sees_its_own_city_alone(province):
    assert 200 == client_of("city").get(f"/cockpit/area/{CITY}/").status_code
    for address in (f"/cockpit/area/{OTHER}/", f"/cockpit/area/{COUNTY_2}/", "/cockpit/area/99/"):
        assert 403 == page("city", address), address
    assert 403 == page("other", f"/cockpit/area/{COUNTY_1}/")
    listed = page("other", "/registry/enterprises/")
    assert province.enterprise("B").name in listed
    assert province.enterprise("A").name not in listed
    assert 404 == page("other", f"/registry/enterprises/{province.enterprise('A').uid}/")
    assert 403 == page("other", "/publications/start/")


def test_two_cities_add_up_to_the_province(province):
    text = page("province", "/cockpit/area/99/")
    assert "合计一致" in text
    assert "2 个下级区域之和" in text
