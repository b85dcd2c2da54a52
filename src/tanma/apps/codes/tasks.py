"""Computing a run beside the web server: minutes of work never hold a page."""

from __future__ import annotations

from django_tasks import task

from tanma.apps.codes.models import Run
from tanma.apps.codes.runs import compute
from tanma.apps.codes.trials import try_pack
from tanma.apps.people.door import SYSTEM, Viewer
from tanma.domain.identity import id_text
from tanma.domain.messages import Problem


@task()
def compute_run(period: str, user_id: int, name: str) -> dict[str, str]:
    """{"run": uid}, or {"zh": text, "en": text} of what stands in the way.

    The right to start a run was checked when the task was made.
    """
    try:
        run = compute(period, Viewer(user_id, name, SYSTEM.grants))
    except Problem as problem:
        return {"zh": problem.text("zh"), "en": problem.text("en")}
    return {"run": run.uid}


@task()
def try_rule(pack_id: int, user_id: int, name: str, run_id: int | None = None) -> dict[str, str]:
    """{"trial": uid of the draft}, or {"zh": text, "en": text} of what stands in the way."""
    try:
        run = Run.objects.get(pk=run_id) if run_id else None
        trial = try_pack(pack_id, Viewer(user_id, name, SYSTEM.grants), run)
    except Problem as problem:
        return {"zh": problem.text("zh"), "en": problem.text("en")}
    return {"trial": id_text(trial.pack)}
