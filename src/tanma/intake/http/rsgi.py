"""The thin layer between the server (granian, RSGI) and the service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from tanma.domain.messages import Problem
from tanma.intake.http.bodies import too_large
from tanma.intake.http.service import Request, Service
from tanma.intake.http.tokens import FRESH_S, ScopeBook

READ_S = 30.0
"""A body that is not complete after so many seconds is given up."""


class Closing(Protocol):
    """A sink that can be waited for."""

    async def close(self) -> None: ...


class Application:
    """One process of the service, for granian: built by `make` when the loop is there."""

    def __init__(self, make: Callable[[], tuple[Service, ScopeBook, Closing]]) -> None:
        self._make = make
        self._service: Service | None = None

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._service, self._book, self._sink = self._make()
        self._renewing = loop.create_task(self._renew())

    async def _renew(self) -> None:
        while True:
            await self._book.renew()
            await asyncio.sleep(FRESH_S)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._service is not None:
            self._service.stopping = True
            self._renewing.cancel()
            loop.run_until_complete(self._sink.close())

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        if scope.proto != "http" or self._service is None:
            protocol.close()
            return
        request = Request(scope.method, scope.path, scope.headers.get, _reader(scope, protocol))
        answer = await self._service.answer(request)
        headers = [("content-type", answer.media), *answer.headers.items()]
        protocol.response_bytes(answer.status, headers, answer.body)


def _reader(scope: Any, protocol: Any) -> Callable[[int], Awaitable[bytes]]:
    async def whole() -> bytes:
        if scope.headers.get("content-length") is not None:
            return bytes(await protocol())  # the length was checked before
        return b""

    async def parts(most: int) -> bytes:
        taken: list[bytes] = []
        size = 0
        async for part in protocol:
            size += len(part)
            if size > most:
                raise too_large(size)
            taken.append(bytes(part))
        return b"".join(taken)

    async def read(most: int) -> bytes:
        chunked = scope.headers.get("content-length") is None
        declared = int(scope.headers.get("content-length") or 0)
        try:
            async with asyncio.timeout(READ_S):
                return await (parts(most) if chunked else whole())
        except (TimeoutError, OSError, RuntimeError):
            raise Problem("http_incomplete", expected=declared or "?", size="?") from None

    return read
