"""`{% load rules %}`: the evidence mark of a rule."""

from __future__ import annotations

from django import template

from tanma.apps.rules.words import mark_html

register = template.Library()


@register.simple_tag
def mark(code: str) -> str:
    return mark_html(code)
