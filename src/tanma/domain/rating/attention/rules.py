"""Rule files → typed rules; unclear ones are refused with file, line and repair."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TypeVar, cast

from tanma.domain.rating import loader
from tanma.domain.rating.attention import enterprises, regional
from tanma.domain.rating.attention.enterprises import EnterpriseRule
from tanma.domain.rating.attention.regional import IndexRule
from tanma.domain.rating.loader import Place

FOLDER = Path(__file__).parent
ORIGINS = ("own_rule", "authority")
"""own_rule: this software's own; authority: entered from a document that is in force."""
Rule = TypeVar("Rule", IndexRule, EnterpriseRule)
PARTS = {
    "AboveRegion": regional.AboveRegion,
    "YearlyRise": regional.YearlyRise,
    "Comparison": regional.Comparison,
    "Disclosure": regional.Disclosure,
    "GradeAtLeast": enterprises.GradeAtLeast,
    "GradeDrop": enterprises.GradeDrop,
    "RatioRise": enterprises.RatioRise,
}
# The reader of the rating schemes reads these tables too; it finds a type's reader by its name.
loader._READERS.update({name: loader._table(kind) for name, kind in PARTS.items()})


def parse_rule(kind: type[Rule], text: str, file: str) -> Rule:
    """A rule from TOML text; `file` names it in problems."""
    place = Place(file, text)
    rule = cast(Rule, loader._record(kind, loader._toml(place), place, file=file))
    if rule.origin not in ORIGINS:
        raise loader._wrong(place, "origin", rule.origin, "one of " + ", ".join(ORIGINS))
    _check_placeholders(rule, place)
    return rule


def _check_placeholders(rule: IndexRule | EnterpriseRule, place: Place) -> None:
    """A text that names a number the rule does not have would break every page that shows it."""
    try:
        rule.conditions()
    except (KeyError, IndexError, ValueError) as error:
        raise loader._wrong(place, "zh", str(error), "only the number of its own table") from None


def _shipped(kind: type[Rule], name: str) -> Rule:
    return parse_rule(kind, (FOLDER / name).read_text(encoding="utf-8"), name)


@cache
def index_rule() -> IndexRule:
    """The rule that comes with the software."""
    return _shipped(IndexRule, "regional-index.toml")


@cache
def enterprise_rule() -> EnterpriseRule:
    """The rule that comes with the software."""
    return _shipped(EnterpriseRule, "enterprise-attention.toml")
