"""Real servers on loopback: S3 (moto), with a bucket of its own for every test, and PostgreSQL."""

from __future__ import annotations

import itertools
import logging
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """Where the server is."""
    server_of = pytest.importorskip("moto.server", reason="needs moto[server]")
    pytest.importorskip("s3fs", reason="needs s3fs")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = server_of.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of it, whose bucket is `s3.name`; the environment points there, too."""
    import boto3  # type: ignore[import-untyped]

    for name, value in {
        "AWS_ACCESS_KEY_ID": "of-the-test", "AWS_SECRET_ACCESS_KEY": "s3cret-of-the-test",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": s3_url, "AWS_EC2_METADATA_DISABLED": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    bucket = boto3.resource("s3").create_bucket(Bucket=f"bucket-{next(_NUMBERS)}")
    yield bucket
    bucket.meta.client.close()


class Postgres:
    """A private PostgreSQL on loopback that asks for a password; it can be killed and started again."""

    PASSWORD = "s3cret-of-the-test"

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._folder = folder
        self._as: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        if self._as:
            shutil.chown(folder, "postgres", "postgres")
        word = folder / "password"
        word.write_text(self.PASSWORD)
        word.chmod(0o644)
        subprocess.run(
            [binaries / "initdb", "--no-sync", "-A", "scram-sha-256", f"--pwfile={word}", "-U", "icelos",
             "-E", "UTF8", "--locale=C.UTF-8", "-D", folder / "data"],
            check=True, capture_output=True, cwd="/", **self._as,
        )  # fmt: skip
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"postgresql://icelos@127.0.0.1:{self.port}/postgres"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Until it answers."""
        import psycopg

        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._binaries / "postgres", "-D", self._folder / "data", "-p", str(self.port), "-k", "",
                 "-c", "listen_addresses=127.0.0.1", "-c", "shared_buffers=32MB", "-c", "max_connections=40"],
                stdout=log, stderr=log, cwd="/", **self._as,
            )  # fmt: skip
        for _ in range(600):
            try:
                psycopg.connect(self.url, password=self.PASSWORD).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise RuntimeError((self._folder / "log").read_text()[-2000:])

    def kill(self) -> None:
        """At once, as a crash would: without saying goodbye to anybody."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()

    def execute(self, query: str, *values: Any, database: str = "postgres") -> list[tuple[Any, ...]]:
        """One statement, and the rows that it gives."""
        import psycopg

        url = f"{self.url.rpartition('/')[0]}/{database}"
        with psycopg.connect(url, password=self.PASSWORD, autocommit=True) as connection:
            cursor = connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One server for all tests of this session."""
    pytest.importorskip("psycopg", reason="needs psycopg")
    found = shutil.which("postgres")
    places = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not places:
        pytest.skip("needs PostgreSQL's server")
    folder = Path(tempfile.mkdtemp(prefix="icelos-postgres-"))  # pytest's own folders are closed to its user
    try:
        server = Postgres(places[-1], folder)
        yield server
        server.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres(postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Postgres:
    """The server with an empty database; the password is in the environment."""
    monkeypatch.setenv("PGPASSWORD", Postgres.PASSWORD)
    postgres_server.execute("DROP SCHEMA public CASCADE")
    postgres_server.execute("CREATE SCHEMA public")
    return postgres_server
