"""Bringing the database up to the code: tables, cache table; done once per code version."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def django_ready() -> None:
    """Load Django with the site's settings."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tanma.site.settings")
    django.setup()


def prepare() -> None:
    """Migrate both databases unless this very set of migrations has been applied to them.

    Processes of one home that start together wait for the one that migrates. A process in which
    Django is loaded already (a test, a program of somebody) has its own ways with the database and
    is left alone.
    """
    from django.apps import apps

    if apps.ready:
        return
    django_ready()
    from django.conf import settings

    mark = settings.TANMA.home / "schema.txt"
    wanted = _fingerprint(settings.TANMA.database_url)
    if _is(mark, wanted):
        return
    from tanma.lake.delta import sole_writer

    with sole_writer(mark.with_suffix(".lock")):
        if not _is(mark, wanted):
            _migrate()
            mark.write_text(wanted)


def _is(mark: Path, wanted: str) -> bool:
    return mark.exists() and mark.read_text() == wanted


def _migrate() -> None:
    from django.core.management import call_command

    for alias in ("default", "work"):
        call_command("migrate", database=alias, verbosity=0, interactive=False)
    call_command("createcachetable", database="work", verbosity=0)


def _fingerprint(database_url: str) -> str:
    """Names of all migrations of the installed apps, and which database they went to."""
    from django.apps import apps

    names = [database_url.rpartition("@")[2]]
    for app in apps.get_app_configs():
        folder = Path(app.path) / "migrations"
        names += sorted(f"{app.label}/{f.name}" for f in folder.glob("[0-9]*.py"))
    return hashlib.sha256("\n".join(names).encode()).hexdigest()
