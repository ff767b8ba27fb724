"""The proxies that the manual names, as real processes: names, cookies, streams that are not held back."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

FOLDER = Path(__file__).parents[2] / "deploy" / "proxy"
NAME = "icelos.example.org"
CONSOLE = [sys.executable, "-c", "from icelos.cli.main import main; main()", "serve", "--json", "--port", "0"]
NGINX = """daemon off; master_process off; pid {folder}/pid; error_log stderr; events {{}}
http {{ access_log off; client_body_temp_path {folder}/1; proxy_temp_path {folder}/2;
fastcgi_temp_path {folder}/3; uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
{site}
}}"""
CADDY = "{{\nadmin off\nauto_https disable_redirects\ndefault_bind 127.0.0.1\n}}\n{site}"


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    key, chain = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    made = [
        program("openssl"),
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
    ]
    made += ["-keyout", str(key), "-out", str(chain), "-days", "2", "-subj", f"/CN={NAME}"]
    made += ["-addext", f"subjectAltName=DNS:{NAME}"]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    return chain, key


def nginx(folder: Path, port: int, upstream: int, chain: Path, key: Path) -> list[str]:
    site = (FOLDER / "nginx.conf").read_text("utf-8")
    for was, becomes in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("http://127.0.0.1:8787;", f"http://127.0.0.1:{upstream};"),
        ("/etc/ssl/icelos/fullchain.pem", str(chain)),
        ("/etc/ssl/icelos/privkey.pem", str(key)),
    ):
        assert site.count(was) == 1
        site = site.replace(was, becomes)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, site=site), "utf-8")
    return [program("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, port: int, upstream: int, chain: Path, key: Path) -> list[str]:
    site = (FOLDER / "Caddyfile").read_text("utf-8")
    for was, becomes in (
        (f"\n{NAME} {{", f"\nhttps://{NAME}:{port} {{\n\ttls {chain} {key}"),
        ("reverse_proxy 127.0.0.1:8787", f"reverse_proxy 127.0.0.1:{upstream}"),
    ):
        assert site.count(was) == 1
        site = site.replace(was, becomes)
    (folder / "Caddyfile").write_text(CADDY.format(site=site), "utf-8")
    return [program("caddy"), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


Proxy = Callable[[Path, int, int, Path, Path], list[str]]


@contextmanager
def proxied(
    proxy: Proxy, folder: Path, upstream: int, certificate: tuple[Path, Path]
) -> Iterator[httpx.Client]:
    """A client that speaks TLS with a proxy before `upstream`, under the name that the proxy serves."""
    port = free_port()
    command = proxy(folder, port, upstream, *certificate)
    context = ssl.create_default_context(cafile=str(certificate[0]))
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, "HOME": str(folder)}
    )
    try:
        wait_for(port, process)
        with httpx.Client(
            base_url=f"https://127.0.0.1:{port}", verify=context, headers={"host": f"{NAME}:{port}"},
            timeout=30, trust_env=False,
        ) as client:  # fmt: skip
            yield client
    finally:
        process.kill()
        process.communicate()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None:
                raise AssertionError(process.communicate()[1].decode()) from None
            time.sleep(0.05)
    raise AssertionError("the proxy does not listen")


NAMED = {"sni_hostname": NAME}
every_proxy = pytest.mark.parametrize("proxy", [nginx, caddy])


@every_proxy
def test_one_signs_in_by_the_proxys_name(
    proxy: Proxy, tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    environment = {**os.environ, "ICELOS_HOME": str(tmp_path / "home"), "ICELOS_WEB_HOSTS": NAME}
    environment["ICELOS_KNOWLEDGE_ENCODER"] = "off"
    with ExitStack() as stack:
        console = subprocess.Popen(
            CONSOLE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        stack.callback(console.communicate)
        stack.callback(console.kill)
        assert console.stdout is not None
        told = json.loads(console.stdout.readline())
        upstream = int(told["address"].rpartition(":")[2])
        client = stack.enter_context(proxied(proxy, tmp_path, upstream, certificate))
        origin = f"https://{client.headers['host']}"
        signed_in = client.post(
            "/api/session", json={"token": told["token"]}, headers={"origin": origin}, extensions=NAMED
        )
        assert signed_in.status_code == 201, signed_in.text
        cookie = signed_in.headers["set-cookie"].lower()
        assert "; secure" in cookie
        assert "; httponly" in cookie
        assert client.get("/metrics", extensions=NAMED).status_code == 404
        other = client.post(
            "/api/session", json={"token": "x"}, headers={"origin": "https://evil.example"}, extensions=NAMED
        )
        assert other.status_code == 403


class Slow(http.server.BaseHTTPRequestHandler):
    """Sends one event, and the next one only when somebody has got the first."""

    received: threading.Event

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b'event: status\ndata: {"text": "searching"}\n\n')
        self.wfile.flush()
        got = self.received.wait(10)
        self.wfile.write(b"event: answer\ndata: %s\n\n" % (b"in time" if got else b"too late"))

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the terminal of the tests."""


@every_proxy
def test_an_event_is_handed_on_before_the_next_one_is_there(
    proxy: Proxy, tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    received = threading.Event()
    handler = type("Handler", (Slow,), {"received": received})
    with ExitStack() as stack:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = stack.enter_context(proxied(proxy, tmp_path, server.server_port, certificate))
        reply = stack.enter_context(client.stream("GET", "/", extensions=NAMED))
        read = ""
        for text in reply.iter_text():
            read += text
            received.set()
        assert "searching" in read
        assert "in time" in read
