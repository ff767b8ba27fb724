"""Sign-ins as rows: what an attempt leads to, and its JSON in the shape of Microsoft Graph's signIn.

Fields: https://learn.microsoft.com/graph/api/resources/signin (v1.0, and from beta `userAgent`,
`authenticationRequirement`, `autonomousSystemNumber`, `userType`). Error codes and their texts:
https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from icelos.jobs.logs.organisation import App, Device, Network, Organisation, Person, guid, stream
from icelos.jobs.logs.rhythm import Attempt, attempts

ERRORS: Mapping[int, str] = {
    0: "Other.",
    50055: "Invalid password, entered expired password.",
    50058: "Session information is not sufficient for single-sign-on.",
    50074: "Strong Authentication is required.",
    50076: "Due to a configuration change made by your administrator, or because you moved to a new location,"
    " you must use multi-factor authentication to access the resource.",
    50097: "Device authentication is required.",
    50105: "The signed in user is not assigned to a role for the application.",
    50125: "Sign-in was interrupted due to a password reset or password registration entry.",
    50126: "Error validating credentials due to invalid username or password.",
    50140: "This error occurred due to 'Keep me signed in' interrupt when the user was signing-in.",
    50158: "External security challenge was not satisfied.",
    50173: "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
    500121: "Authentication failed during strong authentication request.",
    53000: "Device is not in required device state: compliant.",
    53003: "Access has been blocked by Conditional Access policies.",
    65001: "The user or administrator has not consented to use the application.",
    70043: "The refresh token has expired or is invalid due to sign-in frequency checks"
    " by conditional access.",
    700082: "The refresh token has expired due to inactivity.",
    700084: "The refresh token was issued to a single page app, and therefore has a fixed, limited lifetime.",
}
_INTERRUPTS = frozenset({50074, 50076, 50125, 50140})
_MFA = {
    "asked": "MFA required in Azure AD",
    "claim": "MFA requirement satisfied by claim in the token",
    "done": "MFA completed in Azure AD",
}


def rows(organisation: Organisation, seed: int) -> Iterator[bytes]:
    """Rows of JSON, without line ends, in order of the attempts; no end.

    The rows of one interactive sign-in stand together: times may step back by some seconds there.
    """
    rng = stream(seed, "outcomes")
    for attempt in attempts(organisation, seed):
        person = organisation.people[attempt.person]
        if attempt.interactive:
            yield from _interactive(organisation, person, attempt, rng)
        else:
            yield _refresh(organisation, person, attempt, rng)


def _interactive(
    organisation: Organisation, person: Person, attempt: Attempt, rng: random.Random
) -> Iterator[bytes]:
    """What a person runs into, one row each, under one correlation id."""
    correlation, later = guid(rng), 0.0
    for code in _obstacles(person, attempt, rng):
        yield _row(organisation, person, attempt, rng, code=code, correlation=correlation, later=later)
        later += rng.uniform(3, 40)


def _obstacles(person: Person, attempt: Attempt, rng: random.Random) -> list[int]:
    codes: list[int] = []
    while rng.random() < person.clumsy and len(codes) < 3:
        codes.append(50126)
    if not attempt.device.managed and rng.random() < 0.05:
        return [*codes, rng.choice((53000, 53003))]
    if rng.random() < (0.8 if attempt.abroad else 0.22):
        codes.append(50076 if attempt.abroad else 50074)
        if rng.random() < 0.04:
            codes.append(500121)
    if attempt.app.browser and rng.random() < 0.3:
        codes.append(50140)
    if rng.random() < 0.03:
        codes.append(rng.choice((50055, 50105, 50125, 65001)))
    return [*codes, 0] if rng.random() < 0.97 else codes or [50058]


def _refresh(organisation: Organisation, person: Person, attempt: Attempt, rng: random.Random) -> bytes:
    """A token is used without its owner; a stuck one fails in the same way again and again."""
    stuck = person.stuck.get(attempt.app.id)
    code = 0
    if stuck is not None and rng.random() < 0.75:
        code = stuck
    elif attempt.app.browser and rng.random() < 0.06:
        code = rng.choice((50058, 50058, 700084))
    elif rng.random() < 0.02:
        code = rng.choice((50173, 70043, 50158, 700082))
    return _row(organisation, person, attempt, rng, code=code, correlation=guid(rng), later=0.0)


def _row(
    organisation: Organisation,
    person: Person,
    attempt: Attempt,
    rng: random.Random,
    *,
    code: int,
    correlation: str,
    later: float,
) -> bytes:
    at = datetime.fromtimestamp(attempt.time + later, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    details = _details(code, attempt)
    multi = "multiFactorAuthentication" if details else "singleFactorAuthentication"
    unfamiliar = attempt.abroad and attempt.interactive and rng.random() < 0.04
    access, policies = _access(code, managed=attempt.device.managed)
    return (
        f'{{"id":"{guid(rng)}","createdDateTime":"{at}",{_who(person)},{_app(attempt.app)},'
        f'"ipAddress":"{attempt.network.address}",{_client(attempt.device, attempt.app)},'
        f'"correlationId":"{correlation}","conditionalAccessStatus":"{access}",'
        f'"isInteractive":{"true" if attempt.interactive else "false"},'
        f"{_UNFAMILIAR if unfamiliar else _NO_RISK},{_resource(attempt.app)},"
        f'"authenticationRequirement":"{multi}","autonomousSystemNumber":{attempt.network.asn},'
        f'"userType":"member","homeTenantId":"{organisation.tenant}",'
        f"{_status(code, details)},{_device(attempt.device)},{_location(attempt.network)},"
        f'"appliedConditionalAccessPolicies":{policies}}}'
    ).encode()


_NO_RISK = (
    '"riskDetail":"none","riskLevelAggregated":"none","riskLevelDuringSignIn":"none","riskState":"none",'
    '"riskEventTypes_v2":[]'
)
_UNFAMILIAR = (
    '"riskDetail":"none","riskLevelAggregated":"low","riskLevelDuringSignIn":"low","riskState":"atRisk",'
    '"riskEventTypes_v2":["unfamiliarFeatures"]'
)


def _details(code: int, attempt: Attempt) -> str:
    if code in (50074, 50076):
        return _MFA["asked"]
    if code in (0, 50140) and attempt.app.browser:
        return _MFA["done" if attempt.interactive else "claim"]
    return ""


def _access(code: int, *, managed: bool) -> tuple[str, str]:
    """Conditional access: overall status, and the two policies with what each said."""
    if code in (53000, 53003):
        return "failure", _policies("success", "failure")
    if code in _INTERRUPTS or code in (500121, 70043):
        return "failure", _policies("failure", "success" if managed else "notApplied")
    if code:
        return "notApplied", "[]"
    return "success", _policies("success", "success" if managed else "notApplied")


@lru_cache
def _policies(mfa: str, device: str) -> str:
    return _json(
        [
            {"id": "2b60dcb1-5a7c-4d0c-9e0f-6d8f3a1c7e21", "displayName": "Require MFA",
             "enforcedGrantControls": ["Mfa"], "enforcedSessionControls": [], "result": mfa},
            {"id": "9d41f6c8-0a35-4be4-8d8b-2f7a5c9e1b44", "displayName": "Require compliant device",
             "enforcedGrantControls": ["RequireCompliantDevice"], "enforcedSessionControls": [],
             "result": device},
        ]
    )  # fmt: skip


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _inner(value: Mapping[str, object]) -> str:
    """Members of an object, to stand between others."""
    return _json(value)[1:-1]


@lru_cache(maxsize=65_536)
def _who(person: Person) -> str:
    return _inner(
        {"userDisplayName": person.name, "userPrincipalName": person.principal, "userId": person.id}
    )


@lru_cache(maxsize=65_536)
def _app(app: App) -> str:
    return _inner({"appId": app.id, "appDisplayName": app.name})


@lru_cache(maxsize=65_536)
def _resource(app: App) -> str:
    return _inner({"resourceDisplayName": app.resource, "resourceId": app.resource_id})


@lru_cache(maxsize=65_536)
def _client(device: Device, app: App) -> str:
    used = "Browser" if app.browser else "Mobile Apps and Desktop clients"
    return _inner({"clientAppUsed": used, "userAgent": device.agent})


@lru_cache(maxsize=4096)
def _status(code: int, details: str) -> str:
    status = {"errorCode": code, "failureReason": ERRORS[code], "additionalDetails": details or None}
    return _inner({"status": status})


@lru_cache(maxsize=65_536)
def _device(device: Device) -> str:
    return _inner(
        {
            "deviceDetail": {
                "deviceId": device.id, "displayName": device.name, "operatingSystem": device.system,
                "browser": device.browser, "isCompliant": device.managed, "isManaged": device.managed,
                "trustType": device.trust,
            }
        }
    )  # fmt: skip


@lru_cache(maxsize=65_536)
def _location(network: Network) -> str:
    place = network.place
    where = {"altitude": None, "latitude": place.latitude, "longitude": place.longitude}
    return _inner(
        {
            "location": {
                "city": place.city, "state": place.state, "countryOrRegion": place.country,
                "geoCoordinates": where,
            }
        }
    )  # fmt: skip
