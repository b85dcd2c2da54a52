"""A refusal tells its place, counted as people count in texts and as programs do in JSON."""

from tanma.intake.live.refusals import SHOWN_CHARACTERS, Refusal, noted, shown, told


def test_index_and_row():
    refusal = Refusal(4, "reading_channel_unknown", {"channel": "x"})
    assert 4 == refusal.as_json()["index"]
    assert "第 5 条" in refusal.text()
    assert "Reading 5" in refusal.text("en")


def test_values_are_shown_short():
    assert "12" == shown(12)
    assert SHOWN_CHARACTERS == len(shown("x" * 1000))


def test_what_is_kept_with_a_batch_comes_back():
    refused = tuple(Refusal(n, "reading_channel_unknown", {"channel": f"表{n}"}) for n in range(3))
    assert refused == told(noted(refused))
    assert refused[:2] == told(noted(refused, 2))
    assert (b"", ()) == (noted(()), told(b""))
