from __future__ import annotations

import pytest

from icelos.jobs.logs.simulation.catalogue import ERRORS, OWN, RESOURCES, STUCK, access, catalogue


def test_applications_have_ids_of_their_own_and_known_resources() -> None:
    apps = catalogue([f"own-{i}" for i in range(len(OWN))])
    assert len({app.id for app in apps}) == len(apps)
    assert {app.name for app in apps if app.on in ("phone", "both")} >= {"Outlook Mobile", "Microsoft Teams"}
    assert all(app.resource_id in RESOURCES or app.resource_id.startswith("own-") for app in apps)
    assert set(STUCK) <= set(ERRORS)


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("sensitive", [True, False])
@pytest.mark.parametrize("code", ERRORS)
def test_access_fails_where_a_policy_fails_and_then_there_is_an_error(
    code: int, sensitive: bool, trusted: bool
) -> None:
    decision = access(code, trusted=trusted, sensitive=sensitive, compliant=True)
    results = (decision.mfa, decision.device, decision.country)
    assert (decision.status == "failure") == ("failure" in results)
    if decision.status == "success":
        assert code == 0
    if decision.status == "failure":
        assert code != 0
    if trusted and code not in (50074, 50076, 500121, 50158, 70043):
        assert decision.mfa == "notApplied"
