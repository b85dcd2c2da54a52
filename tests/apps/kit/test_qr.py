"""The QR code is an SVG that fills its box and reads back."""

from __future__ import annotations

import segno

from tanma.apps.kit.qr import qr_svg

URL = "https://code.example.org/c/TM8K2DM7QX4"


def test_level_q_without_size_or_style() -> None:
    svg = qr_svg(URL, title="核对 <x>")
    assert svg.startswith("<svg")
    assert "viewBox" in svg
    assert "style=" not in svg
    assert "<title>核对 &lt;x&gt;</title>" in svg
    side = segno.make(URL, error="q", micro=False).symbol_size(border=2)[0]
    assert f'viewBox="0 0 {side} {side}"' in svg
