"""Uploads: small files at once, larger ones by the worker, the page asking how far it is."""

from __future__ import annotations

from pathlib import Path

from django.core.files.uploadedfile import UploadedFile
from django_tasks import task

from tanma.apps.imports import files, scope
from tanma.apps.imports.batches import Job, content_digest, run, same_content
from tanma.apps.imports.models import Batch
from tanma.apps.people import door as people
from tanma.domain.messages import Problem
from tanma.intake.tables.sheet import SIZE_LIMIT

AT_ONCE_BYTES = 120_000
"""A CSV of some 2,000 rows: it is in before a person has looked up."""
NAME_LENGTH = 200


def take(
    upload: UploadedFile, viewer: people.Viewer, *, package: str = "", dry_run: bool = False,
    accept_suspected: bool = False,
) -> Batch:  # fmt: skip
    """Keep an uploaded file as a batch and start on it; the same file again comes back as is."""
    scope.require(viewer)
    if package:
        scope.check_name(viewer, package)
    check_size(upload)
    options = {"accept_suspected": accept_suspected, "dry_run": dry_run}
    batch = Batch(
        file=Path(upload.name or "file").name[-NAME_LENGTH:], package=package, options=options,
        **scope.who(viewer),
    )  # fmt: skip
    path = files.source(batch)
    with path.open("wb") as target:
        for chunk in upload.chunks():
            target.write(chunk)
    batch.digest = _digest(batch)
    if known := same_content(batch.digest, viewer):
        return known
    batch.save()
    return start(batch, viewer)


def check_size(upload: UploadedFile) -> None:
    """A file of no bytes or of too many is told before it is kept."""
    size = upload.size or 0
    if not size:
        raise Problem("file_empty", file=upload.name)
    if size > SIZE_LIMIT:
        sizes = {"size_mb": size // 10**6, "limit_mb": SIZE_LIMIT // 10**6}
        raise Problem("file_too_large", file=upload.name, **sizes)


def _digest(batch: Batch) -> str:
    counted = {"accept_suspected": batch.options["accept_suspected"]}
    return content_digest(files.source(batch), batch.package or None, None, counted)


def start(batch: Batch, viewer: people.Viewer) -> Batch:
    """Import at once what is small, hand the rest to the worker."""
    if files.source(batch).stat().st_size <= AT_ONCE_BYTES:
        return work(batch, viewer)
    user = people.User.objects.get(pk=viewer.user_id or 0)
    run_batch.enqueue(batch.uid, user.username)
    return batch


def again(batch: Batch, viewer: people.Viewer, *, accept_suspected: bool) -> Batch:
    """Import the file of a batch that was only checked, or whose suspected rows were verified."""
    copy = Batch(
        file=batch.file, package=batch.options.get("package", batch.package),
        options={"accept_suspected": accept_suspected, "dry_run": False}, **scope.who(viewer),
    )  # fmt: skip
    files.source(copy).write_bytes(files.source(batch).read_bytes())
    copy.digest = _digest(copy)
    if known := same_content(copy.digest, viewer):
        return known
    copy.save()
    return start(copy, viewer)


def work(batch: Batch, viewer: people.Viewer) -> Batch:
    """Import the kept file of a batch; a file that cannot be read leaves its reason there."""
    job = Job(
        batch, files.source(batch), viewer, batch.package or None,
        batch.options["accept_suspected"], batch.options["dry_run"], keep=True,
    )  # fmt: skip
    try:
        return run(job)
    except Problem:
        return batch


@task()
def run_batch(uid: str, username: str) -> None:
    """The worker's share: a batch by its id, in the name of its user."""
    from tanma.domain.identity import id_from_text

    work(Batch.objects.get(pk=id_from_text(uid)), people.viewer_of(username))
