from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from icelos.jobs.logs.simulation.atlassian import Confluence, Jira
from icelos.jobs.logs.simulation.events import Action
from icelos.jobs.logs.simulation.organisation import Organisation

WRITERS: dict[str, type[Confluence] | type[Jira]] = {"confluence": Confluence, "jira": Jira}


@pytest.fixture(scope="module", params=WRITERS)
def rows(
    request: pytest.FixtureRequest, organisation: Organisation, actions: list[Action]
) -> list[tuple[Action, dict[str, Any]]]:
    writer = WRITERS[request.param](organisation)
    return [(a, msgspec.json.decode(writer.row(a))) for a in actions if a.source == request.param]


def test_rows_name_the_account_its_address_and_what_it_did(rows: list[tuple[Action, dict[str, Any]]]) -> None:
    accounts: dict[str, str] = {}
    assert len(rows) > 300
    for event, row in rows:
        assert row["summary"] == event.operation
        assert row["remoteAddress"] == event.network.address
        account = row["author"]["accountId"] if "author" in row else row["authorAccountId"]
        assert accounts.setdefault(account, event.actor.principal) == event.actor.principal
        if "creationDate" in row:
            assert row["creationDate"] == event.time // 1000
        else:
            assert row["created"].endswith("+0000")
    assert len({row["category"] for _, row in rows}) >= 2


@pytest.mark.data
def test_rows_have_the_keys_of_published_examples(rows: list[tuple[Action, dict[str, Any]]]) -> None:
    data = os.environ.get("ICELOS_DATA")
    if not data:
        pytest.skip("ICELOS_DATA is not set")
    kind = rows[0][0].source
    lines = (
        (Path(data) / f"logs/atlassian_audit_schema/{kind}_audit_examples.jsonl").read_bytes().splitlines()
    )
    published = {key for line in lines for key in msgspec.json.decode(line)}
    assert {key for _, row in rows for key in row} <= published
