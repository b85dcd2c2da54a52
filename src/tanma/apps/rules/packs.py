"""The way of a pack: draft → reviewed by another person → released by a third; then it stands.

A draft may be wrong; it cannot be reviewed while the loader refuses it. Editing a reviewed draft
makes it a draft again. A release names the digest of its files; corrections are a new edition.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from tanma.apps.people.door import User, Viewer
from tanma.apps.rules import released
from tanma.apps.rules.models import Kind, Pack, PackStep, State
from tanma.domain.canonical import digest, encode
from tanma.domain.factors.cards import checksum
from tanma.domain.factors.tables import check_beside, factor_rows
from tanma.domain.messages import Problem
from tanma.domain.methods import Edition, check_successor, editions, read_edition
from tanma.domain.rating import shipped
from tanma.domain.rating.loader import FOLDER
from tanma.domain.rating.scheme import Scheme
from tanma.engine.rules import RuleText, edition_from, scheme_from, table_from

MOST_BYTES = 2_000_000
RIGHTS = {"review": "review_rules", "reject": "review_rules", "release": "release_rules"}
SOURCES = {
    "review": {State.DRAFT}, "release": {State.REVIEWED}, "reject": {State.DRAFT, State.REVIEWED},
}  # fmt: skip
TARGETS = {"review": State.REVIEWED, "release": State.RELEASED, "reject": State.REJECTED}
OPEN = (State.DRAFT, State.REVIEWED)
WRITING = ("draft", "edit")
_CHECKSUM = re.compile(r"^checksum\s*=.*$", re.MULTILINE)


def start(kind: str, base: str, purpose: str, viewer: Viewer) -> Pack:
    """A new draft, copied from an edition or a table that is there."""
    viewer.require("draft_rules")
    pack = Pack(kind=kind, base=base, purpose=purpose, files=_copied(kind, base))
    pack.author = _user(viewer)
    _name(pack)
    with transaction.atomic():
        pack.save()
        _record(pack, "draft", viewer, purpose)
    return pack


def title(pack: Pack, lang: str) -> str:
    """The title that the files of a pack say; its name where they cannot be read."""
    text = next((text for name, text in pack.files.items() if name.endswith(".toml")), "")
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return pack.name
    both = said.get("title")
    found = both.get(lang) if isinstance(both, dict) else said.get(f"title_{lang}")
    return str(found or pack.name)


def _copied(kind: str, base: str) -> dict[str, str]:
    """The files that a draft begins with; of a table the head alone, since rows are not shared."""
    if kind != Kind.FACTORS:
        return {f"{base.partition('/')[0]}.toml": text_of(base, kind)}
    found = released.library_here()[base]
    heads = ",".join(c.name for c in found.card.columns)
    return {"region.csv": heads + "\n", "region.toml": _card(found.card.family)}


def text_of(edition: str, kind: str = Kind.SCHEME) -> str:
    """The text of an edition of a scheme or method, `id/edition`: of the package or released."""
    name, _, wanted = edition.partition("/")
    own = Pack.objects.filter(kind=kind, name=name, edition=wanted, state=State.RELEASED)
    if pack := own.first():
        return next(iter(pack.files.values()))
    known = shipped() if kind == Kind.SCHEME else editions().values()
    found = next((e for e in known if (e.id, e.edition) == (name, wanted)), None)
    if found is None:
        raise Problem("pack_base_unknown", base=edition)
    return (FOLDERS[Kind(kind)] / found.file).read_text(encoding="utf-8")


def _card(family: str) -> str:
    """A source card to be filled in; its columns are those of every factor table."""
    card = (FACTOR_DATA / "heat.toml").read_text(encoding="utf-8")
    head = {
        "kind": "factors", "family": family, "title_zh": "", "title_en": "", "issuer": "",
        "document": "", "edition": "", "licence": "facts; no copied text",
    }  # fmt: skip
    lines = [f'{key} = "{value}"' for key, value in head.items()]
    today = timezone.localdate().isoformat()
    lines += ['id_columns = ["id"]', f"retrieved_on = {today}", 'checksum = ""',
              'transcribed_by = ""', "checked_against_print = false", ""]  # fmt: skip
    return "\n".join(lines) + "\n" + card[card.index("[columns]") :]


FACTOR_DATA = FOLDER.parents[1] / "factors" / "data"
FOLDERS = {Kind.SCHEME: FOLDER, Kind.EDITION: FOLDER.parents[1] / "methods" / "editions"}
"""where the package keeps its editions"""


def edit(pack: Pack, files: Mapping[str, str], viewer: Viewer, note: str = "") -> Pack:
    """Put other files in the place of a draft's; a reviewed one has to be reviewed again."""
    viewer.require("draft_rules")
    if sum(len(text.encode()) for text in files.values()) > MOST_BYTES:
        raise Problem("pack_too_large", most=MOST_BYTES // 1000)
    with transaction.atomic():
        pack = Pack.objects.select_for_update().get(pk=pack.pk)
        if pack.state not in OPEN:
            raise Problem("pack_closed", state=pack.get_state_display())
        pack.files = _kept(pack.kind, files)
        if any("\x00" in text for text in pack.files.values()):
            raise Problem("pack_not_text")
        pack.state = State.DRAFT
        _name(pack)
        pack.save()
        _record(pack, "edit", viewer, note)
    return pack


def _kept(kind: str, files: Mapping[str, str]) -> dict[str, str]:
    """The files with plain names and ends of lines; the checksum of a card is worked out here."""
    plain = {PurePath(n).name: "\n".join(t.splitlines()) + "\n" for n, t in files.items()}
    if kind != Kind.FACTORS:
        return plain
    csv = next((t for n, t in plain.items() if n.endswith(".csv")), "")
    line = f'checksum = "{checksum(csv.encode())}"'
    return {n: _CHECKSUM.sub(line, t) if n.endswith(".toml") else t for n, t in plain.items()}


def _name(pack: Pack) -> None:
    """Name and edition as the files give them; unreadable drafts keep what they had."""
    try:
        if pack.kind == Kind.FACTORS:
            card = table_from(pack.text).card
            pack.name, pack.edition = card.name, card.edition
        else:
            read = READERS[Kind(pack.kind)](pack.text)
            pack.name, pack.edition = read.id, read.edition
    except (Problem, ValueError, KeyError):
        pack.name = pack.name or next(iter(sorted(pack.files)), "").partition(".")[0]
    most = MOST_LETTERS[Kind(pack.kind)]
    for key, text in (("id", pack.name), ("edition", pack.edition)):
        _check_length(key, text, most[key])


MOST_LETTERS = {
    Kind.SCHEME: {"id": 60, "edition": 40},
    Kind.EDITION: {"id": 60, "edition": 60},
    Kind.FACTORS: {"id": 60, "edition": 60},
}
"""What the columns of packs, and of the runs that name a scheme, hold."""
MOST_LEVEL, MOST_BAND = 8, 12
"""What the columns of results hold of a level and of a neutrality band."""


def _check_length(key: str, text: str, most: int) -> None:
    if len(text) > most:
        told = {"key": key, "text": f"{text[:20]}…", "found": len(text), "most": most}
        raise Problem("pack_text_long", **told)


READERS: dict[Kind, Callable[[RuleText], Scheme | Edition]] = {
    Kind.SCHEME: scheme_from, Kind.EDITION: edition_from,
}  # fmt: skip
"""kind with dated editions → who reads its file"""


def fault(pack: Pack) -> Problem | None:
    """What stands in the way of a pack: the loader's refusal, or a clash with what is in force."""
    try:
        check(pack.text)
    except Problem as problem:
        return problem
    return None


def check(rule: RuleText) -> None:
    """Read the files as a release would: by themselves, then beside what is in force."""
    suffixes = sorted(name.rpartition(".")[2] for name, _ in rule.files)
    if suffixes != (["csv", "toml"] if rule.kind == Kind.FACTORS else ["toml"]):
        raise Problem("pack_files_wrong", found=", ".join(n for n, _ in rule.files) or "-")
    _CHECKS[Kind(rule.kind)](rule)


def _check_scheme(rule: RuleText) -> None:
    made = scheme_from(rule)
    for band in made.intensity.bands:
        _check_length("intensity.bands.id", band.id, MOST_LEVEL)
    for mark in made.neutrality.bands if made.neutrality else ():
        _check_length("neutrality.bands.id", mark.id, MOST_BAND)
    for known in released.schemes():
        if known.id == made.id:
            _check_bands(made, known)
    dated = Dated(made.id, made.edition, made.valid_from, "valid_from")
    _check_later(dated, [(s.id, s.edition, s.valid_from) for s in released.schemes()])
    released.schemes(beside=[made])


def _check_bands(made: Scheme, known: Scheme) -> None:
    """Levels and grades go by the ids of the editions before: words, colours and counts do too."""
    for key in ("intensity", "ratio"):
        found, were = ([b.id for b in getattr(s, key).bands] for s in (made, known))
        if found != were:
            raise Problem(
                "pack_bands_differ", key=f"{key}.bands", found=", ".join(found),
                base=f"{known.id}/{known.edition}", known=", ".join(were),
            )  # fmt: skip


def _check_edition(rule: RuleText) -> None:
    """An accounting edition follows another of its account and keeps what others find in it."""
    ((file, text),) = rule.files
    made = read_edition(text, file, factor_rows(released.library_here().values()))
    here = released.editions()
    same = [e for e in here if e.id == made.id]
    if not same:
        raise Problem("edition_unknown", edition=made.id, known=", ".join(editions()))
    dated = Dated(made.id, made.edition, made.in_force_from, "in_force_from")
    _check_later(dated, [(e.id, e.edition, e.in_force_from) for e in here])
    check_successor(made, text, same[-1])


@dataclass(frozen=True)
class Dated:
    """An edition by name and beginning, and the key that its file gives the beginning in."""

    id: str
    edition: str
    begins: date
    key: str


def _check_later(made: Dated, known: Iterable[tuple[str, str, date]]) -> None:
    """A new edition has a name of its own and begins after every other."""
    for other_id, edition, begins in known:
        if other_id != made.id:
            continue
        if edition == made.edition:
            raise Problem("pack_edition_exists", id=made.id, edition=edition)
        if begins >= made.begins:
            raise Problem(
                "pack_not_after", id=made.id, key=made.key, begins=made.begins, other=edition,
                other_from=begins,
            )  # fmt: skip


def _check_table(rule: RuleText) -> None:
    table = table_from(rule)
    here = released.library_here()
    families = {t.card.family for t in here.values() if t.card.kind == "factors"}
    if table.card.kind != "factors" or table.card.family not in families:
        raise Problem("pack_family_unknown", family=table.card.family or table.card.kind)
    if table.card.name in here:
        raise Problem("pack_table_exists", name=table.card.name)
    check_beside(table, here.values())


_CHECKS: dict[Kind, Callable[[RuleText], None]] = {
    Kind.SCHEME: _check_scheme, Kind.FACTORS: _check_table, Kind.EDITION: _check_edition,
}  # fmt: skip


def take(pack: Pack, action: str, viewer: Viewer, note: str) -> Pack:
    """Review, release or reject. Refused: wrong state, same person twice, faults, no note."""
    viewer.require(RIGHTS[action])
    with transaction.atomic():
        pack = Pack.objects.select_for_update().get(pk=pack.pk)
        if pack.state not in SOURCES[action]:
            raise Problem("pack_closed", state=pack.get_state_display())
        if not note.strip():
            raise Problem("pack_note_missing")
        if action != "reject":
            _refuse_same_person(pack, viewer)
            check(pack.text)
        pack.state = TARGETS[action]
        if action == "release":
            pack.digest, pack.released_at = digest_of(pack), timezone.now()
        pack.save()
        _record(pack, action, viewer, note)
    return pack


def _refuse_same_person(pack: Pack, viewer: Viewer) -> None:
    """Nobody passes their own work, nor passes the same files twice."""
    wrote = pack.steps.filter(action__in=WRITING)
    since = wrote.latest("pk").pk
    own = Q(user=viewer.user_id)
    if wrote.filter(own).exists() or pack.steps.filter(own, pk__gt=since).exists():
        raise Problem("pack_same_person", name=viewer.name)


def digest_of(pack: Pack) -> str:
    """The digest of kind and files, whatever order they came in."""
    return digest(encode({"kind": pack.kind, "files": pack.files}))


def _user(viewer: Viewer) -> User | None:
    return User.objects.filter(pk=viewer.user_id).first() if viewer.user_id else None


def _record(pack: Pack, action: str, viewer: Viewer, note: str) -> None:
    PackStep.objects.create(
        pack=pack, action=action, user=_user(viewer), by=viewer.name, note=note.strip(),
        digest=digest_of(pack),
    )  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One line of a comparison: as it was, or as it is, or a heading between places."""

    mark: str
    text: str


def difference(before: str, after: str) -> list[Change]:
    """Lines that differ between two texts, each with two lines around them."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    return [Change(line[:1], line[1:]) for line in lines if not line.startswith(("---", "+++"))]


def compared(pack: Pack) -> list[Change]:
    """What a pack changes against what it was copied from."""
    if pack.kind == Kind.FACTORS:
        return []
    return difference(text_of(pack.base, pack.kind), next(iter(pack.files.values()), ""))
