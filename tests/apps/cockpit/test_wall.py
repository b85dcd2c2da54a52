"""The wall: what stands on it, its refresh, its kiosk."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tanma.apps.areas.figures import AreaFigures
from tanma.apps.areas.frozen import forget, frozen, publications
from tanma.apps.cockpit import kiosks, wall
from tanma.apps.cockpit.models import Kiosk
from tanma.apps.facts import door as facts
from tanma.apps.people.door import visible
from tanma.apps.registry import door as registry
from tanma.engine import disclosure
from tests.apps.region import CITY, COUNTY_1, FIRMS, fact


def wall_of(published, user="city", path="/cockpit/"):
    return published.client_of(user).get(path)


def test_every_key_figure_has_unit_period_and_edition(published):
    tiles = wall_of(published).context["tiles"]
    assert 6 == len(tiles)
    for tile in tiles:
        assert tile["value"].unit
        assert "26Q1" in tile["source"]
        assert published.run().edition in tile["source"]


def test_a_change_without_a_year_before_says_so_with_the_reason(published):
    page = wall_of(published)
    assert all(tile["note"].startswith("同比不可比") for tile in page.context["tiles"])
    told = page.context["reporting"]["comparison"]
    assert "同比不可比：两年均报齐的只有 0 家，不足本期排放的 80%" == told
    assert told in page.content.decode()


@pytest.mark.parametrize(("same", "shown"), [(0.81, "同比 +25.0%"), (0.79, "同比不可比")])
def test_a_change_is_over_the_same_enterprises_that_stand_for_the_area(published, same, shown):
    data = frozen(published.run())
    row = data.areas["statutory", CITY]
    part = int(row["net_mg"] * same)
    row |= {"same_n": 6, "same_net_mg": part, "before_net_mg": part * 4 // 5}
    figures = AreaFigures(data, "statutory", CITY, "", row)
    assert shown == wall._yearly(figures.yearly(lambda y: y.amount("net_mg")))


def test_how_many_more_of_grade_5_counts_those_graded_both_times(published):
    data = frozen(published.run())
    row = data.areas["statutory", CITY]
    row |= {
        "same_net_mg": row["net_mg"], "before_net_mg": 1, "same_graded": 7, "same_grade_5": 3,
        "before_grade_5": 5,
    }  # fmt: skip
    assert -2 == AreaFigures(data, "statutory", CITY, "", row).grade_5_change
    row["same_graded"] = 0
    assert AreaFigures(data, "statutory", CITY, "", row).grade_5_change is None


def test_counts_are_compared_with_the_publication_before(published):
    page = wall_of(published)
    earlier = frozen(published.run("2025Q4/r4")).areas["statutory", CITY]
    assert {g: earlier[f"grade_{g}"] for g in range(1, 6)} == page.context["before"]
    first = wall_of(published, path="/cockpit/?period=2025Q4/r4")
    assert first.context["before"] is None


def test_without_a_target_there_is_no_line(published):
    assert wall_of(published).context["trend"].target is None


def test_an_entered_target_is_drawn_with_its_document(published):
    subject = registry.find("area", [CITY])[CITY]
    run = published.run()
    row = fact(subject, "target.emission_intensity", kind="amount", value=948_000,
               valid_from=run.period_end.replace(month=1, day=1),
               valid_to=run.period_end.replace(year=run.period_end.year + 1, month=1, day=1),
               source="government", evidence="#2 doc:样例〔2026〕1号")  # fmt: skip
    facts.append(facts.table([row]), author="test")
    assert wall_of(published).context["trend"].target is None  # not known when the run was made
    run.known_at = facts.watermark()
    run.save()
    forget()
    target = wall_of(published).context["trend"].target
    assert ("2026年目标 样例〔2026〕1号", 0.948, 1) == (target.name, target.value, target.axis)


def test_completeness_counts_who_reported_everything(published):
    reporting = wall_of(published).context["reporting"]
    assert (8, 7, 1) == (reporting["expected"], reporting["complete"], reporting["missing"])
    page = wall_of(published, path=f"/cockpit/area/{CITY}/")
    assert [FIRMS["G"].name] == [r.name for r in page.context["missing"].source]
    assert "缺报不按 0 计" in page.content.decode()


def test_an_unchanged_wall_is_answered_without_content(published):
    version = wall_of(published).context["version"]
    again = published.client_of("city").get("/cockpit/", {"seen": version})
    assert (204, b"") == (again.status_code, again.content)


def test_new_data_replaces_only_the_time_of_arrival(published):
    run = published.run()
    answer = published.client_of("city").get("/cockpit/", {"seen": f"{run.uid} earlier"})
    text = answer.content.decode()
    assert 'id="pulse" hx-swap-oob="true"' in text
    assert "wall-col" not in text


def test_a_new_publication_replaces_the_figures(published):
    answer = published.client_of("city").get("/cockpit/", {"seen": "another run"})
    text = answer.content.decode()
    assert 'id="tiles" hx-swap-oob="true"' in text
    assert 'hx-swap-oob="innerHTML:#main"' in text
    assert "<html" not in text


@pytest.mark.parametrize("key", ["index", "emission", "grade5"])
def test_the_face_of_the_map_stands_in_the_address(published, key):
    page = wall_of(published, path=f"/cockpit/?map={key}")
    assert key == page.context["places"]["measure"].key


def test_pages_keep_the_content_policy(published):
    for path in ("/cockpit/", f"/cockpit/area/{CITY}/", "/cockpit/attention/"):
        text = wall_of(published, path=path).content.decode()
        assert "style=" not in text
        assert "onclick" not in text


def test_english_is_a_switch(published):
    client = published.client_of("city")
    client.cookies["django_language"] = "en"
    text = client.get("/cockpit/").content.decode()
    assert "Net emissions" in text
    assert "净碳排放" not in text


# --- kiosk


@pytest.fixture
def kiosk(published):
    return kiosks.make(published.viewer("city"), CITY, "大厅", 7)


def test_a_kiosk_opens_without_login_and_names_no_enterprise(published, kiosk):
    page = published.client_of("").get(f"/cockpit/kiosk/{kiosk[1]}/")
    text = page.content.decode()
    assert 200 == page.status_code
    assert [] == [f.name for f in FIRMS.values() if f.name in text]
    assert 'href="/cockpit/' not in text
    assert 3 == len(page.context["benchmark"].series)


def test_a_kiosk_ends_when_it_expires_or_is_revoked(published, kiosk):
    visitor, address = published.client_of(""), f"/cockpit/kiosk/{kiosk[1]}/"
    Kiosk.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert 404 == visitor.get(address).status_code
    Kiosk.objects.update(expires_at=timezone.now() + timedelta(days=1))
    assert 200 == visitor.get(address).status_code
    assert kiosks.revoke(published.viewer("city"), kiosk[0].id)
    assert 404 == visitor.get(address).status_code


def test_a_wrong_token_opens_nothing(published, kiosk):
    assert 404 == published.client_of("").get("/cockpit/kiosk/wrong/").status_code
    assert kiosk[1] not in str(Kiosk.objects.values())


def test_a_kiosk_shows_its_own_area_only(published):
    _, token = kiosks.make(published.viewer("county1"), COUNTY_1, "县大厅", 7)
    page = published.client_of("").get(f"/cockpit/kiosk/{token}/?area={CITY}")
    assert COUNTY_1 == page.context["area"].code


def test_only_its_maker_sees_and_revokes_a_kiosk(published, kiosk):
    other = published.viewer("county1")
    assert 0 == visible(other, Kiosk.objects.all()).count()
    assert not kiosks.revoke(other, kiosk[0].id)


def test_a_kiosk_is_made_and_revoked_on_the_page(published):
    client = published.client_of("county1")
    form = {"label": "县大厅", "area_code": COUNTY_1, "days": "30"}
    made = client.post("/cockpit/kiosks/", form).context["made"]
    assert 200 == published.client_of("").get(made).status_code
    refused = client.post("/cockpit/kiosks/", form | {"area_code": CITY})
    assert refused.context["made"] == ""
    uid = Kiosk.objects.get().uid
    assert 302 == client.post("/cockpit/kiosks/", {"revoke": uid}).status_code
    assert 404 == published.client_of("").get(made).status_code


@pytest.mark.parametrize("days", [0, 3650])
def test_no_kiosk_lives_for_ever(published, days):
    with pytest.raises(ValueError, match=str(days)):
        kiosks.make(published.viewer("city"), CITY, "大厅", days)


def test_a_figure_of_few_enterprises_stays_in_the_office(published, kiosk, monkeypatch):
    monkeypatch.setattr(disclosure, "least", lambda: 10**9)
    page = published.client_of("").get(f"/cockpit/kiosk/{kiosk[1]}/")
    assert [] == page.context["below"]
    assert publications()
