"""The client against an endpoint that does everything an endpoint may do to it."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from icelos.contracts import Message, Tool, ToolCall
from icelos.errors import BudgetError, ModelError, SettingsError
from icelos.llm import client
from icelos.llm.budget import Budget
from icelos.llm.cancel import Cancel
from icelos.llm.client import EndpointLLM
from icelos.settings import LLMSettings, Settings
from icelos.testing import check_llm

ASK = [Message("user", "What is T1110?")]
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer", "minimum": 1}},
    "required": ["city", "people"],
    "additionalProperties": False,
}
LOOKUP = Tool(
    "lookup", "Look up an identifier.", {"type": "object", "properties": {"id": {"type": "string"}}}
)
pytestmark = pytest.mark.usefixtures("quick")


def call(name: str, arguments: Any, id: str = "c1") -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_reply_carries_text_usage_and_price(endpoint: Any) -> None:
    endpoint.says("Brute force.")
    settings = endpoint.settings(price_prompt=1e6, price_completion=2e6, reply_tokens=9, temperature=0.5)
    with EndpointLLM(settings) as llm:
        reply = llm.reply([Message("system", "Be brief."), *ASK])
    assert (reply.text, reply.model, reply.cached, reply.truncated) == (
        "Brute force.",
        "served-m",
        False,
        False,
    )
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.cost) == (7, 3, 13.0)
    assert 0 < reply.usage.seconds < 5
    assert endpoint.requests == [
        {
            "model": "m",
            "max_tokens": 9,
            "temperature": 0.5,
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "What is T1110?"},
            ],
        }
    ]


def test_contract_holds_against_the_endpoint(endpoint: Any, answers: Any) -> None:
    endpoint.answers = [answers.completion({"content": "Hi."}), answers.completion({"content": "Hi."})]
    with EndpointLLM(endpoint.settings()) as llm:
        assert check_llm(llm).text == "Hi."


def test_closed_client_opens_again(endpoint: Any) -> None:
    endpoint.says("x")
    llm = EndpointLLM(endpoint.settings(concurrency=1))
    for _ in range(2):
        assert llm.reply(ASK).text == "x"
        llm.close()


def test_usage_is_estimated_where_the_server_does_not_count(endpoint: Any, answers: Any) -> None:
    endpoint.answers = [answers.completion({"content": "12345678"}, usage=None)]
    with EndpointLLM(endpoint.settings()) as llm:
        usage = llm.reply([Message("user", "123456789")]).usage
    assert (usage.prompt_tokens, usage.completion_tokens) == (3, 2)


def test_key_goes_into_the_header_only(endpoint: Any) -> None:
    endpoint.says("x")
    with EndpointLLM(endpoint.settings(api_key="k-123456789")) as llm:
        llm.reply(ASK)
    assert endpoint.headers[0]["authorization"] == "Bearer k-123456789"
    assert "k-123456789" not in json.dumps(endpoint.requests)
    assert "k-123456789" not in repr(llm) + repr(Settings(llm=endpoint.settings(api_key="k-123456789")))


def test_tool_calls_in_parallel_with_arguments_as_text_or_object(endpoint: Any, answers: Any) -> None:
    calls = [
        call("lookup", '{"id": "T1110"}'),
        call("lookup", {"id": "T1003"}, "c2"),
        call("lookup", "", "c3"),
    ]
    endpoint.answers = [answers.completion({"content": None, "tool_calls": calls}, finish="tool_calls")]
    with EndpointLLM(endpoint.settings()) as llm:
        reply = llm.reply(ASK, tools=[LOOKUP])
    assert reply.tool_calls == (
        ToolCall("c1", "lookup", {"id": "T1110"}),
        ToolCall("c2", "lookup", {"id": "T1003"}),
        ToolCall("c3", "lookup", {}),
    )
    assert endpoint.requests[0]["tools"][0]["function"]["name"] == "lookup"


def test_results_of_tools_go_back_in_the_endpoints_format(endpoint: Any) -> None:
    endpoint.says("done")
    asked = Message("assistant", "", tool_calls=(ToolCall("c1", "lookup", {"id": "T1110"}),))
    with EndpointLLM(endpoint.settings()) as llm:
        llm.reply([*ASK, asked, Message("tool", "Brute Force", tool_call_id="c1")], tools=[LOOKUP])
    assert endpoint.requests[0]["messages"][1:] == [
        {"role": "assistant", "content": None, "tool_calls": [call("lookup", '{"id":"T1110"}')]},
        {"role": "tool", "content": "Brute Force", "tool_call_id": "c1"},
    ]


@pytest.mark.parametrize(
    ("name", "arguments", "complaint"),
    [
        ("lookup", '{"id": "T11', "not valid JSON"),
        ("lookup", "[" * 3000, "not valid JSON"),
        ("lookup", "[1]", "no JSON object"),
        ("lookup", '{"id": 7}', "do not fit: id: 7 is not of type 'string'"),
        ("lookup", {"id": ["T1110"]}, "do not fit: id"),
        ("lookup", '{"a":' * 100 + "1" + "}" * 100, "nested deeper"),
        ("rm_rf", "{}", "no tool called 'rm_rf'"),
        (None, "{}", "no tool called ''"),
    ],
)
def test_broken_tool_calls_are_told_and_mended(
    endpoint: Any, answers: Any, name: str, arguments: Any, complaint: str
) -> None:
    bad = answers.completion({"tool_calls": [call(name, arguments)]})
    good = answers.completion({"tool_calls": [call("lookup", '{"id": "T1110"}')]})
    endpoint.answers = [bad, good]
    with EndpointLLM(endpoint.settings()) as llm:
        assert llm.reply(ASK, tools=[LOOKUP]).tool_calls[0].arguments == {"id": "T1110"}
    assert complaint in endpoint.requests[1]["messages"][-1]["content"]


def test_tool_calls_that_stay_broken_are_a_retryable_error(endpoint: Any, answers: Any) -> None:
    endpoint.answers = [answers.completion({"tool_calls": [call("lookup", "{")]})]
    with (
        EndpointLLM(endpoint.settings()) as llm,
        pytest.raises(ModelError, match="nothing usable in 3") as error,
    ):
        llm.reply(ASK, tools=[LOOKUP])
    assert error.value.retryable
    assert len(endpoint.requests) == 3


def test_a_tool_is_not_asked_for_with_what_it_does_not_take(endpoint: Any, answers: Any) -> None:
    strict = Tool(
        "search", "Search.",
        {"type": "object", "properties": {"k": {"type": "integer", "maximum": 50}}, "required": ["k"],
         "additionalProperties": False},
    )  # fmt: skip
    wrong = ["{}", '{"k": 10000}', '{"k": 5, "principal": "root"}']
    endpoint.answers = [answers.completion({"tool_calls": [call("search", one)]}) for one in wrong]
    with EndpointLLM(endpoint.settings()) as llm, pytest.raises(ModelError, match="'principal' was unexp"):
        llm.reply(ASK, tools=[strict])
    told = [body["messages"][-1]["content"] for body in endpoint.requests[1:]]
    assert "'k' is a required property" in told[0]
    assert "10000 is greater than the maximum of 50" in told[1]


def test_a_tool_whose_schema_is_none_is_our_own_mistake(endpoint: Any) -> None:
    with EndpointLLM(endpoint.settings()) as llm, pytest.raises(ModelError, match="not a JSON schema"):
        llm.reply(ASK, tools=[Tool("t", "d", {"type": "objekt"})])
    assert endpoint.requests == []


def test_schema_is_asked_for_and_checked(endpoint: Any) -> None:
    endpoint.says('{"city": "Bern", "people": 134000}')
    with EndpointLLM(endpoint.settings()) as llm:
        assert llm.reply(ASK, schema=CITY).data == {"city": "Bern", "people": 134000}
    asked = endpoint.requests[0]["response_format"]
    assert asked["type"] == "json_schema"
    assert asked["json_schema"]["schema"] == CITY
    assert asked["json_schema"]["strict"] is True


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"city": "Bern", "people": 1}\n```',
        'Sure! Here it is: {"city": "Bern", "people": 1} I hope {this} helps.',
        '<think>maybe {"city": "Rome", "people": 9}?</think>{"city": "Bern", "people": 1}',
        '{"wrong": 1} then {"city": "Bern", "people": 1}',
    ],
)
def test_object_is_found_in_what_models_write_around_it(endpoint: Any, text: str) -> None:
    endpoint.says(text)
    with EndpointLLM(endpoint.settings()) as llm:
        assert llm.reply(ASK, schema=CITY).data == {"city": "Bern", "people": 1}
    assert len(endpoint.requests) == 1


def test_model_is_told_what_is_wrong_with_its_json(endpoint: Any) -> None:
    endpoint.says('{"city": "Bern", "people": 0}', "no idea", '{"city": "Bern", "people": 2}')
    with EndpointLLM(endpoint.settings()) as llm:
        reply = llm.reply(ASK, schema=CITY)
    assert reply.data["people"] == 2
    assert reply.usage.prompt_tokens == 21
    assert "people: 0 is less than the minimum of 1" in endpoint.requests[1]["messages"][-1]["content"]
    assert endpoint.requests[2]["messages"][-2] == {"role": "assistant", "content": "no idea"}


def test_json_that_stays_wrong_is_a_retryable_error_and_paid_for(endpoint: Any) -> None:
    endpoint.says("no")
    budget = Budget()
    with EndpointLLM(endpoint.settings(), budget=budget) as llm, pytest.raises(ModelError) as error:
        llm.reply(ASK, schema=CITY)
    assert error.value.retryable
    assert (budget.spent.calls, budget.spent.tokens) == (3, 30)


def test_cut_off_json_says_so(endpoint: Any, answers: Any) -> None:
    endpoint.answers = [answers.completion({"content": '{"city": "B'}, finish="length")]
    with (
        EndpointLLM(endpoint.settings(reply_tokens=5)) as llm,
        pytest.raises(ModelError, match="cut off at 5 tokens"),
    ):
        llm.reply(ASK, schema=CITY)


def test_broken_schema_is_our_error_and_sends_nothing(endpoint: Any) -> None:
    with EndpointLLM(endpoint.settings()) as llm, pytest.raises(ModelError, match="not a JSON schema"):
        llm.reply(ASK, schema={"type": "strange"})
    assert endpoint.requests == []


def test_refused_schema_falls_back_to_object_and_then_to_the_prompt(endpoint: Any, answers: Any) -> None:
    refusal = answers.raw(b'{"error": {"message": "response_format is not supported"}}', status=400)
    good = answers.completion({"content": '{"city": "Bern", "people": 1}'})
    endpoint.answers = [refusal, refusal, good]
    with EndpointLLM(endpoint.settings()) as llm:
        assert llm.reply(ASK, schema=CITY).data["city"] == "Bern"
        llm.reply(ASK, schema=CITY)
    formats = [request.get("response_format", {}).get("type") for request in endpoint.requests]
    assert formats == ["json_schema", "json_object", None, None], "the second call knows"
    assert '"minimum":1' in endpoint.requests[2]["messages"][0]["content"]


def test_other_refused_fields_are_left_out(endpoint: Any, answers: Any) -> None:
    endpoint.answers = [
        answers.raw(b'{"error": {"message": "use max_completion_tokens instead"}}', status=400),
        answers.raw(b'{"error": {"message": "temperature must be 1"}}', status=400),
        answers.completion({"content": "ok"}),
    ]
    with EndpointLLM(endpoint.settings()) as llm:
        assert llm.reply(ASK).text == "ok"
    assert endpoint.requests[2]["max_completion_tokens"] == 1024
    assert not {"max_tokens", "temperature"} & set(endpoint.requests[2])


def test_busy_server_is_tried_again_after_what_it_asks(endpoint: Any, answers: Any) -> None:
    busy = answers.raw(b"{}", status=429, retry_after="1")
    endpoint.answers = [busy, answers.completion({"content": "ok"})]
    started = time.monotonic()
    with EndpointLLM(endpoint.settings()) as llm:
        assert llm.reply(ASK).text == "ok"
    assert time.monotonic() - started >= 1


def test_wait_past_the_deadline_is_not_begun(endpoint: Any, answers: Any) -> None:
    endpoint.answers = [answers.raw(b"{}", status=503, retry_after="3600")]
    started = time.monotonic()
    with EndpointLLM(endpoint.settings()) as llm, pytest.raises(ModelError, match="503") as error:
        llm.reply(ASK)
    assert error.value.retryable
    assert time.monotonic() - started < 2


def test_tries_are_bounded(endpoint: Any, answers: Any) -> None:
    endpoint.answers = [answers.raw(b"oops", status=500, kind="text/plain")]
    with EndpointLLM(endpoint.settings()) as llm, pytest.raises(ModelError, match="answered 500: oops"):
        llm.reply(ASK)
    assert len(endpoint.requests) == 3


@pytest.mark.parametrize(
    ("status", "word"), [(400, "bad thing"), (401, "ICELOS_LLM_API_KEY"), (404, "base_url")]
)
def test_refusals_are_one_clear_line_and_not_repeated(
    endpoint: Any, answers: Any, status: int, word: str
) -> None:
    endpoint.answers = [answers.raw(b'{"error": {"message": "bad\\nthing\\u001b[31m"}}', status=status)]
    with EndpointLLM(endpoint.settings()) as llm, pytest.raises(ModelError) as error:
        llm.reply(ASK)
    assert word in str(error.value)
    assert "\n" not in str(error.value)
    assert "\x1b" not in str(error.value)
    assert not error.value.retryable
    assert len(endpoint.requests) == 1


def test_exhausted_quota_is_not_tried_again(endpoint: Any, answers: Any) -> None:
    endpoint.answers = [answers.raw(b'{"error": {"code": "insufficient_quota"}}', status=429)]
    with EndpointLLM(endpoint.settings()) as llm, pytest.raises(ModelError):
        llm.reply(ASK)
    assert len(endpoint.requests) == 1


def test_key_that_the_server_echoes_is_not_shown(endpoint: Any, answers: Any) -> None:
    endpoint.answers = [answers.raw(b'{"error": "wrong key: topsecretkey1"}', status=401)]
    with (
        EndpointLLM(endpoint.settings(api_key="topsecretkey1")) as llm,
        pytest.raises(ModelError) as error,
    ):
        llm.reply(ASK)
    assert "topsecretkey1" not in str(error.value)
    assert "wrong key" in str(error.value)


def test_redirects_are_not_followed(endpoint: Any, answers: Any) -> None:
    moved = answers.raw(b"", status=307, location="http://127.0.0.2:9/v1/chat/completions?token=abc")
    endpoint.answers = [moved]
    with EndpointLLM(endpoint.settings(api_key="k")) as llm, pytest.raises(ModelError) as error:
        llm.reply(ASK)
    assert "http://127.0.0.2:9/v1" in str(error.value)
    assert "abc" not in str(error.value)
    assert len(endpoint.requests) == 1


def test_silent_server_ends_at_the_timeout(endpoint: Any) -> None:
    endpoint.answers = [lambda handler: endpoint.ended.wait(5)]
    started = time.monotonic()
    settings = endpoint.settings(timeout_s=0.3, max_retries=0)
    with (
        EndpointLLM(settings) as llm,
        pytest.raises(ModelError, match=r"no whole reply within 0\.3 s") as error,
    ):
        llm.reply(ASK)
    assert error.value.retryable
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("part", ["headers", "body"])
def test_trickling_server_cannot_stretch_the_deadline(endpoint: Any, part: str) -> None:
    def trickle(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
        if part == "body":
            handler.wfile.write(b"content-length: 100000\r\n\r\n")
        while not endpoint.ended.wait(0.05):
            handler.wfile.write(b"x: y\r\n" if part == "headers" else b" ")

    endpoint.answers = [trickle]
    started = time.monotonic()
    settings = endpoint.settings(timeout_s=0.5, max_retries=0)
    with EndpointLLM(settings) as llm, pytest.raises(ModelError, match="no whole reply within"):
        llm.reply(ASK)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("body", "kind", "complaint", "retryable"),
    [
        (b'{"choices": [{"message": {"content": "x', "application/json", "no chat completion", True),
        (b"\x00\xff garbage", "application/json", "no chat completion", True),
        (b"<html>login</html>", "text/html", "answered with text/html", False),
        (b'{"choices": []}', "application/json", "no choices", True),
        (b'{"error": {"message": "no gpu"}}', "application/json", "no gpu", True),
        (b'{"choices": 3}', "application/json", "no chat completion", True),
        (b"[" * 100_000, "application/json", "no chat completion", True),
        (b'{"choices": [{"message": {"content": 5}}]}', "application/json", "no chat completion", True),
    ],
)
def test_replies_that_are_none(
    endpoint: Any, answers: Any, body: bytes, kind: str, complaint: str, retryable: bool
) -> None:
    endpoint.answers = [answers.raw(body, kind=kind)]
    with (
        EndpointLLM(endpoint.settings(max_retries=0)) as llm,
        pytest.raises(ModelError, match=complaint) as error,
    ):
        llm.reply(ASK)
    assert error.value.retryable is retryable


def test_huge_reply_is_refused(endpoint: Any) -> None:
    def flood(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "application/json")
        handler.end_headers()
        while not endpoint.ended.is_set():
            handler.wfile.write(b" " * 65536)

    endpoint.answers = [flood]
    with (
        EndpointLLM(endpoint.settings()) as llm,
        pytest.raises(ModelError, match="larger than 8 MiB") as error,
    ):
        llm.reply(ASK)
    assert not error.value.retryable


def test_compressed_reply_is_refused_unread(endpoint: Any, answers: Any) -> None:
    endpoint.answers = [answers.raw(b"bomb", content_encoding="gzip")]
    with EndpointLLM(endpoint.settings()) as llm, pytest.raises(ModelError, match="compressed"):
        llm.reply(ASK)


def test_withheld_reply_says_so(endpoint: Any, answers: Any) -> None:
    endpoint.answers = [answers.completion({"content": None}, finish="content_filter")]
    with EndpointLLM(endpoint.settings()) as llm, pytest.raises(ModelError, match="withheld"):
        llm.reply(ASK)


def test_reply_in_parts_and_refusal_are_text(endpoint: Any, answers: Any) -> None:
    parts = [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]
    endpoint.answers = [
        answers.completion({"content": parts}),
        answers.completion({"content": None, "refusal": "I will not."}, finish="length"),
    ]
    with EndpointLLM(endpoint.settings()) as llm:
        assert llm.reply(ASK).text == "Hello"
        second = llm.reply(ASK)
    assert (second.text, second.truncated) == ("I will not.", True)


def test_nobody_there(endpoint: Any) -> None:
    settings = LLMSettings(base_url="http://127.0.0.1:9/v1", model="m", max_retries=0)
    with EndpointLLM(settings) as llm, pytest.raises(ModelError, match="cannot reach the endpoint") as error:
        llm.reply(ASK)
    assert error.value.retryable


def test_stream_gives_pieces_and_usage(endpoint: Any) -> None:
    endpoint.streams("Bru", "te ", "forcé")
    budget = Budget()
    with EndpointLLM(endpoint.settings(), budget=budget) as llm:
        assert list(llm.stream(ASK)) == ["Bru", "te ", "forcé"]
    assert budget.spent.tokens == 10
    assert endpoint.requests[0]["stream"] is True
    assert endpoint.requests[0]["stream_options"] == {"include_usage": True}


def test_stream_from_a_server_that_does_not_stream(endpoint: Any) -> None:
    endpoint.says("all at once")
    with EndpointLLM(endpoint.settings()) as llm:
        assert list(llm.stream(ASK)) == ["all at once"]


def test_empty_stream_is_no_pieces(endpoint: Any) -> None:
    endpoint.streams()
    with EndpointLLM(endpoint.settings()) as llm:
        assert list(llm.stream(ASK)) == []


def test_stream_is_tried_again_only_before_its_first_piece(endpoint: Any, answers: Any) -> None:
    endpoint.streams("whole")
    whole = endpoint.answers[0]
    piece = {"choices": [{"delta": {"content": "half"}}]}
    endpoint.answers = [answers.raw(b"", status=500), whole, answers.events(piece, done=False)]
    with EndpointLLM(endpoint.settings()) as llm:
        assert list(llm.stream(ASK)) == ["whole"]
        got: list[str] = []
        with pytest.raises(ModelError, match="broke off its stream") as error:
            got.extend(llm.stream(ASK))
    assert error.value.retryable
    assert len(endpoint.requests) == 3


def test_stream_gives_what_came_before_it_broke(endpoint: Any) -> None:
    def broken(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("content-length", "100000")
        handler.end_headers()
        handler.wfile.write(b'data: {"choices": [{"delta": {"content": "half"}}]}\n\n')
        handler.wfile.flush()
        handler.close_connection = True

    endpoint.answers = [broken]
    got: list[str] = []
    with EndpointLLM(endpoint.settings()) as llm, pytest.raises(ModelError, match="broke off"):
        got.extend(llm.stream(ASK))
    assert got == ["half"]


def test_error_in_mid_stream_is_raised(endpoint: Any, answers: Any) -> None:
    parts = [{"choices": [{"delta": {"content": "a"}}]}, {"error": {"message": "out of memory"}}]
    endpoint.answers = [answers.events(*parts)]
    with EndpointLLM(endpoint.settings()) as llm, pytest.raises(ModelError, match="out of memory"):
        list(llm.stream(ASK))


@pytest.mark.parametrize("body", [b"data: " + b"x" * 2_000_000, b"data: x\n" * 200_000])
def test_overlong_events_are_refused(endpoint: Any, answers: Any, body: bytes) -> None:
    endpoint.answers = [answers.raw(body, kind="text/event-stream")]
    with EndpointLLM(endpoint.settings()) as llm, pytest.raises(ModelError, match="longer than"):
        list(llm.stream(ASK))


def test_endless_stream_ends_at_the_deadline(endpoint: Any) -> None:
    def endless(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.end_headers()
        while not endpoint.ended.wait(0.02):
            handler.wfile.write(b'data: {"choices": [{"delta": {"content": "x"}}]}\n\n')

    endpoint.answers = [endless]
    got: list[str] = []
    with (
        EndpointLLM(endpoint.settings(timeout_s=0.5)) as llm,
        pytest.raises(ModelError, match="no whole reply"),
    ):
        got.extend(llm.stream(ASK))
    assert got


def test_stream_that_its_reader_leaves_frees_the_connection(endpoint: Any) -> None:
    endpoint.streams("a", "b", "c")
    budget = Budget()
    with EndpointLLM(endpoint.settings(concurrency=1), budget=budget) as llm:
        for _ in range(3):
            pieces = llm.stream(ASK)
            assert next(pieces) == "a"
            pieces.close()  # type: ignore[attr-defined]
    assert budget.spent.calls == 3


def test_cancel_ends_a_blocked_call_at_once(endpoint: Any) -> None:
    endpoint.answers = [lambda handler: endpoint.ended.wait(5)]
    switch = Cancel()
    threading.Timer(0.3, switch.cancel).start()
    started = time.monotonic()
    with (
        EndpointLLM(endpoint.settings()) as llm,
        switch.watching(),
        pytest.raises(ModelError, match="cancelled"),
    ):
        llm.reply(ASK)
    assert time.monotonic() - started < 3
    assert len(endpoint.requests) == 1


def test_cancel_ends_a_wait_between_tries(endpoint: Any, answers: Any) -> None:
    endpoint.answers = [answers.raw(b"", status=503, retry_after="60")]
    switch = Cancel()
    threading.Timer(0.3, switch.cancel).start()
    with (
        EndpointLLM(endpoint.settings()) as llm,
        switch.watching(),
        pytest.raises(ModelError, match="cancelled"),
    ):
        llm.reply(ASK)


def test_no_more_calls_at_once_than_allowed(endpoint: Any, answers: Any) -> None:
    lock, now, most = threading.Lock(), 0, 0
    say = answers.completion({"content": "x"})

    def slow(handler: Any) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.1)
        with lock:
            now -= 1
        say(handler)

    endpoint.answers = [slow]
    with EndpointLLM(endpoint.settings(concurrency=2)) as llm:
        threads = [threading.Thread(target=llm.reply, args=(ASK,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (len(endpoint.requests), most) == (6, 2)


def test_budget_stops_before_the_call(endpoint: Any) -> None:
    endpoint.says("x")
    with EndpointLLM(endpoint.settings(max_calls=2)) as llm:
        llm.reply(ASK)
        llm.reply(ASK)
        with pytest.raises(BudgetError, match="calls is used up: 2 of 2"):
            llm.reply(ASK)
    assert len(endpoint.requests) == 2


def test_calls_that_leave_the_machine_are_switched_off() -> None:
    assert client.NO_NETWORK, "tests/conftest.py sets it"
    settings = LLMSettings(base_url="https://192.0.2.1/v1", model="m", connect_timeout_s=0.1)
    with EndpointLLM(settings) as llm:
        with pytest.raises(ModelError, match="switched off"):
            llm.reply(ASK)
        with pytest.raises(ModelError, match="switched off"):
            list(llm.stream(ASK))


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("nonsense", ""),
        ("ftp://host/v1", ""),
        ("http://", ""),
        ("http://me:pw-123456@host/v1", ""),
        ("http://host/v1", "a key"),
        ("http://host/v1", "kéy"),
        ("http://host/v1", "key\nx: y"),
        ("http://[::1", ""),
    ],
)
def test_addresses_and_keys_that_cannot_be_used(url: str, key: str) -> None:
    with pytest.raises(SettingsError) as error:
        EndpointLLM(LLMSettings(base_url=url, model="m", api_key=key))
    assert "pw-123456" not in str(error.value)
    assert not key or key not in str(error.value)
