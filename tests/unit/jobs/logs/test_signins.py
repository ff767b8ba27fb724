from __future__ import annotations

import re
from collections import defaultdict
from itertools import islice
from typing import Any

import msgspec
import pytest

from icelos.jobs.logs.organisation import found
from icelos.jobs.logs.signins import ERRORS, rows

SEED = 11


@pytest.fixture(scope="module")
def signins() -> list[dict[str, Any]]:
    return [msgspec.json.decode(row) for row in islice(rows(found(40, SEED), SEED), 8000)]


def test_every_row_has_the_published_fields_in_one_order(signins: list[dict[str, Any]]) -> None:
    keys = list(signins[0])
    assert {"id", "createdDateTime", "userPrincipalName", "appId", "status", "deviceDetail"} <= set(keys)
    assert all(list(row) == keys for row in signins)
    assert not any("simulated" in str(row).lower() for row in signins)
    assert len({row["id"] for row in signins}) == len(signins)
    form = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
    assert all(form.fullmatch(row["createdDateTime"]) for row in signins)


def test_about_a_fifth_are_errors_with_their_published_text(signins: list[dict[str, Any]]) -> None:
    codes = [row["status"]["errorCode"] for row in signins]
    assert 0.14 <= sum(code != 0 for code in codes) / len(codes) <= 0.27
    assert len(set(codes)) >= 10
    assert all(row["status"]["failureReason"] == ERRORS[row["status"]["errorCode"]] for row in signins)


def test_people_places_and_systems_belong_together(signins: list[dict[str, Any]]) -> None:
    city_of: dict[tuple[str, int], str] = {}
    user_of: dict[str, str] = {}
    addresses: dict[str, set[str]] = defaultdict(set)
    for row in signins:
        address = row["ipAddress"], row["autonomousSystemNumber"]
        assert city_of.setdefault(address, row["location"]["city"]) == row["location"]["city"]
        if row["deviceDetail"]["deviceId"]:
            user = user_of.setdefault(row["deviceDetail"]["deviceId"], row["userId"])
            assert user == row["userId"]
        addresses[row["userId"]].add(row["ipAddress"])
    assert max(len(a) for a in addresses.values()) <= 5


def test_one_interactive_attempt_is_one_correlation(signins: list[dict[str, Any]]) -> None:
    chains = defaultdict(list)
    for row in signins:
        chains[row["correlationId"]].append(row)
    longer = [chain for chain in chains.values() if len(chain) > 1]
    assert longer
    for chain in longer:
        assert all(row["isInteractive"] for row in chain)
        assert len({(row["userId"], row["appId"]) for row in chain}) == 1
        times = [row["createdDateTime"] for row in chain]
        assert times == sorted(times)
        assert all(row["status"]["errorCode"] for row in chain[:-1])


def test_what_conditional_access_says_fits_the_outcome(signins: list[dict[str, Any]]) -> None:
    for row in signins:
        results = {policy["result"] for policy in row["appliedConditionalAccessPolicies"]}
        if row["conditionalAccessStatus"] == "failure":
            assert "failure" in results
            assert row["status"]["errorCode"]
        elif row["conditionalAccessStatus"] == "success":
            assert "failure" not in results
            assert row["status"]["errorCode"] == 0
