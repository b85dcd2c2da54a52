"""Trying out a draft of a rule on a publication: who would move, and nothing is published.

The facts, the time they are known at and every other rule stay those of the run; only the draft
stands in its place. An accounting edition moves totals before it moves grades: both are told.
Results for statistics alone stay withheld, as in the run itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
from django.conf import settings

from tanma.apps.codes.models import Result, Run, Trial
from tanma.apps.codes.publication import latest
from tanma.apps.codes.runs import files_of
from tanma.apps.people.door import Viewer, visible
from tanma.apps.rules import door as rules
from tanma.domain.messages import Problem
from tanma.engine.accounts import MEASURE_DEFS
from tanma.engine.disclosure import few
from tanma.engine.evaluate import plan_of, try_out
from tanma.engine.rules import RuleText

Stand = tuple[int | None, str]
"""grade and level"""


def try_pack(pack_id: int, viewer: Viewer, run: Run | None = None) -> Trial:
    """Evaluate a publication again with a draft in the place of the rule it would follow.

    The last publication, where none is named.
    """
    viewer.require("use_desk")
    pack, run = rules.Pack.objects.get(pk=pack_id), run or latest()
    if (fault := rules.fault(pack)) is not None:
        raise fault
    if run is None:
        raise Problem("trial_no_run")
    draft = pack.text
    files = files_of(run)
    plan = plan_of(files.meta)
    if draft.kind == rules.Kind.SCHEME and draft.name != plan.scheme:
        raise Problem("trial_other_scheme", draft=draft.name, scheme=plan.scheme)
    table = try_out(settings.TANMA.lake, replace(plan, rules=_instead(plan.rules, draft)))
    changed = [] if draft.kind == rules.Kind.SCHEME else _totals(files.table("results"), table)
    return _kept(pack, run, table, changed, viewer)


def _instead(held: Iterable[RuleText], draft: RuleText) -> tuple[RuleText, ...]:
    """The rules of the run with the draft; of a scheme or account there is one edition at a time.

    Factor tables stand beside one another.
    """
    place = (draft.kind, draft.name)
    kept = (r for r in held if draft.kind == rules.Kind.FACTORS or (r.kind, r.name) != place)
    return (*kept, draft)


WHOLE = tuple(name for name, made in MEASURE_DEFS.items() if not made.categories)
"""measures that are a total of their edition, not a part of one"""
Total = tuple[str, str | None, str | None, int]
"""measure, Σ before, Σ after (posted integers as text), enterprises whose value changes"""


def _totals(old: pa.Table, new: pa.Table) -> list[Total]:
    """The sums of the whole region that a draft changes, for every measure of the accounts."""
    before, after = ({r["subject"]: r for r in table.to_pylist()} for table in (old, new))
    found = []
    for measure in WHOLE:
        changed = [s for s in before.keys() & after if before[s][measure] != after[s][measure]]
        was, now = (_sum(rows.values(), measure) for rows in (before, after))
        if _tells([before[s] for s in changed]):
            was = now = None
        if changed:
            found.append((measure, was, now, len(changed)))
    return found


def _tells(changed: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the change of a sum is that of one or two whose energy is told to nobody."""
    closed = sum(not r["may_use"] and bool(r.get("energy_restricted")) for r in changed)
    return closed > 0 and few(closed)


def _sum(rows: Iterable[Mapping[str, Any]], measure: str) -> str | None:
    values = [row[measure] for row in rows if row[measure] is not None]
    return str(sum(values)) if values else None


def _kept(
    pack: rules.Pack, run: Run, table: pa.Table, changed: list[Total], viewer: Viewer
) -> Trial:
    told = table.select(["subject", "grade", "level"]).to_pylist()
    after: dict[int, Stand] = {r["subject"]: (r["grade"], r["level"] or "") for r in told}
    rows = Result.objects.filter(run=run).values_list("subject", "grade", "level")
    before: dict[int, Stand] = {subject: (grade, level) for subject, grade, level in rows}
    moved = [
        [subject, *was, *after[subject]]
        for subject, was in before.items()
        if subject in after and after[subject] != was
    ]
    counts = {"before": _counts(before), "after": _counts(after), "moved": len(moved),
              "totals": changed}  # fmt: skip
    return Trial.objects.create(
        pack=pack.pk, digest=rules.digest_of(pack), run=run, by=viewer.name, summary=counts,
        moved=moved,
    )  # fmt: skip


def _counts(stands: dict[int, Stand]) -> dict[str, int]:
    counted = Counter(grade for grade, _ in stands.values())
    return {str(grade): counted[grade] for grade in range(1, 6)}


@dataclass(frozen=True)
class Move:
    """One enterprise that a draft would move."""

    now: Result
    grade: int | None
    level: str

    @property
    def subject(self) -> int:
        return self.now.subject

    @property
    def steps(self) -> int | None:
        """Grades worse (positive) or better."""
        both = self.grade is not None and self.now.grade is not None
        return (self.grade or 0) - (self.now.grade or 0) if both else None


def moves(trial: Trial, viewer: Viewer) -> list[Move]:
    """The enterprises a trial would move, of those that the viewer may see."""
    told: dict[int, Any] = {m[0]: m[3:] for m in trial.moved}
    rows = visible(viewer, Result.objects.filter(run=trial.run, subject__in=list(told)))
    return [Move(r, *told[r.subject]) for r in rows.order_by("natural_key")]
