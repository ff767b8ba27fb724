"""Consumers, producers and topics of a cluster, made the one way in which nothing is lost."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from icelos.engine.kafka.location import CONSUMER, PRODUCER, Location, Login, security
from icelos.errors import InputError, MissingExtra, RunError

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Producer
    from confluent_kafka.admin import AdminClient

LOG = logging.getLogger("icelos.kafka")
REACHED_WITHIN = 10.0
"""Seconds until a cluster that does not answer is told at the beginning of a run."""


def library() -> Any:
    """confluent-kafka, where it is installed. Raises MissingExtra."""
    try:
        import confluent_kafka
    except ImportError as error:
        raise MissingExtra("Kafka's client", extra="kafka") from error
    return confluent_kafka


def told(error: BaseException) -> str:
    """The reason in one line."""
    what = error_of(error)
    return what.str() if what is not None else " ".join(str(error).split()) or "no answer"


def error_of(error: BaseException) -> KafkaError | None:
    """What librdkafka says of a KafkaException, None where that is something else."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, library().KafkaError) else None


class Watch:
    """Remembers what the clients report by themselves: a sign-in that was refused, a lost cluster."""

    def __init__(self) -> None:
        self.refused: KafkaError | None = None
        self.lost_at = 0.0

    def __call__(self, error: KafkaError) -> None:
        kinds = library().KafkaError
        if error.code() in (kinds._AUTHENTICATION, kinds._SSL):
            self.refused = error
        elif error.code() == kinds._ALL_BROKERS_DOWN:
            self.lost_at = time.monotonic()

    def check(self, location: Location) -> None:
        """Raises RunError where the cluster refuses us."""
        if self.refused is not None:
            raise RunError(f"the cluster refuses us: {self.refused.str()}", source=str(location))


def consumer(
    location: Location, login: Login, watch: Watch, *, group: str, changes: Mapping[str, object] | None = None
) -> Consumer:
    """A consumer that commits nothing by itself. Raises MissingExtra, InputError."""
    settings: dict[str, object] = {
        "group.id": group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": location.get("reset", "earliest"),
        "isolation.level": "read_committed",
        "partition.assignment.strategy": "cooperative-sticky",
        "queued.max.messages.kbytes": 16384,
        **location.properties(CONSUMER),
        **(changes or {}),
    }
    return _made(library().Consumer, location, login, watch, settings)  # type: ignore[no-any-return]


def producer(location: Location, login: Login, watch: Watch, *, transactional_id: str = "") -> Producer:
    """An idempotent producer; with an id, one of transactions. Raises MissingExtra, InputError."""
    settings: dict[str, object] = {
        "enable.idempotence": True,
        "acks": "all",
        "compression.type": "lz4",
        "linger.ms": 5,
        **location.properties(PRODUCER),
    }
    if transactional_id:
        settings["transactional.id"] = transactional_id
    return _made(library().Producer, location, login, watch, settings)  # type: ignore[no-any-return]


def administrator(location: Location, login: Login, watch: Watch) -> AdminClient:
    """For topics: which there are, and new ones. Raises MissingExtra, InputError."""
    library()
    from confluent_kafka.admin import AdminClient

    return _made(AdminClient, location, login, watch, {})  # type: ignore[no-any-return]


def _made(
    kind: Callable[..., Any], location: Location, login: Login, watch: Watch, settings: dict[str, object]
) -> Any:
    base = {"bootstrap.servers": location.servers, **security(location, login), "error_cb": watch}
    try:
        return kind({**base, **settings}, logger=LOG)
    except library().KafkaException as error:
        raise InputError(
            f"Kafka's client refuses its settings: {told(error)}", source=str(location)
        ) from error


def partitions_of(admin: AdminClient, location: Location, watch: Watch, topic: str = "") -> int:
    """How many partitions a topic has, 0 where there is none of this name.

    Raises RunError where the cluster does not answer or refuses us.
    """
    return _partitions(admin, location, watch, topic or location.topic, may_make=False)


def _partitions(admin: AdminClient, location: Location, watch: Watch, topic: str, *, may_make: bool) -> int:
    """Asked for one topic by its name, a broker may make it, if that is how it is set up."""
    asked = {"topic": topic} if may_make else {}
    try:
        topics = admin.list_topics(timeout=REACHED_WITHIN, **asked).topics
    except library().KafkaException as error:
        admin.poll(0)
        watch.check(location)
        hint = "is it running, and are tls and sasl as it wants them?"
        raise RunError(f"cannot reach the cluster: {told(error)}", hint=hint, source=str(location)) from error
    found = topics.get(topic)
    return 0 if found is None or found.error is not None else len(found.partitions)


def ensure_topic(
    admin: AdminClient, location: Location, watch: Watch, topic: str, partitions: int, **settings: str
) -> int:
    """Make a topic where there is none; how many partitions it has. Raises RunError."""
    if found := partitions_of(admin, location, watch, topic):
        return found
    from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

    config = {name.replace("_", "."): value for name, value in settings.items()}
    try:
        admin.create_topics([NewTopic(topic, num_partitions=partitions, config=config)])[topic].result(
            REACHED_WITHIN
        )
    except Exception as error:
        what = error_of(error)
        if what is None or what.code() != library().KafkaError.TOPIC_ALREADY_EXISTS:
            hint = "make it yourself, or let this user do so"
            raise RunError(
                f"cannot make topic {topic!r}: {told(error)}", hint=hint, source=str(location)
            ) from error
    return _seen(admin, location, watch, topic)


def _seen(admin: AdminClient, location: Location, watch: Watch, topic: str) -> int:
    """A topic that was just made may take a moment until brokers know of it."""
    deadline = time.monotonic() + REACHED_WITHIN
    while not (found := _partitions(admin, location, watch, topic, may_make=True)):
        if time.monotonic() > deadline:
            raise RunError(f"topic {topic!r} is not there after it was made", source=str(location))
        time.sleep(0.1)
    return found
