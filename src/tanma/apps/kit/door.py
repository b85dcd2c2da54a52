"""What every room uses on screen and on paper. Other rooms import from here only.

Templates use `{% load kit %}` and extend `kit/base_desk.html`, `base_phone.html`,
`base_screen.html` or `base_entrance.html`; docs/design/screens.md lists tags and parts.
"""

from __future__ import annotations

from tanma.apps.kit.certificate import Certificate, Figure, certificate_pdf
from tanma.apps.kit.charts import Chart, Series, Target
from tanma.apps.kit.formats import (
    MISSING,
    Amount,
    big_tce,
    big_tonnes,
    clauses,
    grouped,
    intensity,
    known_time,
    listed,
    percent,
    period_name,
    period_short,
    rounded,
    scaled,
    signed,
    significant,
    statistics_only,
    tce,
    tonnes,
    unit_name,
    wan_yuan,
    with_note,
)
from tanma.apps.kit.nav import Entry, register
from tanma.apps.kit.pdf import render_pdf, vendor_fonts
from tanma.apps.kit.qr import qr_svg
from tanma.apps.kit.shapes import DENSE_CELLS, DotPlot, HexCell, HexLabel, HexMap, dot_plot, hex_map
from tanma.apps.kit.tables import Column, Table, csv_response, csv_text, neutral, xlsx_response
from tanma.apps.kit.templatetags.kit import badge as badge_html
from tanma.apps.kit.templatetags.kit import cited
from tanma.apps.kit.templatetags.kit import evidence as evidence_html
from tanma.apps.kit.templatetags.kit import grade as grade_html
from tanma.apps.kit.templatetags.kit import level as level_html
from tanma.apps.kit.words import EVIDENCE, GRADES, LEVELS, grade_word, lang, level_word, pair

__all__ = [
    "DENSE_CELLS",
    "EVIDENCE",
    "GRADES",
    "LEVELS",
    "MISSING",
    "Amount",
    "Certificate",
    "Chart",
    "Column",
    "DotPlot",
    "Entry",
    "Figure",
    "HexCell",
    "HexLabel",
    "HexMap",
    "Series",
    "Table",
    "Target",
    "badge_html",
    "big_tce",
    "big_tonnes",
    "certificate_pdf",
    "cited",
    "clauses",
    "csv_response",
    "csv_text",
    "dot_plot",
    "evidence_html",
    "grade_html",
    "grade_word",
    "grouped",
    "hex_map",
    "intensity",
    "known_time",
    "lang",
    "level_html",
    "level_word",
    "listed",
    "neutral",
    "pair",
    "percent",
    "period_name",
    "period_short",
    "qr_svg",
    "register",
    "render_pdf",
    "rounded",
    "scaled",
    "signed",
    "significant",
    "statistics_only",
    "tce",
    "tonnes",
    "unit_name",
    "vendor_fonts",
    "wan_yuan",
    "with_note",
    "xlsx_response",
]
