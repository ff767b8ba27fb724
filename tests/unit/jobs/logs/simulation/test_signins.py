from __future__ import annotations

import base64
import re
from collections import defaultdict
from typing import Any

import msgspec
import pytest

from icelos.jobs.logs.simulation.catalogue import ERRORS
from icelos.jobs.logs.simulation.events import SignIn
from icelos.jobs.logs.simulation.organisation import Organisation
from icelos.jobs.logs.simulation.signins import SignIns


@pytest.fixture(scope="module")
def rows(organisation: Organisation, signins: list[SignIn]) -> list[dict[str, Any]]:
    writer = SignIns(organisation)
    return [msgspec.json.decode(writer.row(event)) for event in signins]


def test_every_row_has_the_published_fields_in_one_order(rows: list[dict[str, Any]]) -> None:
    keys = list(rows[0])
    assert {"id", "createdDateTime", "userPrincipalName", "appId", "status", "deviceDetail"} <= set(keys)
    assert all(list(row) == keys for row in rows)
    assert not any("simulated" in str(row).lower() for row in rows)
    assert len({row["id"] for row in rows}) == len(rows)
    form = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
    assert all(form.fullmatch(row["createdDateTime"]) for row in rows)
    guid = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
    assert all(
        guid.fullmatch(row[key]) for row in rows for key in ("id", "correlationId", "sessionId", "appId")
    )


def test_rows_say_what_the_event_was(rows: list[dict[str, Any]], signins: list[SignIn]) -> None:
    for row, event in zip(rows, signins, strict=True):
        assert row["status"]["errorCode"] == event.code
        assert row["status"]["failureReason"] == ERRORS[event.code]
        assert row["ipAddress"] == event.network.address
        assert row["appId"] == event.app.id
        assert row["isInteractive"] == event.interactive
        assert row["sessionId"] == event.session
        token = base64.urlsafe_b64decode(row["uniqueTokenIdentifier"] + "==")
        assert token.hex() == row["id"].replace("-", "")


def test_people_places_and_systems_belong_together(rows: list[dict[str, Any]]) -> None:
    where: dict[str, tuple[int, str]] = {}
    owner: dict[str, str] = {}
    system: dict[str, str] = {}
    for row in rows:
        place = row["autonomousSystemNumber"], row["location"]["city"]
        assert where.setdefault(row["ipAddress"], place) == place
        device = row["deviceDetail"]
        if device["deviceId"]:
            assert owner.setdefault(device["deviceId"], row["userId"]) == row["userId"]
            assert (
                system.setdefault(device["deviceId"], device["operatingSystem"]) == device["operatingSystem"]
            )
    assert len(owner) > 60


def test_one_interactive_attempt_is_one_correlation(rows: list[dict[str, Any]]) -> None:
    chains = defaultdict(list)
    for row in rows:
        chains[row["correlationId"]].append(row)
    longer = [chain for chain in chains.values() if len(chain) > 1]
    assert longer
    for chain in longer:
        assert all(row["isInteractive"] for row in chain)
        assert len({(row["userId"], row["appId"]) for row in chain}) == 1


def test_what_conditional_access_says_fits_the_outcome(rows: list[dict[str, Any]]) -> None:
    statuses = set()
    for row in rows:
        results = {policy["result"] for policy in row["appliedConditionalAccessPolicies"]}
        status, code = row["conditionalAccessStatus"], row["status"]["errorCode"]
        statuses.add(status)
        assert (status == "failure") == ("failure" in results)
        assert (status == "success") == (results == {"success"})
        assert status != "failure" or code
        assert status != "success" or code == 0
        if row["status"]["additionalDetails"]:
            assert row["authenticationRequirement"] == "multiFactorAuthentication"
    assert statuses == {"success", "failure", "notApplied"}


def test_machines_rows_name_a_principal_or_a_user(rows: list[dict[str, Any]]) -> None:
    kinds = defaultdict(set)
    for row in rows:
        kinds[row["signInEventTypes"][0]].add((bool(row["userId"]), bool(row["servicePrincipalId"])))
    assert kinds["servicePrincipal"] == {(False, True)}
    assert kinds["interactiveUser"] == kinds["nonInteractiveUser"] == {(True, False)}
