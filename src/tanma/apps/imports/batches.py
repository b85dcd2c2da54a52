"""One file to facts: read, check, say whose rows they are, append in slices, keep the report."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tanma.apps.equipment import door as register
from tanma.apps.facts import door as facts
from tanma.apps.imports import channels, equipment, files, hooks, meters, scope, usual
from tanma.apps.imports.models import Batch, now, today
from tanma.apps.imports.subjects import of_owned, owners, resolve
from tanma.apps.metering import door as metering
from tanma.apps.people import door as people
from tanma.apps.people.door import Viewer
from tanma.apps.registry import door as registry
from tanma.domain.messages import Problem
from tanma.domain.reference.industries import industries
from tanma.domain.reference.regions import regions
from tanma.intake import tables
from tanma.intake.tables.packages import Package
from tanma.intake.tables.report import ERROR, WARNING

log = logging.getLogger(__name__)
REASON_LENGTH = 300
OFFERED = ("package", "package_en", "name", "near", "lacking", "unread")
"""What a wrong header tells beside its text."""
SAVE_EVERY_S = 0.5
"""How often the progress of a batch is written for the page that shows it."""


@dataclass(frozen=True)
class Progress:
    """How far an import has come; `stage` is `read`, `check` or `append`."""

    file: str
    stage: str
    done: int
    total: int
    file_number: int = 1
    files: int = 1


Report = Callable[[Progress], None]


@dataclass
class Job:
    """A batch at work: whose it is, how it is read, and who hears of its progress."""

    batch: Batch
    path: Path
    viewer: Viewer
    package: Package | str | None = None
    accept_suspected: bool = False
    dry_run: bool = False
    progress: Report | None = None
    project: bool = True
    keep: bool = False
    """Store the batch and its report even when nothing is imported."""
    saved_at: float = field(default_factory=time.monotonic)

    @property
    def author(self) -> str:
        return author(self.viewer)

    @property
    def stores(self) -> bool:
        return self.keep or not self.dry_run

    def tell(self, stage: str, done: int = 0, total: int = 0) -> None:
        if self.progress:
            self.progress(Progress(self.batch.file, stage, done, total))
        due = time.monotonic() - self.saved_at > SAVE_EVERY_S
        if self.stores and (stage != self.batch.stage or due):
            self.batch.stage, self.batch.done_facts, self.batch.facts = stage, done, total
            self.batch.save(update_fields=["stage", "done_facts", "facts"])
            self.saved_at = time.monotonic()


def author(viewer: Viewer) -> str:
    """Whom facts name as their author: a user by account number, or the operator."""
    return f"user:{viewer.user_id}" if viewer.user_id else viewer.name or "operator"


def import_file(
    path: str | Path,
    viewer: Viewer,
    *,
    package: str | None = None,
    dry_run: bool = False,
    mapping: str | Path | None = None,
    progress: Report | None = None,
    accept_suspected: bool = False,
    project: bool = True,
) -> Batch:
    """Import one table file; good rows go in, the others are reported.

    A file that was imported before changes nothing and comes back with `repeated`. With `dry_run`
    nothing is written: the batch and its report are only returned.
    """
    path = Path(path)
    if not path.is_file():
        raise Problem("import_path_missing", path=path)
    options = {"accept_suspected": accept_suspected}
    digest = content_digest(path, package, mapping, options)
    if not dry_run and (known := same_content(digest, viewer)):
        return known
    batch = Batch(
        file=path.name, digest=digest, package=package or "", options=options,
        mapping=Path(mapping).name if mapping else "", **scope.who(viewer),
    )  # fmt: skip
    chosen = tables.load_package(Path(mapping)) if mapping else package
    if not dry_run:
        batch.save()
    return run(Job(batch, path, viewer, chosen, accept_suspected, dry_run, progress, project))


def content_digest(
    path: Path, package: str | None, mapping: str | Path | None, options: dict[str, Any]
) -> str:
    """What makes two imports the same: the bytes, and everything that decides how they are read."""
    digest = hashlib.sha256()
    for part in (path, Path(mapping) if mapping else None):
        content = part.read_bytes() if part else b""
        digest.update(hashlib.sha256(content).digest())
    digest.update(f"{package or ''}{sorted(options.items())}".encode())
    return f"sha256:{digest.hexdigest()}"


def same_content(digest: str, viewer: Viewer) -> Batch | None:
    """The batch of this viewer that brought this content, if it is still in.

    A file of which rows were refused is looked at again: what refused them may have been put right.
    """
    rows = people.visible(viewer, Batch.objects.filter(digest=digest, state=Batch.State.DONE))
    known = rows.filter(bad=0).first()
    if known:
        known.repeated = True
    return known


def run(job: Job) -> Batch:
    """Do the work of a batch and leave its state true, whatever happens."""
    batch = job.batch
    batch.started_at, batch.state = now(), Batch.State.RUNNING
    try:
        _work(job)
    except Problem as problem:
        raise _failed(job, _named(job, problem)) from problem
    except Exception as error:
        log.exception("import of %s failed", batch)
        reason = f"{type(error).__name__}: {error}"[:REASON_LENGTH]
        told = Problem("import_unexpected", file=batch.file, batch=batch.uid, reason=reason)
        raise _failed(job, told) from error
    _finish(job, Batch.State.CHECKED if job.dry_run else Batch.State.DONE)
    if job.stores:
        batch.save()
    if job.project and not job.dry_run:
        registry.project()
        metering.project()
        register.project()
        hooks.follow()
    return batch


def _failed(job: Job, problem: Problem) -> Problem:
    """The batch says for ever why nothing of it went in."""
    _finish(job, Batch.State.FAILED)
    job.batch.problem = told(problem)
    if job.stores:
        job.batch.save()
    return problem


def told(problem: Problem) -> dict[str, Any]:
    """A problem as a batch keeps it: its texts, and the columns and templates to be offered."""
    said = {"code": problem.code, "zh": problem.text("zh"), "en": problem.text("en")}
    return said | {k: problem.params[k] for k in OFFERED if k in problem.params}


def _named(job: Job, problem: Problem) -> Problem:
    """A problem with the name under which the file was handed in, not the one we keep it by."""
    if problem.params.get("file") != job.path.name:
        return problem
    return Problem(problem.code, **problem.params | {"file": job.batch.file})


def _finish(job: Job, state: str) -> None:
    job.batch.state, job.batch.finished_at, job.batch.stage = state, now(), ""


def _work(job: Job) -> None:
    batch = job.batch
    job.tell("read")
    sheet = tables.read(job.path, job.package)
    batch.package, batch.rows = sheet.package.name, len(sheet.rows)
    scope.check_package(job.viewer, sheet.package)
    job.tell("check")
    checked = tables.check(sheet, _context(job, sheet.package))
    batch.sources = sorted({sheet.package.source} | _distinct(checked.facts, "source"))
    if sheet.package.output == "readings":
        checked = _take_readings(job, checked)
    else:
        checked = _take_facts(job, checked)
    _count(batch, checked)
    batch.checked = checked
    if job.stores:
        _keep_report(batch, checked)


def _context(job: Job, package: Package) -> tables.Context:
    areas = set(registry.Area.objects.values_list("code", flat=True)) | set(regions())
    compared = any(rule.compare_history for rule in package.facts)
    return tables.Context(
        today=today(), areas=areas, industries=set(industries()),
        history=usual.months() if compared else None, accept_suspected=job.accept_suspected,
    )  # fmt: skip


def _distinct(table: pa.Table, column: str) -> set[str]:
    return set(pc.unique(table[column]).to_pylist()) - {None} if len(table) else set()


def _take_facts(job: Job, checked: tables.Checked) -> tables.Checked:
    """Append what belongs to known subjects; keep the rest for the desk."""
    package, batch = checked.sheet.package, job.batch
    made = checked.facts
    checked, subject = _whose(job, checked)
    known = pc.is_valid(subject)
    if meters.registers(package):
        fixed = meters.fixed_otherwise(made)
        checked = _note(checked, made, fixed, "import_channel_fixed", ERROR)
    checked = _judged(checked, made)
    # A row stands or falls whole: one fact that is refused takes its row with it.
    rejected = pc.is_in(made["row"], pa.array(checked.sheet.rows[checked.rejected]))
    _days(batch, made)
    waiting = made.filter(pc.and_(pc.invert(known), pc.invert(rejected)))
    keep = pc.and_(known, pc.invert(rejected))
    batch.desk = len(pc.unique(waiting["row"]))
    batch.facts = pc.sum(keep).as_py() or 0
    if not job.dry_run:
        rows, subjects = _own_words(job.viewer, made.filter(keep)), subject.filter(keep)
        plain = pc.invert(meters.of_channels(rows))
        own = rows.filter(plain)
        for room in (meters, equipment):
            own = room.resolved(own) if room.registers(package) else own
        _append(job, ready(own, subjects.filter(plain), batch))
        if meters.registers(package):
            said = list(meters.declared(rows).values())
            metering.declare(said, author=job.author, evidence=batch.evidence)
        hooks.desk().keep(batch, waiting)
        hooks.desk().after(batch)
    return checked


def _whose(job: Job, checked: tables.Checked) -> tuple[tables.Checked, pa.Array]:
    """The subject of every fact; rows that this viewer may not state are noted."""
    package, made = checked.sheet.package, checked.facts
    about = {"author": "" if job.dry_run else job.author, "evidence": job.batch.evidence}
    if package.subject and package.subject.within:
        owner = owners(made, package)
        checked = _note(checked, made, pc.is_null(owner), "import_owner_unknown", ERROR)
        checked = _refuse(job.viewer, checked, made, owner)
        mine = pc.and_(pc.is_valid(owner), pc.invert(scope.outside(job.viewer, owner)))
        if channels.speaks_of(package):
            return checked, pc.if_else(mine, channels.subjects(made), None)
        return checked, of_owned(made, package.source, mine, **about)
    subject = resolve(made, package.source, **about)
    if job.viewer.may("import"):
        unknown = pc.is_null(subject)
        checked = _note(checked, made, unknown, "import_code_unknown", WARNING)
    return _refuse(job.viewer, checked, made, subject), subject


_JUDGES = (
    (meters.registers, (meters.contradicted, meters.unconnected, meters.misplaced)),
    (equipment.registers, (equipment.unfed, equipment.unread)),
    (channels.speaks_of, (channels.unknown,)),
)
"""Sheets of registers and about what stands in them, and what refuses a row."""


def _judged(checked: tables.Checked, made: pa.Table) -> tables.Checked:
    """What is wrong with rows that are still good, one judge after the other."""
    package = checked.sheet.package
    cells = {rule.item: rule.cell for rule in package.facts} | {"": package.key[0]}
    own = [judge for meant, judges in _JUDGES if meant(package) for judge in judges]
    above = hooks.judge(package.subject.scheme) if package.subject else None
    for judge in [*own, above] if above else own:
        bad = pa.array(checked.sheet.rows[checked.rejected], pa.int64())
        left = made.filter(pc.invert(pc.is_in(made["row"], bad)))
        for fault in judge(left):
            checked = note(
                checked, fault.code, ERROR, cells[fault.item], left, fault.mask, fault.text
            )  # fmt: skip
    return checked


def _own_words(viewer: Viewer, made: pa.Table) -> pa.Table:
    """What an enterprise says of itself was not collected as statistics: it is internal."""
    if viewer.may("import"):
        return made
    internal = pa.repeat(pa.scalar("internal"), len(made))
    place = made.schema.get_field_index("data_class")
    return made.set_column(place, "data_class", internal)


def ready(made: pa.Table, subject: pa.Array, batch: Batch) -> pa.Table:
    """Checked facts in the columns of an append, with the batch in their evidence."""
    evidence = pc.binary_join_element_wise(batch.evidence, made["evidence"], "")
    table = made.append_column("subject", subject)
    table = table.set_column(table.schema.get_field_index("evidence"), "evidence", evidence)
    return table.select(facts.INPUT.names)


def _append(job: Job, table: pa.Table) -> None:
    total, done, sum_ = len(table), 0, facts.NOTHING
    job.tell("append", 0, total)
    for receipt in facts.append_all(table, author=job.author, evidence=job.batch.evidence):
        sum_ = sum_.plus(receipt)
        done = min(done + facts.APPEND_LIMIT, total)
        job.tell("append", done, total)
    add_receipt(job.batch, sum_)
    job.batch.done_facts = job.batch.facts = total


def add_receipt(batch: Batch, receipt: facts.Receipt) -> None:
    batch.new += receipt.appended - receipt.superseded
    batch.superseded += receipt.superseded
    batch.unchanged += receipt.known
    batch.first_seq = batch.first_seq or receipt.first_seq
    batch.last_seq = max(batch.last_seq, receipt.last_seq)


def _days(batch: Batch, made: pa.Table) -> None:
    """Which span the batch speaks of, by what amounts cover; attributes are open-ended."""
    amounts = made.filter(pc.not_equal(made["kind"], "attribute"))
    if len(amounts):
        batch.first_day = pc.min(amounts["valid_from"]).as_py()
        batch.last_day = pc.max(amounts["valid_to"]).as_py()


def _note(
    checked: tables.Checked, made: pa.Table, mask: pa.Array, code: str, severity: str
) -> tables.Checked:
    subject = checked.sheet.package.subject
    assert subject is not None
    return note(checked, code, severity, subject.column, made, mask)


def _refuse(
    viewer: Viewer, checked: tables.Checked, made: pa.Table, subject: pa.Array
) -> tables.Checked:
    """Rows that this viewer may not state: of somebody else, or in another source's name."""
    package = checked.sheet.package
    subjects, said = scope.outside(viewer, subject), scope.foreign_source(viewer, made, package)
    checked = _note(checked, made, subjects, "import_not_yours", ERROR)
    column = package.key[0]
    named = {"text": "source"}
    return note(checked, "import_source_not_yours", ERROR, column, made, said, **named)


def note(
    checked: tables.Checked, code: str, severity: str, column: str, made: pa.Table,
    mask: pa.Array | pa.ChunkedArray, text: str = "subject_value", **params: object,
) -> tables.Checked:  # fmt: skip
    """Add a finding for the rows of some facts or readings; an error also leaves the row out."""
    hit = made.filter(mask).select(["row", text]) if len(made) else made
    if not len(hit):
        return checked
    first = hit.group_by("row", use_threads=False).aggregate([(text, "first")])
    at = np.searchsorted(checked.sheet.rows, first["row"].to_numpy())
    encoded = first[f"{text}_first"].combine_chunks().dictionary_encode()
    title = checked.sheet.title(column)
    cases = [{"field": title, "text": t, **params} for t in encoded.dictionary.to_pylist()]
    which = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    checked.report.add(code, severity, title, at, encoded.cast(pa.string()), cases, which)
    return replace(checked, rejected=checked.report.rejected())


def _take_readings(job: Job, checked: tables.Checked) -> tables.Checked:
    """Readings of known meters into the lake; the others are reported."""
    made = checked.readings
    channels = meters.channels(
        made, scope.allowed_subjects(job.viewer), create=not job.dry_run, author=job.author,
        evidence=job.batch.evidence,
    )  # fmt: skip
    column = checked.sheet.package.key[0]
    unknown = {"mask": channels.unknown, "text": "channel"}
    checked = note(checked, "import_meter_unknown", ERROR, column, made, **unknown)
    fine = {"mask": channels.too_fine, "text": "channel", "scale": channels.scale_text}
    checked = note(checked, "import_reading_too_fine", ERROR, column, made, **fine)
    rejected = pa.array(checked.sheet.rows[checked.rejected])
    keep = pc.invert(pc.is_in(made["row"], rejected))
    job.batch.readings = pc.sum(keep).as_py() or 0
    if len(made):
        job.batch.first_day = pc.min(made["start_utc"]).as_py().date()
        job.batch.last_day = pc.max(made["end_utc"]).as_py().date()
    if not job.dry_run:
        meters.append(channels.readings.filter(keep), job.batch)
    return checked


def _count(batch: Batch, checked: tables.Checked) -> None:
    counts = checked.counts
    batch.bad, batch.repeats = counts["rejected"], counts["repeated"]
    batch.warnings = counts["warnings"]
    batch.good = batch.rows - batch.bad - batch.repeats - batch.desk


def _keep_report(batch: Batch, checked: tables.Checked) -> None:
    if checked.report.findings:
        files.write_table(batch, "report", checked.report.table())
    if batch.bad:
        for suffix in (".csv", ".xlsx"):
            tables.write_rejects(checked, files.rejects(batch, suffix))
