"""Debian packages that a test needs: installed where the test may, else the test says why not."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

NEEDED = {"gcc": "gcc", "mbpoll": "mbpoll", "mosquitto": "mosquitto"}


@cache
def _install(packages: tuple[str, ...]) -> str:
    """Install the packages; what went wrong as text, empty where it worked."""
    if os.geteuid() != 0:
        return "not root"
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    return "" if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def needed(program: str, *packages: str) -> str:
    """The path of a program, or a skipped test with the reason."""
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if path:
        return path
    problem = _install(packages or (NEEDED[program],))
    if problem:
        pytest.skip(f"{program} is missing and was not installed: {problem}")
    return needed(program, *packages)


def needed_file(path: Path, package: str) -> None:
    """A file of a package is there, or the test is skipped with the reason."""
    problem = "" if path.exists() else _install((package,))
    if problem or not path.exists():
        pytest.skip(f"{path} is missing and {package} was not installed: {problem}")
