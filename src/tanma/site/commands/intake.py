"""Take readings of gateways over HTTP; sealing runs beside."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "Take readings of gateways over HTTP, and from brokers and devices; seal them beside."


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address to listen on (TANMA_INTAKE_HOST, 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (TANMA_INTAKE_PORT, 8100)")
    parser.add_argument("--workers", type=int, default=1, help="server processes (1)")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between seals (5)")
    parser.add_argument("--no-seal", action="store_true", help="leave sealing to another process")
    parser.add_argument(
        "--connections", type=Path, help="TOML file of brokers, devices and meters to read as well"
    )
    parser.add_argument("--tls-cert", type=Path, help="certificate (PEM): serve HTTPS")
    parser.add_argument("--tls-key", type=Path, help="its private key (PEM)")


def run(args: argparse.Namespace) -> int:
    import os

    from tanma.site import setup
    from tanma.site.config import Config
    from tanma.site.intake_service import TARGET, Serving, sealer_command, serve

    setup.prepare()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tanma.site.settings"
    config = Config()
    how = Serving(
        args.host or config.intake_host, args.port or config.intake_port, args.workers,
        args.tls_cert, args.tls_key,
    )  # fmt: skip
    sealing = sealer_command(config.lake, args.every)
    return serve(TARGET, how, None if args.no_seal else sealing, _reading(args.connections))


def _reading(file: Path | None) -> list[str] | None:
    """The process that reads a connections file; a file that is wrong is refused before it."""
    if file is None:
        return None
    from tanma.intake.connections import load
    from tanma.site.intake_connections import command

    load(file)
    return command(file)
