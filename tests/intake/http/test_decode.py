"""Bodies to readings: pure, so that what was kept can be decoded again."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from tanma.domain.messages import Problem
from tanma.intake.http.decode import FORMS, MEDIA, decode
from tanma.intake.live import Scope, ScopedChannel
from tanma.lake import raw
from tanma.lake.landing import Landing, entry
from tests.intake.http.conftest import AT, A

SCOPE = Scope.of("gateway-a", [ScopedChannel(*c) for c in A])
TABLE = {"channel": [7, 12], "time": [AT] * 2, "value": [1.5, 2.5]}


def stream(table, **options):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, **options) as out:
        out.write_table(table)
    return sink.getvalue().to_pybytes()


def problem(body, form):
    with pytest.raises(Problem) as caught:
        decode(body, form, SCOPE)
    return caught.value


def test_every_media_type_has_a_decoder():
    assert set(MEDIA.values()) == set(FORMS)


@pytest.mark.parametrize("codec", ["lz4", "zstd"])
def test_compressed_buffers_are_refused_also_in_dictionaries(codec):
    options = pa.ipc.IpcWriteOptions(compression=codec)
    plain = pa.table({**TABLE, "channel": pa.array(["main/energy", "heat"]).dictionary_encode()})
    assert "http_arrow_compressed" == problem(stream(plain, options=options), "http-arrow").code
    assert 2 == decode(stream(plain), "http-arrow", SCOPE).table.num_rows


def answer(body):
    """The readings of a stream, or the code of the problem."""
    try:
        return decode(body, "http-arrow", SCOPE).table
    except Problem as caught:
        return caught.code


def test_a_stream_cut_anywhere_is_refused_or_shorter_but_never_wrong():
    whole = stream(pa.table(TABLE))
    expected = decode(whole, "http-arrow", SCOPE).table
    for length in range(0, len(whole), 7):
        said = answer(whole[:length])
        assert said in ("http_body_wrong", "http_body_empty") or expected.equals(said)


def test_bytes_changed_anywhere_crash_nothing():
    whole = bytearray(stream(pa.table({**TABLE, "channel": ["main/energy", "heat"]})))
    for place in range(0, len(whole), 3):
        changed = bytes(whole[:place]) + bytes([whole[place] ^ 0xFF]) + bytes(whole[place + 1 :])
        said = answer(changed)
        assert isinstance(said, pa.Table) or said.startswith("http_")


def test_columns_that_stand_twice_are_refused():
    table = pa.Table.from_arrays([pa.array([1])] * 4, names=["channel", "time", "value", "value"])
    assert "http_columns_wrong" == problem(stream(table), "http-arrow").code


def test_too_many_rows_end_the_reading_early():
    table = pa.table({"channel": [7] * 60_000, "time": [0] * 60_000, "value": [1] * 60_000})
    assert "http_too_many" == problem(stream(table), "http-arrow").code


def test_rows_of_any_shape_are_refused_one_by_one():
    rows = [None, 1, [], {}, {"channel": 7}, {"channel": 7, "time": AT, "value": [1]},
            {"channel": 7, "time": AT, "value": 1, "extra": 1},
            {"channel": 7, "time": AT, "value": 1, "revision": 1.5},
            {"channel": True, "time": AT, "value": 1},
            {"channel": 7, "time": AT, "value": 1}]  # fmt: skip
    done = decode(json.dumps(rows).encode(), "http-json", SCOPE)
    assert 1 == done.table.num_rows
    assert list(range(9)) == [r.index for r in done.refused]
    assert {"http_row_wrong"} == {r.code for r in done.refused}


def test_columns_with_odd_values_are_refused_row_by_row():
    columns = {"channel": [7, {}, 7], "time": [AT, AT, None], "value": [True, 1, 1],
               "end": None, "revision": [None, None, "x"]}  # fmt: skip
    done = decode(json.dumps(columns).encode(), "http-json", SCOPE)
    assert [(0, "reading_value_not_number"), (1, "reading_channel_unknown"),
            (2, "reading_time_unknown")] == [(r.index, r.code) for r in done.refused]  # fmt: skip


@pytest.mark.parametrize("digits", [20, 999, 5_000, 100_000])
def test_a_number_beyond_all_sense_is_refused_alone(digits):
    rows = [{"channel": 7, "time": AT, "value": "9" * digits},
            {"channel": 7, "time": AT, "value": "1"}]  # fmt: skip
    done = decode(json.dumps(rows).encode(), "http-json", SCOPE)
    assert 1 == done.table.num_rows
    assert [0] == [r.index for r in done.refused]
    assert len(done.refused[0].text("en")) < 400


def test_what_was_kept_decodes_to_what_was_stored(tmp_path):
    lake = Landing(tmp_path)
    bodies = [
        (json.dumps(TABLE).encode(), "http-json"),
        (json.dumps([{"channel": "heat", "time": AT, "value": "20.5", "revision": 2},
                     {"channel": 7, "time": AT, "value": "x"}]).encode(), "http-json"),
        (stream(pa.table({**TABLE, "value": [7.25, None]})), "http-arrow"),
    ]  # fmt: skip
    for body, form in bodies:
        done = decode(body, form, SCOPE)
        lake.take([entry(done.table, body=body, form=form, source=SCOPE.source)], writer="w")
    lake.seal()
    landed = pa.concat_tables(
        pa.parquet.read_table(f, partitioning=None)
        for f in (tmp_path / "landing").glob("*/*.parquet")
    )
    for kept in raw.bodies(tmp_path):
        again = decode(kept.body, kept.form, SCOPE).table
        stored = landed.filter(pa.compute.equal(landed["batch"], kept.batch)).sort_by("row")
        assert again.num_rows == kept.rows
        assert again.equals(stored.select(again.schema.names).cast(again.schema))
