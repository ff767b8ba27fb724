"""`icelos serve` as a process: how it starts, what it prints, how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from icelos.cli.main import main; main()", "serve"]


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "ICELOS_HOME": str(home), "ICELOS_KNOWLEDGE_ENCODER": "off"}


@contextmanager
def served(home: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """A console that has printed its address, as (process, {"address", "token", "link"})."""
    process = subprocess.Popen(
        [*COMMAND, "--json", *options],
        env=environment(home),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def post(address: str, token: str) -> int:
    request = urllib.request.Request(
        f"{address}/api/session", json.dumps({"token": token}).encode(), {"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def once(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *options], env=environment(home), text=True, capture_output=True, timeout=60
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_signs_in_once_and_ends_as_it_is_told(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with served(tmp_path, "--port", "0") as (process, told):
        assert told["link"] == f"{told['address']}/#token={told['token']}"
        assert post(told["address"], told["token"]) == 201
        assert post(told["address"], told["token"]) == 401
        process.send_signal(number)
        assert process.wait(30) == code
        _, errors = process.communicate()
        assert "Traceback" not in errors


def test_a_new_token_comes_from_a_second_process(tmp_path: Path) -> None:
    with served(tmp_path, "--port", "0") as (_, told):
        again = once(tmp_path, "--new-token", "--json")
        assert again.returncode == 0
        fresh = json.loads(again.stdout)
        assert fresh["address"] == told["address"]
        assert post(told["address"], fresh["token"]) == 201
    late = once(tmp_path, "--new-token")
    assert late.returncode == 2
    assert "no console runs" in late.stderr


def test_a_taken_port_is_told_and_the_next_one_used(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with served(tmp_path, "--port", str(taken)) as (process, told):
            port = int(told["address"].rpartition(":")[2])
            assert taken < port < taken + 20
            process.terminate()
            _, errors = process.communicate()
            assert f"port {taken} is taken: using {port}" in errors


def test_the_network_is_served_only_where_it_is_named(tmp_path: Path) -> None:
    settings = tmp_path / "icelos.toml"
    settings.write_text('[web]\nhost = "0.0.0.0"\nport = 0\n')
    refused = subprocess.run(
        COMMAND,
        env={**environment(tmp_path), "ICELOS_CONFIG": str(settings)},
        text=True,
        capture_output=True,
        timeout=60,
    )
    assert refused.returncode == 2
    assert "icelos serve --host 0.0.0.0" in refused.stderr
    with served(tmp_path, "--port", "0", "--host", "0.0.0.0") as (process, told):
        assert told["address"].startswith("http://127.0.0.1:")
        process.terminate()
        _, errors = process.communicate()
        assert "warning: 0.0.0.0 can be reached from the network" in errors


def test_a_killed_console_leaves_a_whole_workspace(tmp_path: Path) -> None:
    with served(tmp_path, "--port", "0") as (process, told):
        assert post(told["address"], told["token"]) == 201
        process.kill()
        process.wait()
    with served(tmp_path, "--port", "0") as (_, told):
        assert post(told["address"], told["token"]) == 201
        ready(told["address"])


def ready(address: str) -> None:
    """Wait until the bundled knowledge can be asked."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5) as reply:
                assert reply.status == 200
                return
        except urllib.error.HTTPError as error:
            error.close()
            time.sleep(0.1)
    raise AssertionError("never ready")


def test_enter_prints_a_new_link(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty", reason="no terminals on this platform")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "--json", "--port", "0"], env=environment(tmp_path), text=True, stdin=theirs,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=_own_terminal,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        os.write(ours, b"\n")
        second = json.loads(process.stdout.readline())
        assert first["token"] != second["token"]
        assert post(second["address"], second["token"]) == 201
    finally:
        process.kill()
        process.communicate()
        os.close(ours)
        os.close(theirs)


def _own_terminal() -> None:
    """In the child: lead a session whose terminal is standard input, in the foreground."""
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
