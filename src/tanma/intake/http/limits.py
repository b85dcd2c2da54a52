"""How much a token may send, and how much may wait: what is refused is told when to come back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tanma.domain.messages import Problem


class Rate:
    """Readings per second of each token, with a burst of some seconds; per server process."""

    def __init__(
        self,
        per_s: float,
        burst_s: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_s = per_s
        self._most = per_s * burst_s
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def check(self, token: str) -> None:
        """Raise when this token has sent more than it may."""
        left, _ = self._now(token)
        if left <= 0:
            wait_s = max(1, round(1 - left / self._per_s))
            raise Problem("http_rate", per_s=round(self._per_s), wait_s=wait_s)

    def charge(self, token: str, readings: int) -> None:
        left, now = self._now(token)
        self._left[token] = (left - readings, now)

    def _now(self, token: str) -> tuple[float, float]:
        now = self._clock()
        left, at = self._left.get(token, (self._most, now))
        return min(self._most, left + (now - at) * self._per_s), now


class Queue:
    """Bytes of bodies, as sent and as expanded, that are held and not answered yet."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.bytes = 0

    @contextmanager
    def place(self) -> Iterator[Callable[[int], None]]:
        """A place for one body; what it gives is told how many bytes more the body takes.

        That raises when the service holds enough; a lone body always finds room. What a body in
        chunks or a compressed one will take is not known before, so it is told as it comes.
        """
        own = 0

        def take(size: int) -> None:
            nonlocal own
            if self.bytes > own and self.bytes + size > self.most_bytes:
                raise Problem("http_busy", waiting=self.bytes, most=self.most_bytes, wait_s=1)
            self.bytes += size
            own += size

        try:
            yield take
        finally:
            self.bytes -= own
