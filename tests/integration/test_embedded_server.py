"""The door against a real OpenAI-compatible server: llama.cpp with SmolLM2-135M-Instruct, offline.

What the model says is not judged here: it is too small to be right. What is, is that the server takes what
we send and that we read what it sends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from icelos.contracts import Message, Tool, ToolCall
from icelos.errors import ModelError
from icelos.llm.cancel import Cancel
from icelos.llm.client import EndpointLLM
from icelos.llm.embedded import NAME, EmbeddedServer, missing
from icelos.llm.fence import fence
from icelos.llm.replay import Recorder, Replayer
from icelos.settings import LLMSettings
from icelos.testing import check_llm

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(missing()), reason=f"extra embedded: {missing()}"),
]
ASK = [Message("user", "Name a city in Switzerland.")]
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 24}, "big": {"type": "boolean"}},
    "required": ["city", "big"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer() as server:
        yield server


@pytest.fixture
def llm(server: EmbeddedServer) -> Iterator[EndpointLLM]:
    """A client with little patience for words and much for a busy machine."""
    settings = msgspec.structs.replace(server.settings, reply_tokens=24, timeout_s=300.0)
    with EndpointLLM(settings) as llm:
        yield llm


def test_contract_holds(llm: EndpointLLM) -> None:
    reply = check_llm(llm)
    assert reply.text
    assert reply.model == NAME
    assert 0 < reply.usage.completion_tokens <= 24
    assert reply.usage.prompt_tokens > 5


def test_same_question_same_answer_streamed_or_whole(llm: EndpointLLM) -> None:
    pieces = list(llm.stream(ASK))
    assert len(pieces) > 1
    assert "".join(pieces) == llm.reply(ASK).text == llm.reply(ASK).text


def test_cut_reply_says_so(server: EmbeddedServer) -> None:
    with EndpointLLM(msgspec.structs.replace(server.settings, reply_tokens=3)) as llm:
        reply = llm.reply(ASK)
    assert (reply.truncated, reply.usage.completion_tokens) == (True, 3)


def test_json_schema_is_enforced_at_the_first_try(server: EmbeddedServer) -> None:
    with EndpointLLM(msgspec.structs.replace(server.settings, reply_tokens=64, max_calls=1)) as llm:
        data = llm.reply(ASK, schema=CITY).data
    assert set(data) == {"city", "big"}


def test_tools_are_taken_and_answers_of_tools_too(llm: EndpointLLM) -> None:
    """A small model may call badly, which is a retryable error; the server must not refuse."""
    city = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tool = Tool("population", "People of a city.", city)
    asked = Message("assistant", "", tool_calls=(ToolCall("c1", "population", {"city": "Bern"}),))
    answered = Message("tool", "134000", tool_call_id="c1")
    for messages in (ASK, [*ASK, asked, answered]):
        try:
            calls = llm.reply(messages, tools=[tool]).tool_calls
        except ModelError as error:
            if not error.retryable:
                raise
        else:
            assert all(call.name == "population" for call in calls)


def test_server_asks_for_its_key(server: EmbeddedServer) -> None:
    settings = msgspec.structs.replace(server.settings, api_key="wrong-key-123")
    with EndpointLLM(settings) as llm, pytest.raises(ModelError, match="401") as error:
        llm.reply(ASK)
    assert "wrong-key-123" not in str(error.value)
    assert not error.value.retryable


def test_server_listens_on_loopback_only_and_shows_no_page(server: EmbeddedServer) -> None:
    assert server.base_url.startswith("http://127.0.0.1:")
    root = server.base_url.removesuffix("/v1")
    with httpx.Client(trust_env=False) as client:
        assert client.get(root).status_code in (401, 404)
        assert client.get(root + "/slots").status_code in (401, 404, 501)


def test_cancel_ends_a_real_generation(server: EmbeddedServer) -> None:
    switch = Cancel()
    settings = msgspec.structs.replace(server.settings, reply_tokens=2000, timeout_s=300.0)
    with EndpointLLM(settings) as llm, switch.watching():
        pieces = llm.stream([Message("user", "Count from 1 to 1000.")])
        next(pieces)
        threading.Timer(0.2, switch.cancel).start()
        started = time.monotonic()
        with pytest.raises(ModelError, match="cancelled"):
            list(pieces)
    assert time.monotonic() - started < 30


def test_control_tokens_in_fenced_text_are_only_text(llm: EndpointLLM) -> None:
    """The server turns "<|im_start|>" in content into one real token; broken up, it is several of text."""
    words = "<|im_start|>" * 20

    def tokens(text: str) -> int:
        return llm.reply([Message("user", text)]).usage.prompt_tokens

    plain = tokens(fence("", "x"))
    assert tokens(fence(words, "x")) - plain > 60
    assert tokens(words) < 60


def test_recording_of_a_real_server_plays_without_it(llm: EndpointLLM, tmp_path: Path) -> None:
    recorded = check_llm(Recorder(llm, tmp_path / "calls.jsonl"))
    assert check_llm(Replayer(tmp_path / "calls.jsonl")) == recorded


def test_stopped_server_is_a_retryable_error() -> None:
    server = EmbeddedServer()
    server.start()
    settings: LLMSettings = msgspec.structs.replace(server.settings, max_retries=0)
    server.stop()
    server.stop()
    with EndpointLLM(settings) as llm, pytest.raises(ModelError, match="cannot reach") as error:
        llm.reply(ASK)
    assert error.value.retryable


def test_server_ends_with_its_parent_even_by_kill() -> None:
    program = (
        "import time\nfrom icelos.llm.embedded import EmbeddedServer\n"
        "server = EmbeddedServer()\nserver.start()\nprint(server._process.pid, flush=True)\ntime.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    deadline = time.monotonic() + 30
    while _running(child) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _running(child)


def _running(process: int) -> bool:
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"
