"""Send readings from a gateway: retries, a spool on the disk, nothing but the standard library.

    client = Client("https://carbon.example.org:8100", token, spool="/var/lib/gateway/spool")
    client.send([{"channel": "main/energy", "time": "2026-09-01T00:00:00+08:00", "value": "12.34"}])

`send` writes the readings to the spool first and returns; they are there after a power cut. They
are delivered oldest first, each message under the key it got when it was written, so that a message
sent twice is stored once. After an outage what has gathered is sent at a bounded rate. Where the
gateway must sign, `signing_key` is the key of its page, `<number>.<secret>`, or the number and the
file of an Ed25519 private key, `<number>:<file.pem>` (that one needs the package cryptography).
This file may be copied to a gateway alone (Python 3.9 or newer).
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import hmac
import http.client
import json
import os
import random
import ssl
import sys
import time
import urllib.parse
import uuid
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MOST_READINGS = 5_000
"""In one message; `send` makes several of more."""
MOST_BYTES = 256 * 2**20
"""Of the spool; when it is full, `send` raises SpoolFull and nothing that waits is given up."""
PER_S = 20_000
"""Readings per second while what has gathered is delivered."""
RETRY_S, MOST_RETRY_S = 1.0, 60.0
TIMEOUT_S = 30.0
_COME_BACK = {408, 425, 429, 500, 502, 503, 504}
_LATER = {401, 403, 404, 405}
"""Refusals that end when somebody repairs address, token or signing key: the message waits."""
_ON_THE_WAY = {"http_incomplete", "http_digest_wrong"}
"""The body did not come as it was sent."""

_COVERED = ("@method", "content-digest", "content-type", "content-encoding", "idempotency-key")
"""What a signature covers (RFC 9421): none of it can be put to another body."""

Reading = Mapping[str, Any]


class SpoolFull(Exception):
    """The spool holds as much as it may; nothing of this call was taken."""


class Refused(Exception):
    """A message that the service will never take; it lies in the spool's folder `refused`."""


class Spool:
    """Messages that wait to be delivered: one file each, named in the order they were written."""

    def __init__(self, folder: str | os.PathLike[str], most_bytes: int = MOST_BYTES) -> None:
        self.folder = Path(folder)
        self.refused = self.folder / "refused"
        self.most_bytes = most_bytes
        self.refused.mkdir(parents=True, exist_ok=True)
        with _locked(self.folder / "order.lock"):
            for torn in self.folder.glob("*.new"):
                torn.unlink(missing_ok=True)  # a power cut came before the message had its name

    def waiting(self) -> list[Path]:
        """Messages, the oldest first."""
        return sorted(self.folder.glob("*.json.gz"))

    def size(self) -> int:
        """Bytes of messages that wait."""
        return sum(path.stat().st_size for path in self.waiting())

    def put(self, messages: list[list[Reading]]) -> list[Path]:
        """Write messages, durable on return; a full spool takes none of them."""
        packed = [_packed(rows) for rows in messages]
        if self.size() + sum(map(len, packed)) > self.most_bytes:
            raise SpoolFull(f"the spool {self.folder} holds {self.most_bytes} bytes already")
        kept: list[Path] = []
        try:
            with _locked(self.folder / "order.lock"):
                name, first = self._reserve(len(packed))
                kept += (self._write(f"{first + n:015d}-{name}", p) for n, p in enumerate(packed))
        except OSError:
            for path in kept:  # all of a call or nothing, so that it can be made again
                path.unlink(missing_ok=True)
            raise
        return kept

    def _reserve(self, count: int) -> tuple[str, int]:
        """Name of this spool and the next free number, taken before anything is written.

        Numbers go on when the spool was empty, however the clock moves: a key is never used for
        another message, and the service sees from the numbers when one is missing.
        """
        path = self.folder / "numbers.json"
        held: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        name, first = str(held.get("spool") or uuid.uuid4().hex[:16]), int(held.get("next", 1))
        new = path.with_suffix(".new")
        _write_flushed(new, json.dumps({"spool": name, "next": first + count}).encode())
        new.replace(path)
        _flush(self.folder)
        return name, first

    def _write(self, name: str, body: bytes) -> Path:
        path = self.folder / f"{name}.json.gz"
        _write_flushed(path.with_suffix(".new"), body)
        path.with_suffix(".new").rename(path)
        _flush(self.folder)
        return path

    def done(self, path: Path) -> None:
        """A message that was acknowledged."""
        path.unlink(missing_ok=True)
        _flush(self.folder)

    def set_aside(self, path: Path, answer: Mapping[str, Any]) -> None:
        """A message that was refused for good is kept with the reason beside it."""
        reason = self.refused / f"{path.name}.reason.json"
        reason.write_text(json.dumps(answer, ensure_ascii=False, indent=1), encoding="utf-8")
        path.rename(self.refused / path.name)
        _flush(self.refused)
        _flush(self.folder)


class Signer:
    """Signs requests after RFC 9421 with a key as the gateway's page gave it."""

    def __init__(self, key: str) -> None:
        if ":" in key:
            self.key_id, _, file = key.partition(":")
            self._algorithm, self._sign = "ed25519", _ed25519(file)
        else:
            self.key_id, _, text = key.partition(".")
            secret = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            self._algorithm = "hmac-sha256"
            self._sign = lambda base: hmac.new(secret, base, hashlib.sha256).digest()
        if not self.key_id:
            raise ValueError("a signing key is <number>.<secret> or <number>:<file.pem>")

    def headers(self, method: str, body: bytes, sent: Mapping[str, str]) -> dict[str, str]:
        """Content-Digest, Signature-Input and Signature of a request with these headers."""
        digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
        values = {name.lower(): value for name, value in sent.items()}
        values.update({"@method": method, "content-digest": digest})
        covered = [name for name in _COVERED if name in values]
        listed = " ".join(f'"{name}"' for name in covered)
        said = (
            f'({listed});created={int(time.time())};keyid="{self.key_id}";alg="{self._algorithm}"'
        )
        lines = [f'"{name}": {values[name]}' for name in covered]
        base = "\n".join([*lines, f'"@signature-params": {said}'])
        signature = base64.b64encode(self._sign(base.encode())).decode()
        return {
            "Content-Digest": digest,
            "Signature-Input": f"tanma={said}",
            "Signature": f"tanma=:{signature}:",
        }


def _ed25519(file: str) -> Callable[[bytes], bytes]:
    """Signs with the private key of a PEM file, by a package that the gateway has to have."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key: Any = load_pem_private_key(Path(file).read_bytes(), None)
    return lambda base: bytes(key.sign(base))


class Client:
    """Sends readings to `<url>/v1/readings`; several processes may share one spool."""

    def __init__(
        self,
        url: str,
        token: str,
        spool: str | os.PathLike[str],
        *,
        most_bytes: int = MOST_BYTES,
        per_s: float = PER_S,
        timeout_s: float = TIMEOUT_S,
        ca: str | None = None,
        signing_key: str | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no http or https address")
        self.spool = Spool(spool, most_bytes)
        self._parts, self._token = parts, token
        self._signer = Signer(signing_key) if signing_key else None
        self._per_s, self._timeout_s, self._pause = per_s, timeout_s, pause
        self._tls = ssl.create_default_context(cafile=ca) if parts.scheme == "https" else None
        self._connection: http.client.HTTPConnection | None = None
        self._retry_s = RETRY_S
        self._not_before = 0.0

    def send(self, rows: Iterable[Reading]) -> int:
        """Keep readings, durable on return, and try to deliver; how many messages wait.

        Never waits for a service that is away: what is left goes with the next call, or `flush`.
        """
        held: list[Reading] = [dict(row) for row in rows]
        parts = [held[n : n + MOST_READINGS] for n in range(0, len(held), MOST_READINGS)]
        if parts:
            self.spool.put(parts)
        if time.monotonic() >= self._not_before:
            self.deliver()
        return len(self.spool.waiting())

    def flush(self, within_s: float = float("inf")) -> bool:
        """Deliver until nothing waits, through outages, for at most so long; whether it is done."""
        end = time.monotonic() + within_s
        while not self.deliver():
            if time.monotonic() >= end:
                return False
            self._pause(max(0.0, min(self._not_before, end) - time.monotonic()))
        return True

    def deliver(self) -> bool:
        """Send what waits, the oldest first, until done or the service cannot take more now."""
        with _locked(self.spool.folder / "deliver.lock"):
            for path in self.spool.waiting():
                try:
                    body = path.read_bytes()
                except FileNotFoundError:
                    continue
                began = time.monotonic()
                readings = _count(body)
                if not readings:
                    self.spool.set_aside(path, {"code": "damaged", "en": "The file is damaged."})
                    continue
                if not self._delivered(path, body):
                    return False
                rest = readings / self._per_s - (time.monotonic() - began)
                if rest > 0 and readings > 1:
                    self._pause(rest)
        return True

    def _delivered(self, path: Path, body: bytes) -> bool:
        """Whether this message needs no further attempt."""
        number, _, rest = path.name.partition("-")
        key = f"{rest.partition('.')[0]}-{int(number)}"
        try:
            status, wait_s, answer = self._post(body, key)
        except (OSError, http.client.HTTPException) as error:
            self._close()
            return self._later(None, f"{type(error).__name__}: {error}")
        if status == 200:
            self._retry_s, self._not_before = RETRY_S, 0.0
            if answer.get("refusals"):
                self._tell(answer)
            self.spool.done(path)
            return True
        if status in _COME_BACK | _LATER or answer.get("code") in _ON_THE_WAY:
            if status in _LATER:
                self._tell(answer)
            return self._later(wait_s, f"{status} {answer.get('code', '')}")
        self._tell(answer)
        self.spool.set_aside(path, answer)
        return True

    def _later(self, wait_s: float | None, why: str) -> bool:
        """Wait as long as the service asks, else twice as long each time, never all at once."""
        if wait_s is None:
            wait_s = self._retry_s * random.uniform(0.5, 1.0)
            self._retry_s = min(MOST_RETRY_S, self._retry_s * 2)
        self._not_before = time.monotonic() + wait_s
        print(f"tanma.client: {why}; again in {wait_s:.1f} s", file=sys.stderr)
        return False

    def _tell(self, answer: Mapping[str, Any]) -> None:
        for refusal in [*answer.get("refusals", []), answer][:10]:
            if "en" in refusal:
                print(f"tanma.client: {refusal['zh']}\n{refusal['en']}", file=sys.stderr)

    def _post(self, body: bytes, key: str) -> tuple[int, float | None, dict[str, Any]]:
        """The answer; what lay idle and was closed meanwhile is opened anew at once."""
        if self._connection is not None and self._connection.sock is not None:
            try:
                return self._ask(body, key)
            except TimeoutError:
                raise
            except (OSError, http.client.HTTPException):
                self._close()
        return self._ask(body, key)

    def _ask(self, body: bytes, key: str) -> tuple[int, float | None, dict[str, Any]]:
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "Idempotency-Key": key,
        }
        if self._signer is not None:
            headers.update(self._signer.headers("POST", body, headers))
        connection = self._connected()
        connection.request("POST", f"{self._parts.path.rstrip('/')}/v1/readings", body, headers)
        response = connection.getresponse()
        text = response.read()
        wait = response.getheader("Retry-After")
        try:
            answer = json.loads(text)
        except ValueError:
            answer = {"code": text[:200].decode("utf-8", "replace")}
        told = answer if isinstance(answer, dict) else {}
        return response.status, float(wait) if wait and wait.isdecimal() else None, told

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            host, port = self._parts.hostname or "", self._parts.port
            self._connection = (
                http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=self._tls)
                if self._tls
                else http.client.HTTPConnection(host, port, timeout=self._timeout_s)
            )
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """Close the connection; what waits stays in the spool."""
        self._close()


def _packed(rows: list[Reading]) -> bytes:
    """Readings as they are sent: JSON columns, gzip. Later attempts send these very bytes."""
    names = ["channel", "time", "value"]
    names += [n for n in ("end", "revision") if any(row.get(n) is not None for row in rows)]
    unknown = {n for row in rows for n in row} - {"channel", "time", "value", "end", "revision"}
    if unknown:
        raise ValueError(f"a reading has no {', '.join(sorted(unknown))}")
    columns = {n: [row[n] if n in names[:3] else row.get(n) for row in rows] for n in names}
    text = json.dumps(columns, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return gzip.compress(text.encode(), 6, mtime=0)


def _count(body: bytes) -> int:
    """Readings of a message; 0 where the disk did not keep it whole."""
    try:
        return len(json.loads(gzip.decompress(body))["channel"])
    except (OSError, EOFError, zlib.error, ValueError):
        return 0


def _write_flushed(path: Path, body: bytes) -> None:
    """A new file, on the disk; on a full one what was begun leaves no file behind."""
    try:
        with path.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _locked(path: Path) -> Any:
    """One process at a time; the operating system gives the lock back when it dies."""
    with path.open("a") as handle:
        try:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        except ImportError:  # no such locks here: one process per spool, please
            pass
        yield


def _rows(lines: Iterable[str]) -> Iterable[Reading]:
    """Readings from JSON lines."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            row = json.loads(line)
            if not isinstance(row, dict) or not {"channel", "time", "value"} <= row.keys():
                raise ValueError(
                    f"line {number} needs channel, time and value: {line.strip()[:80]}"
                )
            yield row


def main(argv: list[str] | None = None) -> int:
    """Read JSON lines from standard input and deliver them; 0 when nothing waits any more."""
    parser = argparse.ArgumentParser(prog="python -m tanma.client", description=main.__doc__)
    parser.add_argument("url", help="address of the service, e.g. https://host:8100")
    parser.add_argument("--spool", required=True, help="folder in which messages wait")
    parser.add_argument("--token", help="token of the gateway (or variable TANMA_TOKEN)")
    parser.add_argument(
        "--signing-key", help="key of a gateway that must sign (or variable TANMA_SIGNING_KEY)"
    )
    parser.add_argument("--within", type=float, default=60.0, help="seconds to try (60)")
    parser.add_argument("--ca", help="file of certificates to trust")
    args = parser.parse_args(argv)
    token = args.token or os.environ.get("TANMA_TOKEN", "")
    key = args.signing_key or os.environ.get("TANMA_SIGNING_KEY")
    client = Client(args.url, token, args.spool, ca=args.ca, signing_key=key)
    if not sys.stdin.isatty():
        batch: list[Reading] = []
        for row in _rows(sys.stdin):
            batch.append(row)
            if len(batch) == MOST_READINGS:
                client.spool.put([batch])
                batch = []
        if batch:
            client.spool.put([batch])
    done = client.flush(args.within)
    print(f"tanma.client: {len(client.spool.waiting())} messages wait", file=sys.stderr)
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
