"""A real Mosquitto per test: its own folder, port, users and certificate."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.intake.apt import needed


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mosquitto:
    """Started and stopped as often as a test likes; sessions survive in its folder."""

    def __init__(self, folder: Path, *lines: str) -> None:
        self.port, self._process = free_port(), None
        folder.chmod(0o777)  # mosquitto may drop to a user of its own
        self._config = folder / "mosquitto.conf"
        common = [
            f"listener {self.port} 127.0.0.1", "persistence true",
            f"persistence_location {folder}/", "autosave_interval 1", "user root",
            "max_queued_messages 0",
        ]  # fmt: skip
        self._config.write_text("\n".join([*common, *lines]) + "\n")

    def start(self) -> None:
        self._process = subprocess.Popen(
            [needed("mosquitto"), "-c", self._config], stderr=subprocess.PIPE
        )
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.05)
        raise AssertionError(self._process.stderr.read())

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(10)
            self._process.stderr.close()
            self._process = None


@pytest.fixture
def broker(tmp_path) -> Iterator[Mosquitto]:
    """Anyone may connect."""
    one = Mosquitto(tmp_path, "allow_anonymous true")
    one.start()
    yield one
    one.stop()


@pytest.fixture
def guarded(tmp_path) -> Iterator[Mosquitto]:
    """User `meter`, password `geheim`."""
    users = tmp_path / "users"
    command = [needed("mosquitto_passwd", "mosquitto"), "-b", "-c", users, "meter", "geheim"]
    subprocess.run(command, check=True, capture_output=True)
    one = Mosquitto(tmp_path, "allow_anonymous false", f"password_file {users}")
    one.start()
    yield one
    one.stop()


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Path:
    """A folder with a certificate authority of our own and a certificate for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("tls")
    folder.chmod(0o777)
    key = ["-newkey", "rsa:2048", "-nodes", "-days", "2"]
    _openssl(folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt",
             "-subj", "/CN=Test CA", "-addext", "keyUsage=critical,keyCertSign")  # fmt: skip
    _openssl(folder, "req", "-x509", *key, "-keyout", "other.key", "-out", "other.crt",
             "-subj", "/CN=Other CA")  # fmt: skip
    _openssl(folder, "req", *key[:3], "-keyout", "server.key", "-out", "server.csr",
             "-subj", "/CN=127.0.0.1")  # fmt: skip
    (folder / "ext").write_text("subjectAltName=IP:127.0.0.1\n")
    _openssl(folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
             "-CAcreateserial", "-days", "2", "-extfile", "ext", "-out", "server.crt")  # fmt: skip
    (folder / "server.key").chmod(0o644)
    return folder


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run([needed("openssl"), *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def encrypted(tmp_path, authority) -> Iterator[Mosquitto]:
    files = [f"certfile {authority}/server.crt", f"keyfile {authority}/server.key"]
    one = Mosquitto(tmp_path, "allow_anonymous true", *files)
    one.start()
    yield one
    one.stop()


def publish(port: int, messages: Sequence[tuple[str, str]], ca: Path | None = None,
            user: tuple[str, str] | None = None) -> None:  # fmt: skip
    """Publish at QoS 1 and wait until the broker has acknowledged every message."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    if ca:
        client.tls_set(str(ca))
    if user:
        client.username_pw_set(*user)
    connected = threading.Event()
    client.on_connect = lambda *_: connected.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert connected.wait(10)
    for info in [client.publish(topic, payload, qos=1) for topic, payload in messages]:
        info.wait_for_publish(10)
        assert info.is_published()
    client.disconnect()
    client.loop_stop()
