"""Django's own commands, for operators: `tanma manage createsuperuser`, `shell`, …"""

from __future__ import annotations

import argparse

HELP = "Run a command of Django (migrate, shell, dumpdata, …)."


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("command", nargs=argparse.REMAINDER)


def run(args: argparse.Namespace) -> int:
    from django.core.management import execute_from_command_line

    from tanma.site.setup import django_ready

    django_ready()
    execute_from_command_line(["tanma manage", *args.command])
    return 0
