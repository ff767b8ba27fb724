from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.logs.simulation.organisation import Organisation
from icelos.jobs.logs.simulation.writing import agent, browser, members, signing_in, stamp, today


@given(st.integers(0, 4_000_000_000 * 1_000_000))
def test_stamps_are_the_time(time: int) -> None:
    assert stamp(time) == datetime.fromtimestamp(time // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    assert today(time) == time // 86_400_000_000


def test_members_stand_between_others() -> None:
    assert members({"a": 1, "b": None}) == '"a":1,"b":null'


def test_agents_name_the_browser_that_the_device_has(organisation: Organisation) -> None:
    for person in organisation.people:
        for _, device in (*person.laptops, *person.phones):
            named, sent = browser(device, 131), agent(device, 131)
            if device.family == "Mobile Safari":
                assert "iPhone" in sent
                assert named.startswith("Mobile Safari 1")
            else:
                assert "Chrome/131.0.0.0" in sent
                assert named == f"{device.family} 131.0.0"
            assert ("Edg/131" in sent) == (device.family == "Edge")
            assert ("Mobile" in sent) == device.phone


def test_applications_outside_the_browser_sign_in_by_a_library(organisation: Organisation) -> None:
    web = next(app for app in organisation.apps if app.browser)
    rich = next(app for app in organisation.apps if app.name == "Microsoft Office")
    for person in organisation.people:
        for _, device in person.laptops:
            assert signing_in(device, 131, web) == (browser(device, 131), agent(device, 131))
            name, sent = signing_in(device, 131, rich)
            assert name.startswith("Rich Client")
            assert ("Windows" in sent) == device.system.startswith("Windows")
