"""What is said of equipment: one way in for files, pages and programs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from tanma.apps.equipment.models import Equipment
from tanma.apps.equipment.projection import PREFIX, project
from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
from tanma.domain import equipment
from tanma.domain.identity import id_from_text, id_text
from tanma.domain.messages import Problem

FEEDS = ("input", "output", "parameters")
"""Attributes that name meters."""


def register(
    name: str, enterprise: str, *, author: str, evidence: str = "", since: date = metering.BEGIN,
    **attributes: str,
) -> int:  # fmt: skip
    """The subject of a device of an enterprise (credit code, or `scheme:value`), made where new.

    Meters are named by their ids as people write them. A name that another enterprise has is
    refused.
    """
    known = registry.find("equipment", [name]).get(name)
    taken = known and Equipment.objects.filter(pk=known).exclude(enterprise=None).first()
    firm = metering.enterprises({enterprise}).get(enterprise)
    if taken and taken.enterprise != firm:
        raise Problem("equipment_name_taken", equipment=name)
    made = registry.register("equipment", [name], author=author, evidence=evidence)
    (subject,) = made.values()
    said = {"enterprise": enterprise, **attributes}
    given = {k: v for k, v in said.items() if v}
    state(subject, given, since, author=author, evidence=evidence)
    return subject


def state(
    subject: int, said: dict[str, str], since: date, *, author: str, evidence: str = "",
    deliberate: bool = False,
) -> None:  # fmt: skip
    """Attributes of a device from a day on; an empty text says that there is none any more."""
    told = said | {key: ids_of(said[key]) for key in FEEDS if said.get(key)}
    equipment.codes(told.get("codes", ""))
    statements = [
        metering.Statement(subject, PREFIX + key, text, since) for key, text in told.items()
    ]
    metering.state(statements, author=author, evidence=evidence, deliberate=deliberate)
    project()


def ids_of(text: str) -> str:
    """Names of meters as the id texts that facts keep; unknown ones are left out."""
    names = equipment.split_names(text)
    found = registry.find("meter", names)
    return " ".join(id_text(found[n]) for n in names if n in found)


def meters_of(devices: Iterable[Equipment]) -> dict[str, metering.Meter]:
    """Id text → meter, of all meters that some devices name."""
    named = {uid for d in devices for key in FEEDS for uid in getattr(d, key).split()}
    rows = metering.Meter.objects.filter(pk__in=[id_from_text(uid) for uid in named])
    return {m.uid: m for m in rows}
