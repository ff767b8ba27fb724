"""Writes the questions with their gold answers: `python -m tests.quality.agent.gold` in the root folder.

Gold answers come from the rows of `organisation` by plain Python, never from Icelos' own queries. The
questions were written before the agent that they measure, and by somebody else; those in
`questions_held_out.json` are not to be looked at while one works on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from tests.quality.agent import gold_dev, gold_dev_joins, gold_held_out, gold_held_out_joins
from tests.quality.agent.asking import Asked
from tests.quality.agent.expecting import Question

HERE = Path(__file__).parent
SETS: dict[str, Sequence[Asked]] = {
    "questions_dev.json": (*gold_dev.ASKED, *gold_dev_joins.ASKED),
    "questions_held_out.json": (*gold_held_out.ASKED, *gold_held_out_joins.ASKED),
}


def questions(name: str) -> list[Question]:
    """The questions of one set ("dev", "held_out"), as they stand in its file."""
    return msgspec.json.decode((HERE / f"questions_{name}.json").read_bytes(), type=list[Question])


def written(asked: Sequence[Asked]) -> bytes:
    """The file of a set: one question a line."""
    lines = b",\n".join(msgspec.json.encode(one.question()) for one in asked)
    return b"[\n" + lines + b"\n]\n"


if __name__ == "__main__":
    for name, asked in SETS.items():
        (HERE / name).write_bytes(written(asked))
