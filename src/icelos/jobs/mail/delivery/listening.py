"""Where a server listens, who may connect, and how much may be under way: bounds of both servers."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import stat
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from icelos.errors import SettingsError

LOG = logging.getLogger("icelos.mail")
BACKLOG = 256
SOCKET_MODE = 0o660
"""Of a UNIX socket: its owner and group; who else may connect is for the folder to say."""


class Address(msgspec.Struct, frozen=True):
    """Host and port, or the path of a UNIX socket."""

    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return self.path
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str, *, name: str) -> Address:
    """ "127.0.0.1:783", "[::1]:783", ":783" or "783" on loopback, "/run/icelos/spamd.sock".

    Raises SettingsError, which names the setting `name`.
    """
    if text.startswith("/"):
        return Address(path=text)
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise SettingsError(f"{name} = {text!r} is no HOST:PORT and no /path/of/a/socket")
    return Address(host.strip("[]") or "127.0.0.1", int(port))


def check_bindable(address: Address, *, remote: bool, name: str) -> None:
    """Anything but loopback must be asked for, as the protocols know no passwords. Raises SettingsError."""
    if not address.path and not remote and not is_loopback(address.host):
        raise SettingsError(
            f"{name} = {str(address)!r} is not a loopback address",
            hint="to serve the network, say so with --remote, and name the clients in mail.allowed_clients",
        )


def is_loopback(host: str) -> bool:
    """Whether a host can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Allowed:
    """The networks whose clients may connect; UNIX sockets are guarded by their file."""

    def __init__(self, networks: Sequence[str]) -> None:
        """Raises SettingsError for what is no network."""
        try:
            self._networks = [ipaddress.ip_network(one.strip(), strict=False) for one in networks]
        except ValueError as error:
            raise SettingsError(f"mail.allowed_clients: {error}") from error

    def __contains__(self, peer: object) -> bool:
        if not isinstance(peer, tuple) or not peer:
            return True
        try:
            address = ipaddress.ip_address(str(peer[0]).partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._networks)


class Room:
    """Bytes that messages under way may take in all; who finds no room waits for it, in turn."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._free = size
        self._turn = asyncio.Lock()
        self._freed = asyncio.Event()

    async def take(self, size: int, *, patience_s: float) -> int:
        """Room for one message: what is to be given back. Raises TimeoutError."""
        taken = min(size, self.size)
        await asyncio.wait_for(self._take(taken), patience_s)
        return taken

    def give_back(self, taken: int) -> None:
        self._free += taken
        self._freed.set()

    async def _take(self, size: int) -> None:
        async with self._turn:
            while self._free < size:
                self._freed.clear()
                await self._freed.wait()
            self._free -= size


def bound(address: Address) -> socket.socket:
    """A listening socket. Raises SettingsError where the address is taken, not ours, or not allowed."""
    try:
        return _bound_path(Path(address.path)) if address.path else _bound_port(address)
    except OSError as error:
        raise SettingsError(f"cannot listen on {address}: {error.strerror or error}") from error


def _bound_port(address: Address) -> socket.socket:
    family, kind, protocol, _, place = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _bound_path(path: Path) -> socket.socket:
    """A socket that a killed server left behind is replaced; one that is answered is another's."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.exists() and stat.S_ISSOCK(path.stat().st_mode) and not _is_answered(path):
            path.unlink()
        listener.bind(str(path))
        path.chmod(SOCKET_MODE)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


Serve = Callable[[socket.socket], Awaitable[None]]


class Listener:
    """Accepts connections and serves each in a task of its own, at most so many at once.

    When all places are taken nothing is accepted: who comes then waits in the system's queue, and is neither
    refused nor let through unscanned.
    """

    def __init__(self, listening: socket.socket, serve: Serve, *, most: int, allowed: Allowed) -> None:
        self._listening = listening
        self._serve = serve
        self._places = asyncio.Semaphore(most)
        self._allowed = allowed
        self._tasks: set[asyncio.Task[None]] = set()
        self._accepting: asyncio.Task[None] | None = None

    @property
    def open(self) -> int:
        """Connections that are being served."""
        return len(self._tasks)

    def start(self) -> None:
        """From now on; within a running event loop."""
        self._listening.setblocking(False)
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    async def stop(self, *, grace_s: float) -> None:
        """Accept nothing more, let what is under way end within `grace_s`, and cut the rest off."""
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.gather(self._accepting, return_exceptions=True)
        self._listening.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        rest = [task for task in self._tasks if task.cancel()]
        await asyncio.gather(*rest, return_exceptions=True)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._places.acquire()
            try:
                connection, peer = await loop.sock_accept(self._listening)
            except OSError as error:  # the other side is gone again, or there are no descriptors left
                LOG.warning("cannot accept: %s", error.strerror)
                self._places.release()
                await asyncio.sleep(0.05)
                continue
            if peer not in self._allowed:
                LOG.warning("refused a client at %s: see mail.allowed_clients", peer[0])
                connection.close()
                self._places.release()
                continue
            task = loop.create_task(self._one(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _one(self, connection: socket.socket) -> None:
        try:
            await self._serve(connection)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the client is gone, or too slow
        except Exception:
            LOG.exception("a connection ended by an error of ours")
        finally:
            connection.close()
            self._places.release()
