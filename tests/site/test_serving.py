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


def test_pages_are_imported_before_the_workers_and_helpers_wait_for_them(monkeypatch):
    order = []
    monkeypatch.setattr(serving, "_load", lambda: order.append("load"))
    monkeypatch.setattr(serving, "_granian", lambda *_: order.append("serve"))
    assert 0 == serving.serve(None, None, 1, tasks=False, beside=[["true"]])
    assert ["load", "serve"] == order
    assert serving.LATER[2].startswith("sleep ")
    assert serving.LATER[2].endswith('exec "$@"')


def test_loading_imports_every_view():
    code = "import sys; from tanma.site import serving; from tanma.site.setup import django_ready;"
    code += "django_ready(); serving._load();"
    code += "print('tanma.apps.codepages.views_code' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "True" == done.stdout.strip()
