"""The server and the processes beside it: they end together."""

import subprocess
import sys

from tanma.site import serving


def test_processes_beside_end_with_the_server(monkeypatch, capsys):
    started = []
    popen = subprocess.Popen

    def remembered(command):
        started.append(popen(command))
        return started[-1]

    def served(host, port, workers):
        assert ("127.0.0.1", 8099, 1) == (host, port, workers)
        assert all(p.poll() is None for p in started)
        raise KeyboardInterrupt

    monkeypatch.setattr(serving.subprocess, "Popen", remembered)
    monkeypatch.setattr(serving, "_granian", served)
    sleeping = [sys.executable, "-c", "import time; time.sleep(60)"]
    assert 0 == serving.serve("127.0.0.1", 8099, 1, tasks=False, beside=[sleeping])
    assert [True] == [p.poll() is not None for p in started]
    assert "http://127.0.0.1:8099/" in capsys.readouterr().out


def test_the_worker_is_the_task_queue_of_django():
    assert "db_worker" in serving.worker_command()
