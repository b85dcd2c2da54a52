"""Typed settings: variables `TANMA_…`; secrets are made on first start in the home folder."""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from tanma.domain.messages import Problem

HOME_FILE = "settings.toml"
"""What a home says of itself: names of variables in small letters, without `TANMA_`."""


def default_home() -> Path:
    given = os.environ.get("TANMA_HOME")
    return Path(given) if given else Path.home() / ".local" / "share" / "tanma"


class Config(BaseSettings):
    """What an operator may set. Everything has a default that works on one machine."""

    model_config = SettingsConfigDict(env_prefix="TANMA_", extra="ignore")

    home: Path = Field(default_factory=default_home)
    database_url: str = ""
    """Empty: SQLite in the home folder. `postgresql://user:password@host:port/name` otherwise."""
    demo: bool = False
    """Print 演示数据 on every page, file and answer."""
    debug: bool = False
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""
    """Where phones reach the code pages, e.g. https://code.example.org; empty: as requested."""
    allowed_hosts: str = "127.0.0.1,localhost,[::1]"
    issuer_zh: str = ""
    issuer_en: str = ""
    """The office that publishes the codes; empty until the operator enters it."""
    objection_days: int = 15
    """How long enterprises may object to a previewed result."""
    grid_region: str = ""
    """Province code whose grid factor location-based accounts use, e.g. 330000."""
    grid_level: str = "province"
    """province: its own average factor; region: the average of its regional grid."""
    legal_basis: str = ""
    """Document that allows single results from statistics; empty: each enterprise consents."""
    mail_url: str = ""
    """smtp://user:password@host:port or smtps://…; empty: the office sets new passwords itself."""
    mail_from: str = ""
    """Sender of letters with links for a new password."""
    intake_host: str = "127.0.0.1"
    intake_port: int = 8100
    """Where `tanma intake` listens for gateways."""
    intake_url: str = ""
    """Where gateways reach it, e.g. https://intake.example.org; empty: as it listens."""
    intake_per_s: int = 200_000
    """Readings per second that one token may send, for each server process."""
    raw_days: int = 90
    """Days for which bodies of readings are kept as received; their digests stay."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables come before what the home says: whatever opens it, a demo stays a demo."""
        given = init_settings().get("home")
        said = _said_by(Path(given) if given else default_home(), settings_cls.model_fields)
        return init_settings, env_settings, InitSettingsSource(settings_cls, said)

    @cached_property
    def secret_key(self) -> str:
        return self._secrets()["secret_key"]

    def _secrets(self) -> dict[str, str]:
        path = self.home / "secrets.toml"
        if not path.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(f'secret_key = "{secrets.token_urlsafe(50)}"\n')
        return tomllib.loads(path.read_text())

    @property
    def lake(self) -> Path:
        return self.home / "lake"

    @property
    def uploads(self) -> Path:
        return self.home / "uploads"

    @property
    def base_url(self) -> str:
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


def _said_by(home: Path, known: Iterable[str]) -> dict[str, Any]:
    """The settings of a home; a name that does not exist is refused."""
    path = home / HOME_FILE
    if not path.is_file():
        return {}
    said = tomllib.loads(path.read_text(encoding="utf-8"))
    names = sorted(set(known) - {"home"})
    for name in said:
        if name not in names:
            raise Problem("setting_unknown", file=path, name=name, known=", ".join(names))
    return said
