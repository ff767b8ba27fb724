from __future__ import annotations

import msgspec

from icelos.jobs.logs.simulation.directory import DirectoryAudits
from icelos.jobs.logs.simulation.events import Action
from icelos.jobs.logs.simulation.organisation import Organisation


def test_rows_name_who_changed_whom(organisation: Organisation, actions: list[Action]) -> None:
    writer = DirectoryAudits(organisation)
    events = [action for action in actions if action.source == "entra-audit"]
    rows = [msgspec.json.decode(writer.row(event)) for event in events]
    assert len({row["activityDisplayName"] for row in rows}) >= 5
    groups: dict[str, str] = {}
    people = {person.id: person for person in organisation.people}
    for row, event in zip(rows, events, strict=True):
        user, app = row["initiatedBy"]["user"], row["initiatedBy"]["app"]
        assert (user is None) != (app is None)
        if user:
            assert people[user["id"]] is event.actor
            assert user["ipAddress"] == event.network.address
        else:
            assert app["servicePrincipalId"] == event.actor.id
        assert row["targetResources"]
        for target in row["targetResources"]:
            if target["type"] == "User":
                assert people[target["id"]].principal == target["userPrincipalName"]
            if target["type"] == "Group":
                assert groups.setdefault(target["displayName"], target["id"]) == target["id"]
    assert groups
