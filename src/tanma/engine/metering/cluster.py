"""Tasks over the workers of a Dask scheduler; results come back as they are finished.

The scheduler gives the tasks of a worker that died to another one. A worker needs this program at
the same version and the lake at the same path (docs/how-to/cluster.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def mapped(address: str, work: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
    """The results of some work on every task, in the order in which they are finished."""
    from distributed import Client, as_completed

    with Client(address, set_as_default=False) as client, client.as_current():
        # results are files and days: the same task never runs twice at once, and none is cached
        futures = [client.submit(work, task, pure=False, retries=3) for task in tasks]
        for future in as_completed(futures):
            yield future.result()
            future.release()
