"""What the service answers: real processes, real sockets."""

from __future__ import annotations

import gzip
import hashlib
import json
import socket
import time

import pyarrow as pa
import pytest

from tests.intake.http.conftest import AT, service

ROW = {"channel": 7, "time": AT, "value": 12.34}


def row(value, channel=7, **more):
    return {"channel": channel, "time": AT, "value": value} | more


def arrow(**columns):
    table = pa.table(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue().to_pybytes()


ARROW = "application/vnd.apache.arrow.stream"


def test_the_same_readings_in_three_forms_are_one(fresh):
    rows = [row(1.25), row("0.5", 12), row(20.5, "heat")]
    columns = {"channel": [7, 12, "heat"], "time": [AT] * 3, "value": [1.25, "0.5", 20.5]}
    table = arrow(channel=[7, 12, 13], time=[AT] * 3, value=[1.25, 0.5, 20.5])
    first = fresh.push(rows)
    assert (200, 3, 0, False) == (
        first.status, first.body["accepted"], first.body["refused"], first.body["duplicate"],
    )  # fmt: skip
    for again in (fresh.push(columns), fresh.push(table, media=ARROW)):
        assert 200 == again.status, again.body
        assert (200, 3, True) == (again.status, again.body["accepted"], again.body["duplicate"])
        assert first.body["receipt"] == again.body["receipt"]
        assert first.body["stamp"] == again.body["stamp"]
    assert [(7, 125), (12, 500), (13, 205)] == fresh.stored()


def test_good_rows_are_kept_and_the_others_told(fresh):
    said = fresh.push([row(1), row(1.005), row(2, 99), row("x", 13), row(None, 12), {"channel": 7}])
    assert (200, 2, 4) == (said.status, said.body["accepted"], said.body["refused"])
    told = {r["index"]: r["code"] for r in said.body["refusals"]}
    assert {
        1: "reading_value_too_fine", 2: "reading_channel_unknown",
        3: "reading_value_not_number", 5: "http_row_wrong",
    } == told  # fmt: skip
    assert all(r["zh"].startswith(f"第 {r['index'] + 1} 条") for r in said.body["refusals"])
    assert [(7, 100)] == fresh.stored()


def test_the_same_key_again_has_the_same_answer(served):
    body = [row(5, time="2026-09-02T00:00:00Z"), row(1.005)]
    first = served.push(body, Idempotency_Key="k-1")
    again = served.push(body, Idempotency_Key="k-1")
    assert (200, False, True) == (first.status, first.body["duplicate"], again.body["duplicate"])
    assert first.body | {"duplicate": True} == again.body
    assert 1 == len(again.body["refusals"])


def test_the_same_key_with_other_content_is_told_both_digests(served):
    one, two = (json.dumps([row(n, time="2026-09-03T00:00:00Z")]).encode() for n in (1, 2))
    assert 200 == served.push(one, Idempotency_Key="k-2").status
    said = served.push(two, Idempotency_Key="k-2")
    digests = [f"sha256:{hashlib.sha256(b).hexdigest()}" for b in (one, two)]
    assert (409, "http_key_reused") == (said.status, said.body["code"])
    assert digests == [said.body["first"], said.body["now"]]
    assert all(d in said.body["zh"] and d in said.body["en"] for d in digests)


def test_a_key_belongs_to_its_gateway(served):
    assert 200 == served.push([row(3, time="2026-09-04T00:00:00Z")], Idempotency_Key="k-3").status
    other = served.push([row(3, 8)], "token-b", Idempotency_Key="k-3")
    assert (200, False) == (other.status, other.body["duplicate"])


def test_a_key_whose_request_was_refused_whole_may_be_used_again(served):
    assert 422 == served.push([row("x")], Idempotency_Key="k-4").status
    said = served.push([row(4, time="2026-09-05T00:00:00Z")], Idempotency_Key="k-4")
    assert (200, False) == (said.status, said.body["duplicate"])


def test_a_token_cannot_write_the_channels_of_another_nor_learn_of_them(served):
    for channel in (8, "b/secret-name"):
        foreign = served.push([row(1, channel)])
        absent = served.push([row(1, 999_999)])
        assert 422 == foreign.status == absent.status
        text = json.dumps(foreign.body, ensure_ascii=False)
        assert "MWh" not in text
        assert "gateway-b" not in text
        shown, other = str(channel), "999999"
        assert text.replace(shown, other) == json.dumps(absent.body, ensure_ascii=False)


def refused(served, body, **more):
    headers = {"token": "token-a", "media": "application/json"} | more
    return served.push(body, **headers)


@pytest.mark.parametrize(
    ("body", "more", "status", "code", "shown"),
    [
        ([ROW], {"token": "none"}, 401, "http_token_unknown", ""),
        ([ROW], {"token": "token-0"}, 403, "http_token_without_channels", "gateway-0"),
        ([ROW], {"token": ""}, 401, "http_token_missing", "Bearer"),
        ([ROW], {"media": "text/csv"}, 415, "http_media", "text/csv"),
        ([ROW], {"Content_Encoding": "br"}, 415, "http_encoding", "br"),
        (b"nonsense", {"Content_Encoding": "gzip"}, 400, "http_encoding_broken", "gzip"),
        (b"nonsense", {"Content_Encoding": "zstd"}, 400, "http_encoding_broken", "zstd"),
        # the second of packing would be part of the test's name, which each worker makes for itself
        (gzip.compress(b"[]", mtime=0)[:-6], {"Content_Encoding": "gzip"}, 400,
         "http_encoding_broken", ""),
        (gzip.compress(b" " * (17 * 2**20), mtime=0), {"Content_Encoding": "gzip"}, 413,
         "http_too_large", str(16 * 2**20)),
        ([ROW] * 50_001, {}, 413, "http_too_many", "50001"),
        ([], {}, 422, "http_body_empty", ""),
        (b"", {}, 422, "http_body_wrong", "["),
        (b"[{", {}, 422, "http_body_wrong", "["),
        (b"\xff\xfe", {}, 422, "http_body_wrong", "["),
        (b"[" * 100_000, {}, 422, "http_body_wrong", ""),
        (b'"text"', {}, 422, "http_body_wrong", "["),
        ({"channel": [7], "time": [AT]}, {}, 422, "http_columns_wrong", "value"),
        ({"channel": [7], "time": [AT], "value": [1], "unit": ["x"]}, {}, 422,
         "http_columns_wrong", "unit"),
        ({"channel": [7], "time": [AT, AT], "value": [1]}, {}, 422, "http_columns_differ",
         "time 2"),
        ({"channel": 7, "time": [AT], "value": [1]}, {}, 422, "http_body_wrong", "channel"),
        (b"nonsense", {"media": ARROW}, 422, "http_body_wrong", ""),
        ([ROW], {"Idempotency_Key": "x" * 129}, 422, "http_key_wrong", "128"),
        ([ROW], {"Idempotency_Key": "a b"}, 422, "http_key_wrong", "128"),
        ([row("x")], {}, 422, "http_none_taken", "1"),
    ],
)  # fmt: skip
def test_a_request_is_refused_as_json_in_two_languages(served, body, more, status, code, shown):
    said = refused(served, body, **more)
    assert (status, code) == (said.status, said.body["code"])
    assert shown in said.body["zh"]
    assert shown in said.body["en"]
    assert any("一" <= c <= "鿿" for c in said.body["zh"])


def test_a_length_beyond_the_limit_is_refused_before_the_body_is_sent(served):
    with socket.create_connection(("127.0.0.1", served.port), 10) as link:
        link.sendall(
            b"POST /v1/readings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-a\r\n"
            b"Content-Type: application/json\r\nContent-Length: 16777217\r\n\r\n"
        )
        answer = link.recv(65536)
    assert b" 413 " in answer[:20]
    assert b"http_too_large" in answer


def test_addresses_and_methods(served):
    assert (404, "http_path") == ((r := served.ask("GET", "/v2")).status, r.body["code"])
    assert (405, "POST") == ((r := served.ask("GET", "/v1/readings")).status, r.headers["allow"])
    assert (405, "GET") == ((r := served.ask("POST", "/healthz", b"x")).status, r.headers["allow"])
    assert "Bearer" == served.push([ROW], "none").headers["www-authenticate"]
    assert {"ok": True} == served.ask("GET", "/healthz").body
    assert "/v1/readings" in served.ask("GET", "/openapi.json").body["paths"]


def test_compressed_bodies_are_taken(served):
    body = json.dumps([row(6, time="2026-09-06T00:00:00Z")]).encode()
    said = served.push(gzip.compress(body), Content_Encoding="gzip")
    assert (200, 1) == (said.status, said.body["accepted"])
    again = served.push(pa.compress(body, "zstd", asbytes=True), Content_Encoding="zstd")
    assert (200, True) == (again.status, again.body["duplicate"])


def test_fifty_thousand_readings_at_once(served):
    start = 1_780_000_000_000
    columns = {
        "channel": [1000 + n % 100 for n in range(50_000)],
        "time": [start + n // 100 * 900_000 for n in range(50_000)],
        "value": list(range(50_000)),
    }
    said = served.push(columns, "token-m")
    assert (200, 50_000) == (said.status, said.body["accepted"])


def test_a_chunked_body_is_taken_and_bounded(served):
    def sent(parts):
        with socket.create_connection(("127.0.0.1", served.port), 30) as link:
            link.sendall(
                b"POST /v1/readings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-a\r\n"
                b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            try:
                for part in parts:
                    link.sendall(b"%x\r\n%s\r\n" % (len(part), part))
                link.sendall(b"0\r\n\r\n")
            except (BrokenPipeError, ConnectionResetError):
                pass  # the service has heard enough
            return link.recv(65536)

    body = json.dumps([row(7, time="2026-09-07T00:00:00Z")]).encode()
    assert b" 200 " in sent([body[:10], body[10:]])[:20]
    assert b" 413 " in sent([b" " * 2**20] * 18)[:20]


def test_a_half_sent_request_leaves_nothing(fresh):
    body = json.dumps([row(8)]).encode()
    head = (
        f"POST /v1/readings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-a\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body) + 5}\r\n\r\n"
    ).encode()
    for sent in (head + body, head[:40], head + body[:5]):
        with socket.create_connection(("127.0.0.1", fresh.port), 10) as link:
            link.sendall(sent)
    assert [] == fresh.stored()
    assert (200, False) == ((r := fresh.push(body)).status, r.body["duplicate"])
    assert [(7, 800)] == fresh.stored()


def test_a_new_token_works_at_once_and_a_revoked_one_ends(fresh):
    assert 401 == fresh.push([ROW], "token-new").status
    said = json.loads(fresh.scopes.read_text())
    fresh.scopes.write_text(json.dumps(said | {"token-new": said.pop("token-a")}))
    time.sleep(1.1)
    assert 200 == fresh.push([ROW], "token-new").status
    end = time.monotonic() + 10
    while fresh.push([ROW]).status == 200:
        assert time.monotonic() < end
        time.sleep(0.2)
    assert 401 == fresh.push([ROW]).status


def test_a_fast_token_is_told_when_to_come_back(tmp_path):
    with service(tmp_path, SERVED_PER_S="100") as served:
        rows = {
            "channel": [1000 + n % 100 for n in range(1500)],
            "time": [1_780_000_000_000 + n // 100 * 900_000 for n in range(1500)],
            "value": [1] * 1500,
        }
        assert 200 == served.push(rows, "token-m").status
        said = served.push(rows, "token-m")
        assert (429, "http_rate") == (said.status, said.body["code"])
        assert 5 <= int(said.headers["retry-after"]) <= 7
        assert "100" in said.body["zh"]
        assert 200 == served.push([ROW]).status  # another token is not held up


def test_counters_tell_what_happened(fresh):
    fresh.push([row(1), row("x")], Idempotency_Key="m")
    fresh.push([row(1), row("x")], Idempotency_Key="m")
    fresh.push([row("x")])
    end = time.monotonic() + 10
    while "last_seal" not in (text := fresh.ask("GET", "/metrics").body):
        assert time.monotonic() < end
    for line in (
        'tanma_intake_accepted_total{process="http-1"} 1',
        'tanma_intake_refused_total{process="http-1"} 2',
        'tanma_intake_duplicates_total{process="http-1"} 1',
        'tanma_intake_requests_total{process="http-1"} 2',
        'tanma_intake_commit_seconds_count{process="http-1"} 2',
    ):
        assert line in text.splitlines()
    assert "tanma_lake_backlog_readings" in text


def test_a_stop_answers_what_it_took(fresh):
    assert 200 == fresh.push([row(9)]).status
    assert 0 == fresh.stop()
    assert [(7, 900)] == fresh.stored()
