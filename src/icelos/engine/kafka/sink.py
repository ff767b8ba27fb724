"""Outcomes as messages of a topic: {"finding": …} or {"failure": …}, keyed by the outcome's id.

The newest message of a key is in force; on a compacted topic it is the only one. A record that is clear now
is not told of: a failure of it stays in the topic.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from icelos.data.sinks import as_line
from icelos.engine.kafka.clients import (
    Watch,
    administrator,
    ensure_topic,
    library,
    partitions_of,
    producer,
    told,
)
from icelos.engine.kafka.location import Location, Login, login_of, parse
from icelos.engine.kafka.producing import Outgoing, deliver
from icelos.errors import StoreError
from icelos.findings import Outcome, failure
from icelos.settings import Settings

if TYPE_CHECKING:
    from confluent_kafka import Producer

MESSAGE_BYTES = 1_000_000
"""What brokers and clients take where nobody has set anything else."""
_ROOM = 2048


class KafkaSink:
    """Durable when `write` returns: every broker that is in sync has it. Raises RunError, InputError."""

    def __init__(self, location: str | Location, login: Login = Login()) -> None:  # noqa: B008 - it is frozen
        self.location = parse(location) if isinstance(location, str) else location
        self.login = login
        self._watch = Watch()
        self._limit = int(self.location.get("message.max.bytes") or MESSAGE_BYTES) - _ROOM
        admin = administrator(self.location, login, self._watch)
        if not partitions_of(admin, self.location, self._watch):
            ensure_topic(admin, self.location, self._watch, self.location.topic, 1)
        self._producer: Producer | None = None

    @classmethod
    def of(cls, location: str, settings: Settings) -> Self:
        """With the user and password of the settings."""
        return cls(location, login_of(settings))

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """Sends them and waits. Raises StoreError where one has not come."""
        if self._producer is None:
            self._producer = producer(self.location, self.login, self._watch)
        try:
            failed = deliver(self._producer, self.messages(outcomes))
        except library().KafkaException as error:
            self._producer = None  # a fatal error is for good; another producer may do better
            raise StoreError(f"cannot write: {told(error)}", source=str(self.location)) from error
        if failed:
            reason = failed[0].error.str()
            raise StoreError(f"cannot write {len(failed)} outcomes: {reason}", source=str(self.location))

    def messages(self, outcomes: Sequence[Outcome]) -> list[Outgoing]:
        """What is sent; an outcome that is too large for the topic is replaced by a failure."""
        return [self._message(outcome) for outcome in outcomes]

    def _message(self, outcome: Outcome) -> Outgoing:
        line = as_line(outcome).rstrip(b"\n")
        if len(line) > self._limit:
            outcome = failure(
                record_id=outcome.record_id, job=outcome.job, source=outcome.source[:1000],
                error=f"an outcome of {len(line)} bytes is too large for the topic",
            )  # fmt: skip
            line = as_line(outcome).rstrip(b"\n")
        return Outgoing(self.location.topic, line, outcome.id.encode())

    def close(self) -> None:
        """What was written is there already."""
        if self._producer is not None:
            self._producer.flush(1.0)
        self._producer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
