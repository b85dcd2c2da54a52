"""Rule files → typed rules; unclear ones are refused with file, line and repair."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import cast

from tanma.domain.rating import loader
from tanma.domain.rating.attention import enterprises
from tanma.domain.rating.attention.enterprises import EnterpriseRule
from tanma.domain.rating.attention.regional import IndexRule
from tanma.domain.rating.loader import Place

FOLDER = Path(__file__).parent
ORIGINS = ("own_rule", "authority")
"""own_rule: this software's own; authority: entered from a document that is in force."""
PARTS = {
    "GradeAtLeast": enterprises.GradeAtLeast,
    "GradeDrop": enterprises.GradeDrop,
    "RatioRise": enterprises.RatioRise,
}
# The reader of the rating schemes reads these tables too; it finds a type's reader by its name.
loader._READERS.update({name: loader._table(kind) for name, kind in PARTS.items()})


def parse_rule(text: str, file: str) -> EnterpriseRule:
    """A rule from TOML text; `file` names it in problems."""
    place = Place(file, text)
    made = loader._record(EnterpriseRule, loader._toml(place), place, file=file)
    rule = cast(EnterpriseRule, made)
    if rule.origin not in ORIGINS:
        raise loader._wrong(place, "origin", rule.origin, "one of " + ", ".join(ORIGINS))
    _check_placeholders(rule, place)
    return rule


def _check_placeholders(rule: EnterpriseRule, place: Place) -> None:
    """A text that names a number the rule does not have would break every page that shows it."""
    try:
        rule.conditions()
    except (KeyError, IndexError, ValueError) as error:
        raise loader._wrong(place, "zh", str(error), "only the number of its own table") from None


@cache
def index_rule() -> IndexRule:
    """The scheme of the regional index that comes with the software."""
    scheme = loader.find("regional-carbon-index")
    if scheme.abnormal is None:
        raise loader._wrong(Place(scheme.file, ""), "abnormal", "", "the table [abnormal]")
    return IndexRule(scheme, scheme.abnormal)


@cache
def enterprise_rule() -> EnterpriseRule:
    """The rule that comes with the software."""
    name = "enterprise-attention.toml"
    return parse_rule((FOLDER / name).read_text(encoding="utf-8"), name)
