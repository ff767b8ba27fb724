"""Log events, drawn from a seed: sign-ins as Entra ID exports them, and logins to hosts as plain JSON."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.quality.agent.alerts import FATIGUE_SOURCE, SPRAY_SOURCE, SPRAYED, TIRED
from tests.quality.agent.rows import NOW, Event
from tests.quality.agent.staff import HOSTS, PEOPLE, TARGETS, address

SIGN_INS, LOGINS = 13_000, 7_000
ON_LEAVE, NEW = "Dag Utne", "Noa Perl"
"""Who does not sign in from 12 November on, and who did not before 2 November."""
SERVICE = "svc-backup"
"""An account of no person, which logs in to hosts at night."""
QUIET = "srv-bak-1"
"""The host to which nobody but `SERVICE` logs in."""
_APPLICATIONS = (
    "Exchange Online",
    "Microsoft Teams",
    "SharePoint Online",
    "Halmsund Freight",
    "Halmsund VPN",
)
_FAILURES = (50126, 50126, 50126, 50053, 500121)


def events(seed: int) -> list[Event]:
    """All of them, in the order of time."""
    draw = random.Random(seed)
    found = [*_spray(), *_fatigue(), *_intruder()]
    found += [_sign_in(draw) for _ in range(SIGN_INS - sum(one.log == "signins" for one in found))]
    regular, failing = _regulars(draw)
    nights = [_night(host, day) for host in HOSTS for day in range(1, 29)]
    missing = LOGINS - len(nights) - sum(one.log == "hosts" for one in found)
    busy = [host for host in HOSTS if host != QUIET]
    found += nights + [_login(draw, draw.choice(busy), regular, failing) for _ in range(missing)]
    return sorted(found, key=lambda one: (one.time, one.log, one.user, one.host, one.application))


def _regulars(draw: random.Random) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """By host: who logs in there, and who only ever fails to."""
    regular, failing = {}, {}
    technical = [one.name for one in PEOPLE if one.department in {"it", "engineering", "soc"}]
    for target in TARGETS:
        names = [name for name in draw.sample(technical, 6) if name != target.owner and name != SPRAYED]
        regular[target.name] = [target.owner, *names[: draw.randrange(2, 5)]]
        failing[target.name] = names[4:5] or names[-1:]
        failing[target.name] = [name for name in failing[target.name] if name not in regular[target.name]]
    return regular, failing


def _workday(draw: random.Random, name: str) -> datetime:
    while True:
        day = NOW - timedelta(days=draw.randrange(1, 29))
        known = not (name == ON_LEAVE and day.date() >= datetime(2026, 11, 12, tzinfo=UTC).date())
        known = known and not (name == NEW and day.date() < datetime(2026, 11, 2, tzinfo=UTC).date())
        if known and (day.weekday() < 5 or draw.random() < 0.1):
            hour, minute, second = 6 + draw.randrange(13), draw.randrange(60), draw.randrange(60)
            return day.replace(hour=hour, minute=minute, second=second)


def _own_address(number: int, *, home: bool) -> str:
    return f"192.0.2.{10 + number}" if home else f"10.20.{number % 6}.{10 + number}"


def _sign_in(draw: random.Random) -> Event:
    number = draw.randrange(len(PEOPLE))
    person = PEOPLE[number]
    code = draw.choice(_FAILURES) if draw.random() < 0.05 else 0
    return Event(
        "signins", _workday(draw, person.name), person.address,
        _own_address(number, home=draw.random() < 0.3), f"lt-{person.address.partition('@')[0]}",
        draw.choice(_APPLICATIONS), "sign-in", "failure" if code else "success", code,
    )  # fmt: skip


def _login(
    draw: random.Random, host: str, regular: dict[str, list[str]], failing: dict[str, list[str]]
) -> Event:
    outsider = bool(failing[host]) and draw.random() < 0.02
    name = draw.choice(failing[host] if outsider else regular[host])
    number = next(n for n, one in enumerate(PEOPLE) if one.name == name)
    failed = outsider or draw.random() < 0.04
    return _on_host(
        _workday(draw, name), address(name), _own_address(number, home=False), host, failed=failed
    )


def _on_host(time: datetime, user: str, source_ip: str, host: str, *, failed: bool = False) -> Event:
    windows = host.startswith(("srv-dc", "srv-fin", "srv-hr", "srv-file"))
    outcome = "failure" if failed else "success"
    return Event("hosts", time, user, source_ip, host, "rdp" if windows else "ssh", "login", outcome)


def _night(host: str, day: int) -> Event:
    time = (NOW - timedelta(days=day)).replace(hour=1, minute=HOSTS.index(host))
    return _on_host(time, SERVICE, "10.20.9.9", host)


def _foreign(
    name: str, time: datetime, source: str, code: int, application: str = "Exchange Online"
) -> Event:
    outcome = "failure" if code else "success"
    return Event(
        "signins", time, address(name), source, "unknown-device", application, "sign-in", outcome, code
    )


def _spray() -> list[Event]:
    """25 accounts tried three times each from one address, one of them with success."""
    begin = datetime(2026, 11, 17, 21, 40, tzinfo=UTC)
    tried = [one.name for one in PEOPLE if one.department in {"finance", "sales", "hr"}]
    tried = [SPRAYED, *(name for name in tried if name != SPRAYED)][:25]
    rows = [
        _foreign(name, begin + timedelta(minutes=10 * turn, seconds=20 * place), SPRAY_SOURCE, 50126)
        for turn in range(3)
        for place, name in enumerate(tried)
    ]
    return [*rows, _foreign(SPRAYED, datetime(2026, 11, 17, 22, 14, tzinfo=UTC), SPRAY_SOURCE, 0)]


def _fatigue() -> list[Event]:
    begin = datetime(2026, 11, 12, 20, 5, tzinfo=UTC)
    rows = [_foreign(TIRED, begin + timedelta(minutes=turn), FATIGUE_SOURCE, 500121) for turn in range(14)]
    return [*rows, _foreign(TIRED, begin + timedelta(minutes=27), FATIGUE_SOURCE, 0)]


def _intruder() -> list[Event]:
    """What the account that was opened did next, and what its owner had done before."""
    user, day = address(SPRAYED), datetime(2026, 11, 17, tzinfo=UTC)
    before = datetime(2026, 11, 5, 10, 12, tzinfo=UTC)
    return [
        _on_host(before, user, "10.30.0.28", "srv-fin-2"),
        _foreign(SPRAYED, before.replace(hour=6), "198.51.100.90", 50126),
        _on_host(day.replace(hour=22, minute=36), user, SPRAY_SOURCE, "srv-vpn-1"),
        _on_host(day.replace(hour=22, minute=40), user, SPRAY_SOURCE, "srv-fin-1"),
        _on_host(day.replace(hour=22, minute=58), user, SPRAY_SOURCE, "srv-file-1"),
        _on_host(day.replace(hour=23, minute=4), user, SPRAY_SOURCE, "srv-dc-1", failed=True),
        _on_host(day.replace(hour=23, minute=5), user, SPRAY_SOURCE, "srv-dc-1", failed=True),
    ]


def as_row(event: Event, number: int) -> dict[str, Any]:
    """As it stands in the log's file. Sign-ins have the form of Graph's signIn objects."""
    time = event.time.strftime("%Y-%m-%dT%H:%M:%SZ")
    if event.log == "hosts":
        return {
            "time": time, "user": event.user, "source_ip": event.source_ip, "host": event.host,
            "application": event.application, "action": event.action, "outcome": event.outcome,
        }  # fmt: skip
    return {
        "id": f"5175-{number:08d}", "createdDateTime": time, "userPrincipalName": event.user,
        "appDisplayName": event.application, "ipAddress": event.source_ip, "clientAppUsed": "Browser",
        "status": {"errorCode": event.code}, "deviceDetail": {"displayName": event.host},
    }  # fmt: skip
