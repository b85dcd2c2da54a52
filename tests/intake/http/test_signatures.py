"""Signed requests: what holds, what is refused and told, what is kept to be checked later."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import random
import signal
import subprocess
import time
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tanma.client import Client, Signer
from tanma.domain.messages import Problem
from tanma.intake import adapters
from tanma.intake.http.signatures import WITHIN_S, signature
from tanma.intake.live import ED25519, HMAC, Scope, ScopedChannel, Signed, SigningKey
from tanma.lake import raw
from tanma.lake.landing import Landing
from tests.intake.http.conftest import MANY, SECRET, SIGNING_KEY, service

KEY = SigningKey("0SIGNINGKEY00", HMAC, SECRET)
SCOPE = Scope.of("gateway-s", [ScopedChannel(*c) for c in MANY], [KEY])
BODY = b'[{"channel": 1000, "time": 1788192000000, "value": "5"}]'
HEADERS = {"Content-Type": "application/json", "Idempotency-Key": "k-1"}


class Asked:
    """A request as a signature sees it."""

    method, path = "POST", "/v1/readings"

    def __init__(self, headers):
        self.held = {name.lower(): value for name, value in headers.items()}

    def header(self, name):
        return self.held.get(name)


def signed_headers(body=BODY, key=SIGNING_KEY, **changed):
    headers = HEADERS | {"Content-Encoding": "gzip"}
    return headers | Signer(key).headers("POST", body, headers) | changed


def check(headers, body=BODY, scope=SCOPE, now=time.time):
    return signature(Asked(headers), body, scope, now)


def refusal(headers, body=BODY, **more):
    with pytest.raises(Problem) as caught:
        check(headers, body, **more)
    assert caught.value.text("zh") != caught.value.text("en")
    return caught.value.code, caught.value.params


def test_what_the_client_signs_holds_and_can_be_checked_from_what_is_kept():
    signed = check(signed_headers())
    assert signed is not None
    assert KEY.uid == signed.key_uid
    assert signed.covers(hashlib.sha256(BODY).digest())
    assert KEY.verifies(signed.base, signed.signature)
    assert '"@method": POST\n' in signed.base
    assert '"idempotency-key": k-1\n' in signed.base


def test_a_gateway_that_need_not_sign_may_send_what_it_likes():
    free = Scope.of("g", [ScopedChannel(*MANY[0])])
    assert check({}, scope=free) is None
    assert check({"Signature": "nonsense"}, scope=free) is None


def test_a_digest_that_was_sent_must_be_right_signed_or_not():
    free = Scope.of("g", [ScopedChannel(*MANY[0])])
    other = "sha-256=:" + base64.b64encode(hashlib.sha256(b"other").digest()).decode() + ":"
    code, params = refusal({"Content-Digest": other}, scope=free)
    assert ("http_digest_wrong", other) == (code, params["said"])
    assert check({"Content-Digest": "sha-512=:YQ==:"}, scope=free) is None
    assert "http_digest_wrong" == refusal(signed_headers(), BODY + b" ")[0]


@pytest.mark.parametrize("name", ["Signature", "Signature-Input"])
def test_without_a_signature_the_key_that_is_asked_for_is_named(name):
    headers = signed_headers()
    del headers[name]
    code, params = refusal(headers)
    assert ("http_signature_missing", KEY.uid) == (code, params["key"])


@pytest.mark.parametrize(
    ("name", "value"),
    [("Idempotency-Key", "k-2"), ("Content-Type", "text/csv"), ("Content-Encoding", "identity")],
)
def test_nothing_that_was_covered_may_change(name, value):
    assert "http_signature_wrong" == refusal(signed_headers(**{name: value}))[0]


def test_a_key_of_somebody_else_is_refused_by_name_and_by_content():
    stranger = Signer("0OTHERKEY0000." + SIGNING_KEY.partition(".")[2])
    headers = HEADERS | stranger.headers("POST", BODY, HEADERS)
    assert ("http_signature_key", KEY.uid) == (refusal(headers)[0], refusal(headers)[1]["key"])
    forged = Signer(KEY.uid + ".AAAA").headers("POST", BODY, HEADERS)
    assert "http_signature_wrong" == refusal(HEADERS | forged)[0]


def test_what_must_be_covered_is_told():
    headers = signed_headers()
    headers["Signature-Input"] = headers["Signature-Input"].replace(' "content-encoding"', "")
    code, params = refusal(headers)
    assert ("http_signature_covers", "content-encoding") == (code, params["missing"])


@pytest.mark.parametrize("off_s", [-WITHIN_S - 5, WITHIN_S + 5])
def test_a_signature_of_another_time_is_refused_with_both_times(off_s):
    now = time.time() + off_s
    code, params = refusal(signed_headers(), now=lambda: now)
    assert ("http_signature_time", int(now)) == (code, params["now"])
    assert check(signed_headers(), now=lambda: time.time() + off_s * 0.9) is not None


def test_a_time_must_be_said():
    headers = signed_headers()
    given = headers["Signature-Input"]
    headers["Signature-Input"] = given[: given.index(";created")] + f';keyid="{KEY.uid}"'
    code, params = refusal(headers)
    assert ("http_signature_time", "–") == (code, params["created"])


@pytest.mark.parametrize(
    "text",
    ["tanma", "tanma=1", 'tanma=("a" "b"', 'tanma=("content-digest";req);created=1', "tanma=()x",
     'tanma=("a");created=1,', "=();created=1", 'tanma=( "a" );created=1', "\n"],
)  # fmt: skip
def test_an_input_in_no_form_is_shown(text):
    code, params = refusal(signed_headers(**{"Signature-Input": text}))
    assert ("http_signature_form", "Signature-Input") == (code, params["field"])


@pytest.mark.parametrize("text", ["tanma=abc", "other=:YQ==:", "tanma=:YQ=:", "tanma=:a:"])
def test_a_signature_in_no_form_or_under_no_label_is_shown(text):
    code, params = refusal(signed_headers(Signature=text))
    assert ("http_signature_form", "Signature") == (code, params["field"])


def test_a_component_that_is_absent_or_not_supported_is_named():
    for name in ("x-absent", "@authority", "@status"):
        headers = signed_headers()
        said = headers["Signature-Input"].replace('"@method"', f'"{name}"')
        code, params = refusal(headers | {"Signature-Input": said})
        assert ("http_signature_component", name) == (code, params["name"])


def test_another_algorithm_than_the_key_has_is_refused():
    headers = signed_headers()
    said = headers["Signature-Input"].replace(HMAC, "rsa-v1_5-sha256")
    assert "http_signature_wrong" == refusal(headers | {"Signature-Input": said})[0]


def test_of_several_signatures_the_one_of_the_gateway_counts():
    headers = signed_headers()
    said = 'proxy=("@path");created=1;keyid="edge" , ' + headers["Signature-Input"]
    signed = check(headers | {"Signature-Input": said,
                              "Signature": "proxy=:YQ==:, " + headers["Signature"]})  # fmt: skip
    assert signed is not None
    assert KEY.uid == signed.key_uid


def test_a_gateway_may_sign_with_a_key_that_never_leaves_it(tmp_path):
    private = Ed25519PrivateKey.generate()
    file = tmp_path / "gateway.pem"
    file.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key = SigningKey("0EDKEY0000000", ED25519, private.public_key().public_bytes_raw())
    scope = Scope.of("g", [ScopedChannel(*MANY[0])], [key])
    signed = check(signed_headers(key=f"{key.uid}:{file}"), scope=scope)
    assert signed is not None
    assert key.verifies(signed.base, signed.signature)
    assert "http_signature_wrong" == refusal(
        signed_headers(key=f"{key.uid}.AAAA"), scope=scope
    )[0]  # fmt: skip


def test_openssl_agrees_with_the_signature(tmp_path):
    signed = check(signed_headers())
    assert signed is not None
    (tmp_path / "base").write_bytes(signed.base.encode())
    told = subprocess.run(
        ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{SECRET.hex()}",
         "-r", str(tmp_path / "base")], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.split()[0] == signed.signature.hex()


def test_a_signing_key_in_no_form_is_told_on_the_gateway():
    with pytest.raises(ValueError, match="<number>"):
        Signer(".secret")


# ---- through real processes


def push(served, body, token="token-s", key=SIGNING_KEY, **more):
    sent = gzip.compress(json.dumps(body).encode(), mtime=0)
    headers = HEADERS | {"Content-Encoding": "gzip"} | more
    if key:
        headers |= Signer(key).headers("POST", sent, headers)
    plain = {name.replace("-", "_"): value for name, value in headers.items()}
    media = plain.pop("Content_Type")
    return sent, served.push(sent, token, media, **plain)


def rows(value, channel=1000):
    return [{"channel": channel, "time": 1_788_192_000_000, "value": value}]


def kept(served):
    Landing(served.root).seal()
    return {body.batch: body for body in raw.bodies(served.root)}


def test_a_signed_batch_is_kept_as_it_was_sent_and_decodes_again(fresh):
    sent, said = push(fresh, rows(5))
    assert (200, 1) == (said.status, said.body["accepted"])
    assert f"sha256:{hashlib.sha256(sent).hexdigest()}" == said.body["digest"]
    [body] = kept(fresh).values()
    assert (sent, "http-json+gzip", hashlib.sha256(sent).digest()) == (
        body.body, body.form, body.digest,
    )  # fmt: skip
    signed = Signed.of_text(body.signature)
    assert signed.covers(body.digest)
    assert KEY.verifies(signed.base, signed.signature)
    assert [5] == adapters.decode(body.body, body.form, SCOPE).table["value"].to_pylist()
    assert 1_788_192_000 == body.first_utc.timestamp() == body.last_utc.timestamp()


def test_unsigned_and_wrongly_signed_batches_leave_nothing(fresh):
    assert (401, "http_signature_missing") == told(push(fresh, rows(5), key="")[1])
    wrong = SIGNING_KEY[:-4] + "AAAA"
    assert (401, "http_signature_wrong") == told(push(fresh, rows(5), key=wrong)[1])
    free = push(fresh, rows(5, 7), "token-a", key="")[1]
    assert 200 == free.status
    [body] = kept(fresh).values()
    assert ("gateway-a", None, "http-json") == (body.source, body.signature, body.form)


def told(said):
    return said.status, said.body["code"]


def test_the_same_signed_message_again_is_a_duplicate_whoever_sends_it(fresh):
    sent, first = push(fresh, rows(6))
    time.sleep(1.1)  # another second, another signature of the same bytes
    again, second = push(fresh, rows(6))
    assert sent == again
    assert first.body | {"duplicate": True} == second.body
    assert 1 == len(kept(fresh))


def test_the_client_signs_and_waits_while_its_key_is_wrong(fresh, tmp_path, capsys):
    address = f"http://127.0.0.1:{fresh.port}"
    wrong = Client(address, "token-s", tmp_path / "spool", signing_key=SIGNING_KEY[:-4] + "AAAA")
    assert 1 == wrong.send(rows("7"))
    assert "401 http_signature_wrong" in capsys.readouterr().err
    right = Client(address, "token-s", tmp_path / "spool", signing_key=SIGNING_KEY)
    assert right.flush(10)
    assert [(1000, 7)] == fresh.stored()


@pytest.mark.kill
def test_kills_leave_each_acknowledged_batch_with_its_signature(tmp_path):
    chance = random.Random(9)
    trials = int(os.environ.get("TANMA_KILLS", "6"))
    acknowledged = {}
    with service(tmp_path, "--workers", "2", "--every", "0.1") as served:
        for n in range(trials * 4):
            served.wait_ready()
            with suppress(OSError):
                sent, said = push(served, rows(n), **{"Idempotency-Key": f"n-{n}"})
                if said.status == 200:
                    acknowledged[hashlib.sha256(sent).digest()] = n
            if n % 4 == 3:
                time.sleep(chance.uniform(0, 0.2))
                for victim in served.children()[chance.choice(["sealer", "worker"])]:
                    with suppress(ProcessLookupError):
                        os.kill(victim, signal.SIGKILL)
        time.sleep(0.5)
        served.kill()
        Landing(served.root).seal()
    assert len(acknowledged) >= trials
    stored = {body.digest: body for body in raw.bodies(served.root)}
    assert set(acknowledged) <= set(stored)
    for body in stored.values():
        signed = Signed.of_text(body.signature)
        assert signed.covers(body.digest)
        assert KEY.verifies(signed.base, signed.signature)
