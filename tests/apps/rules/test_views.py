"""Rules are open to everybody and show every value with its evidence mark."""

from dataclasses import replace
from fractions import Fraction

import pytest

from tanma.apps.rules import views
from tanma.domain import items, methods, rating
from tanma.domain.documents import document_name
from tanma.domain.factors.tables import rows, tables
from tanma.domain.rating.scheme import Shrink

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def page(client, path, **query):
    answer = client.get(path, query)
    assert 200 == answer.status_code
    return answer


def test_every_table_is_listed_with_its_rows_and_its_unconfirmed_values(client):
    text = page(client, "/rules/factors/").content.decode()
    for info in tables():
        assert info.title_zh in text
        assert f"/rules/factors/{info.name}/" in text


@pytest.mark.parametrize("name", [i.name for i in tables()])
def test_every_table_shows_its_card_and_exports_every_row(client, name):
    info = next(i for i in tables() if i.name == name)
    text = page(client, f"/rules/factors/{name}/").content.decode()
    assert info.checksum in text
    answer = client.get(f"/rules/factors/{name}/", {"export": "csv"})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(rows(name)) + 1 == len(lines)


def test_recalled_values_look_unconfirmed_on_page_and_in_file(client):
    wanted = [r for r in rows("fuels") if r["evidence"] == "recalled"]
    answer = page(client, "/rules/factors/fuels/", q=wanted[0]["id"])
    assert "未确认" in answer.content.decode()
    answer = client.get("/rules/factors/fuels/", {"export": "csv"})
    text = b"".join(answer.streaming_content).decode()
    line = next(line for line in text.splitlines() if line.startswith(wanted[0]["id"]))
    assert "未确认" in line


def test_search_finds_a_value_by_any_word_over_all_tables(client):
    hits = page(client, "/rules/factors/", q="无烟煤").context["hits"].source
    assert hits
    assert all("无烟煤" in "".join(h.values()) for h in hits)
    assert [] == page(client, "/rules/factors/", q="没有这个词").context["hits"].source


def test_schemes_show_cut_offs_sources_and_that_nobody_confirmed_them(client):
    text = page(client, "/rules/schemes/").content.decode()
    for scheme in rating.shipped():
        assert f'id="{scheme.id}"' in text
        assert scheme.title.zh in text
        for source in scheme.sources:
            assert document_name(source.title, "zh") in text
        for band in scheme.ratio.bands:
            assert band.upper_text in text
    assert "未确认" in text
    assert "示例" in text


def test_bounds_say_on_which_side_a_tie_falls(client):
    from tanma.apps.rules.views import _bands

    scheme = next(s for s in rating.shipped() if s.id == "zhejiang-carbon-efficiency")
    ranges = [r for _, r, _ in _bands(scheme.intensity.bands)]
    first, last = scheme.intensity.bands[0], scheme.intensity.bands[-2]
    assert f"≤ {first.upper_text}" == ranges[0]
    assert f"> {last.upper_text}" == ranges[-1]


@pytest.mark.parametrize("name", list(methods.editions()))
def test_every_edition_shows_its_lines_with_formulas_as_written(client, name):
    from tanma.domain.quantities import find

    found = methods.edition(name)
    context = page(client, f"/rules/editions/{name}/").context
    assert [line.id for line in found.lines] == [line["id"] for line in context["lines"]]
    shown = {line["id"]: line["formula"].text for line in context["lines"]}
    for line in found.lines:
        formula = find(line.formula)
        assert f"{formula.symbol} = {formula.written()}" == shown[line.id]
    assert [t.id for t in found.totals] == [t[0] for t in context["totals"]]


def test_what_is_not_there_is_not_found(client):
    assert 404 == client.get("/rules/editions/none/").status_code
    assert 404 == client.get("/rules/factors/none/").status_code


def test_items_are_searched_and_exported(client):
    assert len(items.items()) == len(page(client, "/rules/items/").context["table"].source)
    found = page(client, "/rules/items/", q="购入电力").context["table"].source
    assert {i.item for i in items.items().values() if "购入电力" in i.name_zh} == {
        i.item for i in found
    }
    assert "electricity.purchased" in {i.item for i in found}


def test_the_rule_of_the_regional_index_stands_beside_the_grading_schemes(client):
    text = page(client, "/rules/schemes/").content.decode()
    assert "高于全域指数的 1.2 倍，且比上年同期上升；比上年同期上升超过 10%" in text
    assert "本系统自定规则" in text
    last = page(client, "/rules/schemes/").context["schemes"][-1]
    assert "regional-carbon-index" == last["scheme"].id
    assert ["比值", "同比"] == [role for role, *_ in last["bands"]]


def test_pages_speak_english(client):
    for path, words in (
        ("/rules/schemes/", "not confirmed by the authority"),
        ("/rules/items/", "Purchased electricity"),
        ("/rules/editions/", "Account of the carbon-efficiency code"),
    ):
        answer = client.get(path, headers={"accept-language": "en"})
        assert words in answer.content.decode()


def test_schemes_tell_base_period_pathway_and_shrinking(client, monkeypatch):
    text = page(client, "/rules/schemes/").content.decode()
    assert "下降路径每年 3.9%" in text
    assert "小行业收缩" not in text
    scheme = rating.find("zhejiang-carbon-efficiency")
    for rule, words in (
        (Shrink("proposed", Fraction(2)), "k = 组内方差 ÷ 组间方差（无法估计时为 2）"),
        (Shrink("proposed", Fraction(2), Fraction("2.5")), "k = 2.5 "),
    ):
        own = replace(scheme, population=replace(scheme.population, shrink=rule), base=None)
        monkeypatch.setattr(views, "known_schemes", lambda own=own: [own])
        text = page(client, "/rules/schemes/").content.decode()
        assert words in text
        assert "<dt>基期</dt>" not in text
