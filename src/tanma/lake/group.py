"""Group commit: while one flush runs, the batches that arrive gather for the next.

No timed window is needed: a lone batch is flushed at once, and under load each flush carries what
came during the one before. One thread prepares and writes; the loop stays free to answer.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pyarrow as pa

from tanma.domain.messages import Problem
from tanma.lake.inbox import Claim, Entry, Receipt, is_damage
from tanma.lake.landing import Landing, entry

MOST_BATCHES = 256
"""Batches that one flush takes."""


@dataclass
class _Waiting:
    """A batch on its way to the disk."""

    table: pa.Table
    raw: bytes
    form: str
    source: str
    message_id: str | None
    note: bytes
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
    ) -> Receipt:
        """Durable when it returns."""
        done: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(table, raw, form, source, message_id, note, done))
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
                if isinstance(answer, BaseException):
                    one.done.set_exception(answer)
                else:
                    one.done.set_result(answer)

    def _commit(self, group: list[_Waiting]) -> list[Receipt | BaseException]:
        """Receipts, or what went wrong, in the order of the group."""
        ready = [_prepared(one) for one in group]
        entries = [e for e in ready if isinstance(e, Entry)]
        try:
            receipts = iter(self._taken(entries) if entries else ())
        except Exception as error:  # every batch of the group is told; none was taken
            return [error if isinstance(e, Entry) else e for e in ready]
        return [next(receipts) if isinstance(e, Entry) else e for e in ready]

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


def _prepared(one: _Waiting) -> Entry | BaseException:
    try:
        return entry(
            one.table, body=one.raw, form=one.form, source=one.source,
            message_id=one.message_id, note=one.note,
        )  # fmt: skip
    except Exception as error:  # of this batch alone
        return error
