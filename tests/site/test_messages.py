"""Every text that a page shows has an English entry; the catalogue is well formed."""

from __future__ import annotations

import re
from functools import cache

import pytest

from tanma.site.messages import ROOT, catalogue, missing, unfilled, used

ROOMS = sorted(p.name for p in (ROOT / "apps").iterdir() if (p / "apps.py").exists())
all_missing = cache(missing)
PLACEHOLDER = re.compile(r"%\((\w+)\)s|%s|%\((\w+)\)d")


@pytest.mark.parametrize("room", ROOMS)
def test_every_text_of_a_room_has_an_english_entry(room):
    """Repair: `python -m tanma.site.messages` lists them; append to locale/en/…/django.po."""
    found = {
        str(file.relative_to(ROOT)): keys
        for file, keys in all_missing().items()
        if file.is_relative_to(ROOT / "apps" / room)
    }
    assert {} == found


def test_both_languages_name_the_same_values():
    for entry in catalogue():
        if entry.id and entry.string and isinstance(entry.id, str):
            expected = sorted(m.group() for m in PLACEHOLDER.finditer(entry.id))
            assert expected == sorted(m.group() for m in PLACEHOLDER.finditer(entry.string))


def test_english_entries_hold_no_chinese():
    texts = [e.string for e in catalogue() if isinstance(e.string, str)]
    assert [] == [t for t in texts if re.search(r"[\u4e00-\u9fff]", t)]


def test_texts_of_templates_and_of_python_are_found(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        '{% load i18n %}{% translate "甲" %}{% blocktranslate with n=x %}共 {{ n }} 条'
        '{% endblocktranslate %}{% translate "优" context "grade" %}',
        encoding="utf-8",
    )
    assert [("", "甲"), ("", "共 %(n)s 条"), ("grade", "优")] == list(used(page))
    module = tmp_path / "module.py"
    module.write_text('a = _("乙")\nb = pgettext_lazy("grade", "劣")\n', encoding="utf-8")
    assert [("", "乙"), ("grade", "劣")] == list(used(module))


def test_unfilled_entries_are_ready_to_be_appended():
    from io import BytesIO

    from babel.messages.pofile import read_po

    text = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n' + unfilled()
    read = read_po(BytesIO(text.encode()))
    assert {key for keys in missing().values() for key in keys} == {
        (e.context or "", e.id) for e in read if e.id
    }
