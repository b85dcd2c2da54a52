"""`tanma lake signed`: whether a batch is what its gateway signed, at any time after it came."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from tanma.site.commands._lake_hold import receipt

if TYPE_CHECKING:
    from tanma.intake.live import Signed
    from tanma.lake.raw import Body

HELP = "Check the signature of a batch by its receipt (http-1/17): digest, key, gateway, who"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("receipt", type=receipt, metavar="RECEIPT")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER",
        help="write body, signature base and signature there, for other tools",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """0 where the signature holds, 1 where it does not or there is none."""
    from tanma.domain.messages import Problem
    from tanma.intake.live import Signed
    from tanma.lake import raw
    from tanma.site.commands.lake import lake_folder
    from tanma.site.setup import django_ready

    django_ready()
    body = raw.find(lake_folder(), *args.receipt)
    if body is None:
        raise Problem("signed_batch_absent", receipt="/".join(map(str, args.receipt)))
    print("\n".join(_received(body)))
    if not body.signature:
        print("签名 signature             无 none")
        return 1
    signed = Signed.of_text(body.signature)
    lines, holds = _checked(body, signed)
    print("\n".join(lines))
    if args.out is not None:
        _write(args.out, body, signed)
    return 0 if holds else 1


def _received(body: Body) -> list[str]:
    at = dt.datetime.fromtimestamp(body.stamp / 10**6, dt.UTC)
    there = "在 here" if body.body is not None else "只留摘要 digest alone"
    return [
        f"回执 receipt               {body.writer}/{body.batch}",
        f"收到 received              {at:%Y-%m-%d %H:%M:%S} UTC",
        f"网关 gateway               {body.source}",
        f"读数 readings              {body.rows}",
        f"报文 body                  {there}",
        f"摘要 digest                sha256:{body.digest.hex()}",
    ]


def _checked(body: Body, signed: Signed) -> tuple[list[str], bool]:
    """What is told of a signature, and whether it holds for the body that was kept."""
    import hashlib

    from tanma.apps.metering import door as metering

    key = metering.find_key(signed.key_uid)
    own = key is not None and key.gateway.uid == body.source
    whole = body.body is None or hashlib.sha256(body.body).digest() == body.digest
    by = key is not None and metering.verifier(key).verifies(signed.base, signed.signature)
    holds = {
        "报文与摘要一致 body agrees with digest": whole,
        "签名覆盖该摘要 digest is the signed one": signed.covers(body.digest),
        "密钥属于该网关 key is the gateway's": own,
        "签名成立 signature holds": by,
    }
    lines = [f"密钥 key                   {signed.key_uid}"]
    if key is not None:
        lines[0] += f" · {key.algorithm} · {key.gateway} · {key.made_at:%Y-%m-%d} {key.made_by}"
    lines += [f"{'是 yes' if good else '否 NO':<8}{text}" for text, good in holds.items()]
    return lines, all(holds.values())


def _write(folder: Path, body: Body, signed: Signed) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "signature-base.txt").write_bytes(signed.base.encode())
    (folder / "signature.bin").write_bytes(signed.signature)
    if body.body is not None:
        (folder / "body.bin").write_bytes(body.body)
