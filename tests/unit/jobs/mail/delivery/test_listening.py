from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from icelos.errors import SettingsError
from icelos.jobs.mail.delivery.listening import (
    Address,
    Allowed,
    Listener,
    Room,
    bound,
    check_bindable,
    is_loopback,
    parse_address,
)


@pytest.mark.parametrize(
    ("text", "address", "shown"),
    [
        ("127.0.0.1:783", Address("127.0.0.1", 783), "127.0.0.1:783"),
        ("783", Address("127.0.0.1", 783), "127.0.0.1:783"),
        ("[::1]:783", Address("::1", 783), "[::1]:783"),
        ("/run/x.sock", Address(path="/run/x.sock"), "/run/x.sock"),
    ],
)
def test_addresses(text: str, address: Address, shown: str) -> None:
    assert parse_address(text, name="x") == address
    assert str(address) == shown


@pytest.mark.parametrize("text", ["host", "host:", "host:x", "1:99999", "1:²", "1:-1"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(SettingsError, match="mail\\.spamd"):
        parse_address(text, name="mail.spamd")


def test_the_network_must_be_asked_for() -> None:
    for host, loopback in (
        ("127.0.0.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("mx", False),
    ):
        assert is_loopback(host) is loopback
    with pytest.raises(SettingsError, match="loopback"):
        check_bindable(Address("0.0.0.0", 783), remote=False, name="mail.spamd")
    check_bindable(Address("0.0.0.0", 783), remote=True, name="mail.spamd")
    check_bindable(Address(path="/x"), remote=False, name="mail.spamd")


def test_allowed_networks() -> None:
    allowed = Allowed(["127.0.0.0/8", "2001:db8::/32"])
    for peer, wanted in (
        (("127.1.2.3", 1), True), (("::ffff:127.0.0.1", 1, 0, 0), True), (("2001:db8::5%eth0", 1), True),
        (("10.0.0.1", 1), False), (("name", 1), False), ("", True),
    ):  # fmt: skip
        assert (peer in allowed) is wanted
    with pytest.raises(SettingsError, match="allowed_clients"):
        Allowed(["nonsense"])


def test_room_is_bounded() -> None:
    async def check() -> None:
        room = Room(10)
        first = await room.take(8, patience_s=1)
        with pytest.raises(TimeoutError):
            await room.take(3, patience_s=0.05)
        waiting = asyncio.create_task(room.take(99, patience_s=5))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        room.give_back(first)
        assert await waiting == 10  # what is larger than all takes all

    asyncio.run(check())


def test_a_socket_that_a_killed_server_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.sock"
    with bound(Address(path=str(path))):
        assert path.stat().st_mode & 0o777 == 0o660
        with pytest.raises(SettingsError, match="cannot listen"):
            bound(Address(path=str(path)))
    with bound(Address(path=str(path))):
        pass
    path.unlink()
    path.write_text("a file of somebody's")
    with pytest.raises(SettingsError, match="cannot listen"):
        bound(Address(path=str(path)))


def test_a_port_that_is_taken_is_told() -> None:
    with bound(Address("127.0.0.1", 0)) as taken, pytest.raises(SettingsError, match="cannot listen on"):
        bound(Address("127.0.0.1", taken.getsockname()[1]))


def test_no_more_connections_are_served_than_there_are_places() -> None:
    async def check() -> None:
        served: list[socket.socket] = []
        end = asyncio.Event()

        async def serve(connection: socket.socket) -> None:
            served.append(connection)
            await end.wait()

        listening = bound(Address("127.0.0.1", 0))
        listener = Listener(listening, serve, most=2, allowed=Allowed(["127.0.0.0/8"]))
        listener.start()
        clients = [socket.create_connection(listening.getsockname()) for _ in range(5)]
        await asyncio.sleep(0.1)
        assert len(served) == listener.open == 2
        end.set()
        await asyncio.sleep(0.1)
        assert len(served) == 5
        await listener.stop(grace_s=1)
        for client in clients:
            client.close()

    asyncio.run(check())


def test_strangers_are_not_served_and_errors_end_one_connection_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def check(networks: list[str]) -> int:
        served = 0

        async def serve(connection: socket.socket) -> None:
            nonlocal served
            served += 1
            raise KeyError("a defect")

        listening = bound(Address("127.0.0.1", 0))
        listener = Listener(listening, serve, most=1, allowed=Allowed(networks))
        listener.start()
        for _ in range(2):
            with socket.create_connection(listening.getsockname()):
                await asyncio.sleep(0.05)
        await listener.stop(grace_s=0)
        return served

    assert asyncio.run(check(["10.0.0.0/8"])) == 0
    assert "refused a client at 127.0.0.1" in caplog.text
    assert asyncio.run(check(["127.0.0.1"])) == 2
    assert "an error of ours" in caplog.text


def test_stopping_cuts_off_what_does_not_end() -> None:
    async def check() -> None:
        async def serve(connection: socket.socket) -> None:
            await asyncio.sleep(60)

        listening = bound(Address("127.0.0.1", 0))
        listener = Listener(listening, serve, most=1, allowed=Allowed(["127.0.0.1"]))
        listener.start()
        with socket.create_connection(listening.getsockname()):
            await asyncio.sleep(0.05)
            await asyncio.wait_for(listener.stop(grace_s=0.05), 5)

    asyncio.run(check())
