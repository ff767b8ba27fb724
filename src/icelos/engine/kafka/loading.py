"""The items of a source as messages of a topic, so that they are the same records there."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from icelos.engine.kafka import clients
from icelos.engine.kafka.location import Location, Login, parse
from icelos.engine.kafka.messages import written
from icelos.engine.kafka.producing import Outgoing, Sending, Undelivered
from icelos.engine.partitions import partition_of
from icelos.errors import InputError, RunError
from icelos.findings import Failure
from icelos.records import Record

_CHECKED_EVERY = 10_000


def load_topic(
    items: Iterable[Record | Failure | None],
    location: str,
    *,
    key: Callable[[Record], str] | None = None,
    partitions: int = 1,
    login: Login = Login(),  # noqa: B008 - it is frozen
) -> int:
    """Write every item to a topic, which is made with so many partitions if it is not there; how many.

    `key` is that of a job with state: its records go to the partition that the local engine scores them in,
    so that findings are the same. What a source could not read fails there again, with the same reason. Once
    an error is raised, some have been written: written again, records are the same, and a job with state sees
    them twice. Raises InputError for a topic with other partitions, RunError for what does not come.
    """
    place, watch = parse(location), clients.Watch()
    admin = clients.administrator(place, login, watch)
    found = clients.ensure_topic(admin, place, watch, place.topic, partitions)
    if found != partitions:
        raise InputError(f"the topic has {found} partitions, not {partitions}", source=str(place))
    sending = Sending(clients.producer(place, login, watch))
    number = 0
    try:
        for item in items:
            if item is None:
                continue
            sending.send(_message(item, place.topic, key, partitions))
            number += 1
            if number % _CHECKED_EVERY == 0:
                _check(sending.finish(), place)
        _check(sending.finish(), place)
    except clients.library().KafkaException as error:
        raise RunError(f"cannot write: {clients.told(error)}", source=str(place)) from error
    return number


def _message(
    item: Record | Failure, topic: str, key: Callable[[Record], str] | None, partitions: int
) -> Outgoing:
    value, headers = written(item)
    if isinstance(item, Failure):
        return Outgoing(topic, value, None, headers, partition_of(item.record_id, partitions))
    entity = key(item) if key is not None else None
    number = partition_of(item.id if entity is None else entity, partitions)
    named = None if entity is None else entity.encode("utf-8", "replace")
    return Outgoing(topic, value, named, headers, number)


def _check(failed: list[Undelivered], place: Location) -> None:
    if failed:
        reason = failed[0].error.str()
        raise RunError(f"{len(failed)} messages have not come: {reason}", source=str(place))
