"""Messages of a topic as records, and records as messages.

A message that `load_topic` wrote says in its headers which record it is, so that a file has the same ids,
findings and failures on every engine. Any other message goes by what it is: a mail by its Message-ID and
body, a row that says an id by its whole text, everything else by its place, TOPIC:PARTITION:OFFSET. A row
that comes again word for word, its own id included, is the same event, as a producer may send it twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from icelos.data.parse.mail import mail_id
from icelos.data.row_ids import ROW_ID_FIELDS, names_itself
from icelos.engine.jobs import JOB_SOURCES
from icelos.errors import InputError
from icelos.findings import Failure, failure
from icelos.records import Component, LogLine, Mail, Record, record_id

RECORD, SOURCE, UNREAD, CUT = "icelos-record", "icelos-source", "icelos-unread", "icelos-cut"
"""Headers: the record's id, its source, why what stands there could not be read as a record; and how many
bytes a message had, of which only the beginning is there."""
SOURCE_LIMIT = 4096
_ID = re.compile(rb"[0-9a-f]{32}")
_row = msgspec.json.Decoder(dict[str, object])
_component = msgspec.json.Decoder(Component)


class Message(NamedTuple):
    """One message of a topic; `value` is None for a tombstone."""

    topic: str
    partition: int
    offset: int
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()

    @property
    def place(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"


class _Place(NamedTuple):
    """What a message is called: an id and a source that it was given, else where it stands."""

    identity: str
    source: str
    fallback: str


Parse = Callable[[Message], Record | Failure]


def parser(job: str, name: str = "", *, trusting: bool = True) -> Parse:
    """What makes a record of a message: by a format's name, else by what the job reads.

    `trusting` takes the ids of headers. A message that is no record comes as a Failure without a job. Raises
    InputError for an unknown name.
    """
    read = FORMATS.get(name or JOB_SOURCES.get(job, "jsonl"))
    if read is None:
        raise InputError(f"no format {name!r} for messages", hint=", ".join(FORMATS))

    def parse(message: Message) -> Record | Failure:
        headers = dict(message.headers) if trusting and message.headers else {}
        place = _place(message, headers)
        if unread := headers.get(UNREAD):
            return _failed(
                place, unread.decode("utf-8", "replace"), (message.value or b"").decode("utf-8", "replace")
            )
        if any(name == CUT for name, _ in message.headers):
            return _failed(place, "only the beginning of the message is here", message.value or b"")
        if not message.value:
            return _failed(place, "message without a value")
        try:
            return read(message.value, place)
        except (msgspec.MsgspecError, RecursionError, InputError, ValueError) as error:
            return _failed(place, error, message.value)

    return parse


def _place(message: Message, headers: Mapping[str, bytes | None]) -> _Place:
    given, source = headers.get(RECORD) or b"", headers.get(SOURCE) or b""
    identity = given.decode() if _ID.fullmatch(given) else ""
    shown = source[:SOURCE_LIMIT].decode("utf-8", "replace") if identity and source else message.place
    where = (message.topic, str(message.partition), str(message.offset), message.value or b"")
    return _Place(identity, shown, "" if identity else record_id(*where))


def _failed(place: _Place, error: Exception | str, raw: bytes | str = "") -> Failure:
    identity = place.identity or place.fallback
    return failure(record_id=identity, job="", error=error, source=place.source, raw=raw)


def _text(value: bytes) -> str:
    try:
        return value.rstrip(b"\r\n").decode()
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 at byte {error.start}") from error


def _line(value: bytes, place: _Place) -> Record:
    return LogLine(id=place.identity or place.fallback, source=place.source, text=_text(value))


def _json_row(value: bytes, place: _Place) -> Record:
    text = _text(value)
    try:
        fields = _row.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InputError(f"not a JSON object: {error}") from error
    own = "" if place.identity or not names_itself(map(fields.get, ROW_ID_FIELDS)) else record_id("row", text)
    return LogLine(id=place.identity or own or place.fallback, source=place.source, text=text, fields=fields)


def _mail(value: bytes, place: _Place) -> Record:
    if not value.strip():
        raise InputError("empty message")
    return Mail(id=place.identity or mail_id(value), source=place.source, raw=value)


def _a_component(value: bytes, place: _Place) -> Record:
    try:
        component = _component.decode(value)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InputError(f"not a component: {error}") from error
    changed = {"id": place.identity, "source": place.source} if place.identity else {"id": place.fallback}
    return msgspec.structs.replace(component, **changed)


FORMATS: Mapping[str, Callable[[bytes, _Place], Record]] = {
    "mail": _mail,
    "jsonl": _json_row,
    "lines": _line,
    "questions": _line,
    "components": _a_component,
}
"""Registered names of what a message may hold."""


class Written(NamedTuple):
    """A record, or what could not be read as one, as a message."""

    value: bytes
    headers: list[tuple[str, bytes]]


def written(item: Record | Failure) -> Written:
    """The message for an item of a source. Raises InputError for a kind of record that has none."""
    if isinstance(item, Failure):
        said = [*_said(item.record_id, item.source), (UNREAD, item.error.encode("utf-8", "replace"))]
        return Written(item.raw.encode("utf-8", "replace"), said)
    said = _said(item.id, item.source)
    if isinstance(item, LogLine):
        return Written(item.text.encode("utf-8", "surrogatepass"), said)
    if isinstance(item, Mail):
        return Written(item.raw, said)
    if isinstance(item, Component):
        return Written(msgspec.json.encode(item), said)
    raise InputError(f"a {type(item).__name__} cannot be a message", source=item.source)


def _said(identity: str, source: str) -> list[tuple[str, bytes]]:
    return [(RECORD, identity.encode()), (SOURCE, source.encode("utf-8", "replace")[:SOURCE_LIMIT])]
