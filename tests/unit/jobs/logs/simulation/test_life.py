from __future__ import annotations

from collections import Counter, defaultdict

from icelos.jobs.logs.simulation.events import START_DAY, Action, SignIn
from icelos.jobs.logs.simulation.life import Life
from icelos.jobs.logs.simulation.organisation import Organisation, Person
from icelos.jobs.logs.simulation.places import midnight
from icelos.jobs.logs.simulation.rhythm import rhythm


def local_hour(event: SignIn) -> float:
    assert isinstance(event.actor, Person)
    day = event.number // 1_000_000 - 1 + START_DAY
    return (event.time / 1e6 - midnight(event.actor.office.place, day)) / 3600


def test_interactive_sign_ins_are_the_few(people_signins: list[SignIn]) -> None:
    interactive = sum(event.interactive for event in people_signins)
    assert 10 <= (len(people_signins) - interactive) / interactive <= 17


def test_about_a_fifth_are_errors_of_many_kinds(people_signins: list[SignIn]) -> None:
    codes = Counter(event.code for event in people_signins)
    assert 0.14 <= 1 - codes[0] / codes.total() <= 0.27
    assert len(codes) >= 12


def test_people_keep_their_devices_and_networks(
    people_signins: list[SignIn], organisation: Organisation
) -> None:
    addresses: dict[int, set[str]] = defaultdict(set)
    for event in people_signins:
        person = organisation.people[event.actor.number]
        assert event.actor is person
        assert event.device in [device for _, device in (*person.laptops, *person.phones)]
        assert event.app.runs_on(event.device.phone)
        if event.app.use == "logon":
            assert event.device.system.startswith("Windows")
            assert event.device.managed
        addresses[person.number].add(event.network.address)
        if event.network.kind == "home":
            assert event.network.place is person.office.place
    assert max(len(known) for known in addresses.values()) <= 9
    assert sorted(len(known) for known in addresses.values())[len(addresses) // 2] <= 5


def test_laptops_are_used_by_day_and_on_weekdays(people_signins: list[SignIn]) -> None:
    at_laptop = [e for e in people_signins if not e.device.phone and e.network.kind in ("home", "office")]
    hours = [local_hour(event) for event in at_laptop]
    weekend = sum((e.number // 1_000_000 - 1) % 7 >= 5 for e in at_laptop) / len(at_laptop)
    assert 0 < weekend < 0.08
    assert sum(6 <= hour < 20 for hour in hours) / len(hours) > 0.9


def test_what_conditional_access_forbids_never_happens(people_signins: list[SignIn]) -> None:
    for event in people_signins:
        if event.app.sensitive and not event.compliant:
            assert event.code != 0
        if event.code == 53000:
            assert event.app.sensitive
            assert not event.compliant
        if event.code == 53003:
            assert not event.device.managed


def test_chains_share_a_correlation_and_end_what_they_began(people_signins: list[SignIn]) -> None:
    chains: dict[str, list[SignIn]] = defaultdict(list)
    for event in people_signins:
        if event.correlation:
            chains[event.correlation].append(event)
    longer = [chain for chain in chains.values() if len(chain) > 1]
    assert longer
    for chain in longer:
        assert [event.time for event in chain] == sorted(event.time for event in chain)
        assert len({(event.actor, event.app, event.device, event.network) for event in chain}) == 1
        assert all(event.code for event in chain[:-1])
        if chain[-1].second_factor == "done":
            assert any(event.second_factor == "asked" for event in chain)


def test_actions_belong_to_a_session_that_signed_in_from_there(
    actions: list[Action], people_signins: list[SignIn]
) -> None:
    seats = {(event.session, event.device, event.network) for event in people_signins if event.code == 0}
    seats |= {(event.session, event.device, event.network) for event in people_signins}
    on_files = [action for action in actions if action.source != "entra-audit"]
    assert {action.source for action in actions} == {"office365", "confluence", "jira", "entra-audit"}
    assert all((action.session, action.device, action.network) in seats for action in on_files)


def test_a_new_password_voids_the_tokens_of_before(organisation: Organisation) -> None:
    found = 0
    for person in organisation.people[:8]:
        life = Life(organisation, person, rhythm())
        for day in range(START_DAY, START_DAY + 120):
            events = life.events(day)
            changed = [e for e in events if isinstance(e, Action) and e.operation == "Change user password"]
            if changed:
                after = [e for e in events if isinstance(e, SignIn) and e.code == 50173 and not e.interactive]
                assert any(
                    isinstance(e, SignIn) and e.code == 50055 and e.time < changed[0].time for e in events
                )
                found += any(e.time > changed[0].time for e in after)
    assert found >= 3
