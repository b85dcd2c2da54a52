"""Where accepted readings go. Adapters know only these protocols; the command wires the lake in."""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa


class Receipt(Protocol):
    """The answer to an accepted batch: durable, whoever dies next."""

    @property
    def stamp(self) -> int:
        """Known time of the batch, µs since 1970 UTC."""

    @property
    def rows(self) -> int:
        """Readings taken."""

    @property
    def duplicate(self) -> bool:
        """The same message or content had been received before; this is the first receipt."""

    @property
    def body_digest(self) -> bytes:
        """SHA-256 of the body that was first received under this message id."""

    @property
    def same_message(self) -> bool:
        """A duplicate by its message id, not by its content alone."""

    @property
    def writer(self) -> str:
        """Whose inbox it lies in."""

    @property
    def inbox_id(self) -> int:
        """Its number there."""

    @property
    def note(self) -> bytes:
        """What the adapter handed in to be kept with the receipt."""


class AsyncSink(Protocol):
    """Takes a batch in; what it returns is on the disk.

    `table` has the columns of READING; `raw` are the bytes as received, `form` the name of the
    decoder that reads them again, `source` the gateway, `message_id` its own number of the message.
    `note` is kept and given back with the receipt, `signature` beside `raw`. Raises `Problem`
    when nothing was taken. Batches that arrive while one is flushed are flushed together next.
    """

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
    ) -> Receipt: ...
