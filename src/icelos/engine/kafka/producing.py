"""Messages that are sent, and the certainty that they have come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from icelos.engine.kafka.clients import library

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer

Headers = list[tuple[str, bytes]]


class Outgoing(NamedTuple):
    """A message to be sent; partition -1 lets the key decide."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    headers: Headers = []  # noqa: RUF012 - nobody changes it
    partition: int = -1


class Undelivered(NamedTuple):
    """What has not come, and why."""

    message: Outgoing
    error: KafkaError

    @property
    def is_too_large(self) -> bool:
        return bool(self.error.code() in too_large())


def too_large() -> tuple[int, ...]:
    """The codes by which client and broker say that a message is larger than they take."""
    kinds = library().KafkaError
    return (kinds.MSG_SIZE_TOO_LARGE, kinds.RECORD_LIST_TOO_LARGE)


class Sending:
    """Messages under way through one producer; used by one thread at a time."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self._failed: list[Undelivered] = []

    def send(self, message: Outgoing) -> None:
        """Queue it, and wait for room where the producer is full."""
        kafka = library()
        while True:
            try:
                self._producer.produce(
                    message.topic, value=message.value, key=message.key, headers=list(message.headers),
                    partition=message.partition, on_delivery=self._report_of(message),
                )  # fmt: skip
            except BufferError:
                self._producer.poll(0.1)
            except kafka.KafkaException as error:
                if error.args[0].code() not in too_large():
                    raise
                self._failed.append(Undelivered(message, error.args[0]))
                return
            else:
                self._producer.poll(0)
                return

    def _report_of(self, message: Outgoing) -> Any:
        def report(error: KafkaError | None, _: object) -> None:
            if error is not None:
                self._failed.append(Undelivered(message, error))

        return report

    def finish(self) -> list[Undelivered]:
        """Wait until each is delivered or given up (librdkafka's delivery.timeout.ms); what has not come."""
        while self._producer.flush(1.0):
            pass
        failed, self._failed = self._failed, []
        return failed


def deliver(producer: Producer, messages: Sequence[Outgoing]) -> list[Undelivered]:
    """Send all and wait; what has not come. Raises KafkaException where the producer is beyond use."""
    sending = Sending(producer)
    for message in messages:
        sending.send(message)
    return sending.finish()
