"""Which tables live in the work file: sessions, cache and task queue."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Model

WORK_APPS = {"sessions", "django_tasks_db", "django_cache"}


class WorkRouter:
    def _alias(self, label: str) -> str | None:
        return "work" if label in WORK_APPS and not settings.TANMA.database_url else None

    def db_for_read(self, model: type[Model], **_: Any) -> str | None:
        return self._alias(model._meta.app_label)

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **_: Any) -> bool:
        return db == (self._alias(app_label) or "default")
