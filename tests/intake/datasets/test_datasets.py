"""Cards of real data sets: exact bytes or a clear word, from a folder or from an address."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tanma.domain.messages import Problem
from tanma.intake import datasets

CONTENT = b"a,b\n1,2\n"
FILE = datasets.DataFile("small.csv", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
CARD = datasets.Card("small", "小", "Small", "nobody", "here", "none", "steel", (FILE,))


def told(code, zh, en, call, *args):
    with pytest.raises(Problem) as problem:
        call(*args)
    assert code == problem.value.code
    assert zh in problem.value.text("zh")
    assert en in problem.value.text("en")


@pytest.fixture
def served(tmp_path):
    """A folder over HTTP: (folder, address)."""
    place = tmp_path / "served"
    place.mkdir()
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=str(place)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield place, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_every_card_names_origin_licence_and_digest():
    assert {"uci-steel", "uk-ets"} == set(datasets.cards())
    for card in datasets.cards().values():
        assert all((card.origin, card.licence, card.authors))
        for file in card.files:
            assert 64 == len(file.sha256)
            assert file.bytes > 0


def test_an_unknown_data_set_lists_the_known():
    told("dataset_unknown", "uci-steel, uk-ets", "uci-steel, uk-ets", datasets.find, "other")


def test_a_file_with_the_right_bytes_is_taken_by_folder_or_by_name(tmp_path):
    path = tmp_path / "small.csv"
    path.write_bytes(CONTENT)
    assert {"small.csv": path} == datasets.taken(CARD, tmp_path) == datasets.taken(CARD, path)


def test_a_missing_file_is_named(tmp_path):
    told("dataset_file_missing", "small.csv", "--path", datasets.taken, CARD, tmp_path)


def test_other_bytes_are_refused_with_both_digests(tmp_path):
    (tmp_path / "small.csv").write_bytes(CONTENT + b"3,4\n")
    told("dataset_digest", FILE.sha256, "12 bytes", datasets.taken, CARD, tmp_path)


def with_address(address):
    return replace(CARD, files=(replace(FILE, address=address),))


def test_a_file_is_fetched_once_and_checked(served, tmp_path):
    place, address = served
    (place / "small.csv").write_bytes(CONTENT)
    card, into = with_address(f"{address}/small.csv"), tmp_path / "kept"
    assert CONTENT == datasets.fetched(card, into)["small.csv"].read_bytes()
    (place / "small.csv").unlink()
    assert {"small.csv": into / "small.csv"} == datasets.fetched(card, into)


def test_a_changed_file_at_the_address_is_not_kept(served, tmp_path):
    place, address = served
    (place / "small.csv").write_bytes(b"something else entirely")
    card, into = with_address(f"{address}/small.csv"), tmp_path / "kept"
    told("dataset_digest", FILE.sha256, "found", datasets.fetched, card, into)
    assert [] == list(into.iterdir())


def test_an_address_that_does_not_answer_is_told(served, tmp_path):
    _, address = served
    card = with_address(f"{address}/nothing.csv")
    told("dataset_unreachable", "nothing.csv", "404", datasets.fetched, card, tmp_path)


def test_a_set_without_address_says_what_to_prepare(tmp_path):
    told("dataset_no_address", "small.csv", "--path", datasets.fetched, CARD, tmp_path)
