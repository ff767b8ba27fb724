"""What somebody says of themselves, and what that changes: how long answers are, and a little of their order.

A stack is what somebody works with ("Fortinet", "Windows Server"). Passages that name it come a little
earlier among those that were found; no passage comes in or goes out. Without a model an answer is made of the
sources' own sentences, so its language is theirs.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from icelos.contracts import Hit

STACK = 0.05
"""What a passage gains that names something of the stack, however much of it; the best page has about 1."""
EXACT = "exact"

Verbosity = Literal["short", "normal", "long"]
SENTENCES = {"short": 0.4, "normal": 1.0, "long": 2.0}
"""Of the sentences that the settings allow."""
MOST_SENTENCES = 50
Short = Annotated[str, Meta(max_length=80, pattern=r"^[\w ,/&-]*$")]


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`language` is a name or code, "" for that of the question. Everything may be left out."""

    role: Short = ""
    stack: Annotated[tuple[Annotated[str, Meta(min_length=2, max_length=80)], ...], Meta(max_length=20)] = ()
    language: Annotated[str, Meta(max_length=40, pattern=r"^[\w -]*$")] = ""
    verbosity: Verbosity = "normal"

    def sentences(self, most: int) -> int:
        """Most sentences of an answer, of those that the settings allow; at least one."""
        return max(1, min(round(most * SENTENCES[self.verbosity]), MOST_SENTENCES))

    def notice(self, *, model: bool) -> str:
        """What the reader must know of their language; "" where there is nothing to say."""
        if not self.language or model or self.language.lower() in ("en", "english"):
            return ""
        return f"Without a model answers are in the language of the sources, not in {self.language}."

    def instruction(self) -> str:
        """What a model is told of the reader; "" where nothing is known."""
        told = [f"Answer in this language: {self.language}."] if self.language else []
        told += [f"The reader's role: {self.role}."] if self.role else []
        return " ".join(told)


def load(database: sqlite3.Connection, person: str) -> Profile:
    """The profile of a person; an empty one where there is none."""
    row = database.execute("SELECT body FROM profiles WHERE person = ?", (person,)).fetchone()
    return msgspec.json.decode(row[0], type=Profile) if row else Profile()


def save(database: sqlite3.Connection, person: str, profile: Profile) -> None:
    """Replace the profile of a person. Inside a transaction."""
    row = (person, msgspec.json.encode(profile).decode())
    database.execute("INSERT OR REPLACE INTO profiles VALUES (?, ?)", row)


def fitting(hits: Sequence[Hit], stack: Sequence[str]) -> list[Hit]:
    """The same hits, those that name something of the stack a little earlier; never before an exact one."""
    named = re.compile("|".join(rf"(?<!\w){re.escape(term)}(?!\w)" for term in stack), re.IGNORECASE)
    floor = min((hit.score for hit in hits if EXACT in hit.why), default=None)

    def gained(hit: Hit) -> Hit:
        if EXACT in hit.why or not named.search(f"{hit.title}\n{hit.heading}\n{hit.text}"):
            return hit
        score = hit.score + STACK if floor is None else max(hit.score, min(hit.score + STACK, floor - 1e-6))
        return msgspec.structs.replace(
            hit, score=score, why={**hit.why, "stack": round(score - hit.score, 4)}
        )

    return sorted((gained(hit) for hit in hits), key=lambda hit: -hit.score)
