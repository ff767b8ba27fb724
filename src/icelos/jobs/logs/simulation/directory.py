"""Changes in the directory as JSON in the shape of Microsoft Graph's directoryAudit.

Fields: https://learn.microsoft.com/graph/api/resources/directoryaudit; activities, categories and services:
https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities.
"""

from __future__ import annotations

import msgspec

from icelos.jobs.logs.simulation.catalogue import OWN
from icelos.jobs.logs.simulation.events import Action, Event, identifiers
from icelos.jobs.logs.simulation.organisation import DEPARTMENTS, Organisation, Person, Service, guid, stream
from icelos.jobs.logs.simulation.writing import agent, stamp, today

_ACTIVITIES = {
    # activity: category, service, operation
    "Add member to group": ("GroupManagement", "Core Directory", "Assign"),
    "Remove member from group": ("GroupManagement", "Core Directory", "Unassign"),
    "Update user": ("UserManagement", "Core Directory", "Update"),
    "Change user password": ("UserManagement", "Core Directory", "Update"),
    "User registered security info": ("UserManagement", "Authentication Methods", "Update"),
    "Register device": ("Device", "Device Registration Service", "Add"),
    "Update device": ("Device", "Core Directory", "Update"),
    "Add app role assignment grant to user": ("UserManagement", "Core Directory", "Assign"),
    "Remove app role assignment from user": ("UserManagement", "Core Directory", "Unassign"),
}
_FIELDS = ("department", "telephoneNumber", "usageLocation", "manager", "jobTitle")


class DirectoryAudits:
    """Writes the rows of one tenant."""

    def __init__(self, organisation: Organisation) -> None:
        self._seed = organisation.seed

    def row(self, event: Event) -> bytes:
        """One row, without line end."""
        assert isinstance(event, Action)  # noqa: S101 - by `kinds`
        category, service, kind = _ACTIVITIES[event.operation]
        (id, correlation), device = identifiers(self._seed, event), event.device
        return msgspec.json.encode(
            {
                "id": f"Directory_{id}",
                "category": category,
                "correlationId": correlation,
                "result": "success",
                "resultReason": "",
                "activityDisplayName": event.operation,
                "activityDateTime": f"{stamp(event.time)}.{event.time % 1_000_000:06d}Z",
                "loggedByService": service,
                "operationType": kind,
                "initiatedBy": self._initiator(event),
                "targetResources": self._targets(event, id),
                "additionalDetails": [
                    {"key": "User-Agent", "value": agent(device, device.release(today(event.time)))}
                ],
            }
        )

    @staticmethod
    def _initiator(event: Action) -> dict[str, object]:
        actor = event.actor
        if isinstance(actor, Service):
            app = {
                "appId": actor.app_id, "displayName": actor.name, "servicePrincipalId": actor.id,
                "servicePrincipalName": None,
            }  # fmt: skip
            return {"user": None, "app": app}
        user = {
            "id": actor.id, "displayName": actor.name, "userPrincipalName": actor.principal,
            "ipAddress": event.network.address,
        }  # fmt: skip
        return {"user": user, "app": None}

    def _targets(self, event: Action, id: str) -> list[dict[str, object]]:
        person = event.target
        assert isinstance(person, Person)  # noqa: S101 - actions here are on accounts
        user = _target(person.id, person.name, "User", person.principal)
        pick = int(id[:6], 16)
        if "group" in event.operation:
            name = f"{DEPARTMENTS[pick % len(DEPARTMENTS)]} {('Members', 'Editors', 'Readers')[pick % 3]}"
            return [user, _target(self._id("group", name), name, "Group", None)]
        if "device" in event.operation:
            at = today(event.time)
            device = event.device if person is event.actor else person.laptops[0][1]
            return [_target(device.id or self._id("device", str(at)), device.name, "Device", None)]
        if "app role" in event.operation:
            name = OWN[pick % len(OWN)][0]
            return [_target(self._id("role", name), name, "ServicePrincipal", None), user]
        if event.operation == "Update user":
            field = _FIELDS[pick % len(_FIELDS)]
            user["modifiedProperties"] = [
                {"displayName": field, "oldValue": "[]", "newValue": f'["{pick % 97}"]'}
            ]
        return [user]

    def _id(self, kind: str, name: str) -> str:
        return guid(stream(self._seed, kind, name))


def _target(id: str, name: str, kind: str, principal: str | None) -> dict[str, object]:
    return {
        "id": id, "displayName": name, "type": kind, "userPrincipalName": principal, "groupType": None,
        "modifiedProperties": [],
    }  # fmt: skip
