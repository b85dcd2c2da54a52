"""Counters of all server processes in Prometheus' text format.

Each process counts in a small mapped file of its own beside its inbox, so that whichever process is
asked can tell of all, and counters go on when a process is started again.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

COUNTERS = {
    "requests": "Requests with readings that were answered.",
    "accepted": "Readings acknowledged.",
    "refused": "Readings refused.",
    "duplicates": "Requests that had been received before.",
    "limited": "Requests told to come back later (429).",
    "failed": "Requests that the service could not take (5xx).",
}
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the commit latency, seconds."""
_GAUGES = ("waiting_bytes",)
_LATENCY = (*(f"le{n}" for n in range(len(BUCKETS_S))), "commits", "commit_s", "batches")
_FIELDS = (*COUNTERS, *_GAUGES, *_LATENCY)
_SUFFIX = ".metrics"


class Metrics:
    """Counters of one process, kept in `<folder>/<process>.metrics`."""

    def __init__(self, folder: Path, process: str) -> None:
        self._folder = folder
        path = folder / f"{process}{_SUFFIX}"
        size = len(_FIELDS) * 8
        if not path.exists() or path.stat().st_size != size:
            path.write_bytes(bytes(size))
        # The array below the map: the same bytes, and quicker to count in.
        self._values = np.memmap(path, np.float64, "r+", shape=(len(_FIELDS),)).view(np.ndarray)
        self.set("waiting_bytes", 0)

    def add(self, name: str, amount: float = 1) -> None:
        self._values[_FIELDS.index(name)] += amount

    def set(self, name: str, value: float) -> None:
        self._values[_FIELDS.index(name)] = value

    def commit(self, seconds: float, batches: int) -> None:
        """One flush, which carried some batches."""
        for place, bound in enumerate(BUCKETS_S):
            if seconds <= bound:
                self.add(f"le{place}")
        self.add("commits")
        self.add("commit_s", seconds)
        self.add("batches", batches)

    def text(self, beside: Iterable[str] = ()) -> str:
        """Every process' counters, and lines of others beside them."""
        held = {
            path.name.removesuffix(_SUFFIX): _read(path)
            for path in sorted(self._folder.glob(f"*{_SUFFIX}"))
        }
        lines: list[str] = []
        for name, about in COUNTERS.items():
            lines += _family(f"tanma_intake_{name}_total", "counter", about)
            lines += [_line(f"tanma_intake_{name}_total", p, v[name]) for p, v in held.items()]
        about = "Bytes of bodies let in and not answered yet."
        lines += _family("tanma_intake_waiting_bytes", "gauge", about)
        lines += [
            _line("tanma_intake_waiting_bytes", p, v["waiting_bytes"]) for p, v in held.items()
        ]
        lines += _latency(held)
        return "\n".join([*lines, *beside]) + "\n"


def _read(path: Path) -> dict[str, float]:
    values = np.fromfile(path, np.float64)
    return dict(zip(_FIELDS, values.tolist(), strict=False))


def _family(name: str, kind: str, about: str) -> list[str]:
    return [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]


def _line(name: str, process: str, value: float, more: str = "") -> str:
    return f'{name}{{process="{process}"{more}}} {value:.15g}'


def _latency(held: dict[str, dict[str, float]]) -> list[str]:
    name = "tanma_intake_commit_seconds"
    lines = _family(name, "histogram", "Seconds of a durable commit of a group of requests.")
    for process, values in held.items():
        for place, bound in enumerate(BUCKETS_S):
            more = f',le="{bound}"'
            lines.append(_line(f"{name}_bucket", process, values[f"le{place}"], more))
        lines.append(_line(f"{name}_bucket", process, values["commits"], ',le="+Inf"'))
        lines.append(_line(f"{name}_sum", process, values["commit_s"]))
        lines.append(_line(f"{name}_count", process, values["commits"]))
    batches = "tanma_intake_committed_requests_total"
    lines += _family(batches, "counter", "Requests that commits carried.")
    return lines + [_line(batches, p, v["batches"]) for p, v in held.items()]
