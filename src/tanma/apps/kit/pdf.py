"""PDF/A from Typst templates, with the fonts of the package `tanma_vendor` and no others."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import import_module, resources
from pathlib import Path
from typing import Any

import typst

TEMPLATES = resources.files("tanma.apps.kit") / "typst"


def vendor_fonts() -> Path:
    """The folder that holds the embedded fonts; Typst searches it with its sub-folders."""
    return Path(import_module("tanma_vendor").path())


def render_pdf(
    template: str,
    data: Mapping[str, Any],
    fonts: Path | None = None,
    *,
    images: Mapping[str, str] | None = None,
    moment: datetime | None = None,
) -> bytes:
    """A PDF/A-2a from `typst/<template>.typ`.

    `data` reaches the template as JSON in `sys.inputs.data`, each image as SVG text in
    `sys.inputs.<name>`. System fonts are ignored and `moment` is the date inside the file: with
    the same data, fonts and moment come the same bytes.
    """
    inputs = {"data": json.dumps(data, ensure_ascii=False), **(images or {})}
    # The stubs want source and font folders to be of one type, which the function does not.
    compile_pdf: Callable[..., bytes] = typst.compile
    return compile_pdf(
        (TEMPLATES / f"{template}.typ").read_bytes(),
        format="pdf",
        font_paths=[str(fonts or vendor_fonts())],
        ignore_system_fonts=True,
        sys_inputs=inputs,
        pdf_standards=["a-2a"],
        timestamp=moment,
    )
