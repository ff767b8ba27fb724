"""An answer as one text: sentences with their handles, notices, a numbered list of the sources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from icelos.jobs.copilot.answers import Answer, Citation, Event, Nearest, Sentence
from icelos.jobs.copilot.extract import plain
from icelos.llm.fence import defused

SOURCES = 50
"""Lines of the list of sources; the `icelos` member has all."""


class Mark(msgspec.Struct, frozen=True):
    """A handle's place in the text: characters from `start` to before `end`."""

    handle: str
    start: int
    end: int


class Bounded:
    """Text that is given out as it comes, up to a stop sequence or a number of characters."""

    def __init__(self, stops: Sequence[str] = (), most: int | None = None) -> None:
        self._stops = tuple(stops)
        self._held_back = max((len(stop) for stop in stops), default=1) - 1
        self._room = most
        self._waiting = ""
        self.finish = ""
        self.length = 0

    def add(self, text: str) -> str:
        """What may be shown now."""
        if self.finish:
            return ""
        self._waiting += text
        found = [at for stop in self._stops if (at := self._waiting.find(stop)) >= 0]
        if found:
            return self._out(min(found), "stop")
        return self._out(max(0, len(self._waiting) - self._held_back))

    def end(self) -> str:
        """The rest; `finish` is "stop", or "length" where the text was cut at its limit."""
        rest = "" if self.finish else self._out(len(self._waiting))
        self.finish = self.finish or "stop"
        return rest

    def _out(self, count: int, finish: str = "") -> str:
        shown, self._waiting = self._waiting[:count], self._waiting[count:]
        if self._room is not None and self.length + len(shown) > self._room:
            shown, finish = shown[: self._room - self.length], "length"
        self.length += len(shown)
        self.finish = finish
        return shown


class Telling:
    """The text of one answer, made of its events piece by piece."""

    def __init__(self) -> None:
        self.marks: list[Mark] = []
        self.length = 0

    def sentence(self, sentence: Sentence) -> str:
        """One sentence with its handles."""
        text = (" " if self.length else "") + sentence.text + (" " if sentence.handles else "")
        at = self.length + len(text)
        for handle in sentence.handles:
            self.marks.append(Mark(handle, at, at + len(handle) + 2))
            at += len(handle) + 2
        return self._said(text + "".join(f"[{handle}]" for handle in sentence.handles))

    def rest(self, answer: Answer) -> str:
        """What follows the sentences: notices, sources, or what is nearest where there is no answer."""
        parts = [safe(notice) for notice in answer.notices]
        if answer.citations:
            parts.append("Sources:\n" + "\n".join(_sources(answer.citations)))
        if answer.nearest:
            parts.append("Nearest sources:\n" + "\n".join(_nearest(answer.nearest)))
        return self._said(
            "".join(("\n\n" if self.length or n else "") + part for n, part in enumerate(parts))
        )

    def _said(self, text: str) -> str:
        self.length += len(text)
        return text


def pieces(events: Iterator[Event], telling: Telling) -> Iterator[tuple[str, Event]]:
    """The text of each event, "" for a phase; the last event holds the answer."""
    for event in events:
        if event.sentence is not None:
            yield telling.sentence(event.sentence), event
        elif event.answer is not None:
            yield telling.rest(event.answer), event
        else:
            yield "", event


def _sources(citations: Sequence[Citation]) -> Iterator[str]:
    handles: dict[str, str] = {}
    for citation in citations:
        place = where(citation)
        handles[place] = handles.get(place, "") + f"[{citation.handle}]"
    for number, (place, cited) in enumerate(list(handles.items())[:SOURCES], 1):
        yield f"{number}. {cited} {place}"
    if len(handles) > SOURCES:
        yield f"and {len(handles) - SOURCES} more"


def _nearest(found: Sequence[Nearest]) -> Iterator[str]:
    for number, one in enumerate(found, 1):
        yield f"{number}. {safe(f'{one.title}: {at(one.source, one.place)}')} {address(one.url)}".rstrip()


def where(citation: Citation) -> str:
    """Where a citation stands: title, place, version, date, and its address in full."""
    moment = citation.modified or citation.indexed
    dated = "modified" if citation.modified else "indexed"
    marks = [mark for mark, on in (("old", citation.old), ("cut short", citation.truncated)) if on]
    told = [
        safe(f"{citation.title}: {at(citation.source, citation.place)}"), f"version {citation.version}",
        f"{dated} {moment.date().isoformat()}", *marks, address(citation.url),
    ]  # fmt: skip
    return ", ".join(part for part in told if part)


def safe(text: str) -> str:
    """A title or notice as one line that no client renders as more than text: no images, links or tags."""
    return plain(defused(text))


def address(url: str) -> str:
    """An address that may be shown: of the web, in one piece; nothing for any other."""
    clean = defused(url)
    is_web = clean.lower().startswith(("https://", "http://")) and not _BREAKS.search(clean)
    return clean if is_web else ""


_BREAKS = re.compile(r"[\s<>\"'`\[\]\\]")


def at(source: str, place: str) -> str:
    """Source and place, each once."""
    return source if source.endswith(f":{place}") else f"{source} {place}".strip()
