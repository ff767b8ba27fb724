"""Work in the wiki and on tickets as JSON in the shape of Confluence's and Jira's audit records.

Fields: https://developer.atlassian.com/cloud/confluence/rest/v1/api-group-audit/ and
https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-audit-records/. Reading and editing are
kept where activity of users is audited (Atlassian Guard); the names of these events are ours.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from icelos.jobs.logs.simulation.events import SECOND, Action, Event
from icelos.jobs.logs.simulation.files import Thing
from icelos.jobs.logs.simulation.organisation import Organisation, Person


class Confluence:
    """Writes the rows of one site."""

    def __init__(self, organisation: Organisation) -> None:
        del organisation

    def row(self, event: Event) -> bytes:
        """One row, without line end."""
        assert isinstance(event, Action)  # noqa: S101 - by `kinds`
        page = event.target
        assert isinstance(page, Thing)  # noqa: S101 - actions here are on pages and their spaces
        about_space = event.operation.startswith("Space")
        return msgspec.json.encode(
            {
                "author": _author(event),
                "remoteAddress": event.network.address,
                "creationDate": event.time // 1000,
                "summary": event.operation,
                "description": "",
                "category": _wiki_category(event.operation),
                "sysAdmin": False,
                "superAdmin": False,
                "affectedObject": (
                    {"name": page.within, "objectType": "Space"}
                    if about_space
                    else {"name": page.title, "objectType": "Page"}
                ),
                "changedValues": _wiki_changes(event.operation, page),
                "associatedObjects": [] if about_space else [{"name": page.within, "objectType": "Space"}],
            }
        )


def _author(event: Action) -> dict[str, object]:
    actor = event.actor
    assert isinstance(actor, Person)  # noqa: S101 - machines do not use the wiki
    return {
        "type": "user", "displayName": actor.name, "operations": None, "isExternalCollaborator": False,
        "username": actor.atlassian, "userKey": actor.id.replace("-", ""), "accountId": actor.atlassian,
        "accountType": "atlassian", "publicName": actor.name, "externalCollaborator": False,
    }  # fmt: skip


def _wiki_category(operation: str) -> str:
    if operation == "Space permission added":
        return "Permissions"
    return "Spaces" if operation.startswith("Space") else "Pages"


def _wiki_changes(operation: str, page: Thing) -> list[dict[str, str]]:
    if not operation.startswith("Space"):
        return []
    values = (
        {"Space key": page.key}
        if operation != "Space permission added"
        else {"Type": "EDITSPACE", "Space": page.within}
    )
    return [
        {"name": name, "oldValue": "", "newValue": value, "hiddenOldValue": "", "hiddenNewValue": ""}
        for name, value in values.items()
    ]


class Jira:
    """Writes the rows of one site; their ids, which count up, are put before them by `simulate`."""

    def __init__(self, organisation: Organisation) -> None:
        self._seed = organisation.seed

    def row(self, event: Event) -> bytes:
        """One row without its id, and without line end."""
        assert isinstance(event, Action)  # noqa: S101 - by `kinds`
        actor = event.actor
        assert isinstance(actor, Person)  # noqa: S101 - machines do not work on tickets
        at = datetime.fromtimestamp(event.time // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return msgspec.json.encode(
            {
                "summary": event.operation,
                "remoteAddress": event.network.address,
                "authorKey": f"JIRAUSER{10_000 + actor.number}",
                "authorAccountId": actor.atlassian,
                "created": f"{at}.{event.time // 1000 % 1000:03d}+0000",
                "eventSource": "",
            }
            | _about(event.operation, event.target)
        )


def _about(operation: str, target: object) -> dict[str, object]:
    if isinstance(target, Person):
        user = {"id": target.atlassian, "name": target.atlassian, "typeName": "USER"}
        group = {"name": f"jira-{target.department.lower()}-users", "typeName": "GROUP", "parentId": "10000"}
        return {
            "category": "group management",
            "objectItem": group,
            "changedValues": [],
            "associatedItems": [user],
        }
    assert isinstance(target, Thing)  # noqa: S101 - the rest is on tickets and their projects
    project = {"id": str(10_000 + target.id % 1000), "name": target.within, "typeName": "PROJECT"}
    if operation.startswith("Project"):
        component = {
            "id": str(20_000 + target.id % 50),
            "name": target.within,
            "typeName": "PROJECT_COMPONENT",
        }
        changed = [{"fieldName": "Description", "changedTo": target.title}]
        return {
            "category": "projects",
            "objectItem": component,
            "changedValues": changed,
            "associatedItems": [project],
        }
    changes = [{"fieldName": "status", "changedTo": "In Progress"}] if operation == "Issue updated" else []
    issue = {"id": str(target.id), "name": target.title, "typeName": "ISSUE"}
    return {"category": "issues", "objectItem": issue, "changedValues": changes, "associatedItems": [project]}
