"""What is done with scored messages, in a thread of its own: sink, dead letters, states - and, where the
sink is a topic of the same cluster, all of it in one transaction with the offsets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from icelos.contracts import Sink
from icelos.engine.kafka.batches import Group, Row
from icelos.engine.kafka.clients import error_of, library, told
from icelos.engine.kafka.dead_letters import beginning, cut, dead_letter, place_of
from icelos.engine.kafka.producing import Outgoing, Sending, deliver
from icelos.engine.kafka.sink import KafkaSink
from icelos.engine.kafka.states import States, TopicStates
from icelos.engine.run import Resolving
from icelos.errors import RunError, StoreError
from icelos.findings import Failure

if TYPE_CHECKING:
    from confluent_kafka import KafkaException, Producer

    from icelos.engine.kafka.membership import Membership

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0
_CALL_S = 30.0
"""Seconds that one call of a transaction may take before it is asked for again."""


class Writer(Protocol):
    """`commits` is true where writing commits the offsets, too."""

    commits: bool

    def write(self, group: Group) -> Group:
        """What of it was written: durable when it returns.

        Raises RunError where that could not be had in the patience given.
        """
        ...


class Patience:
    """Tries again what a store refuses, for so many seconds; tells each time when it will do so."""

    def __init__(self, seconds: float, tell: Callable[[Exception, float], None]) -> None:
        self._seconds, self._tell = seconds, tell
        self.ended = threading.Event()

    def keep(self, what: Callable[[], None]) -> None:
        """Raises RunError when it is over."""
        deadline, pause = time.monotonic() + self._seconds, _FIRST_PAUSE
        while True:
            try:
                what()
            except StoreError as error:
                self.wait(error, deadline, pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                return

    def wait(self, error: Exception, deadline: float, pause: float) -> None:
        """Raises RunError where there is no time left."""
        left = deadline - time.monotonic()
        if left <= 0 or self.ended.is_set():
            reason = f"nothing could be stored for {self._seconds:.0f} s: {error}"
            raise RunError(
                reason, hint="offsets are not committed: what is not stored is read again"
            ) from error
        self._tell(error, min(pause, left))
        self.ended.wait(min(pause, left))

    @property
    def deadline(self) -> float:
        return time.monotonic() + self._seconds


def dead_letters_of(topic: str, rows: Sequence[Row]) -> list[Outgoing]:
    """The messages that failed; none where there is no topic for them."""
    if not topic:
        return []
    return [
        dead_letter(topic, row.taken.message, row.judged.outcome)
        for row in rows
        if isinstance(row.judged.outcome, Failure)
    ]


class ToSink:
    """Sink first, then dead letters, then states; offsets are committed by whoever called."""

    commits = False

    def __init__(
        self, sink: Sink, job: str, patience: Patience, *, states: States | None,
        dead_letter_topic: str, producer: Callable[[], Producer],
    ) -> None:  # fmt: skip
        self._sink, self._job, self._patience, self._states = sink, job, patience, states
        self._topic, self._new_producer = dead_letter_topic, producer
        self._producer: Producer | None = None

    def write(self, group: Group) -> Group:
        """Raises RunError."""
        stored = [row.judged.outcome for row in group.rows if row.judged.outcome is not None]
        if stored:
            self._patience.keep(lambda: self._sink.write(stored))
        if group.reason:
            return group
        clear = [row.judged.record_id for row in group.rows if row.judged.outcome is None]
        if clear and isinstance(self._sink, Resolving):
            sink = self._sink
            self._patience.keep(lambda: void(sink.resolve(self._job, clear)))
        self._send(dead_letters_of(self._topic, group.rows))
        states, snapshots = self._states, list(group.snapshots.values())
        if states is not None and snapshots:
            self._patience.keep(lambda: states.save(snapshots))
        return group

    def _send(self, letters: list[Outgoing]) -> None:
        """What has come is not sent again when another one has not."""
        waiting = letters

        def once() -> None:
            nonlocal waiting
            if waiting:
                waiting = self._delivered(waiting)
            if waiting:
                raise StoreError(f"cannot write {len(waiting)} dead letters to {self._topic!r}")

        self._patience.keep(once)

    def _delivered(self, letters: list[Outgoing]) -> list[Outgoing]:
        """Those that have not come."""
        if self._producer is None:
            self._producer = self._new_producer()
        try:
            failed = deliver(self._producer, letters)
            shortened = cut(failed)
            again = deliver(self._producer, shortened) if shortened else []
        except library().KafkaException as error:
            self._producer = None
            raise StoreError(f"cannot write dead letters: {told(error)}") from error
        return [one.message for one in failed if not one.is_too_large] + [one.message for one in again]


def void(_: object) -> None:
    """For what is called for its effect."""


class InTransaction:
    """Outcomes, dead letters, states and offsets: all of them are there, or none.

    A reader with isolation.level=read_committed sees each once, whatever was killed meanwhile.
    """

    commits = True

    def __init__(
        self, sink: KafkaSink, patience: Patience, *, states: TopicStates | None, dead_letter_topic: str,
        producer: Callable[[], Producer], membership: Membership, topic: str,
    ) -> None:  # fmt: skip
        self._sink, self._patience, self._states, self._topic = sink, patience, states, dead_letter_topic
        self._new_producer, self._membership, self._source = producer, membership, topic
        self._producer: Producer | None = None
        self._oversized: set[bytes] = set()

    def begin(self) -> None:
        """Fences off whoever had this process's name before, and ends its transaction. Raises RunError."""
        self._ready()

    def _ready(self) -> Producer:
        if self._producer is None:
            made = self._new_producer()
            self._call(lambda: made.init_transactions(_CALL_S), time.monotonic() + 4 * _CALL_S)
            self._producer = made
        return self._producer

    def write(self, group: Group) -> Group:
        """Raises RunError; then nothing of the group is there, unless the commit's answer was lost."""
        if group.reason:
            return Group(reason=group.reason)
        deadline, pause = self._patience.deadline, _FIRST_PAUSE
        while True:
            part = group.owned()
            try:
                self._once(part, deadline)
            except library().KafkaException as error:
                self._undo(error, deadline)
                self._patience.wait(StoreError(told(error)), deadline, pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                self._oversized.clear()
                if self._states is not None:
                    self._states.saved(list(part.snapshots.values()))
                return part

    def _once(self, group: Group, deadline: float) -> None:
        producer = self._ready()
        producer.begin_transaction()
        sending = Sending(producer)
        for message in self._messages(group):
            sending.send(message)
        for one in sending.finish():
            if one.is_too_large:
                self._oversized.add(place_of(one.message))
            raise library().KafkaException(one.error)
        if group.offsets:
            at = library().TopicPartition
            offsets = [at(self._source, one.number, offset) for one, offset in group.offsets.items()]
            member = self._membership.member
            self._call(lambda: producer.send_offsets_to_transaction(offsets, member, _CALL_S), deadline)
        self._call(lambda: producer.commit_transaction(_CALL_S), deadline)

    def _messages(self, group: Group) -> list[Outgoing]:
        outcomes = [row.judged.outcome for row in group.rows if row.judged.outcome is not None]
        letters = [
            beginning(letter) if place_of(letter) in self._oversized else letter
            for letter in dead_letters_of(self._topic, group.rows)
        ]
        states = self._states.messages(list(group.snapshots.values())) if self._states is not None else []
        return [*self._sink.messages(outcomes), *letters, *states]

    def _call(self, what: Callable[[], None], deadline: float) -> None:
        """A call that says it may be repeated is, since what it began goes on. Raises KafkaException."""
        while True:
            try:
                what()
            except library().KafkaException as error:
                known = error_of(error)
                if known is None or not known.retriable() or time.monotonic() > deadline:
                    raise
            else:
                return

    def _undo(self, error: KafkaException, deadline: float) -> None:
        """Abort, so that the group can be sent anew. Raises RunError where this process is fenced off."""
        known = error_of(error)
        if known is not None and known.fatal():
            self._producer = None
            raise RunError(
                f"the transaction cannot go on: {known.str()}",
                hint="does another process run under the same name? Give each its own: instance=NAME",
            ) from error
        producer = self._producer
        if producer is not None:
            try:
                self._call(lambda: producer.abort_transaction(_CALL_S), deadline)
            except library().KafkaException:
                self._producer = None  # a new one of the same name ends what this one left open
