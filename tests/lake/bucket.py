"""An S3 bucket on this machine, served by moto in a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tanma.lake.storage import Bucket


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@contextmanager
def serving() -> Iterator[str]:
    """The address of a bucket server. Threads would not do: delta-rs waits holding the lock."""
    port = _free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            _await(server, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _await(server: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(600):
        if server.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the bucket server did not start")


def bucket(address: str, name: str) -> Bucket:
    """A new bucket with a prefix."""
    from pyarrow.fs import S3FileSystem

    options = {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": address,
    }  # fmt: skip
    S3FileSystem(
        access_key="test", secret_key="test", region="us-east-1", scheme="http",
        endpoint_override=address.removeprefix("http://"), allow_bucket_creation=True,
    ).create_dir(name)  # fmt: skip
    return Bucket(f"s3://{name}/lake", tuple(options.items()))
