"""The desk: rows that nobody could place are kept, until a person says whose they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from tanma.apps.desk import accounts, merging, power
from tanma.apps.desk.models import DeskCase, Waiting
from tanma.apps.facts import door as facts
from tanma.apps.imports import door as imports
from tanma.apps.imports.door import Batch
from tanma.apps.people.door import Viewer, visible
from tanma.apps.registry import door as registry
from tanma.domain.identity import new_id
from tanma.domain.messages import Problem

Kind, State = DeskCase.Kind, DeskCase.State
KINDS = {
    "unknown": _("未登记的代码"), "duplicate": _("疑似重复的企业"), "conflict": _("相互矛盾的属性"),
    "account": _("用电户号归属"),
}  # fmt: skip
OPEN_END = date(9999, 12, 31)
IDENTITY = ("name", "industry", "area.statutory")
"""Attributes whose change under the same dates a person confirms: code and rank depend on them."""


@dataclass(frozen=True)
class Decision:
    """What a person decided, since when it holds, and on what evidence."""

    choice: str
    effective: date
    evidence: str
    target: int | None = None
    shares: tuple[tuple[int, int], ...] = ()
    """(subject, share in parts per million) for an account that several enterprises use."""


CHOICES: dict[str, tuple[str, ...]] = {
    Kind.UNKNOWN: ("assign", "register", "dismiss"),
    Kind.DUPLICATE: ("same", "different"),
    Kind.CONFLICT: ("keep_new", "return_old"),
    Kind.ACCOUNT: ("assign", "share", "close", "dismiss"),
}

RESTATES = {
    (Kind.ACCOUNT, "assign"), (Kind.ACCOUNT, "share"), (Kind.ACCOUNT, "close"),
    (Kind.DUPLICATE, "same"),
}  # fmt: skip
"""Decisions after which power of grid accounts belongs to others than before."""


def keep(batch: Batch, waiting: pa.Table) -> None:
    """Store the facts of unknown identifiers and open a case for each identifier."""
    if not len(waiting):
        return
    imports.write_table(batch, "waiting", waiting)
    _forget_same(batch)
    rows = waiting.group_by(["subject_scheme", "subject_value"]).aggregate(
        [("row", "count_distinct")]
    )
    for one in rows.to_pylist():
        about = (one["subject_scheme"] or "", one["subject_value"] or "")
        case = open_case(Kind.UNKNOWN, *about, batch)
        case.rows += one["row_count_distinct"]
        case.save(update_fields=["rows"])
        Waiting.objects.create(case=case, batch=batch, rows=one["row_count_distinct"])


def _forget_same(batch: Batch) -> None:
    """The same file handed in again waits once, in its newest batch."""
    same = Batch.objects.filter(digest=batch.digest).exclude(id=batch.id)
    for old in Waiting.objects.filter(batch__in=same, case__state=State.OPEN):
        DeskCase.objects.filter(id=old.case_id).update(rows=F("rows") - old.rows)
        Batch.objects.filter(id=old.batch_id).update(desk=F("desk") - old.rows)
        old.delete()


def open_case(
    kind: str, scheme: str, value: str, batch: Batch | None = None, **details: Any
) -> DeskCase:
    """The open case about this, made if there is none; `batch` is what raised it."""
    wanted = {"kind": kind, "scheme": scheme, "value": value, "state": State.OPEN}
    new = {"details": details, "batch": batch}
    return DeskCase.objects.get_or_create(**wanted, defaults=new)[0]


def of_batch(batch: Batch) -> QuerySet[DeskCase]:
    """Cases that a batch raised, or that rows of it wait for."""
    waits = Waiting.objects.filter(batch=batch).values("case")
    return DeskCase.objects.filter(Q(batch=batch) | Q(pk__in=waits))


def after(batch: Batch) -> None:
    """Cases that a register brings: names used twice, identities changed, accounts of meters."""
    if batch.package == "enterprises":
        registry.project()
        _same_names(batch)
        _conflicts(batch)
    elif batch.package == "meters":
        _ask(batch, accounts.match(batch, accounts.known_accounts()))
    elif batch.package == "grid_accounts":
        _ask(batch, accounts.match(batch, accounts.stated_holders(batch)))
        power.restate(batch.who or "import", batch.evidence)


def _ask(batch: Batch, open_: dict[str, list[str]]) -> None:
    """A case for each account that nobody, or not clearly one enterprise, uses; asked once."""
    cases = DeskCase.objects.filter(kind=Kind.ACCOUNT, scheme=accounts.SCHEME)
    answered = {(c.value, *c.details.get("codes", [])) for c in cases.exclude(state=State.OPEN)}
    waiting = set(cases.filter(state=State.OPEN).values_list("value", flat=True))
    DeskCase.objects.bulk_create(
        [
            DeskCase(kind=Kind.ACCOUNT, scheme=accounts.SCHEME, value=account, batch=batch,
                     details={"codes": codes})
            for account, codes in sorted(open_.items())
            if account not in waiting and (account, *codes) not in answered
        ],
        batch_size=500,
    )  # fmt: skip


def _same_names(batch: Batch) -> None:
    active = registry.Enterprise.objects.filter(status="active").exclude(name="")
    twice = active.values("name").annotate(n=Count("id")).filter(n__gt=1)
    for name in twice.values_list("name", flat=True):
        firms = active.filter(name=name).order_by("natural_key")
        keys = {str(firm.id): firm.natural_key for firm in firms}
        settled = DeskCase.objects.filter(kind=Kind.DUPLICATE, value=name, state=State.DECIDED)
        if not any(set(case.details["firms"]) >= set(keys) for case in settled):
            open_case(Kind.DUPLICATE, "name", name, batch, firms=keys)


def _conflicts(batch: Batch) -> None:
    """Attributes that this batch changed under unchanged dates: somebody had said otherwise."""
    changed = facts.Fact.objects.filter(
        seq__gte=batch.first_seq, seq__lte=batch.last_seq, version__gt=1, kind="attribute",
        item__in=IDENTITY, evidence__startswith=f"{batch.evidence}#",
    )  # fmt: skip
    for fact in changed:
        older = [f for f in facts.Fact.objects.filter(key=fact.key) if f.seq < fact.seq]
        before = max(older, key=facts.rank)
        if before.text != fact.text:
            open_case(
                Kind.CONFLICT, fact.item, f"{fact.subject}:{fact.valid_from}", batch,
                subject=str(fact.subject), seq=fact.seq, old=before.text, new=fact.text,
                old_evidence=before.evidence, new_evidence=fact.evidence,
            )  # fmt: skip


def decide(case: DeskCase, decision: Decision, viewer: Viewer) -> int:
    """Put a decision into effect and on record; returns how many facts arrived by it."""
    viewer.require("decide")
    _in_area(case, decision, viewer)
    if case.state != State.OPEN or decision.choice not in CHOICES[case.kind]:
        raise Problem("desk_choice_wrong", case=case.uid, choice=decision.choice)
    if not decision.evidence.strip():
        raise Problem("desk_evidence_missing", case=case.uid)
    act: dict[str, Callable[[DeskCase, Decision, Viewer], int]] = {
        Kind.UNKNOWN: _place, Kind.DUPLICATE: _merge, Kind.CONFLICT: _settle,
        Kind.ACCOUNT: _hold,
    }  # fmt: skip
    with transaction.atomic():
        arrived = act[case.kind](case, decision, viewer)
        case.state, case.decision, case.target = State.DECIDED, decision.choice, decision.target
        case.effective, case.evidence = decision.effective, decision.evidence[:200]
        case.decided_by, case.decided_at = viewer.name, imports.now()
        case.save()
    registry.project()
    if (case.kind, decision.choice) in RESTATES:
        arrived += power.restate(viewer.name, f"desk:{case.uid} {decision.evidence}")
    return arrived


def _in_area(case: DeskCase, decision: Decision, viewer: Viewer) -> None:
    """Case and chosen enterprises lie in the official's areas."""
    wanted = {subject for subject, _share in decision.shares} | {decision.target or 0}
    known = registry.Enterprise.objects.filter(id__in=wanted)
    if not visible(viewer, DeskCase.objects.filter(pk=case.pk)).exists():
        raise Problem("desk_case_outside", case=case.uid)
    if foreign := known.exclude(id__in=visible(viewer, known).values("id")).first():
        raise Problem("desk_target_outside", case=case.uid, name=str(foreign))


def _target(case: DeskCase, decision: Decision) -> int:
    target = decision.target or 0
    if not registry.Enterprise.objects.filter(id=target).exists():
        raise Problem("desk_target_missing", case=case.uid)
    return target


def _place(case: DeskCase, decision: Decision, viewer: Viewer) -> int:
    """An unknown code belongs to an enterprise, is a new one, or is not wanted."""
    if decision.choice == "dismiss":
        return 0
    if decision.choice == "register":
        made = registry.register(
            case.scheme, [case.value], author=viewer.name, evidence=decision.evidence
        )
        return _arrive(case, made[case.value], viewer)
    target = _target(case, decision)
    _alias(case.scheme, case.value, target, decision, viewer)
    return _arrive(case, target, viewer)


def _alias(scheme: str, value: str, subject: int, decision: Decision, viewer: Viewer) -> None:
    """A second identifier of an enterprise: in the index, and as a dated fact of its own."""
    registry.ExternalId.objects.create(
        id=new_id(), scheme=scheme, value=value, subject=subject, valid_from=decision.effective,
        evidence=decision.evidence[:200], decided_by=viewer.name,
    )  # fmt: skip
    _record_alias(scheme, value, subject, decision, viewer)


def _record_alias(
    scheme: str, value: str, subject: int, decision: Decision, viewer: Viewer
) -> None:
    record = {
        "subject": subject, "item": f"id.alias.{scheme}.{value}", "kind": "attribute",
        "valid_from": decision.effective, "valid_to": OPEN_END, "value": None, "text": value,
        "reported": value, "source": "registry", "data_class": "internal",
    }  # fmt: skip
    facts.append(facts.table([record]), author=viewer.name, evidence=decision.evidence[:120])


def _arrive(case: DeskCase, subject: int, viewer: Viewer) -> int:
    """The rows that waited for this identifier go in, batch by batch."""
    arrived = 0
    for waiting in case.waiting.select_related("batch").order_by("batch__created_at"):
        batch, table = waiting.batch, imports.read_table(waiting.batch, "waiting")
        if table is None or batch.state != Batch.State.DONE:
            continue
        mine = pc.and_(
            pc.equal(table["subject_value"], case.value),
            pc.equal(table["subject_scheme"], case.scheme),
        )
        rows = table.filter(mine)
        made = imports.ready(rows, pa.array([subject] * len(rows), pa.int64()), batch)
        for receipt in facts.append_all(made, author=viewer.name, evidence=batch.evidence):
            imports.add_receipt(batch, receipt)
            arrived += receipt.appended
        batch.desk, batch.good = batch.desk - waiting.rows, batch.good + waiting.rows
        batch.save()
    return arrived


def _merge(case: DeskCase, decision: Decision, viewer: Viewer) -> int:
    """Two entries are one enterprise: what was said of the others, and their codes, become its."""
    if decision.choice == "different":
        return 0
    kept = _target(case, decision)
    others = [int(firm) for firm in case.details["firms"] if int(firm) != kept]
    evidence = f"merge:{case.uid}"
    done = [merging.carry(kept, o, decision.effective, viewer.name, evidence) for o in others]
    for row in merging.follow(kept, others):
        if row.scheme not in (accounts.SCHEME, accounts.THING):
            _record_alias(row.scheme, row.value, kept, decision, viewer)
    case.details |= {"moved": sum(d.moved for d in done), "left": sum(d.left for d in done)}
    return sum(d.moved for d in done)


def _settle(case: DeskCase, decision: Decision, viewer: Viewer) -> int:
    """The new statement stays, or the older one counts again."""
    if decision.choice == "keep_new":
        return 0
    fact = facts.Fact.objects.get(seq=case.details["seq"])
    record = {
        "subject": fact.subject, "item": fact.item, "kind": fact.kind,
        "valid_from": fact.valid_from, "valid_to": fact.valid_to, "value": None,
        "text": case.details["old"], "reported": case.details["old"], "source": fact.source,
        "revision": fact.revision, "data_class": fact.data_class,
        "corrects": f"sha256:{bytes(fact.digest).hex()}",
    }  # fmt: skip
    receipt = facts.append(
        facts.table([record]), author=viewer.name, evidence=decision.evidence[:120]
    )
    return receipt.appended


def _hold(case: DeskCase, decision: Decision, viewer: Viewer) -> int:
    """Who uses an account from a day on, alone or by shares, or that it is closed."""
    if decision.choice == "dismiss":
        return 0
    shares = decision.shares
    if decision.choice == "assign":
        shares = ((_target(case, decision), accounts.WHOLE),)
    elif decision.choice == "close":
        shares = ()
    accounts.hold(case.value, shares, decision.effective, decision.evidence, viewer.name)
    return 0


def raised(batch: Batch, viewer: Viewer) -> imports.Raised:
    """What a batch brought for a person to decide, as far as the viewer may see it."""
    cases = visible(viewer, of_batch(batch))
    found = dict(cases.filter(state=State.OPEN).values_list("kind").annotate(n=Count("id")))
    named = [(str(word), found[kind]) for kind, word in KINDS.items() if kind in found]
    return imports.Raised(named, cases.filter(state=State.DECIDED).count())


def counts(viewer: Viewer) -> dict[str, int]:
    """Open cases by kind, and rows that wait, as far as the viewer may see them."""
    open_ = visible(viewer, DeskCase.objects.filter(state=State.OPEN))
    found = dict(open_.values_list("kind").annotate(n=Count("id")))
    rows = open_.aggregate(rows=Sum("rows"))["rows"] or 0
    return {kind: found.get(kind, 0) for kind in Kind.values} | {"rows": rows}


def withdrawn(batch: Batch, author: str, evidence: str) -> None:
    """A sheet of grid accounts that was taken back leaves nothing with the enterprises."""
    if batch.package == "grid_accounts":
        power.restate(author, evidence)
