"""Each route × each role, then what the answers hold. A route missing in the table fails."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from tanma.api import openapi
from tanma.apps.imports import door as imports
from tanma.apps.people.door import ApiToken, User, create_token
from tests.api.test_imports import power
from tests.apps.imports.conftest import FIRST
from tests.apps.region import CITY, COUNTY_1, COUNTY_2, FIRMS, PARK, TOWNS

pytestmark = [pytest.mark.db, pytest.mark.django_db]
ROLES = ("", "firm_a", "firm_b", "county2", "city", "admin")
OPEN = dict.fromkeys(ROLES, 200)
SIGNED_IN = OPEN | {"": 401}
OFFICE = SIGNED_IN | {"firm_a": 403, "firm_b": 403}
OF_ITS_AUTHOR = dict.fromkeys(ROLES, 404) | {"": 401, "firm_a": 200, "admin": 200}
OF_A = SIGNED_IN | {"firm_b": 404, "county2": 404}
TABLE = {
    ("GET", "/api/v1/codes/{code}"): OPEN,
    ("GET", "/api/v1/factors"): OPEN,
    ("GET", "/api/v1/schemes"): OPEN,
    ("GET", "/api/v1/enterprises"): SIGNED_IN,
    ("GET", "/api/v1/enterprises/{uid}"): OF_A,
    ("GET", "/api/v1/enterprises/{uid}/facts"): OF_A,
    ("GET", "/api/v1/results"): SIGNED_IN,
    ("POST", "/api/v1/rate"): SIGNED_IN,
    ("GET", "/api/v1/areas"): OFFICE,
    ("GET", "/api/v1/runs"): OFFICE,
    ("GET", "/api/v1/imports"): SIGNED_IN,
    ("POST", "/api/v1/imports"): SIGNED_IN,
    ("GET", "/api/v1/imports/{batch}"): OF_ITS_AUTHOR,
    ("GET", "/api/v1/imports/{batch}/report"): OF_ITS_AUTHOR,
}
RATE = {
    "scheme": "zhejiang-carbon-efficiency",
    "rows": [
        {"id": str(i), "group": "1751", "numerator": n, "denominator": "100"}
        for i, n in enumerate(["10", "50.5", 60, "100", "400"])
    ],
}


def path_of_batch(published):
    """A file of firm A, whoever asks for it."""
    return imports.take(power(FIRST), published.viewer("firm_a")).uid


def call(published, role, method, path, **query):
    firm = published.enterprise("A")
    batch = path_of_batch(published) if "{batch}" in path else ""
    address = path.format(code=firm.public_code, uid=firm.uid, batch=batch)
    client = published.client_of(role)
    if method == "POST" and path.endswith("imports"):
        return client.post(address, {"file": power(FIRST), "package": "energy"})
    if method == "POST":
        return client.post(address, json.dumps(RATE), content_type="application/json")
    return client.get(address, query)


def test_the_table_has_every_route():
    assert {(m, p) for m, p, _ in openapi.operations()} == set(TABLE)


@pytest.mark.parametrize("role", ROLES)
def test_every_route_answers_every_role_as_the_table_says(published, role):
    found = {key: call(published, role, *key).status_code for key in TABLE}
    assert {key: row[role] for key, row in TABLE.items()} == found


@pytest.mark.parametrize("role", ROLES)
def test_every_refusal_has_a_code_and_both_languages(published, role):
    for key, row in TABLE.items():
        if row[role] != 200:
            body = call(published, role, *key).json()
            assert {"code", "zh", "en"} == set(body)
            assert all(body.values())


def bearer(text):
    return {"headers": {"authorization": f"Bearer {text}"}}


def test_a_key_acts_as_its_user_until_it_is_revoked_or_expires(published, client):
    user = User.objects.get(username="firm_a")
    token, text = create_token(user, "script", 9)
    answer = client.get("/api/v1/enterprises", **bearer(text))
    assert [FIRMS["A"].name] == [e["name"] for e in answer.json()["items"]]
    assert 401 == client.get("/api/v1/enterprises", **bearer(text + "x")).status_code
    ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now() - timedelta(days=1))
    assert 401 == client.get("/api/v1/enterprises", **bearer(text)).status_code
    assert text not in str(list(ApiToken.objects.values()))


def test_a_key_needs_no_csrf_token_but_a_session_does(published):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.get(username="firm_a"))
    body = {"data": json.dumps(RATE), "content_type": "application/json"}
    assert 403 == strict.post("/api/v1/rate", **body).status_code
    _, text = create_token(User.objects.get(username="firm_a"), "script", 9)
    keyed = Client(enforce_csrf_checks=True)
    assert 200 == keyed.post("/api/v1/rate", **body, **bearer(text)).status_code


def test_without_a_known_key_it_is_told_so_whatever_the_method(published):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    body = {"data": json.dumps(RATE), "content_type": "application/json"}
    for answer in (
        strict.post("/api/v1/rate", **body, **bearer("tanma_none")),
        strict.get("/api/v1/results", **bearer("tanma_none")),
        strict.post("/api/v1/rate", **body),
    ):
        assert (401, "api_login_needed") == (answer.status_code, answer.json()["code"])


@pytest.mark.parametrize("path", ["results", "enterprises", "runs", "factors"])
def test_an_offset_beyond_every_list_is_refused(published, path):
    answer = published.client_of("city").get(f"/api/v1/{path}", {"offset": "9" * 20})
    assert (422, "api_input_wrong") == (answer.status_code, answer.json()["code"])


def test_the_public_code_is_what_the_code_page_gives(published, client):
    code = published.enterprise("A").public_code
    assert client.get(f"/c/{code}.json").json() == client.get(f"/api/v1/codes/{code}").json()


def test_a_signed_in_caller_learns_no_more_of_a_public_code(published, client):
    code = published.enterprise("A").public_code
    own = published.client_of("firm_a").get(f"/api/v1/codes/{code}").json()
    assert client.get(f"/api/v1/codes/{code}").json() == own


def test_a_wrong_code_is_explained(client, db):
    body = client.get("/api/v1/codes/XXXX").json()
    assert "public_code_wrong" == body["code"]
    assert "XXXX" in body["zh"]
    assert "XXXX" in body["en"]


def test_results_are_those_of_visible_enterprises_with_exact_amounts(published):
    answer = published.client_of("county2").get("/api/v1/results").json()
    assert {FIRMS[k].name for k in "BDF"} == {r["name"] for r in answer["items"]}
    row = next(r for r in answer["items"] if r["name"] == FIRMS["B"].name)
    stored = published.run().results.get(name=FIRMS["B"].name)
    whole, _, fraction = row["net_tco2"].partition(".")
    assert stored.net_mg == int(whole + fraction.ljust(9, "0"))
    assert stored.grade == row["grade"]


@pytest.mark.parametrize(
    ("lang", "name"), [("zh-hans", "棉织造加工"), ("en", "Weaving of cotton")]
)
def test_the_name_of_an_industry_follows_the_language_asked_for(published, lang, name):
    firm = published.enterprise("A")
    type(firm).objects.filter(pk=firm.pk).update(industry="1712")
    published.run().results.filter(subject=firm.pk).update(industry="1712")
    client, spoken = published.client_of("firm_a"), {"accept-language": lang}
    one = client.get(f"/api/v1/enterprises/{firm.uid}", headers=spoken).json()
    (row,) = client.get("/api/v1/results", headers=spoken).json()["items"]
    assert [("1712", name)] * 2 == [(r["industry"], r["industry_name"]) for r in (one, row)]


def test_results_of_an_unknown_period_are_not_found(published):
    answer = published.client_of("city").get("/api/v1/results", {"period": "2020"})
    assert (404, "api_not_found") == (answer.status_code, answer.json()["code"])


def test_facts_carry_every_version_and_the_time(published):
    uid = published.enterprise("A").uid
    query = {"item": "electricity.purchased", "period": "2026-01"}
    answer = published.client_of("firm_a").get(f"/api/v1/enterprises/{uid}/facts", query).json()
    assert 1 == answer["count"]
    fact = answer["items"][0]
    assert ("21377", "kWh", True) == (fact["value"], fact["unit"], fact["current"])
    earlier = query | {"known_at": fact["stamp"] - 1}
    answer = published.client_of("firm_a").get(f"/api/v1/enterprises/{uid}/facts", earlier)
    assert 0 == answer.json()["count"]


def test_a_wrong_period_is_told_in_both_languages(published):
    uid = published.enterprise("A").uid
    path = f"/api/v1/enterprises/{uid}/facts"
    answer = published.client_of("firm_a").get(path, {"period": "2026Q9"})
    assert (400, "period_unknown") == (answer.status_code, answer.json()["code"])
    assert "2026Q9" in answer.json()["zh"]
    assert "2026Q9" in answer.json()["en"]


def test_areas_have_the_index_of_their_enterprises(published):
    rows = {a["code"]: a for a in published.client_of("city").get("/api/v1/areas").json()}
    stored = published.run().areas.get(hierarchy="statutory", area_code=CITY).figures
    expected = int(stored["index_mg"]) / 1e9 / (int(stored["index_output_fen"]) / 1e6)
    assert expected == pytest.approx(rows[CITY]["index"])
    managed = published.client_of("city").get("/api/v1/areas", {"hierarchy": "management"}).json()
    assert {PARK: CITY, CITY: None} == {a["code"]: a["parent"] for a in managed}


SUMS = ("net_tco2", "output_yuan", "index")


def areas_of(published, changed):
    """What officials read when some areas have so many enterprises."""
    for row in published.run().areas.filter(hierarchy="statutory", area_code__in=changed):
        count = changed[row.area_code]
        row.figures = row.figures | {"enterprises": count, "index_n": count}
        row.save()
    rows = {a["code"]: a for a in published.client_of("city").get("/api/v1/areas").json()}
    assert changed == {code: rows[code]["enterprises"] for code in changed}
    return {code: [row[k] for k in SUMS] for code, row in rows.items()}


def test_a_sum_of_too_few_enterprises_is_not_given_nor_what_tells_it_by_subtraction(published):
    """City − county 1 would be county 2, and the one town of county 1 is county 1 again."""
    rows = areas_of(published, {COUNTY_2: 2, TOWNS[COUNTY_2]: 2})
    shut = {code for code, told in rows.items() if told == [None] * 3}
    assert {COUNTY_1, COUNTY_2, *TOWNS.values()} == shut
    assert None not in rows[CITY]


def test_two_counties_give_the_same_to_each_of_their_officials(published):
    areas_of(published, {COUNTY_2: 2, TOWNS[COUNTY_2]: 2})
    rows = published.client_of("county1").get("/api/v1/areas").json()
    assert {COUNTY_1, TOWNS[COUNTY_1]} == {r["code"] for r in rows}
    assert [[None] * 3] * 2 == [[r[k] for k in SUMS] for r in rows]


def test_where_enough_stand_behind_every_sum_all_are_given(published):
    rows = areas_of(published, {COUNTY_2: 3, TOWNS[COUNTY_2]: 3})
    assert all(None not in told for told in rows.values())


def test_an_official_reads_the_own_areas_alone(published):
    rows = {a["code"]: a for a in published.client_of("county2").get("/api/v1/areas").json()}
    assert rows[COUNTY_2]["net_tco2"] is not None
    assert rows[TOWNS[COUNTY_2]]["net_tco2"] is not None
    assert {COUNTY_2, TOWNS[COUNTY_2]} == set(rows)


def test_rated_rows_agree_with_the_engine(published):
    import pyarrow as pa

    from tanma.domain.rating import find
    from tanma.engine.rating import rate

    answer = call(published, "firm_a", "POST", "/api/v1/rate").json()
    table = pa.table(
        {
            "id": [r["id"] for r in RATE["rows"]], "group": ["1751"] * 5,
            "numerator": pa.array([100, 505, 600, 1000, 4000], pa.int64()),
            "denominator": pa.array([100] * 5, pa.int64()),
        }
    )  # fmt: skip
    scheme = find(RATE["scheme"])
    expected = rate(table, scheme, numerator_scale=1, denominator_scale=0).to_pylist()
    assert [(e["grade"], e["ratio"], e["level"]) for e in expected] == [
        (r["grade"], r["ratio"], r["level"]) for r in answer["rows"]
    ]
    assert "unconfirmed" == answer["evidence"]


def test_rated_rows_hold_what_the_scheme_adds_and_no_more(published):
    def rated(scheme):
        rows = [{**row, "period": period} for period in ("2024", "2025") for row in RATE["rows"]]
        body = json.dumps({"scheme": scheme, "rows": rows})
        answer = published.client_of("firm_a").post(
            "/api/v1/rate", body, content_type="application/json"
        )
        return answer.json()["rows"][-1]

    added = {"base_benchmark", "ratio_frozen", "target_benchmark", "ratio_pathway"}
    code, other = rated("zhejiang-carbon-efficiency"), rated("uk-ets-allocation")
    assert added == {*code} - {*other}
    assert pytest.approx(code["ratio"]) == code["ratio_frozen"]
    assert pytest.approx(code["ratio"] / 0.961) == code["ratio_pathway"]
    assert None in other.values()  # what is always there stays, also when it is empty


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"scheme": "none"}, 404, "scheme_unknown"),
        ({"rows": []}, 422, "api_input_wrong"),
        ({"rows": [{"id": "a", "group": "g", "numerator": "x", "denominator": "1"}]}, 422,
         "api_amount_wrong"),
        ({"rows": [{"id": "a", "group": "g", "numerator": "1e-999999", "denominator": "1"}]}, 422,
         "api_amount_wrong"),
        ({"rows": [{"id": "a", "group": "g", "numerator": "1e999999", "denominator": "1"}]}, 422,
         "api_amount_wrong"),
        ({"rows": [{"id": "a", "group": "g", "numerator": 1.5, "denominator": "1"}]}, 422,
         "api_input_wrong"),
        ({"rows": [{"id": "a"}]}, 422, "api_input_wrong"),
        ({"rows": [{"id": "a", "group": "g", "numerator": 1, "denominator": 1,
                    "period": "2026Q9"}]}, 400, "period_unknown"),
    ],
)  # fmt: skip
def test_wrong_input_is_told_in_both_languages(published, change, status, code):
    body = json.dumps(RATE | change)
    answer = published.client_of("firm_a").post(
        "/api/v1/rate", body, content_type="application/json"
    )
    assert (status, code) == (answer.status_code, answer.json()["code"])
    assert answer.json()["zh"] != answer.json()["en"]


def test_pages_are_cut_and_counted(published):
    client = published.client_of("city")
    first = client.get("/api/v1/enterprises", {"limit": 3}).json()
    rest = client.get("/api/v1/enterprises", {"limit": 100, "offset": 3}).json()
    assert len(FIRMS) == first["count"] == len(first["items"]) + len(rest["items"])
    assert 422 == client.get("/api/v1/enterprises", {"limit": 100_000}).status_code


def test_factors_are_found_with_their_mark(client, db):
    answer = client.get("/api/v1/factors", {"table": "fuels", "q": "无烟煤"}).json()
    assert answer["count"] == len(answer["items"]) > 0
    assert {"fuels"} == {f["table"] for f in answer["items"]}
    assert all(f["evidence"] for f in answer["items"])
    assert 404 == client.get("/api/v1/factors", {"table": "none"}).status_code


def test_the_page_for_people_names_every_path(client, db):
    text = client.get("/api/").content.decode()
    for _, path, _ in openapi.operations():
        assert path in text
