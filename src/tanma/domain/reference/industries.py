"""Industries of GB/T 4754-2017, sections B, C and D, and the accounting guideline of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tanma.domain.factors.tables import table
from tanma.domain.messages import Problem

LEVELS = ("section", "division", "group", "class")


@dataclass(frozen=True)
class Industry:
    """One row of the classification; `parent_code` is empty for a section."""

    code: str
    level: str
    section: str
    parent_code: str
    name_zh: str
    name_en: str
    group_synthesised: bool

    def name(self, lang: str) -> str:
        """Below the divisions the English name is our own translation, not an official one."""
        return self.name_en if lang == "en" else self.name_zh


@dataclass(frozen=True)
class Guideline:
    """What an industry is accounted by. `evidence` marks the mapping itself."""

    code_prefix: str
    sector_id: str
    ndrc_guideline: str
    gbt32151_part: str
    national_ets: str
    evidence: str
    part_number_evidence: str
    note: str


@cache
def industries() -> dict[str, Industry]:
    """Every industry by code."""
    return {r["code"]: _industry(r) for r in table("industries").rows}


def _industry(row: dict[str, str]) -> Industry:
    same = ("code", "level", "section", "parent_code", "name_zh", "name_en")
    synthesised = row["group_synthesised"] == "yes"
    return Industry(**{k: row[k] for k in same}, group_synthesised=synthesised)


def industry(code: str) -> Industry:
    """One industry; a Problem when the code is not in the classification."""
    found = industries().get(code)
    if found is None:
        raise Problem("reference_industry_unknown", industry=code)
    return found


def ancestors(code: str) -> list[Industry]:
    """The industry and everything above it: class, group, division, section."""
    chain = [industry(code)]
    while chain[-1].parent_code:
        chain.append(industry(chain[-1].parent_code))
    return chain


@cache
def _guidelines() -> dict[str, Guideline]:
    return {r["code_prefix"]: _guideline(r) for r in table("industry_guidelines").rows}


def _guideline(row: dict[str, str]) -> Guideline:
    same = ("code_prefix", "sector_id", "ndrc_guideline", "gbt32151_part", "national_ets", "note")
    return Guideline(
        **{k: row[k] for k in same},
        evidence=row["map_evidence"],
        part_number_evidence=row["part_number_evidence"],
    )


def guideline_for(code: str) -> Guideline:
    """The guideline of an industry code: the longest prefix in the table wins."""
    for length in range(len(code), 1, -1):
        found = _guidelines().get(code[:length])
        if found is not None:
            return found
    raise Problem("reference_guideline_missing", industry=code)
