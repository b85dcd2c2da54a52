"""The thin layer between the server (granian, RSGI) and the service."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from tanma.domain.messages import Problem
from tanma.intake.http.bodies import too_large
from tanma.intake.http.service import Request, Service, refusal
from tanma.intake.http.tokens import FRESH_S, ScopeBook

AGAIN_S = 5.0
"""A start that failed is tried again after so many seconds."""
SWITCH_S = 0.001
"""The loop waits at most so long for the thread that commits; Python's own choice is five times."""
READ_S = 30.0
"""A body that is not complete after so many seconds is given up."""


class Closing(Protocol):
    """A sink that can be waited for."""

    async def close(self) -> None: ...


class Application:
    """One process of the service, for granian: built by `make` when the loop is there.

    A disk that cannot be written when the process starts is told to whoever sends, and tried again.
    """

    def __init__(self, make: Callable[[], tuple[Service, ScopeBook, Closing]]) -> None:
        self._make = make
        self._made: tuple[Service, ScopeBook, Closing] | None = None
        self._failed: Problem | None = None
        self._tried = float("-inf")

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        sys.setswitchinterval(SWITCH_S)
        self._begin()
        self._renewing = loop.create_task(self._renew())

    def _begin(self) -> None:
        if time.monotonic() - self._tried < AGAIN_S:
            return
        self._tried = time.monotonic()
        try:
            self._made = self._make()
        except Problem as problem:
            self._failed = problem

    async def _renew(self) -> None:
        while True:
            began = time.monotonic()
            if self._made is not None:
                await self._made[1].renew()
            # A large register takes long to read: never more than a tenth of the time.
            await asyncio.sleep(max(FRESH_S, 9 * (time.monotonic() - began)))

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._renewing.cancel()
        if self._made is not None:
            self._made[0].stopping = True
            loop.run_until_complete(self._made[2].close())

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        if self._made is None:
            self._begin()
        if self._made is not None:
            read = _reader(scope, protocol)
            request = Request(scope.method, scope.path, scope.headers.get, read)
            answer = await self._made[0].answer(request)
        else:
            assert self._failed is not None
            answer = refusal(self._failed)
        headers = [("content-type", answer.media), *answer.headers.items()]
        protocol.response_bytes(answer.status, headers, answer.body)


def _reader(scope: Any, protocol: Any) -> Callable[[int, Callable[[int], None]], Awaitable[bytes]]:
    async def whole() -> bytes:
        if scope.headers.get("content-length") is not None:
            return bytes(await protocol())  # the length was checked before
        return b""

    async def parts(most: int, take: Callable[[int], None]) -> bytes:
        taken: list[bytes] = []
        size = 0
        async for part in protocol:
            size += len(part)
            if size > most:
                raise too_large(size)
            take(len(part))
            taken.append(bytes(part))
        return b"".join(taken)

    async def read(most: int, take: Callable[[int], None]) -> bytes:
        chunked = scope.headers.get("content-length") is None
        declared = int(scope.headers.get("content-length") or 0)
        try:
            async with asyncio.timeout(READ_S):
                return await (parts(most, take) if chunked else whole())
        except (TimeoutError, OSError, RuntimeError):
            raise Problem("http_incomplete", expected=declared or "?", size="?") from None

    return read
