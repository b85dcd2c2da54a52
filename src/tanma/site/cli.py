"""The command line: one module of `site.commands` per command, imported only when called."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Mapping
from types import ModuleType

from tanma.domain.messages import Problem, render
from tanma.site import commands

READER_LEFT = 141
"""128 + SIGPIPE, what a shell reports of a program whose reader went away."""


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
        done = int(module.run(parser.parse_args(args[1:])) or 0)
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_left()
    except Problem as problem:
        said = [problem.text("zh"), problem.text("en"), *template_of(problem.code, problem.params)]
        print("tanma: " + "\n       ".join(said), file=sys.stderr)
        return 2
    return done


def template_of(code: str, params: Mapping[str, object]) -> list[str]:
    """The command that gives the sheet which a wrong header is nearest to, in both languages."""
    if code != "header_wrong":
        return []
    return [render("template_command", language, dict(params)) for language in ("zh", "en")]


def _reader_left() -> int:
    """`tanma … | head` has enough: say nothing more, and end as a program that SIGPIPE ended.

    The signal itself stays ignored: a server must survive a client that hangs up.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return READER_LEFT


if __name__ == "__main__":
    sys.exit(main())
