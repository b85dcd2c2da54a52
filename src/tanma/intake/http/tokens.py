"""Which token may write what: a snapshot that is renewed every few seconds."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from tanma.domain.messages import Problem
from tanma.intake.live import Scope, Scopes, token_hash

FRESH_S = 5.0
"""A revoked token is refused after at most so many seconds."""
AGAIN_S = 1.0
"""A token that is not known asks for a new snapshot at most this often."""
_log = logging.getLogger(__name__)


class ScopeBook:
    """Token hash → scope. `scopes` may block; it is asked in a thread."""

    def __init__(self, scopes: Scopes, clock: Callable[[], float] = time.monotonic) -> None:
        self._scopes = scopes
        self._clock = clock
        self._held: Mapping[str, Scope] = {}
        self._asked = float("-inf")
        self._took_s = 0.0
        self._lock = asyncio.Lock()

    async def find(self, token: str) -> tuple[str, Scope]:
        """Hash and scope of a token, or a Problem."""
        name = token_hash(token)
        if name not in self._held:
            # whoever tries tokens must not keep the database busy: a tenth of the time at most
            await self.renew(max(AGAIN_S, 10 * self._took_s))
        elif self._clock() - self._asked > 12 * FRESH_S:
            # Nobody renews in the background: rather ask now than let in who was revoked.
            await self.renew(FRESH_S)
        scope = self._held.get(name)
        if scope is None:
            raise Problem("http_token_unknown")
        if len(scope) == 0:
            raise Problem("http_token_without_channels", source=scope.source)
        return name, scope

    async def renew(self, older_than_s: float = 0.0) -> None:
        """Ask for a new snapshot unless the last is younger; a failure keeps the last."""
        async with self._lock:
            if self._clock() - self._asked < older_than_s:
                return
            self._asked = self._clock()
            try:
                self._held = await asyncio.to_thread(self._scopes)
            except Exception:  # the database may be away; known gateways go on
                _log.exception("scopes of tokens could not be renewed")
            self._took_s = self._clock() - self._asked
