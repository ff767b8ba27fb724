"""States of a job, each together with the offset behind which it was taken.

They are kept in a compacted topic, GROUP-state, whose partition N has the states of the source's partition N:
so they follow a partition to whatever machine reads it next. Where one machine reads all, they can be files.

A state is cut into chunks that fit into messages. Two slots are written in turn, so that compaction never
removes a part of the newest whole state in favour of one that was not finished.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from icelos.data.atomic import atomic_write
from icelos.engine.kafka import clients
from icelos.engine.kafka.location import Location, Login
from icelos.engine.kafka.producing import Outgoing, deliver
from icelos.errors import RunError, StoreError

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Producer

CHUNK = 512 << 10
"""Bytes of a state in one message."""
CHUNKS = 2048
"""A state has at most so many: 1 GiB."""
_PATIENCE = 120.0
"""Seconds without progress until a topic is given up: longer than a dead writer's transaction lasts."""


class Snapshot(NamedTuple):
    """The state of a partition's job after all messages before `offset`."""

    partition: int
    offset: int
    state: bytes


class States(Protocol):
    """Where snapshots are kept."""

    def newest(self, partition: int) -> Snapshot | None:
        """The one with the largest offset; None where there is none. Raises RunError."""
        ...

    def save(self, snapshots: Sequence[Snapshot]) -> None:
        """Durable when it returns. Raises StoreError."""
        ...


class _Kept(msgspec.Struct, frozen=True):
    """A chunk of a state, or a file with one: `number` of `count`; `digest` is that of the whole state."""

    job: str
    partition: int
    offset: int
    number: int
    count: int
    digest: bytes
    data: bytes


_decoder = msgspec.msgpack.Decoder(_Kept)


def _digest(state: bytes) -> bytes:
    return hashlib.blake2b(state, digest_size=16).digest()


class FileStates:
    """A file for each partition, FOLDER/GROUP/TOPIC/PARTITION.state, replaced as a whole."""

    def __init__(self, folder: Path, *, job: str, group: str, topic: str) -> None:
        self._folder, self._job = folder / group / topic, job

    def newest(self, partition: int) -> Snapshot | None:
        """Raises RunError for a file that is broken or of another job."""
        path = self._path(partition)
        try:
            kept = _decoder.decode(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            raise RunError(f"cannot read a state: {error}", source=str(path)) from error
        if kept.digest != _digest(kept.data) or kept.partition != partition:
            raise RunError("a broken state", hint="remove it to begin anew", source=str(path))
        _check_job(kept, self._job, str(path))
        return Snapshot(partition, kept.offset, kept.data)

    def save(self, snapshots: Sequence[Snapshot]) -> None:
        """Raises StoreError."""
        for one in snapshots:
            kept = _Kept(self._job, one.partition, one.offset, 0, 1, _digest(one.state), one.state)
            try:
                with atomic_write(self._path(one.partition), mode=0o600) as file:
                    file.write(msgspec.msgpack.encode(kept))
            except OSError as error:
                reason = f"cannot write a state: {error.strerror}"
                raise StoreError(reason, source=str(self._path(one.partition))) from error

    def _path(self, partition: int) -> Path:
        return self._folder / f"{partition}.state"


def _check_job(kept: _Kept, job: str, source: str) -> None:
    if kept.job != job:
        raise RunError(f"the states are of job {kept.job[:100]!r}", hint="use another group", source=source)


class TopicStates:
    """Chunks in the compacted topic GROUP-state."""

    def __init__(
        self, location: Location, login: Login, watch: clients.Watch, *, job: str, group: str, partitions: int
    ) -> None:
        """Makes the topic where there is none. Raises RunError."""
        self._location, self._login, self._watch = location, login, watch
        self._job, self._group, self.topic = job, group, f"{group}-state"
        admin = clients.administrator(location, login, watch)
        found = clients.ensure_topic(
            admin,
            location,
            watch,
            self.topic,
            partitions,
            cleanup_policy="compact",
            compression_type="producer",
        )
        if found < partitions:
            raise RunError(
                f"topic {self.topic!r} has {found} partitions, the source {partitions}",
                hint="remove it, or use another group", source=str(location),
            )  # fmt: skip
        self._producer: Producer | None = None
        self._marker: Producer | None = None
        self._slots: dict[int, int] = {}

    def newest(self, partition: int) -> Snapshot | None:
        """Reads the partition up to a mark that it writes itself, whatever the broker says of its end."""
        mark = secrets.token_bytes(16)
        self._mark(Outgoing(self.topic, mark, f"{partition}/mark".encode(), [], partition))
        with _reading(self._location, self._login, self._watch, self._group) as reader:
            reader.assign(
                [clients.library().TopicPartition(self.topic, partition, clients.library().OFFSET_BEGINNING)]
            )
            found = self._read(reader, partition, mark)
        self._slots[partition] = found.slot if found else 1
        return found.snapshot if found else None

    def _read(self, reader: Consumer, partition: int, mark: bytes) -> _Found | None:
        whole: _Found | None = None
        parts = _Parts(partition)
        deadline = time.monotonic() + _PATIENCE
        while True:
            for message in reader.consume(64, 0.2):
                if message.error() is not None:
                    continue
                deadline = time.monotonic() + _PATIENCE
                if message.value() == mark:
                    return whole
                found = parts.add(_text(message.key()), _bytes(message.value()), self._job, self.topic)
                if found and (whole is None or found.snapshot.offset >= whole.snapshot.offset):
                    whole = found
            self._watch.check(self._location)
            if time.monotonic() > deadline:
                raise RunError(f"cannot read topic {self.topic!r} to its end", source=str(self._location))

    def save(self, snapshots: Sequence[Snapshot]) -> None:
        """Raises StoreError where a chunk has not come; what was kept before is in force then."""
        self._deliver(self.messages(snapshots))
        self.saved(snapshots)

    def messages(self, snapshots: Sequence[Snapshot]) -> list[Outgoing]:
        """What is sent for these; for a transaction, which calls `saved` when it has committed."""
        return [message for one in snapshots for message in self._chunks(one)]

    def saved(self, snapshots: Sequence[Snapshot]) -> None:
        """From now on these are the newest."""
        for one in snapshots:
            self._slots[one.partition] = self._next_slot(one.partition)

    def _next_slot(self, partition: int) -> int:
        return 1 - self._slots.get(partition, 1)

    def _chunks(self, one: Snapshot) -> list[Outgoing]:
        digest, slot = _digest(one.state), self._next_slot(one.partition)
        count = max(1, -(-len(one.state) // CHUNK))
        if count > CHUNKS:
            raise RunError(f"a state of {len(one.state):,} bytes is too large", hint="use more partitions")
        return [
            Outgoing(
                self.topic,
                msgspec.msgpack.encode(
                    _Kept(self._job, one.partition, one.offset, number, count, digest,
                          one.state[number * CHUNK : (number + 1) * CHUNK])
                ),
                f"{one.partition}/{slot}/{number}".encode(), [], one.partition,
            )
            for number in range(count)
        ]  # fmt: skip

    def _mark(self, mark: Outgoing) -> None:
        """By a producer of its own: states may be being saved by another thread."""
        if self._marker is None:
            self._marker = clients.producer(self._location, self._login, self._watch)
        try:
            failed = deliver(self._marker, [mark])
            reason = failed[0].error.str() if failed else ""
        except clients.library().KafkaException as error:
            reason = clients.told(error)
        if reason:
            raise RunError(f"cannot write to topic {self.topic!r}: {reason}", source=str(self._location))

    def _deliver(self, messages: list[Outgoing]) -> None:
        if self._producer is None:
            self._producer = clients.producer(self._location, self._login, self._watch)
        try:
            failed = deliver(self._producer, messages)
        except clients.library().KafkaException as error:
            self._producer = None
            raise StoreError(
                f"cannot write states: {clients.told(error)}", source=str(self._location)
            ) from error
        if failed:
            raise StoreError(f"cannot write states: {failed[0].error.str()}", source=str(self._location))


class _Found(NamedTuple):
    snapshot: Snapshot
    slot: int


class _Parts:
    """Chunks that have come, by slot, until a state is whole."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self._parts: dict[tuple[int, int, bytes], dict[int, bytes]] = {}

    def add(self, key: str, value: bytes, job: str, topic: str) -> _Found | None:
        """A chunk; the state that is whole with it. What is no chunk is passed over."""
        slot = key.split("/")[1] if key.count("/") == 2 else ""
        try:
            kept = _decoder.decode(value)
        except msgspec.MsgspecError:
            return None
        usable = slot in {"0", "1"} and kept.partition == self._partition
        if not usable or not 0 <= kept.number < kept.count <= CHUNKS:
            return None
        _check_job(kept, job, topic)
        return self._put(int(slot), kept)

    def _put(self, slot: int, kept: _Kept) -> _Found | None:
        which = (slot, kept.offset, kept.digest)
        for other in [one for one in self._parts if one[0] == slot and one != which]:
            del self._parts[other]
        parts = self._parts.setdefault(which, {})
        parts[kept.number] = kept.data
        if len(parts) < kept.count:
            return None
        state = b"".join(parts[number] for number in range(kept.count) if number in parts)
        del self._parts[which]
        if _digest(state) != kept.digest:
            return None
        return _Found(Snapshot(kept.partition, kept.offset, state), slot)


class _reading:  # noqa: N801 - a context manager
    """A consumer of one partition, closed at the end; it belongs to no group's assignment."""

    def __init__(self, location: Location, login: Login, watch: clients.Watch, group: str) -> None:
        changes = {"auto.offset.reset": "earliest", "partition.assignment.strategy": "range"}
        self._consumer = clients.consumer(location, login, watch, group=f"{group}-states", changes=changes)

    def __enter__(self) -> Consumer:
        return self._consumer

    def __exit__(self, *_: object) -> None:
        self._consumer.close()


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value or "").encode()


def _text(key: Any) -> str:
    return _bytes(key).decode("utf-8", "replace")
