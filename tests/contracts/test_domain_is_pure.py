"""What imports cannot show: the domain asks no clock, no environment, and writes no file."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

DOMAIN = Path(__file__).resolve().parent.parent.parent / "src" / "tanma" / "domain"
CLOCK = {"now", "today", "utcnow"}
OUTSIDE = {"environ", "getenv", "write_text", "write_bytes", "mkdir", "unlink", "chmod"}
BUILTINS = {"open", "print", "input"}


def impurities(source: str) -> list[str]:
    """Line and name of each use of the clock, the environment, or a file opened by name."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in CLOCK | OUTSIDE:
            found.append(f"{node.lineno}: .{node.attr}")
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in BUILTINS:
            found.append(f"{node.lineno}: {node.func.id}()")  # type: ignore[attr-defined]
    return sorted(found)


def test_the_domain_is_pure() -> None:
    files = sorted(DOMAIN.rglob("*.py"))
    assert len(files) > 5
    found = [
        f"{file.relative_to(DOMAIN)}:{fault}"
        for file in files
        for fault in impurities(file.read_text(encoding="utf-8"))
    ]
    assert [] == found


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("day = date.today()", "1: .today"),
        ("at = datetime.now(UTC)", "1: .now"),
        ("home = os.environ['HOME']", "1: .environ"),
        ("path.write_text('x')", "1: .write_text"),
        ("open('x', 'w')", "1: open()"),
        ("print('x')", "1: print()"),
    ],
)
def test_a_planted_impurity_is_found(line: str, told: str) -> None:
    assert [told] == impurities(line)
