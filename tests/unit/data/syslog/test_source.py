"""Syslog over real sockets: fan-in, back-pressure, limits, and what is not confirmed comes again."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.contracts import Resumable, Source
from icelos.data.syslog.source import SyslogSource
from icelos.errors import IcelosError, InputError, SettingsError, StoreError
from icelos.findings import Failure
from icelos.records import LogLine, Record

Item = Record | Failure | None


def _source(folder: Path, **options: str) -> SyslogSource:
    return SyslogSource("syslog://127.0.0.1:0", spool=str(folder), **options)


def _read(source: SyslogSource, count: int, seconds: float = 20.0) -> list[Record | Failure]:
    """So many items; less where the time is over."""
    found: list[Record | Failure] = []
    until = time.monotonic() + seconds
    stream: Iterator[Item] = iter(source)
    while len(found) < count and time.monotonic() < until:
        item = next(stream)
        if item is not None:
            found.append(item)
    return found


def _texts(items: list[Record | Failure]) -> list[str]:
    return [item.text if isinstance(item, LogLine) else f"! {getattr(item, 'error', '')}" for item in items]


def _send(source: SyslogSource, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", source.port)) as client:
        client.sendall(data)


def _datagram(source: SyslogSource, *messages: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for message in messages:
            client.sendto(message, ("127.0.0.1", source.port))


def test_what_comes_is_a_record(tmp_path: Path) -> None:
    with _source(tmp_path) as source:
        assert isinstance(source, Source)
        assert isinstance(source, Resumable)
        _send(source, b"<34>Oct 11 22:14:15 h su: one\n5 <1>zw<34>Oct 11 22:14:15 h app: tw\xff\n\n")
        (one, two, three) = _read(source, 3)
        assert isinstance(one, LogLine)
        assert isinstance(three, LogLine)
        assert one.fields is not None
        assert (one.text, one.fields["app"], one.fields["message"]) == (
            "<34>Oct 11 22:14:15 h su: one",
            "su",
            "one",
        )
        received: Any = one.fields["received"]
        assert received["from"] == "127.0.0.1"
        assert one.source.startswith("syslog/127.0.0.1:1.")
        assert _texts([two]) == ["<1>zw"]
        assert three.text.endswith("tw\\xff")
        _datagram(
            source,
            b"<13>1 - h app - - - four\n",
            b"",
            b"<13>Oct 11 22:14:15 h CEF:0|V|P|1|1|n|5|src=10.0.0.1",
        )
        four, five = _read(source, 2)
        assert isinstance(five, LogLine)
        assert five.fields is not None
        assert _texts([four]) == ["<13>1 - h app - - - four"]
        assert five.fields["src"] == "10.0.0.1"
        assert source.counts.received == 5
        assert len({item.id for item in (one, two, three, four, five)}) == 5
        assert source.lag() == 0


def test_the_same_message_twice_is_two_records(tmp_path: Path) -> None:
    with _source(tmp_path) as source:
        _send(source, b"<1>same\n<1>same\n")
        one, two = _read(source, 2)
        assert one.id != two.id


def test_it_says_that_nothing_comes_and_ends_when_closed(tmp_path: Path) -> None:
    source = _source(tmp_path)
    stream = iter(source)
    begin = time.monotonic()
    assert next(stream) is None
    assert next(stream) is None
    assert time.monotonic() - begin < 2.0
    _send(source, b"<1>last")
    source.close()
    assert list(stream) == []
    assert list(source) == []
    with _source(tmp_path) as again:
        assert _texts(_read(again, 1)) == ["<1>last"]


def test_what_is_not_confirmed_comes_again_with_the_same_ids(tmp_path: Path) -> None:
    messages = b"".join(b"<1>message %d\n" % number for number in range(1000))
    with _source(tmp_path) as source:
        _send(source, messages)
        first = _read(source, 400)
        position = source.position()
        second = _read(source, 600)
        source.resume(position)
        assert _read(source, 600) == second
    with _source(tmp_path) as source:
        source.confirm(position)
        assert [item.id for item in _read(source, 1000)] == [item.id for item in first + second]
    again = _source(tmp_path)
    again.resume(position)
    with again:
        _send(again, b"<1>new\n")
        assert _texts(_read(again, 601))[-1] == "<1>new"


def test_a_position_of_another_spool_tells_nothing(tmp_path: Path) -> None:
    with _source(tmp_path / "a") as source:
        _send(source, b"<1>a\n")
        _read(source, 1)
        position = source.position()
    other = _source(tmp_path / "b")
    other.resume(position)
    with other:
        _send(other, b"<1>b\n")
        assert _texts(_read(other, 1)) == ["<1>b"]
    with pytest.raises(InputError, match="not a position"):
        other.resume(b"x")
    with pytest.raises(InputError, match="not a position"):
        other.confirm(b"x")


@pytest.mark.slow
def test_a_full_spool_lets_tcp_wait_and_tells_of_datagrams(tmp_path: Path) -> None:
    with _source(tmp_path, spool_mib="1", transport="tcp,udp") as source:
        line = b"<1>" + b"x" * 996 + b"\n"
        client = socket.create_connection(("127.0.0.1", source.port))
        client.setblocking(False)
        sent = 0
        quiet = time.monotonic()
        while time.monotonic() - quiet < 1.0:  # until nothing is taken any more
            try:
                sent += client.send((line * 1000)[sent % 1000 :])
                quiet = time.monotonic()
            except BlockingIOError:
                time.sleep(0.02)
        assert source.lag() < 3 << 20
        listener: Any = source._listener
        assert listener.is_paused
        _datagram(source, *[b"<1>lost"] * 50)
        until = time.monotonic() + 10
        while source.counts.dropped < 50 and time.monotonic() < until:
            time.sleep(0.05)
        assert source.counts.dropped == 50
        client.setblocking(True)
        rest = (-sent) % 1000
        found: list[Record | Failure] = []
        stream = iter(source)
        until = time.monotonic() + 40
        ended = False
        while time.monotonic() < until:
            item = next(stream)
            if item is not None:
                found.append(item)
                source.confirm(source.position())
            elif not ended:
                client.sendall((line * 2)[1000 - rest : 1000] if rest else b"")
                client.close()
                ended = True
            elif len(found) >= (sent + rest) // 1000:
                break
        lines = [item for item in found if isinstance(item, LogLine)]
        told = [item.error for item in found if isinstance(item, Failure)]
        assert len(lines) == (sent + rest) // 1000
        assert sum(int(error.split()[0]) for error in told) == 50
        assert all("datagrams were lost: the spool is full" in error for error in told)


def test_limits(tmp_path: Path) -> None:
    with _source(tmp_path, max_message="100", max_connections="2", idle_seconds="1") as source:
        _send(source, b"x" * 5000 + b"\n<1>good\n")
        assert _texts(_read(source, 2)) == ["! message is longer than 100 bytes", "<1>good"]
        _datagram(source, b"y" * 101)
        assert _texts(_read(source, 1)) == ["! message is longer than 100 bytes"]
        clients = [socket.create_connection(("127.0.0.1", source.port)) for _ in range(3)]
        clients[2].settimeout(5)
        assert clients[2].recv(1) == b""
        assert source.counts.refused == 1
        clients[0].sendall(b"50 <1>never whole")
        clients[0].settimeout(10)
        assert clients[0].recv(1) == b""  # silent for too long
        (cut,) = _read(source, 1)
        assert isinstance(cut, Failure)
        assert (cut.error, cut.raw) == ("the connection ended within the message", "<1>never whole")
        for client in clients:
            client.close()


def test_who_may_send(tmp_path: Path) -> None:
    with _source(tmp_path, allow="192.0.2.0/24, ::1/128") as source:
        _send(source, b"<1>tcp\n")
        _datagram(source, b"<1>udp")
        until = time.monotonic() + 10
        while source.counts.refused < 2 and time.monotonic() < until:
            time.sleep(0.05)
        assert (source.counts.refused, source.counts.received) == (2, 0)


def test_only_one_listens(tmp_path: Path) -> None:
    with _source(tmp_path / "a") as source:
        with pytest.raises(InputError, match="another run"), _source(tmp_path / "a"):
            pass
        other = SyslogSource(f"syslog://127.0.0.1:{source.port}", spool=str(tmp_path / "b"))
        with pytest.raises(InputError, match="cannot listen"):
            next(iter(other))
    with pytest.raises(StoreError, match="cannot write"):
        next(iter(_source(Path("/proc/none"))))


def test_the_spool_of_the_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICELOS_WORKSPACE_HOME", str(tmp_path))
    with SyslogSource("syslog://localhost:0"):
        assert (tmp_path / "spool" / "syslog-127.0.0.1-0" / "identity").is_file()


def test_one_transport(tmp_path: Path) -> None:
    for transport in ("tcp", "udp"):
        source = SyslogSource(f"syslog://[::1]:0?transport={transport}", spool=str(tmp_path / transport))
        with source:
            kind = socket.SOCK_STREAM if transport == "udp" else socket.SOCK_DGRAM
            with socket.socket(socket.AF_INET6, kind) as free:
                free.bind(("::1", source.port))


@pytest.mark.parametrize(
    ("location", "options"),
    [
        ("syslog+tls://127.0.0.1", {}), ("http://127.0.0.1", {}), ("syslog://example.org", {}),
        ("syslog://127.0.0.1:99999", {}), ("syslog://127.0.0.1/path", {}),
        ("syslog://u:s3cret@127.0.0.1", {}),
        ("syslog://127.0.0.1?transport=sctp", {}), ("syslog://127.0.0.1?tls=yes", {}),
        ("syslog://0.0.0.0", {}),
        ("syslog://127.0.0.1", {"allow": "10.0.0.1/8"}), ("syslog://127.0.0.1", {"allow": "everybody"}),
        ("syslog://127.0.0.1", {"spool_mib": "0"}), ("syslog://127.0.0.1", {"max_message": "-1"}),
        ("syslog://127.0.0.1", {"idle_seconds": "²"}), ("syslog://127.0.0.1", {"max_connections": "1e3"}),
    ],
)  # fmt: skip
def test_what_is_refused(location: str, options: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        SyslogSource(location, **options)
    assert "s3cret" not in str(caught.value)


@given(st.text())
def test_a_location_is_an_address_or_refused(text: str) -> None:
    for location in (text, f"syslog://{text}", f"syslog://127.0.0.1:{text}", f"syslog://127.0.0.1?{text}"):
        try:
            source = SyslogSource(location)
        except IcelosError:
            continue
        assert 0 <= source.port <= 65535
