"""A person's day as events: sessions at the laptop by the rhythm, tokens in between, the phone all day.

A session begins with a sign-in to the machine; each burst of work goes to files, mail, the wiki, tickets or
(administrators) the directory, whose application signs in before it where its token has run out; background
applications fetch tokens every 60 to 90 minutes, the lifetime of access tokens
(https://learn.microsoft.com/entra/identity-platform/access-tokens).
"""

from __future__ import annotations

import random
from bisect import bisect_right

from icelos.jobs.logs.simulation.catalogue import ALSO, App
from icelos.jobs.logs.simulation.events import SECOND, START_DAY, Action, Event, SignIn
from icelos.jobs.logs.simulation.organisation import Device, Organisation, Person, guid, stream
from icelos.jobs.logs.simulation.places import Network
from icelos.jobs.logs.simulation.rhythm import Rhythm, Session, generator
from icelos.jobs.logs.simulation.today import Almanac, Today, tunnel
from icelos.jobs.logs.simulation.work import BULK, DESTINATIONS, app_of, named, operations

_HOUR = 3600.0


class Life:
    """The stream of one person."""

    def __init__(self, organisation: Organisation, person: Person, rhythm: Rhythm) -> None:
        self._organisation = organisation
        self._rhythm = rhythm
        self._almanac = Almanac(organisation, person, rhythm)

    def events(self, day: int) -> list[Event]:
        """All of the person's day."""
        person, seed = self._almanac.person, self._organisation.seed
        rng = stream(seed, "day", person.number, day)
        today = self._almanac.day(day, rng)
        sessions: list[Session] = []
        if today.works:
            draws = generator(seed, 3, person.number, day)
            sessions = self._rhythm.day(self._almanac.habits, draws, weekend=today.weekend)
        return Day(self._organisation, today, rng).lived(sessions, office=self._rhythm.office is not None)


class Day:
    """Collects the events of one day."""

    def __init__(self, organisation: Organisation, today: Today, rng: random.Random) -> None:
        self._organisation = organisation
        self._today = today
        self._rng = rng
        self._events: list[Event] = []
        self._revoked: set[str] = set()
        self._valid: dict[str, float] = {}
        self._signed_in: set[str] = set()

    def lived(self, sessions: list[Session], *, office: bool) -> list[Event]:
        """Everything, given the sessions at the laptop."""
        seats = [(float(s.times[0]), self._seat()) for s in sessions]
        for number, (session, (_, network)) in enumerate(zip(sessions, seats, strict=True)):
            self._session(session, network, first=number == 0)
        if sessions:
            awake = sessions[-1].times[-1] + self._rng.uniform(300, 1800)
            if office and not self._today.weekend:
                awake = max(
                    awake,
                    sessions[0].times[0]
                    + _HOUR * (7.0 + 3.6 * (self._rng.random() + self._rng.random()) / 2),
                )
            self._background(float(sessions[0].times[0]), float(awake), seats)
        self._phone(sessions)
        return self._events

    def _seat(self) -> Network:
        """The network of a session: through the tunnel at times, away from the office."""
        base = self._today.base
        if (
            base.kind != "office"
            and self._today.laptop.managed
            and self._rng.random() < self._today.person.careful
        ):
            return tunnel(self._today)
        return base

    def _session(self, session: Session, network: Network, *, first: bool) -> None:
        rng, today = self._rng, self._today
        key, start = guid(rng), float(session.times[0])
        self._valid.clear()
        if first and today.new_password:
            self._new_password(start, network, key)
        elif rng.random() < (0.95 if first else 0.5):
            self._interactive(start - rng.uniform(20, 200), today.laptop, _logon(today), network, key)
        else:  # the machine was not locked, and its session goes on
            self._renew(start - 1, today.laptop, named("Microsoft Office", today.person), network, key)
        if rng.random() < 0.7:
            self._visit(start + rng.uniform(2, 120), network, key)
        times = session.times.tolist()
        for i, (at, events) in enumerate(zip(times, session.events.tolist(), strict=True)):
            room = times[i + 1] - at if i + 1 < len(times) else _HOUR
            self._burst(at, min(BULK, events), room, network, key)

    def _new_password(self, start: float, network: Network, key: str) -> None:
        """The old one has run out: it is changed, and every token of before is void."""
        person, laptop = self._today.person, self._today.laptop
        logon = _logon(self._today)
        self._chain(start - 150, [50055, 0], laptop, logon, network, key)
        self._act(start - 120, laptop, network, "entra-audit", "Change user password", person, key)
        self._revoked = {app.id for app in person.apps if app.use == "background"}

    def _burst(self, at: float, events: int, room: float, network: Network, key: str) -> None:
        """Some work on one thing after another, in one place."""
        person, rng = self._today.person, self._rng
        weights = (*person.tastes, 6.0 if person.admin else 0.0)
        destination = rng.choices(DESTINATIONS, weights=weights)[0]
        app = app_of(destination, self._today, rng)
        if app.browser and not self._opened(at, app, network, key):
            return
        now, step = at, min(20.0, room / (events + 1))
        for source, operation, target in operations(
            destination, self._organisation, self._today, events, rng
        ):
            self._act(now, self._today.laptop, network, source, operation, target, key)
            now += step * (0.1 + 0.9 * rng.random())

    def _visit(self, at: float, network: Network, key: str) -> None:
        """A look at something else in the browser."""
        apps = [app for app in self._today.person.apps if app.browser]
        app = self._rng.choices(apps, weights=[app.weight for app in apps])[0]
        self._opened(at, app, network, key)

    def _opened(self, at: float, app: App, network: Network, key: str) -> bool:
        """Whether the application lets the person in, by a token that still holds or by a new one."""
        if self._valid.get(app.id, -1.0) > at:
            return True
        self._valid[app.id] = at + self._rng.uniform(60, 90) * 60
        laptop, before = self._today.laptop, at - self._rng.uniform(1, 4)
        if app.id not in self._signed_in and self._rng.random() < 0.8:
            self._signed_in.add(app.id)
            return self._interactive(before - 60, laptop, app, network, key)
        if self._rng.random() < 0.06:
            self._token(before - 5, laptop, app, app.resource_id, network, key, 50058)
            return self._interactive(before - 4, laptop, app, network, key)
        return self._token(before, laptop, app, app.resource_id, network, key, None) == 0

    def _interactive(self, at: float, device: Device, app: App, network: Network, key: str) -> bool:
        """Someone signs in; what they run into is one row each, under one correlation id."""
        return self._chain(at, self._obstacles(device, app, network), device, app, network, key)

    def _chain(
        self, at: float, codes: list[int], device: Device, app: App, network: Network, key: str
    ) -> bool:
        correlation, asked = guid(self._rng), False
        for code in codes:
            asked = asked or code in (50074, 50076)
            factor = "asked" if code in (50074, 50076) else "" if code or _trusted(network) else "claim"
            self._sign_in(
                at, device, app, app.resource_id, network, key, code,
                interactive=True, factor="done" if factor == "claim" and asked else factor,
                correlation=correlation,
            )  # fmt: skip
            at += self._rng.uniform(3, 25)
        return codes[-1] == 0

    def _obstacles(self, device: Device, app: App, network: Network) -> list[int]:
        rng, today = self._rng, self._today
        codes: list[int] = []
        while rng.random() < today.person.clumsy and len(codes) < 3:
            codes.append(50126)
        stopped = self._blocked(device, app, network)
        if stopped:
            return [*codes, stopped]
        if not _trusted(network) and app.use != "logon" and rng.random() < (0.8 if today.trip else 0.4):
            codes.append(50076 if today.trip else 50074)
            if rng.random() < 0.04:
                codes.append(500121)
        if app.browser and rng.random() < 0.15:
            codes.append(50140)
        if app.browser and rng.random() < 0.02:
            return [*codes, 50105 if rng.random() < 0.5 else 65001]
        return codes if codes and codes[-1] != 50140 and rng.random() < 0.05 else [*codes, 0]

    def _blocked(self, device: Device, app: App, network: Network) -> int:
        """What conditional access forbids, always: see `catalogue.access`."""
        today = self._today
        if not device.managed and network.place.country != today.person.office.place.country:
            return 53003
        compliant = today.compliant if device is today.laptop else device.managed
        return 53000 if app.sensitive and not compliant else 0

    def _background(self, start: float, end: float, seats: list[tuple[float, Network]]) -> None:
        key, begins = guid(self._rng), [at for at, _ in seats]
        for app in self._today.person.apps:
            if app.use != "background" or not app.runs_on(phone=False):
                continue
            now = start + self._rng.uniform(1, 60)
            while now < end:
                network = seats[max(0, bisect_right(begins, now) - 1)][1]
                self._renew(now, self._today.laptop, app, network, key)
                now += self._rng.uniform(60, 90) * 60

    def _renew(self, now: float, device: Device, app: App, network: Network, key: str) -> None:
        """An application fetches what it needs, for one or more resources in one go."""
        asked = [app.resource_id, *(r for r in ALSO.get(app.id, ()) if self._rng.random() < 0.3)]
        for resource in asked:
            self._token(now, device, app, resource, network, key, None)
            now += self._rng.uniform(0.05, 2.5)

    def _token(
        self, at: float, device: Device, app: App, resource: str, network: Network, key: str, code: int | None
    ) -> int:
        """A token is used without its owner; a stale one fails in the same way again and again."""
        code = self._fate(device, app, network) if code is None else code
        factor = "claim" if code == 0 and not _trusted(network) else ""
        self._sign_in(
            at, device, app, resource, network, key, code, interactive=False, factor=factor, correlation=""
        )
        return code

    def _fate(self, device: Device, app: App, network: Network) -> int:
        stopped = self._blocked(device, app, network)
        if stopped:
            return stopped
        if app.id in self._revoked:
            self._revoked.discard(app.id)
            return 50173
        chance = self._rng.random()
        stale = self._today.stuck.get(app.id)
        if stale is not None and chance < 0.85:
            return stale
        return (50158, 700084, 70043)[int(chance * 10_000) % 3] if chance < 0.006 else 0

    def _phone(self, sessions: list[Session]) -> None:
        """The phone fetches mail from waking to sleeping, mostly without its owner."""
        rng, today = self._rng, self._today
        leaves = float(sessions[0].times[0]) if sessions else 9 * _HOUR
        wakes, sleeps = leaves - rng.uniform(0.4, 2.2) * _HOUR, rng.uniform(20.8, 23.6) * _HOUR
        key, returns = guid(rng), leaves + rng.uniform(7.5, 10) * _HOUR
        if today.new_phone:
            self._new_phone(wakes, key)
        for app in today.person.apps:
            if app.use != "background" or not app.runs_on(phone=True):
                continue
            now = wakes + rng.uniform(0, 0.8) * _HOUR
            while now < sleeps:
                network = self._around(now, leaves, returns, at_work=bool(sessions))
                if rng.random() < 0.012:
                    self._interactive(now, today.phone, app, network, key)
                else:
                    self._renew(now, today.phone, app, network, key)
                now += rng.uniform(1.2, 4.2 if today.works else 6.0) * _HOUR / today.person.lively

    def _around(self, now: float, leaves: float, returns: float, *, at_work: bool) -> Network:
        """The phone's network: at home, on the way, at the office."""
        person, today = self._today.person, self._today
        if today.trip:
            return today.trip
        if leaves - 0.8 * _HOUR < now < leaves or returns < now < returns + 0.8 * _HOUR:
            return person.mobile
        if at_work and today.at_office and leaves <= now <= returns:
            return person.office if self._rng.random() < 0.75 else person.mobile
        return today.home if self._rng.random() < 0.85 else person.mobile

    def _new_phone(self, at: float, key: str) -> None:
        """It is registered, and its owner signs in everywhere anew."""
        person, phone = self._today.person, self._today.phone
        network = self._today.trip or self._today.home
        if not phone.managed:
            return
        for i, operation in enumerate(("User registered security info", "Register device")):
            self._act(at - 900 + 60 * i, phone, network, "entra-audit", operation, person, key)
        for i, app in enumerate(a for a in person.apps if a.use == "background" and a.runs_on(phone=True)):
            self._chain(at - 700 + 90 * i, [50076, 0], phone, app, network, key)

    def _sign_in(
        self, at: float, device: Device, app: App, resource: str, network: Network, key: str, code: int, *,
        interactive: bool, factor: str, correlation: str,
    ) -> None:  # fmt: skip
        today = self._today
        risky = interactive and today.trip is not None and self._rng.random() < 0.05
        self._events.append(
            SignIn(
                time=int((today.midnight + at) * SECOND), actor=today.person, number=self._next(),
                device=device, network=network, app=app, resource=resource, interactive=interactive,
                code=code, second_factor=factor, session=key, correlation=correlation,
                compliant=today.compliant if device is today.laptop else device.managed, unfamiliar=risky,
            )
        )  # fmt: skip

    def _act(
        self,
        at: float,
        device: Device,
        network: Network,
        source: str,
        operation: str,
        target: object,
        key: str,
    ) -> None:
        today = self._today
        self._events.append(
            Action(
                time=int((today.midnight + at) * SECOND), actor=today.person, number=self._next(),
                device=device, network=network, source=source, operation=operation, target=target,
                session=key,
            )
        )  # fmt: skip

    def _next(self) -> int:
        return (self._today.day - START_DAY + 1) * 1_000_000 + len(self._events)


def _trusted(network: Network) -> bool:
    """The organisation's own networks, where no second factor is asked for."""
    return network.kind in ("office", "vpn", "cloud")


def _logon(today: Today) -> App:
    """What signs in at the start: the machine itself where it is the organisation's and runs Windows."""
    joined = today.laptop.managed and today.laptop.system.startswith("Windows")
    return named("Windows Sign In" if joined else "Microsoft Office", today.person)
