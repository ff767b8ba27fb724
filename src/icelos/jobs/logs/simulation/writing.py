"""Pieces of rows: times and JSON text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from icelos.jobs.logs.simulation.catalogue import App
from icelos.jobs.logs.simulation.events import SECOND
from icelos.jobs.logs.simulation.organisation import Device


def text(value: object) -> str:
    """JSON, without spaces."""
    return msgspec.json.encode(value).decode()


def members(value: Mapping[str, object]) -> str:
    """Members of an object, to stand between others."""
    return text(value)[1:-1]


def stamp(time: int) -> str:
    """2025-01-06T08:00:01, of microseconds since the epoch."""
    day, second = divmod(time // SECOND, 86_400)
    minute, second = divmod(second, 60)
    return f"{_date(day)}T{minute // 60:02d}:{minute % 60:02d}:{second:02d}"


@lru_cache(maxsize=1024)
def _date(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d")


def today(time: int) -> int:
    """The day of a time, counted from 1970-01-01."""
    return time // (86_400 * SECOND)


_BROKERS = {
    "Windows": ("Rich Client 5.2.7.0", "Windows-AzureAD-Authentication-Provider/1.0"),
    "MacOs": ("Rich Client 4.70.1.0", "Mozilla/5.0 (compatible; MSAL 1.0)"),
}
"""By which Entra's rows show sign-ins of applications outside the browser: name and agent of the library."""


def signing_in(device: Device, release: int, app: App) -> tuple[str, str]:
    """The browser, as Entra names it, and the user agent with which an application on a device signs in."""
    for system, broker in _BROKERS.items():
        if not app.browser and device.system.startswith(system):
            return broker
    return browser(device, release), agent(device, release)


@lru_cache(maxsize=65_536)
def browser(device: Device, release: int) -> str:
    """The browser as Entra names it."""
    if device.kind == "server":
        return ""
    if device.family == "Mobile Safari":
        return f"Mobile Safari {device.system.partition(' ')[2]}"
    return f"{device.family} {release}.0.0"


@lru_cache(maxsize=65_536)
def agent(device: Device, release: int) -> str:
    """The user agent that the device sends."""
    if device.kind == "server":
        return device.platform
    engine = f"Mozilla/5.0 ({device.platform})"
    if device.family == "Mobile Safari":
        version = ".".join(device.system.partition(" ")[2].split(".")[:2])
        return (
            f"{engine} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{version} Mobile/15E148 Safari/604.1"
        )
    mobile = "Mobile " if device.phone else ""
    edge = f" Edg/{release}.0.0.0" if device.family == "Edge" else ""
    return (
        f"{engine} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{release}.0.0.0 {mobile}Safari/537.36{edge}"
    )
