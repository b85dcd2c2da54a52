"""The description of the service, committed as docs/reference/intake-openapi.json."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from tanma.intake.http.bodies import MOST_BYTES
from tanma.intake.http.decode import MOST_READINGS

_INTEGER, _TEXT, _NONE = {"type": "integer"}, {"type": "string"}, {"type": "null"}
_MOMENT = [_INTEGER, {"type": "string", "format": "date-time"}]


def _one_of(kinds: list[dict[str, str]], about: str) -> dict[str, Any]:
    return {"oneOf": kinds, "description": about}


_VALUE = "In the channel's unit; decimal text is exact; null withdraws."
_CHANNEL = "Channel number, or the point name given on the gateway's page."
_TIME = (
    "RFC 3339 with a zone, or milliseconds since 1970 UTC. The start of an interval, the instant of"
    " a register, gauge or state."
)
_END = "Exclusive end of an interval; without it the channel's interval holds."
_REVISION = "The source's own version number, at least 0: the greatest counts."
_FIELDS: dict[str, Any] = {
    "channel": _one_of([_INTEGER, _TEXT], _CHANNEL),
    "time": _one_of(_MOMENT, _TIME),
    "value": _one_of([{"type": "number"}, _TEXT, _NONE], _VALUE),
    "end": _one_of([*_MOMENT, _NONE], _END),
    "revision": _one_of([_INTEGER, _NONE], _REVISION),
}
_NEEDED = ["channel", "time", "value"]
_PROBLEM: dict[str, Any] = {"code": _TEXT, "zh": _TEXT, "en": _TEXT}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(fields: dict[str, Any], needed: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": needed,
            "additionalProperties": False}  # fmt: skip


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _schemas() -> dict[str, Any]:
    columns = {n: {"type": "array", "maxItems": MOST_READINGS, "items": f}
               for n, f in _FIELDS.items()}  # fmt: skip
    text = {"type": "string"}
    refusal = {"index": {"type": "integer", "description": "Counted from 0."},
               "code": text, "zh": text, "en": text}  # fmt: skip
    receipt = {
        "accepted": {"type": "integer"},
        "refused": {"type": "integer"},
        "duplicate": {"type": "boolean",
                      "description": "Received before; this is the first receipt."},
        "receipt": text,
        "stamp": {"type": "integer", "description": "Known time, µs since 1970 UTC."},
        "digest": {"type": "string", "description": "sha256: of the body as first received."},
        "refusals": {"type": "array", "items": _ref("Refusal"),
                     "description": "The first thousand."},
    }  # fmt: skip
    return {
        "Reading": _object(_FIELDS, _NEEDED),
        "Rows": {"type": "array", "minItems": 1, "maxItems": MOST_READINGS,
                 "items": _ref("Reading")},
        "Columns": _object(columns, _NEEDED),
        "Refusal": _object(refusal, list(refusal)),
        "Receipt": _object(receipt, list(receipt)),
        "Problem": _object(_PROBLEM, list(_PROBLEM)),
        "Reused": _object({**_PROBLEM, "first": text, "now": text}, [*_PROBLEM, "first", "now"]),
        "NothingTaken": _object({**_PROBLEM, "refused": {"type": "integer"},
                                 "refusals": receipt["refusals"]}, list(_PROBLEM)),
    }  # fmt: skip


_ANSWERS = {
    "400": "The body is incomplete, does not agree with Content-Digest or cannot be expanded.",
    "401": "The token is missing or not valid, or the signature of a gateway that must sign is"
    " missing or does not hold.",
    "403": "The token may write no channel.",
    "409": "The Idempotency-Key was used for another body; both digests are told.",
    "413": f"More than {MOST_READINGS} readings or {MOST_BYTES} bytes.",
    "415": "Content type or encoding is not supported.",
    "422": "Nothing was taken; the reasons are told.",
    "429": "Too much at once; come back after Retry-After seconds.",
    "500": "The service failed inside; its log knows the number. Nothing is acknowledged.",
    "503": "The disk does not take it; nothing is acknowledged.",
}
_BODIES = {"409": "Reused", "422": "NothingTaken"}
"""Answers that tell more than a problem does."""


_HEADERS: dict[str, tuple[dict[str, Any], str]] = {
    "Idempotency-Key": ({"type": "string", "maxLength": 128}, "The gateway's own message id."),
    "Content-Encoding": ({"type": "string", "enum": ["identity", "gzip", "zstd"]},
                         "Coding of the whole body."),
    "Content-Digest": (_TEXT, "RFC 9530, `sha-256=:…:` of the body as sent; held against it."),
    "Signature-Input": (_TEXT, "RFC 9421; of a gateway that must sign. Covers content-digest,"
                        " content-type, and content-encoding and idempotency-key where sent;"
                        " parameters created (within 300 s) and keyid."),
    "Signature": (_TEXT, "RFC 9421: hmac-sha256 or ed25519, as the gateway's key is."),
}  # fmt: skip


def _post() -> dict[str, Any]:
    problems = {s: {"description": t, "content": _json(_ref(_BODIES.get(s, "Problem")))}
                for s, t in _ANSWERS.items()}  # fmt: skip
    return {
        "summary": "Push readings; answered when they are durable.",
        "description": "Good readings are taken while others are refused with their reason. The"
        " same Idempotency-Key again has the same answer with duplicate = true.",
        "security": [{"token": []}],
        "parameters": [
            {"name": name, "in": "header", "required": False, "schema": schema,
             "description": about}
            for name, (schema, about) in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {
            **_json({"oneOf": [_ref("Rows"), _ref("Columns")]}),
            "application/vnd.apache.arrow.stream": {"schema": {
                "type": "string", "format": "binary",
                "description": "Columns channel, time, value and, if need be, end, revision;"
                " buffers not compressed."}},
        }},
        "responses": {
            "200": {"description": "Durable.", "content": _json(_ref("Receipt"))}, **problems,
        },
    }  # fmt: skip


def _get(summary: str, media: str) -> dict[str, Any]:
    answer = {"description": summary, "content": {media: {"schema": {}}}}
    return {"get": {"summary": summary, "responses": {"200": answer}}}


@cache
def as_json() -> str:
    """The description as JSON text, always the same."""
    described = {
        "openapi": "3.1.0",
        "info": {"title": "Tanma intake", "version": "1",
                 "description": "Readings of meters, pushed by gateways."},
        "paths": {
            "/v1/readings": {"post": _post()},
            "/healthz": _get("Whether the service takes readings.", "application/json"),
            "/metrics": _get("Counters in Prometheus' text format.", "text/plain"),
            "/openapi.json": _get("This description.", "application/json"),
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }  # fmt: skip
    return json.dumps(described, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
