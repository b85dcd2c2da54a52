"""Tags render words beside colour and never an inline style or script."""

from __future__ import annotations

from typing import Any

import pytest
from django.template import Context, Template, TemplateSyntaxError

from tanma.apps.kit import samples
from tanma.apps.kit.shapes import HexCell, HexLabel, hex_map


def show(source: str, **values: Any) -> str:
    return Template("{% load kit %}" + source).render(Context(values))


def test_a_grade_is_numeral_word_and_class() -> None:
    html = show("{% grade 4 %}")
    assert ('class="chip g4"', "<i>4</i>", "劣于") == tuple(
        w for w in ('class="chip g4"', "<i>4</i>", "劣于") if w in html
    )
    assert "暂不赋码" in show("{% grade None %}")


def test_the_ladder_points_at_one_rung_only() -> None:
    html = show("{% ladder 2 %}")
    assert 1 == html.count('class="here"')
    assert 'aria-label="碳效等级 2 级，优于行业平均"' in html
    assert 0 == show("{% ladder None %}").count('class="here"')


def test_counts_give_share_and_change() -> None:
    html = show(
        "{% grade_counts c before=b links=l %}", c={1: 1, 2: 3}, b={1: 2, 2: 3}, l={2: "/x"}
    )
    assert "25.0%" in html
    assert "−1" in html
    assert '<a class="num n" href="/x">3</a>' in html


def test_a_missing_figure_is_a_dash_without_unit() -> None:
    html = show('{% tile "碳排放" None unit="吨" period="2026Q3" %}')
    assert "—" in html
    assert "吨" not in html.replace('aria-label="碳排放"', "")
    assert "2026年三季度" in html


def test_a_tile_refuses_what_it_does_not_know() -> None:
    with pytest.raises(TemplateSyntaxError, match="colour"):
        show('{% tile "a" 1 colour="red" %}')


def test_evidence_says_what_it_means() -> None:
    html = show('{% evidence "recalled" %}')
    assert "凭记忆" in html
    assert "未对照原文" in html


def test_the_neutrality_mark_without_a_rate_says_so_by_an_empty_ring() -> None:
    assert "碳中和率" not in show("{% neutrality None %}")
    assert "8.4%" in show("{% neutrality 0.084 %}")


def test_a_poll_stops_when_no_address_is_given() -> None:
    assert 'hx-get="/p"' in show('{% progress "导入" 1 4 poll="/p" %}')
    assert "hx-get" not in show('{% progress "导入" 4 4 %}')
    assert "value=" not in show('{% progress "导入" None None %}')


def test_the_tree_opens_to_its_depth_and_names_sources() -> None:
    html = show("{% tree t open_depth=1 %}", t=samples.explanation())
    assert 1 == html.count("<details open")
    assert 2 == html.count("<details")
    assert "凭记忆" in html


def test_the_map_has_a_table_and_escapes_names() -> None:
    html = show("{% hexmap m %}", m=hex_map([HexCell(0, 0, "<b>", "1.2", href="/a")], title="图"))
    assert "&lt;b&gt;" in html
    assert "<table" in html


def test_a_dense_map_writes_nothing_into_its_cells_and_keeps_its_table() -> None:
    cells = [HexCell(c, r, f"镇{c}.{r}", "1.2") for c in range(20) for r in range(13)]
    html = show("{% hexmap m %}", m=hex_map(cells, [HexLabel("市", 5, 5, inside=True)], title="图"))
    assert 260 == html.count("<polygon")
    assert 1 == html.count("<text")
    assert 260 == html.count('<th scope="row">镇')


def test_the_chart_data_cannot_break_out_of_its_script() -> None:
    from tanma.apps.kit.charts import Chart, Series

    html = show("{% chart c %}", c=Chart("bars", "</script><x>", ["a"], [Series("s", [1])]))
    assert "</script><x>" not in html


@pytest.mark.parametrize(
    "source",
    [
        "{% ladder 2 %}",
        "{% grade_counts c %}",
        "{% chart t %}",
        "{% hexmap m %}",
        "{% neutrality 0.5 %}",
        "{% stepper s %}",
        "{% tree e %}",
        '{% qr "https://a.example" %}',
    ],
)
def test_no_inline_style_or_handler(source: str) -> None:
    html = show(
        source,
        c=samples.COUNTS,
        t=samples.trend(),
        m=samples.places(),
        s=samples.steps(),
        e=samples.explanation(),
    )
    assert "style=" not in html
    assert " onclick" not in html
