"""A step that dies: what a kill between two statements leaves, at a place that a test names."""

from __future__ import annotations

from typing import Any

import pytest


class Dead(BaseException):
    """Nothing that a program catches."""


def die(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, when: str, nth: int) -> None:
    """Let the nth call of `owner.name` (from 0) die, before or after it did its work."""
    real, calls = getattr(owner, name), iter(range(1000))

    def dying(*args: Any, **kwargs: Any) -> Any:
        doomed = next(calls) == nth
        if doomed and when == "before":
            raise Dead
        answer = real(*args, **kwargs)
        if doomed:
            raise Dead
        return answer

    monkeypatch.setattr(owner, name, dying)
