"""One request to one answer: token, limits, decoding, durable commit. Knows no server, no lake."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from tanma.domain.messages import Problem
from tanma.intake.http import bodies, openapi, signatures
from tanma.intake.http.decode import MEDIA, decode
from tanma.intake.http.limits import Queue, Rate
from tanma.intake.http.metrics import Metrics
from tanma.intake.http.tokens import ScopeBook
from tanma.intake.live import AsyncSink, Receipt, Scope, Signed, Taken, noted, told

MOST_REFUSALS = 1000
"""Told one by one in an answer; the number tells of all."""
MOST_KEY = 128
"""Characters of an Idempotency-Key."""
IN_THREAD_BYTES = 2**20
"""A body of this size is decoded beside the loop, so that small requests do not wait for it."""
WAITING_BYTES = 64 * 2**20
"""Of bodies let in and not answered yet."""
PER_S = 200_000
"""Readings per second of one token, on average over some seconds."""
_KEY = re.compile(rf"[\x21-\x7e]{{1,{MOST_KEY}}}")
_JSON = "application/json; charset=utf-8"
_STATUS = {
    "http_token_missing": 401,
    "http_token_unknown": 401,
    "http_signature_missing": 401,
    "http_signature_form": 401,
    "http_signature_key": 401,
    "http_signature_covers": 401,
    "http_signature_component": 401,
    "http_signature_time": 401,
    "http_signature_wrong": 401,
    "http_token_without_channels": 403,
    "http_path": 404,
    "http_method": 405,
    "http_key_reused": 409,
    "http_too_large": 413,
    "http_too_many": 413,
    "http_media": 415,
    "http_encoding": 415,
    "http_encoding_broken": 400,
    "http_incomplete": 400,
    "http_digest_wrong": 400,
    "http_rate": 429,
    "http_busy": 429,
    "http_stopping": 503,
    "readings_not_durable": 503,
    "readings_writer_aside": 503,
    "readings_inbox_damaged": 503,
}
"""Code → status; every other code is 422: understood, and not taken."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """What the server hands over.

    `read` gives the body of at most so many bytes; of one whose length was not declared it tells
    each part as it comes.
    """

    method: str
    path: str
    header: Callable[[str], str | None]
    read: Callable[[int, Callable[[int], None]], Awaitable[bytes]]


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes
    media: str = _JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Kept:
    """What is kept of a request: the bytes, the name of their form, the gateway's own number.

    A signature covers the bytes as they were sent, so those of a signed one stay as they are;
    others are kept expanded.
    """

    raw: bytes
    form: str
    key: str | None
    signed: Signed | None = None


class Service:
    """The intake of one process. `beside` gives further lines for /metrics (it may block)."""

    def __init__(
        self,
        sink: AsyncSink,
        book: ScopeBook,
        metrics: Metrics,
        *,
        rate: Rate | None = None,
        queue: Queue | None = None,
        beside: Callable[[], Sequence[str]] = lambda: (),
    ) -> None:
        self._sink = sink
        self._book = book
        self._metrics = metrics
        self._rate = rate or Rate(PER_S)
        self._queue = queue or Queue(WAITING_BYTES)
        self._beside = beside
        self.stopping = False

    async def answer(self, request: Request) -> Answer:
        """The answer to one request, whatever happens."""
        try:
            return await self._routed(request)
        except Problem as problem:
            return self._refused(problem)
        except Exception:  # the sender is told a number, the log the rest; nothing is acknowledged
            number = uuid.uuid4().hex[:12]
            _log.exception("request failed, number %s", number)
            self._metrics.add("failed")
            return _problem(Problem("http_failed", number=number), 500)

    async def _routed(self, request: Request) -> Answer:
        path, method = request.path.rstrip("/") or "/", request.method
        allowed = "POST" if path == "/v1/readings" else "GET"
        if path not in ("/v1/readings", "/healthz", "/metrics", "/openapi.json"):
            raise Problem("http_path", path=path[:200])
        if method != allowed and not (allowed == "GET" and method == "HEAD"):
            raise Problem("http_method", path=path, method=method[:20], allowed=allowed)
        if path == "/v1/readings":
            return await self._readings(request)
        if path == "/healthz":
            status = 503 if self.stopping else 200
            return Answer(status, b'{"ok":false}' if self.stopping else b'{"ok":true}')
        if path == "/metrics":
            text = await asyncio.to_thread(lambda: self._metrics.text(self._beside()))
            return Answer(200, text.encode(), "text/plain; version=0.0.4; charset=utf-8")
        return Answer(200, openapi.as_json().encode())

    async def _readings(self, request: Request) -> Answer:
        if self.stopping:
            raise Problem("http_stopping", wait_s=5)
        token, scope = await self._book.find(_bearer(request))
        form, encoding, key = _form(request), _encoding(request), _key(request)
        size = _declared(request)
        self._rate.check(token)
        try:
            with self._queue.place() as take:
                take(size)
                self._metrics.set("waiting_bytes", self._queue.bytes)
                sent = await request.read(bodies.MOST_BYTES, take)
                if size and len(sent) != size:
                    raise Problem("http_incomplete", expected=size, size=len(sent))
                signed = await _signed(request, sent, scope)
                body = bodies.expand(sent, encoding)
                if body is not sent:
                    take(len(body))
                coded = form if body is sent else f"{form}+{encoding}"
                kept = _Kept(sent, coded, key, signed) if signed else _Kept(body, form, key)
                return await self._taken(body, form, scope, token, kept)
        finally:
            self._metrics.set("waiting_bytes", self._queue.bytes)

    async def _taken(self, body: bytes, form: str, scope: Scope, token: str, kept: _Kept) -> Answer:
        if len(body) < IN_THREAD_BYTES:
            done = decode(body, form, scope)
        else:
            done = await asyncio.to_thread(decode, body, form, scope)
        self._rate.charge(token, done.table.num_rows + len(done.refused))
        if not done.table.num_rows:
            self._metrics.add("refused", len(done.refused))
            return _none_taken(done)
        receipt = await self._sink.accept(
            done.table, raw=kept.raw, form=kept.form, source=scope.source, message_id=kept.key,
            note=noted(done.refused), signature=kept.signed.as_text() if kept.signed else "",
        )  # fmt: skip
        return self._acknowledged(receipt, done, kept)

    def _acknowledged(self, receipt: Receipt, done: Taken, kept: _Kept) -> Answer:
        digest = hashlib.sha256(kept.raw).digest() if receipt.duplicate else receipt.body_digest
        if receipt.same_message and receipt.body_digest != digest:
            first, now = _digest_text(receipt.body_digest), _digest_text(digest)
            problem = Problem("http_key_reused", key=kept.key, first=first, now=now)
            return _problem(problem, 409, first=first, now=now)
        self._metrics.add("requests")
        refused = told(receipt.note) if receipt.same_message else done.refused
        if receipt.duplicate:
            self._metrics.add("duplicates")
        else:
            self._metrics.add("accepted", receipt.rows)
            self._metrics.add("refused", len(refused))
        answer = {
            "accepted": receipt.rows,
            "refused": len(refused),
            "duplicate": receipt.duplicate,
            "receipt": f"{receipt.writer}/{receipt.inbox_id}",
            "stamp": receipt.stamp,
            "digest": _digest_text(receipt.body_digest),
            "refusals": [r.as_json() for r in refused[:MOST_REFUSALS]],
        }
        return Answer(200, msgspec.json.encode(answer))

    def _refused(self, problem: Problem) -> Answer:
        answer = refusal(problem)
        if answer.status == 429:
            self._metrics.add("limited")
        if answer.status >= 500:
            self._metrics.add("failed")
            _log.error("%s", problem)
        return answer


def refusal(problem: Problem) -> Answer:
    """What is told of a problem, with the status that belongs to its code."""
    return _problem(problem, _STATUS.get(problem.code, 422))


def _problem(problem: Problem, status: int, **more: object) -> Answer:
    """A problem as JSON: code and both texts."""
    told = {"code": problem.code, "zh": problem.text("zh"), "en": problem.text("en"), **more}
    headers: dict[str, str] = {}
    if status in (429, 503):
        headers["retry-after"] = str(problem.params.get("wait_s", 5))
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    if status == 405:
        headers["allow"] = str(problem.params["allowed"])
    return Answer(status, msgspec.json.encode(told), headers=headers)


def _none_taken(done: Taken) -> Answer:
    refusals = [r.as_json() for r in done.refused[:MOST_REFUSALS]]
    problem = Problem("http_none_taken", refused=len(done.refused))
    return _problem(problem, 422, refused=len(done.refused), refusals=refusals)


async def _signed(request: Request, sent: bytes, scope: Scope) -> Signed | None:
    if len(sent) < IN_THREAD_BYTES:
        return signatures.signature(request, sent, scope)
    return await asyncio.to_thread(signatures.signature, request, sent, scope)


def _bearer(request: Request) -> str:
    kind, _, token = (request.header("authorization") or "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise Problem("http_token_missing")
    return token.strip()


def _form(request: Request) -> str:
    media = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if media not in MEDIA:
        raise Problem("http_media", media=media[:80], known=", ".join(MEDIA))
    return MEDIA[media]


def _encoding(request: Request) -> str:
    encoding = (request.header("content-encoding") or "identity").strip().lower()
    if encoding not in bodies.ENCODINGS:
        known = ", ".join(bodies.ENCODINGS)
        raise Problem("http_encoding", encoding=encoding[:40], known=known)
    return encoding


def _key(request: Request) -> str | None:
    key = request.header("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise Problem("http_key_wrong", most=MOST_KEY)
    return key


def _declared(request: Request) -> int:
    """Content-Length; 0 when the body comes in chunks."""
    text = request.header("content-length") or "0"
    size = int(text) if text.isdecimal() else 0
    if size > bodies.MOST_BYTES:
        raise bodies.too_large(size)
    return size


def _digest_text(digest: bytes) -> str:
    return f"sha256:{digest.hex()}"
