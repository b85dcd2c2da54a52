"""`{% load rules %}`: the evidence mark of a rule and the days it holds for."""

from __future__ import annotations

from datetime import date

from django import template
from django.utils.html import format_html
from django.utils.translation import gettext

from tanma.apps.rules.words import mark_html

register = template.Library()


@register.simple_tag
def mark(code: str) -> str:
    return mark_html(code)


@register.simple_tag
def validity(begin: date, end: date | None) -> str:
    """From a day on, or up to another (not included)."""
    text = (
        gettext("{begin} 至 {end}（不含）").format(begin=begin, end=end)
        if end
        else gettext("{begin} 起").format(begin=begin)
    )
    return format_html('<span class="nowrap">{}</span>', text)
