"""Locations of topics: kafka://HOST:PORT[,HOST:PORT]/TOPIC?name=value&…

What is ours:

    group         consumer group; icelos-JOB where not given
    dead_letter   topic for messages that failed; none where not given
    format        mail, jsonl, lines, questions or components; by the job where not given
    headers       use (default): the ids that `load_topic` wrote are taken; ignore: they are not trusted
    reset         earliest (default) or latest: where a group begins that has committed nothing
    transactional true: findings, dead letters, states and offsets in one transaction, from topic to topic
    instance      name of this process, its own and the same after a restart; the host's where not given
    tls           true: encrypted; with ca, cert, key: files of certificates and of the private key
    sasl          PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512: user and password come from the settings

and librdkafka's own properties in `PROPERTIES`, by their names
(https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md). All others are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl

import msgspec

from icelos.errors import InputError

SCHEME = "kafka://"
OURS = (
    "group", "dead_letter", "format", "headers", "reset", "transactional", "instance",
    "tls", "ca", "cert", "key", "sasl",
)  # fmt: skip
_SHARED = frozenset(
    {"client.id", "client.rack", "socket.timeout.ms", "metadata.max.age.ms", "broker.address.family",
     "topic.metadata.refresh.interval.ms", "reconnect.backoff.max.ms"}
)  # fmt: skip
CONSUMER = _SHARED | {
    "session.timeout.ms", "heartbeat.interval.ms", "max.poll.interval.ms", "partition.assignment.strategy",
    "fetch.min.bytes", "fetch.max.bytes", "fetch.wait.max.ms", "max.partition.fetch.bytes",
    "queued.min.messages", "queued.max.messages.kbytes",
}  # fmt: skip
PRODUCER = _SHARED | {
    "message.max.bytes", "linger.ms", "batch.size", "compression.type", "delivery.timeout.ms",
    "request.timeout.ms", "transaction.timeout.ms",
}  # fmt: skip
PROPERTIES = CONSUMER | PRODUCER
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "headers": ("use", "ignore"),
    "reset": ("earliest", "latest"),
    "transactional": ("true", "false"),
    "tls": ("true", "false"),
    "sasl": ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
    "partition.assignment.strategy": ("cooperative-sticky", "range", "roundrobin"),
}
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}")


class Location(msgspec.Struct, frozen=True):
    """A topic, where it is, and how to speak to its cluster. Secrets are no part of it."""

    servers: str
    topic: str
    parameters: Mapping[str, str] = {}

    def __str__(self) -> str:
        return f"{SCHEME}{self.servers}/{self.topic}"

    def get(self, name: str, default: str = "") -> str:
        """A parameter's value."""
        return self.parameters.get(name, default)

    def on(self, name: str) -> bool:
        """Whether a parameter is true."""
        return self.parameters.get(name) == "true"

    def properties(self, names: frozenset[str]) -> dict[str, str]:
        """librdkafka's properties among these that the location sets."""
        return {name: value for name, value in self.parameters.items() if name in names}


def parse(location: str) -> Location:
    """A location of the form above. Raises InputError; it never repeats what could be a password."""
    if not location.startswith(SCHEME):
        raise InputError("no location of a topic", hint=f"{SCHEME}HOST:PORT/TOPIC")
    place, _, query = location[len(SCHEME) :].partition("?")
    servers, _, topic = place.partition("/")
    if "@" in place:
        raise InputError(
            "user and password do not belong into a location", hint="ICELOS_KAFKA_USERNAME and _PASSWORD"
        )
    for server in servers.split(","):
        if not _HOST.fullmatch(server):
            raise InputError("no HOST:PORT of a Kafka broker", hint=f"{SCHEME}HOST:PORT/TOPIC")
    _check_topic(topic, "topic")
    return Location(servers, topic, _parameters(query))


def _check_topic(topic: str, what: str) -> None:
    if not _NAME.fullmatch(topic) or topic in {".", ".."}:
        raise InputError(f"no name of a {what}", hint="letters, digits, dot, dash, underscore; 200 at most")


def _parameters(query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=64)
    except ValueError as error:
        raise InputError("parameters are not name=value&name=value") from error
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise InputError(f"parameter {name!r} is given twice")
        _check(name, value)
        found[name] = value
    return found


def _check(name: str, value: str) -> None:
    if name not in OURS and name not in PROPERTIES:
        hint = f"one of {', '.join(OURS)}, or a property that docs/scale.md lists"
        raise InputError(f"unknown parameter {name[:100]!r}", hint=hint)
    choices = _CHOICES.get(name)
    if choices and value not in choices:
        raise InputError(f"{name} is not {value[:100]!r}", hint=", ".join(choices))
    if name in {"group", "dead_letter", "instance"}:
        _check_topic(value, name)
    elif not value or not value.isprintable() or len(value) > 4096:
        raise InputError(f"{name} has no usable value")


class Login(msgspec.Struct, frozen=True):
    """Who signs in to the cluster."""

    username: str = ""
    password: str = ""
    key_password: str = ""

    def __repr__(self) -> str:
        """Without the passwords: a repr ends up in logs and tracebacks."""
        return f"Login(username={self.username!r})"


class _WithLogin(Protocol):
    username: str
    password: str
    key_password: str


def login_of(settings: object) -> Login:
    """What the section `kafka` of the settings says."""
    section: _WithLogin | None = getattr(settings, "kafka", None)
    if section is None:
        return Login()
    return Login(section.username, section.password, section.key_password)


def security(location: Location, login: Login) -> dict[str, str]:
    """librdkafka's properties for TLS and SASL. Raises InputError for what does not go together."""
    tls, sasl = location.on("tls"), location.get("sasl")
    found = {"security.protocol": f"{'SASL_' if sasl else ''}{'SSL' if tls else 'PLAINTEXT'}"}
    found.update(_certificates(location, login) if tls else {})
    if not tls and any(location.get(name) for name in ("ca", "cert", "key")):
        raise InputError("certificates without tls=true", source=str(location))
    if sasl:
        if not login.username or not login.password:
            hint = "set ICELOS_KAFKA_USERNAME and ICELOS_KAFKA_PASSWORD"
            raise InputError(f"sasl={sasl} without user and password", hint=hint, source=str(location))
        if sasl == "PLAIN" and not tls:
            raise InputError("sasl=PLAIN would send the password as it is", hint="add tls=true")
        found |= {"sasl.mechanism": sasl, "sasl.username": login.username, "sasl.password": login.password}
    return found


def _certificates(location: Location, login: Login) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, known in (("ca", "ssl.ca.location"), ("cert", "ssl.certificate.location"),
                        ("key", "ssl.key.location")):  # fmt: skip
        path = location.get(name)
        if path and not Path(path).is_file():
            raise InputError(f"{name}: no such file", source=path)
        if path:
            found[known] = path
    if login.key_password:
        found["ssl.key.password"] = login.key_password
    return found
