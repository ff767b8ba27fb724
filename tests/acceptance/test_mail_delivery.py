"""Mail servers and their clients against ours: spamc, aiospamc, Postfix by milter and by content filter."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from icelos.jobs.mail.delivery.lists import GTUBE

ROOT = Path(__file__).parents[2]
MAIN = "import typer; from icelos.cli import mail_serve; app = typer.Typer(); mail_serve.add_to(app); app()"
LURE = (
    b"From: Ann <ann@example.com>\nX-Spam-Flag: NO\nSubject: minutes\nMessage-ID: <2@example.com>\n\nHello\n"
    + GTUBE
    + b"\n"
)
HAM = (
    b"From: Ann <ann@example.com>\nSubject: minutes\nMessage-ID: <1@example.com>\n\nHello,\n\nthe minutes.\n"
)


def _delivery() -> ModuleType:
    """The harness, which the benchmark runs at full size."""
    spec = importlib.util.spec_from_file_location("mail_delivery", ROOT / "benchmarks" / "mail_delivery.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


delivery = _delivery()
needs_postfix = pytest.mark.skipif(
    bool(delivery.missing()), reason=f"needs {', '.join(delivery.missing()) or 'nothing'}"
)
needs_spamc = pytest.mark.skipif(shutil.which("spamc") is None, reason="needs spamc")


class Servers:
    """`icelos mail serve` in a process of its own."""

    def __init__(self, home: Path, *options: str) -> None:
        environment = {
            **os.environ, "ICELOS_HOME": str(home),
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-c", MAIN, "serve", *options], env=environment, cwd=home,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.places = [self.process.stdout.readline().rpartition(" ")[2].strip()]

    @property
    def port(self) -> int:
        return int(self.places[0].rpartition(":")[2])

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.fixture
def spamd(tmp_path: Path) -> Iterator[Servers]:
    servers = Servers(tmp_path, "--spamd", "127.0.0.1:0")
    yield servers
    assert servers.stop() == 0


def spamc(servers: Servers, raw: bytes, *options: str) -> tuple[int, bytes]:
    done = subprocess.run(
        ["spamc", "-x", "-p", str(servers.port), *options],
        input=raw,
        capture_output=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout


@needs_spamc
def test_spamc(spamd: Servers) -> None:
    code, out = spamc(spamd, LURE)
    assert code == 0
    assert out.startswith(b"X-Spam-Flag: YES\n")
    assert out.endswith(LURE.partition(b"\n\n")[2])
    assert b"X-Spam-Flag: NO" not in out
    code, out = spamc(spamd, LURE, "-c")
    assert code == 1
    assert out.strip().endswith(b"/5.0")
    assert spamc(spamd, HAM, "-c")[0] == 0
    assert b"points" in spamc(spamd, LURE, "-R")[1]
    assert b"points" in spamc(spamd, LURE, "-r")[1]
    assert b"points" not in spamc(spamd, HAM, "-r")[1]
    assert b"GTUBE" in spamc(spamd, LURE, "-y")[1]
    assert spamc(spamd, LURE, "--headers")[1] == spamc(spamd, LURE)[1]
    assert spamc(spamd, b"", "-K")[0] == 0
    assert spamc(spamd, LURE, "-L", "spam")[0] != 0  # TELL is not allowed by default


@needs_spamc
def test_spamc_over_a_unix_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "spamd.sock")
    servers = Servers(tmp_path, "--spamd", path)
    try:
        done = subprocess.run(["spamc", "-x", "-U", path, "-c"], input=LURE, capture_output=True, check=False)
        assert done.returncode == 1
    finally:
        servers.stop()


def test_aiospamc(spamd: Servers) -> None:
    import aiospamc

    async def ask() -> None:
        where = {"host": "127.0.0.1", "port": spamd.port}
        assert (await aiospamc.ping(**where)).message == "PONG"
        for compress in (False, True):
            found = await aiospamc.check(LURE, compress=compress, user="ann", **where)
            spam = found.headers.spam
            assert (spam.value, spam.threshold) == (True, 5.0)
            assert spam.score >= 5.0
        processed = await aiospamc.process(LURE, **where)
        assert processed.body.startswith(b"X-Spam-Flag: YES")
        symbols = (await aiospamc.symbols(LURE, **where)).body
        assert b"GTUBE" in symbols
        assert (await aiospamc.report_if_spam(HAM, **where)).body == b""
        assert b"points" in (await aiospamc.report(LURE, **where)).body
        assert (await aiospamc.headers(HAM, **where)).body.startswith(b"X-Spam-Score: ")
        many = await asyncio.gather(*(aiospamc.check(HAM, **where) for _ in range(50)))
        assert {one.headers.spam.value for one in many} == {False}

    asyncio.run(ask())


def test_many_idle_connections_do_not_stop_the_server(spamd: Servers) -> None:
    """More than there are places for: who comes later waits, and is served when one of them is gone."""
    idle = [socket.create_connection(("127.0.0.1", spamd.port)) for _ in range(150)]
    time.sleep(0.3)
    for one in idle[:60]:
        one.close()
    with socket.create_connection(("127.0.0.1", spamd.port), timeout=30) as asking:
        asking.sendall(b"PING SPAMC/1.2\r\n")
        assert asking.recv(100) == b"SPAMD/1.5 0 PONG\r\n"
    for one in idle[60:]:
        one.close()


@needs_postfix
@pytest.mark.parametrize("kill", [False, True])
def test_postfix_with_a_content_filter(kill: bool) -> None:
    account = delivery.run("smtp", 60, 10, kill=kill, patience_s=60.0)
    assert (account.accepted, account.missing, account.bounced) == (60, 0, 0)
    assert account.quarantined == 12
    assert account.judged == account.delivered
    assert account.twice <= (10 if kill else 0)  # who heard no answer sends again


@needs_postfix
@pytest.mark.parametrize("kill", [False, True])
def test_postfix_with_spamass_milter(kill: bool) -> None:
    account = delivery.run("spamd", 60, 10, kill=kill, patience_s=60.0)
    assert (account.accepted, account.missing, account.delivered, account.twice) == (60, 0, 60, 0)
    assert kill or account.judged == 60  # the milter lets through what it cannot have judged


@pytest.mark.slow
@needs_postfix
@pytest.mark.timeout(600)
def test_two_thousand_mails_and_a_kill() -> None:
    account = delivery.run("smtp", 2000, 20, kill=True)
    assert (account.accepted, account.accounted, account.bounced) == (2000, 2000, 0)


@needs_postfix
def test_a_next_server_that_is_down_keeps_the_mail_in_the_queue(tmp_path: Path) -> None:
    """Nothing is accepted on behalf of a server that is not there."""
    servers = Servers(tmp_path, "--spamd", "", "--smtp", "127.0.0.1:0", "--next-hop", "127.0.0.1:1")
    try:
        with smtplib.SMTP("127.0.0.1", servers.port, timeout=10) as server:
            with pytest.raises(smtplib.SMTPSenderRefused) as refused:
                server.sendmail("a@example.com", ["d@example.org"], HAM)
            assert refused.value.smtp_code == 451
    finally:
        servers.stop()
