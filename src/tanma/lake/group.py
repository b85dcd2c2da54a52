"""Group commit: while one flush runs, the batches that arrive gather for the next.

No timed window is needed: a lone batch is flushed at once, and under load each flush carries what
came during the one before. Batches are packed where they arrive, and a thread does nothing but
write: two threads that both work in Python would wait for each other.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import pyarrow as pa

from tanma.domain.messages import Problem
from tanma.lake.inbox import Claim, Entry, Receipt, is_damage
from tanma.lake.landing import Landing, entry

MOST_BATCHES = 256
"""Batches that one flush takes."""
BESIDE_ROWS, BESIDE_BYTES = 10_000, 2**20
"""Batches of so many rows or bytes are packed in a thread, so that small ones need not wait."""


@dataclass
class _Waiting:
    """A batch on its way to the disk."""

    entry: Entry
    done: asyncio.Future[Receipt] = field(repr=False)


class GroupCommit:
    """An asynchronous sink over the inbox of one writer; `observe` hears (seconds, batches)."""

    observe: Callable[[float, int], None]

    def __init__(self, landing: Landing, prefix: str) -> None:
        self._landing = landing
        self._prefix = prefix
        self._claim = Claim(landing.root, prefix)
        self.observe = _unobserved
        self._waiting: deque[_Waiting] = deque()
        self._running: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="group-commit")

    @property
    def writer(self) -> str:
        """Whose inbox this process writes; another one after it had to be set aside."""
        return self._claim.writer

    async def accept(
        self,
        table: pa.Table,
        *,
        raw: bytes,
        form: str,
        source: str,
        message_id: str | None = None,
        note: bytes = b"",
        signature: str = "",
    ) -> Receipt:
        """Durable when it returns."""
        pack = partial(
            entry, table, body=raw, form=form, source=source, message_id=message_id, note=note,
            signature=signature,
        )  # fmt: skip
        small = table.num_rows < BESIDE_ROWS and len(raw) < BESIDE_BYTES
        packed = pack() if small else await asyncio.to_thread(pack)
        done: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(packed, done))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await done

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(MOST_BATCHES, len(self._waiting)))]
            began = time.perf_counter()
            answers = await loop.run_in_executor(self._thread, self._commit, group)
            self.observe(time.perf_counter() - began, len(group))
            for one, answer in zip(group, answers, strict=True):
                if one.done.cancelled():  # whoever asked has gone; the batch is stored all the same
                    continue
                if isinstance(answer, Exception):
                    one.done.set_exception(answer)
                else:
                    one.done.set_result(answer)

    def _commit(self, group: list[_Waiting]) -> Sequence[Receipt | Exception]:
        """Receipts in the order of the group, or for each what went wrong: then none was taken."""
        try:
            return self._taken([one.entry for one in group])
        except Exception as error:
            return [error] * len(group)

    def _taken(self, entries: list[Entry]) -> list[Receipt]:
        """Into this writer's inbox; into a new one when it had to be set aside."""
        try:
            return self._landing.take(entries, writer=self.writer)
        except Problem as problem:
            if is_damage(problem):
                self._landing.inbox(self.writer).set_aside(problem.text("en"))
            elif problem.code != "readings_writer_aside":
                raise
        former = self._claim
        self._claim = Claim(self._landing.root, self._prefix)
        former.release()
        return self._landing.take(entries, writer=self.writer)

    async def close(self) -> None:
        """Wait until everything that arrived is on the disk."""
        while self._running is not None and not self._running.done():
            await asyncio.wait([self._running])
        self._thread.shutdown()
        self._claim.release()


def _unobserved(seconds: float, batches: int) -> None:
    """Nobody counts."""
