"""Being a member of a consumer group: which partitions are ours, from where, and what may be committed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from icelos.engine.kafka.clients import LOG, REACHED_WITHIN, Watch, error_of, library, told
from icelos.engine.kafka.lanes import Lanes, Owned
from icelos.engine.kafka.location import Location
from icelos.engine.kafka.states import States
from icelos.errors import RunError

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
    from confluent_kafka import Message as Consumed

_COMMIT_EVERY = 0.1
_LAST_COMMIT_S = 30.0
"""Seconds that the last commit of a run is tried."""


def _nothing(numbers: list[int], may_store: bool) -> None:
    del numbers, may_store


class Membership:
    """The consumer and its partitions; used by one thread, which the callbacks of a rebalance run in, too.

    No other thread may use the consumer, not even for a moment: its Python binding lets in one at a time, and
    one that consumes all the time keeps the others out. So `member`, which a transaction needs, is asked for
    here.

    `leaving` is called with the numbers of partitions before they are not ours any more, and whether what is
    under way may still be stored and committed. `changed_at` is when partitions were last assigned, 0 from
    when some were taken away until then.
    """

    def __init__(
        self, consumer: Consumer, location: Location, lanes: Lanes, states: States | None, watch: Watch
    ) -> None:
        self._consumer, self._location, self._lanes = consumer, location, lanes
        self._states, self._watch = states, watch
        self._incremental = location.get("partition.assignment.strategy", "cooperative-sticky").startswith(
            "coop"
        )
        self.owned: dict[int, Owned] = {}
        self.changed_at = 0.0
        self.leaving: Callable[[list[int], bool], None] = _nothing
        self.member: Any = None
        self._held = False
        self._ending = False
        self._error: Exception | None = None
        self._offsets: dict[Owned, int] = {}
        self._committed_at = self._polled_at = time.monotonic()

    def join(self) -> None:
        """Ask for partitions; they come while `consume` is called."""
        self._consumer.subscribe(
            [self._location.topic], on_assign=self._assign, on_revoke=self._revoke, on_lost=self._lose
        )

    def consume(self, number: int, seconds: float) -> list[Consumed]:
        """Messages, at most so many. Raises RunError for what is no passing trouble."""
        before = self.changed_at
        messages = self._consumer.consume(number, seconds)
        self._polled_at = time.monotonic()
        if self.changed_at != before:
            self.member = self._consumer.consumer_group_metadata()
        if self._error is not None:
            raise self._error
        self._watch.check(self._location)
        good = []
        for message in messages:
            error = message.error()
            if error is None:
                good.append(message)
            else:
                self._trouble(error)
        return good

    def _trouble(self, error: KafkaError) -> None:
        """librdkafka goes on by itself with what passes."""
        kinds = library().KafkaError
        lasting = (
            kinds.UNKNOWN_TOPIC_OR_PART, kinds.TOPIC_AUTHORIZATION_FAILED, kinds.GROUP_AUTHORIZATION_FAILED,
            kinds._AUTHENTICATION, kinds._AUTO_OFFSET_RESET, kinds._MAX_POLL_EXCEEDED,
        )  # fmt: skip
        if error.fatal() or error.code() in lasting:
            raise RunError(f"the topic cannot be read: {error.str()}", source=str(self._location))
        LOG.warning("%s: %s", self._location, error.str())

    def silent_for(self) -> float:
        """Seconds since the group was polled last."""
        return time.monotonic() - self._polled_at

    def hold(self) -> None:
        """Take nothing, and stay a member."""
        if not self._held:
            self._held = True
            self._consumer.pause(self._consumer.assignment())

    def go_on(self) -> None:
        """Take again."""
        if self._held:
            self._held = False
            self._consumer.resume(self._consumer.assignment())

    def reachable(self) -> bool:
        """Whether the cluster answers."""
        try:
            self._consumer.list_topics(self._location.topic, timeout=REACHED_WITHIN)
        except library().KafkaException:
            return False
        return True

    def lag(self) -> int:
        """Messages behind what is stored, as far as the broker has told."""
        waiting = 0
        for owned in self.owned.values():
            place = library().TopicPartition(self._location.topic, owned.number)
            try:
                marks = self._consumer.get_watermark_offsets(place, cached=True)
            except library().KafkaException:
                continue
            if marks and marks[1] >= 0 and owned.stored >= 0:
                waiting += max(0, marks[1] - owned.stored)
        return waiting

    def _assign(self, consumer: Consumer, places: list[TopicPartition]) -> None:
        try:
            fresh = [self._begin(place) for place in places]
            if self._incremental:
                consumer.incremental_assign(fresh)
            else:
                consumer.assign(fresh)
            if self._held and fresh:
                consumer.pause(fresh)
            self.changed_at = time.monotonic()
        except Exception as error:  # noqa: BLE001 - a callback's error would come out of some later call
            self._error = error

    def _begin(self, place: TopicPartition) -> TopicPartition:
        """Where to begin: behind the newest state if there is one, else at what is committed."""
        owned = self.owned[place.partition] = Owned(place.partition)
        if self._states is None:
            return place
        snapshot = self._states.newest(place.partition)
        self._lanes.restore(owned, snapshot)
        if snapshot is not None:
            place.offset = owned.submitted = owned.snapshotted = owned.stored = snapshot.offset
            self._offsets[owned] = snapshot.offset  # it may be that whoever kept it could not commit any more
        elif self._location.get("reset", "earliest") == "earliest":
            place.offset = library().OFFSET_BEGINNING  # offsets without their state would be of no use
        return place

    def _revoke(self, _: Consumer, places: list[TopicPartition]) -> None:
        self._leave(places, may_store=not self._ending)

    def _lose(self, _: Consumer, places: list[TopicPartition]) -> None:
        self._leave(places, may_store=False)

    def _leave(self, places: list[TopicPartition], *, may_store: bool) -> None:
        """librdkafka takes them from the assignment when this returns."""
        numbers = [place.partition for place in places]
        self.changed_at = 0.0
        try:
            self.leaving(numbers, may_store and self._error is None)
        except Exception as error:  # noqa: BLE001 - raised by the next `consume`
            self._error = error
        for number in numbers:
            owned = self.owned.pop(number, None)
            if owned is not None:
                owned.gone = True
                self._lanes.forget(owned)
                self._offsets.pop(owned, None)

    def may_commit(self, offsets: Mapping[Owned, int]) -> None:
        """These are durable now."""
        self._offsets.update({owned: offset for owned, offset in offsets.items() if not owned.gone})

    def commit(self, *, now: bool = False) -> bool:
        """Commit what may be, from time to time; whether nothing is left. Raises RunError."""
        if not self._offsets:
            return True
        if not now and time.monotonic() - self._committed_at < _COMMIT_EVERY:
            return False
        self._committed_at = time.monotonic()
        at = library().TopicPartition
        offsets = [at(self._location.topic, one.number, offset) for one, offset in self._offsets.items()]
        try:
            answers = self._consumer.commit(offsets=offsets, asynchronous=False)
            refused = [answer.error for answer in answers or [] if answer.error is not None]
        except library().KafkaException as error:
            refused = [self._known(error)]
        for one in refused:
            self._check_refused(one)
        if not refused:
            self._offsets.clear()
        return not refused

    def _known(self, error: KafkaException) -> KafkaError:
        known = error_of(error)
        if known is None:
            raise error
        return known

    def _check_refused(self, error: KafkaError) -> None:
        """During a rebalance, and while the cluster is away, offsets wait: what they stand for is stored."""
        kinds = library().KafkaError
        if error.fatal() or error.code() in (
            kinds.GROUP_AUTHORIZATION_FAILED, kinds.TOPIC_AUTHORIZATION_FAILED,
        ):  # fmt: skip
            raise RunError(f"offsets cannot be committed: {error.str()}", source=str(self._location))

    def commit_all(self) -> None:
        """The last commit. Raises RunError where it does not succeed."""
        deadline = time.monotonic() + _LAST_COMMIT_S
        while not self.commit(now=True):
            if time.monotonic() > deadline:
                raise RunError(
                    "all is stored, but the last offsets could not be committed",
                    hint="the next run reads some messages again, and stores the same",
                    source=str(self._location),
                )  # fmt: skip
            self.consume(1, 0.1)

    def close(self) -> None:
        """Leave the group. What is not committed yet is not."""
        self._ending = True
        try:
            self._consumer.close()
        except library().KafkaException as error:
            LOG.warning("%s: %s", self._location, told(error))
