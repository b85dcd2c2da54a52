"""What an enterprise and an official find when they sign in."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from tanma.apps.cases import door as cases
from tanma.apps.catalogue import door as catalogue
from tanma.apps.codepages import door as codepages
from tanma.apps.codes import door as codes
from tanma.apps.desk import door as desk
from tanma.apps.facts import door as facts
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.apps.registry.door import link_if_there

LISTED = 8


def enterprise(viewer: people.Viewer) -> dict[str, Any]:
    """One block per enterprise the user acts for, as a rule one."""
    rows = people.visible(viewer, registry.Enterprise.objects.all())
    own = rows.filter(id__in=viewer.own_subjects).order_by("name")
    return {"blocks": [_block(viewer, e) for e in own]}


def _block(viewer: people.Viewer, enterprise: registry.Enterprise) -> dict[str, Any]:
    found = codes.latest_result(enterprise.id)
    current = next(iter(codes.for_viewer(viewer, [found] if found else [])), None)
    uid = enterprise.uid
    links = {
        "code": link_if_there("codepages:code", enterprise.public_code),
        "declare": link_if_there("catalogue:declare"),
        "account": link_if_there("accountpages:account", uid),
        "energy": link_if_there("accountpages:energy", uid),
        "basis": link_if_there("accountpages:basis", uid),
        "certificate": link_if_there("codepages:certificate", enterprise.public_code),
    }
    consents = people.visible(viewer, people.Consent.objects.filter(subject=enterprise.id))
    live = consents.filter(revoked_at=None, expires_at__gt=timezone.now()).order_by("expires_at")
    return {
        "enterprise": enterprise, "result": current, "level": (current and current.level) or None,
        "figures": codepages.figures_alone(current) if current and current.grade else None,
        "previews": _previews(viewer, enterprise), "cases": _cases(viewer, enterprise.id),
        "missing": _missing(current), "reminders": _reminders(viewer, enterprise.id),
        "consents": list(live), "links": links,
        "consent_link": link_if_there("codepages:consents", enterprise.public_code),
    }  # fmt: skip


def _cases(viewer: people.Viewer, subject: int) -> list[dict[str, Any]]:
    """Cases of an enterprise that are its turn, the nearest deadline first."""
    rows = people.visible(viewer, cases.Case.objects.filter(subject=subject))
    own = rows.filter(cases.waiting_for(viewer)).order_by("due_at")[:LISTED]
    return [{"row": c, "href": cases.address(c), "due": cases.due_html(c)} for c in own]


def _missing(result: codes.Result | None) -> str:
    """Why no code was given: the first thing to do about it is to report what is missing."""
    if result is None or result.grade:
        return ""
    return str(codes.REASONS.get(result.reason, result.reason))


def _reminders(viewer: people.Viewer, subject: int) -> list[dict[str, Any]]:
    """催报 of the office, newest first, with the names of what is missing."""
    rows = people.visible(viewer, catalogue.Reminder.objects.filter(subject=subject))
    return [
        {"row": r, "items": [registry.item_name(i) for i in r.items]}
        for r in rows.order_by("-created_at")[:LISTED]
    ]


def _previews(viewer: people.Viewer, enterprise: registry.Enterprise) -> list[dict[str, Any]]:
    """Results open to objection, with the objection already made."""
    rows = codes.Result.objects.filter(
        subject=enterprise.id, run__state=codes.State.CHECKED, run__preview_until__gt=timezone.now()
    )
    made = codes.Objection.objects.filter(subject=enterprise.id)
    objections = {o.run_id: o for o in people.visible(viewer, made)}
    return [
        {
            "result": r, "objection": objections.get(r.run_id),
            "href": link_if_there("codepages:preview", enterprise.public_code),
        }
        for r in people.visible(viewer, rows).select_related("run")
    ]  # fmt: skip


def office(viewer: people.Viewer) -> dict[str, Any]:
    """Freshness, counts, runs that wait for somebody, links to the desks of other rooms."""
    latest = codes.latest()
    rows = people.visible(viewer, registry.Enterprise.objects.all())
    waiting = codes.Run.objects.filter(
        state__in=[codes.State.COMPUTED, codes.State.REVIEWED, codes.State.CHECKED]
    )
    graded = codes.Result.objects.filter(run=latest, status="graded")
    runs = people.visible(viewer, waiting).order_by("-created_at")[:LISTED]
    last = facts.Append.objects.order_by("-number").first()
    return {
        "latest": latest, "enterprises": rows.count(),
        "coded": people.visible(viewer, graded).count() if latest else None,
        "counts": _grades(viewer, latest), "watermark": last.stamp if last else None,
        "appends": last.number if last else 0,
        "runs": [_waiting(r) for r in runs],
        "objections": _open_objections(viewer), "desk": _open_cases(viewer),
        "links": {
            "cockpit": link_if_there("cockpit:wall"),
            "imports": link_if_there("imports:home") if viewer.may("import") else "",
            "desk": link_if_there("desk:home"), "runs": link_if_there("publications:runs"),
            "enterprises": link_if_there("registry:enterprises"),
        },
    }  # fmt: skip


def _grades(viewer: people.Viewer, run: codes.Run | None) -> dict[int, int]:
    if run is None:
        return {}
    rows = people.visible(viewer, codes.Result.objects.filter(run=run, grade__isnull=False))
    grades = list(rows.values_list("grade", flat=True))
    return {g: grades.count(g) for g in range(1, 6)}


def _waiting(run: codes.Run) -> dict[str, Any]:
    href = link_if_there("publications:run", run.uid)
    return {"run": run, "state": run.get_state_display(), "href": href}


def _open_objections(viewer: people.Viewer) -> int:
    return people.visible(viewer, codes.Objection.objects.filter(answered_at=None)).count()


def _open_cases(viewer: people.Viewer) -> int:
    cases = desk.DeskCase.objects.filter(state=desk.DeskCase.State.OPEN)
    return people.visible(viewer, cases).count()
