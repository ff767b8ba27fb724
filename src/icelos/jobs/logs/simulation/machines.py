"""The accounts of machines as events: a sign-in every so often, day and night, and a secret that runs out.

One brings changes of accounts from elsewhere into the directory.
"""

from __future__ import annotations

import random

from icelos.jobs.logs.simulation.catalogue import App
from icelos.jobs.logs.simulation.events import SECOND, START_DAY, Action, Event, SignIn
from icelos.jobs.logs.simulation.organisation import Organisation, Service, guid, stream
from icelos.jobs.logs.simulation.places import DAY
from icelos.jobs.logs.simulation.work import someone

_SECRET_DAYS = 365
_FAILS = 9 * 3600


class Machine:
    """The stream of one service account or service principal."""

    def __init__(self, organisation: Organisation, service: Service) -> None:
        self._organisation = organisation
        self._service = service
        self._syncs = "sync" in service.name and not service.principal
        name = service.name
        self._apps = tuple(
            App(service.app_id, name, r, r, "server", "service", False, 1) for r in service.resources
        )

    def events(self, day: int) -> list[Event]:
        """One sign-in a period for each resource; hours of failures on the day a secret ran out."""
        service, since = self._service, day - START_DAY
        rng = stream(self._organisation.seed, "machine", service.name, day)
        expired = since > 0 and (since + service.secret_age) % _SECRET_DAYS == 0
        events: list[Event] = []
        now, session = rng.random() * service.period * 0.1, guid(rng)
        while now < DAY:
            for app in self._apps:
                at = now + rng.random() * 4
                events.append(
                    self._sign_in(day, at, app, session, len(events), failing=expired and now < _FAILS)
                )
            if self._syncs and rng.random() < 0.3 and not (expired and now < _FAILS):
                events.append(self._update(day, now + 6, session, len(events), rng))
            now += service.period * (0.98 + 0.04 * rng.random())
        return events

    def _update(self, day: int, at: float, session: str, i: int, rng: random.Random) -> Action:
        service = self._service
        return Action(
            time=int((day * DAY + at) * SECOND), actor=service, number=(day - START_DAY + 1) * 1_000_000 + i,
            device=service.device, network=service.network, source="entra-audit", operation="Update user",
            target=someone(self._organisation, rng), session=session,
        )  # fmt: skip

    def _sign_in(self, day: int, at: float, app: App, session: str, i: int, *, failing: bool) -> SignIn:
        service = self._service
        failure = 50055 if service.principal else 7000222
        return SignIn(
            time=int((day * DAY + at) * SECOND), actor=service, number=(day - START_DAY + 1) * 1_000_000 + i,
            device=service.device, network=service.network, app=app, resource=app.resource_id,
            interactive=False, code=failure if failing else 0, second_factor="", session=session,
            correlation="", compliant=False,
        )  # fmt: skip
