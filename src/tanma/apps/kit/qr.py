"""QR codes as SVG text."""

from __future__ import annotations

from io import BytesIO

import segno

INK = "#10202b"
QUIET_MODULES = 2


def qr_svg(url: str, *, title: str = "") -> str:
    """An SVG without size, filling its box; level Q survives a quarter of damage on a print."""
    out = BytesIO()
    segno.make(url, error="q", micro=False).save(
        out,
        kind="svg",
        border=QUIET_MODULES,
        dark=INK,
        light="#fff",
        xmldecl=False,
        svgns=True,
        nl=False,
        omitsize=True,
        title=title or None,
    )
    return out.getvalue().decode()
