"""The command line: one module of `site.commands` per command, imported only when called."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from types import ModuleType

from tanma.domain.messages import Problem
from tanma.site import commands


def command_names() -> list[str]:
    return sorted(m.name for m in pkgutil.iter_modules(commands.__path__) if m.name[0] != "_")


def load(name: str) -> ModuleType:
    return importlib.import_module(f"tanma.site.commands.{name}")


def overview() -> str:
    lines = ["tanma <command> [--help]", ""]
    lines += [f"  {name:<12} {load(name).HELP}" for name in command_names()]
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    args = sys.argv[1:] if argv is None else argv
    if not args or args[0] in {"-h", "--help", "help"}:
        print(overview())
        return 0
    if args[0] not in command_names():
        print(f"tanma: unknown command {args[0]!r}\n\n{overview()}", file=sys.stderr)
        return 2
    module = load(args[0])
    parser = argparse.ArgumentParser(prog=f"tanma {args[0]}", description=module.HELP)
    module.arguments(parser)
    try:
        return int(module.run(parser.parse_args(args[1:])) or 0)
    except Problem as problem:
        print(f"tanma: {problem.text('zh')}\n       {problem.text('en')}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
