"""The embedded model: start, tokens a second by threads, and how often its JSON fits a schema.

    python benchmarks/llm_embedded.py

Skips, with the reason, where the extra is not installed.
"""

from __future__ import annotations

import os
import time

import msgspec

from icelos.contracts import Message
from icelos.errors import ModelError
from icelos.llm.client import EndpointLLM
from icelos.llm.embedded import EmbeddedServer, missing

# fmt: off
TOPICS = [
    "invoice", "payroll", "gift card", "delivery", "password reset", "meeting", "newsletter", "job offer",
    "refund", "tax", "parking", "holiday", "printer", "badge", "training", "survey", "backup", "lunch",
    "travel", "contract",
]
# fmt: on
MAIL = {
    "type": "object",
    "properties": {
        "subject": {"type": "string", "minLength": 3, "maxLength": 60},
        "urgent": {"type": "boolean"},
        "kind": {"enum": ["request", "notice", "question"]},
        "words": {
            "type": "array",
            "items": {"type": "string", "maxLength": 16},
            "minItems": 1,
            "maxItems": 3,
        },
    },
    "required": ["subject", "urgent", "kind", "words"],
    "additionalProperties": False,
}


def speed(threads: int) -> None:
    started = time.perf_counter()
    with EmbeddedServer(threads=threads) as server:
        ready = time.perf_counter() - started
        with EndpointLLM(msgspec.structs.replace(server.settings, reply_tokens=128)) as llm:
            llm.reply([Message("user", "Hello.")])
            started = time.perf_counter()
            usage = llm.reply([Message("user", "Write a long story about a lighthouse.")]).usage
            spent = time.perf_counter() - started
    rate = usage.completion_tokens / spent
    print(
        f"{threads} threads: ready in {ready:.1f} s, {rate:.1f} tokens/s of {usage.completion_tokens} tokens"
    )


def validity() -> None:
    with EmbeddedServer() as server:
        settings = msgspec.structs.replace(server.settings, reply_tokens=160, max_calls=len(TOPICS))
        with EndpointLLM(settings) as llm:
            good = sum(_fits(llm, topic) for topic in TOPICS)
    print(f"JSON that fits the schema at the first try: {good} of {len(TOPICS)}")


def _fits(llm: EndpointLLM, topic: str) -> bool:
    try:
        llm.reply([Message("user", f"Describe an office mail about: {topic}.")], schema=MAIL)
    except ModelError:
        return False
    return True


def main() -> None:
    if reason := missing():
        print(f"skipped: {reason}; pip install 'icelos[embedded]'")
        return
    for threads in sorted({1, len(os.sched_getaffinity(0))}):
        speed(threads)
    validity()


if __name__ == "__main__":
    main()
