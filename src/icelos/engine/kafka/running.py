"""A run over a topic: what it needs is put together, begun, and ended."""

from __future__ import annotations

import queue
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from icelos.contracts import Sink
from icelos.engine.kafka import clients
from icelos.engine.kafka.lanes import Lanes
from icelos.engine.kafka.location import Location, login_of, parse
from icelos.engine.kafka.membership import Membership
from icelos.engine.kafka.messages import parser
from icelos.engine.kafka.sink import KafkaSink
from icelos.engine.kafka.states import FileStates, States, TopicStates
from icelos.engine.kafka.stream import Stream
from icelos.engine.kafka.writing import InTransaction, Patience, ToSink, Writer
from icelos.engine.observing import Observer
from icelos.engine.run import Options, Report
from icelos.engine.workers import JobSpec
from icelos.errors import InputError

if TYPE_CHECKING:
    from confluent_kafka import Producer


def run_kafka(
    spec: JobSpec,
    location: str,
    sink: Sink,
    options: Options = Options(),
    *,
    observer: Observer = Observer(),  # noqa: B008 - it has no state
    stop: Callable[[], bool] = lambda: False,
    idle_timeout_s: float = 0.0,
    state: Path | None = None,
) -> Report:
    """Score the messages of a topic, kafka://HOST:PORT/TOPIC?…, into a sink, until it is stopped.

    SIGTERM, SIGINT and `stop` end it well: what was taken is scored, stored and committed, and `interrupted`
    is set. So does `idle_timeout_s` > 0, after so many seconds without a message, as for catching up.
    `options.partitions` has no meaning here: a job with state has one for each partition of the topic. States
    are in the topic GROUP-state, or in files below `state`, where this machine alone reads the topic.

    Raises InputError for a location or sink that cannot be used, SettingsError and what the job raises when
    it is built, MissingExtra; and RunError where it has to stop: too many failures, a sink that is away for
    longer than `options.sink_patience_s`, a cluster that refuses us. Then nothing is committed that is not
    stored.
    """
    run = _Run(spec, parse(location), sink, options, observer, state)
    with _signals() as signalled:
        return run.go(lambda: signalled() or stop(), idle_timeout_s)


class _Run:
    def __init__(
        self, spec: JobSpec, location: Location, sink: Sink, options: Options, observer: Observer,
        state: Path | None,
    ) -> None:  # fmt: skip
        self._location, self._sink, self._options, self._observer = location, sink, options, observer
        self._login, self._watch, self._folder = login_of(spec.settings), clients.Watch(), state
        self._group = location.get("group", f"icelos-{spec.name}")
        parse_message = parser(
            spec.name, location.get("format"), trusting=location.get("headers", "use") == "use"
        )
        self._partitions = self._prepared()
        self._lanes = Lanes(spec, parse_message, options.workers)
        self._told: queue.SimpleQueue[tuple[Exception, float]] = queue.SimpleQueue()
        self._patience = Patience(options.sink_patience_s, lambda *what: self._told.put(what))

    def _prepared(self) -> int:
        """Topics that are there; the source's partitions. Raises InputError, RunError."""
        location = self._location
        admin = clients.administrator(location, self._login, self._watch)
        partitions = clients.partitions_of(admin, location, self._watch)
        if not partitions:
            raise InputError("no such topic", source=str(location))
        if dead := location.get("dead_letter"):
            if dead == location.topic:
                raise InputError("a topic cannot be its own dead-letter topic", source=str(location))
            clients.ensure_topic(admin, location, self._watch, dead, partitions)
        return partitions

    def go(self, stop: Callable[[], bool], idle_s: float) -> Report:
        report = Report(job=self._lanes.name)
        states = self._states() if self._lanes.stateful else None
        consumer = clients.consumer(self._location, self._login, self._watch, group=self._group)
        membership = Membership(consumer, self._location, self._lanes, states, self._watch)
        self._observer.began(report, engine="kafka")
        ended: BaseException | None = None
        try:
            stream = Stream(
                membership, self._lanes, self._writer(states, membership), self._options,
                observer=self._observer, report=report, told=self._told,
            )  # fmt: skip
            stream.run(stop, idle_s)
        except BaseException as error:
            ended = error
            raise
        finally:
            self._patience.ended.set()
            membership.close()
            self._observer.ended(report, ended)
        return report

    def _states(self) -> States:
        if self._folder is not None:
            if self._location.on("transactional"):
                raise InputError("states in files are no part of a transaction", source=str(self._location))
            name = self._lanes.name
            return FileStates(self._folder, job=name, group=self._group, topic=self._location.topic)
        return TopicStates(
            self._location, self._login, self._watch, job=self._lanes.name, group=self._group,
            partitions=self._partitions,
        )  # fmt: skip

    def _writer(self, states: States | None, membership: Membership) -> Writer:
        dead = self._location.get("dead_letter")
        if not self._location.on("transactional"):
            return ToSink(
                self._sink, self._lanes.name, self._patience, states=states, dead_letter_topic=dead,
                producer=self._producer,
            )  # fmt: skip
        if not isinstance(self._sink, KafkaSink) or self._sink.location.servers != self._location.servers:
            hint = "--sink kafka://SAME-SERVERS/TOPIC"
            raise InputError("a transaction needs a topic of the same cluster as its sink", hint=hint)
        writer = InTransaction(
            self._sink, self._patience, states=states if isinstance(states, TopicStates) else None,
            dead_letter_topic=dead, producer=self._transactional, membership=membership,
            topic=self._location.topic,
        )  # fmt: skip
        writer.begin()
        return writer

    def _producer(self) -> Producer:
        return clients.producer(self._location, self._login, self._watch)

    def _transactional(self) -> Producer:
        instance = self._location.get("instance") or socket.gethostname()
        name = f"{self._group}-{instance}"
        return clients.producer(self._location, self._login, self._watch, transactional_id=name)


@contextmanager
def _signals() -> Iterator[Callable[[], bool]]:
    """Whether SIGTERM or SIGINT has come; a second one ends the run at once."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    came = threading.Event()

    def handle(*_: object) -> None:
        if came.is_set():
            raise KeyboardInterrupt
        came.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield came.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
