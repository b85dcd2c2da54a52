"""Counters in Prometheus' text format, of all processes and across starts."""

from tanma.intake.http.metrics import BUCKETS_S, Metrics


def test_counters_of_all_processes_are_told_by_any(tmp_path):
    one, two = Metrics(tmp_path, "http-1"), Metrics(tmp_path, "http-2")
    one.add("accepted", 1000)
    two.add("accepted", 5)
    two.set("waiting_bytes", 77)
    lines = one.text(["beside 1"]).splitlines()
    assert 'tanma_intake_accepted_total{process="http-1"} 1000' in lines
    assert 'tanma_intake_accepted_total{process="http-2"} 5' in lines
    assert 'tanma_intake_waiting_bytes{process="http-2"} 77' in lines
    assert "beside 1" == lines[-1]
    assert 1 == lines.count("# TYPE tanma_intake_accepted_total counter")


def test_counters_go_on_after_a_start_and_gauges_do_not(tmp_path):
    first = Metrics(tmp_path, "http-1")
    first.add("accepted", 3)
    first.set("waiting_bytes", 9)
    del first
    again = Metrics(tmp_path, "http-1")
    again.add("accepted")
    text = again.text()
    assert 'accepted_total{process="http-1"} 4' in text
    assert 'waiting_bytes{process="http-1"} 0' in text


def test_a_file_of_another_shape_starts_anew(tmp_path):
    (tmp_path / "http-1.metrics").write_bytes(b"old")
    assert 'accepted_total{process="http-1"} 0' in Metrics(tmp_path, "http-1").text()


def test_the_histogram_counts_upwards(tmp_path):
    metrics = Metrics(tmp_path, "p")
    for seconds in (0.0005, 0.02, 9.0):
        metrics.commit(seconds, 4)
    lines = [line for line in metrics.text().splitlines() if "_bucket{" in line]
    counts = [int(line.rpartition(" ")[2]) for line in lines]
    assert sorted(counts) == counts
    assert (1, 2, 3) == (counts[0], counts[-2], counts[-1])
    assert len(BUCKETS_S) + 1 == len(counts)
    assert 'tanma_intake_committed_requests_total{process="p"} 12' in metrics.text()
