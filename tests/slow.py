"""Which tests the fast part leaves out: those that took long in a complete run, by `slow.txt`.

    ./dev test -n 2 --durations=0 --durations-min=0.02 > LOG
    python -m tests.slow LOG [SECONDS]       # writes the list anew

A function is listed when one of its cases takes more than so many seconds (0.2) on average, with
its fixtures; beside the ones that say so themselves by a marker.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

LIST = Path(__file__).with_name("slow.txt")
MOST_S = 0.2
_TOOK = re.compile(r"\s*([\d.]+)s (?:call|setup|teardown)\s+(\S+?)::(\w+)(\[.*?)?(?:@\w+)?$")


def listed() -> dict[str, set[str]]:
    """File, relative to the project → names of its slow functions."""
    rows = (line.split() for line in LIST.read_text(encoding="utf-8").splitlines())
    return {file: set(names) for file, *names in rows}


def found(log: str, most_s: float = MOST_S) -> dict[str, list[str]]:
    """The same from the durations that pytest printed."""
    took: Counter[tuple[str, str]] = Counter()
    cases: dict[tuple[str, str], set[str]] = {}
    for line in log.splitlines():
        if hit := _TOOK.match(line):
            key = hit[2], hit[3]
            took[key] += float(hit[1])  # type: ignore[assignment]
            cases.setdefault(key, set()).add(hit[4] or "")
    slow: dict[str, list[str]] = {}
    for file, name in sorted(key for key in took if took[key] > most_s * len(cases[key])):
        slow.setdefault(file, []).append(name)
    return slow


def main(log: str, most_s: str = str(MOST_S)) -> None:
    slow = found(Path(log).read_text(encoding="utf-8"), float(most_s))
    text = "".join(f"{file} {' '.join(names)}\n" for file, names in slow.items())
    LIST.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
