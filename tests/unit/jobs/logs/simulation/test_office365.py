from __future__ import annotations

from typing import Any

import msgspec
import pytest

from icelos.jobs.logs import office365 as rules
from icelos.jobs.logs.simulation.events import Action
from icelos.jobs.logs.simulation.files import File
from icelos.jobs.logs.simulation.office365 import Office365
from icelos.jobs.logs.simulation.organisation import Organisation


@pytest.fixture(scope="module")
def rows(organisation: Organisation, actions: list[Action]) -> list[tuple[Action, dict[str, Any]]]:
    writer = Office365(organisation)
    return [(a, msgspec.json.decode(writer.row(a))) for a in actions if a.source == "office365"]


def test_rows_are_of_the_schema_and_nobody_is_alarmed(rows: list[tuple[Action, dict[str, Any]]]) -> None:
    for _, row in rows:
        assert rules.read(row) is row
        assert not list(rules.rules(row))
    assert len({row["Id"] for _, row in rows}) == len(rows)
    assert {row["Workload"] for _, row in rows} == {"SharePoint", "OneDrive", "Exchange"}


def test_rows_of_files_say_where_the_file_is(rows: list[tuple[Action, dict[str, Any]]]) -> None:
    for event, row in rows:
        assert row["ClientIP"] == event.network.address
        assert row["UserId"] == event.actor.principal
        if isinstance(event.target, File):
            assert row["ObjectId"] == row["SiteUrl"] + row["SourceRelativeUrl"] + "/" + row["SourceFileName"]
            assert row["SourceFileName"].endswith("." + row["SourceFileExtension"])
            assert row["AppAccessContext"]["AADSessionId"] == event.session
            moved = event.operation in ("FileRenamed", "FileMoved")
            assert ("DestinationFileName" in row) == moved
        else:
            assert row["MailboxOwnerUPN"] == row["UserId"]
