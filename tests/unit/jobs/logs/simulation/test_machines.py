from __future__ import annotations

from collections import defaultdict

from icelos.jobs.logs.simulation.events import START_DAY, SignIn
from icelos.jobs.logs.simulation.machines import Machine
from icelos.jobs.logs.simulation.organisation import Organisation, Service


def test_machines_come_by_the_clock_from_one_address(signins: list[SignIn]) -> None:
    times: dict[Service, list[int]] = defaultdict(list)
    for event in signins:
        if isinstance(event.actor, Service):
            assert not event.interactive
            assert event.network is event.actor.network
            times[event.actor].append(event.time)
    assert times
    for service, at in times.items():
        expected = 14 * 86_400 / service.period * len(service.resources)
        assert 0.8 * expected < len(at) < 1.3 * expected


def test_a_secret_runs_out_once_a_year(organisation: Organisation) -> None:
    service = organisation.services[0]
    machine = Machine(organisation, service)
    failed = [
        day
        for day in range(START_DAY, START_DAY + 370)
        if any(isinstance(e, SignIn) and e.code for e in machine.events(day))
    ]
    assert len(failed) in (1, 2)
