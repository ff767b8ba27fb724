"""Sign-ins as JSON in the shape of Microsoft Graph's signIn.

Fields: https://learn.microsoft.com/graph/api/resources/signin (v1.0, and from beta `userAgent`,
`authenticationRequirement`, `autonomousSystemNumber`, `userType`, `signInEventTypes`, `incomingTokenType`,
`sessionId`, `uniqueTokenIdentifier`, `servicePrincipalId`). What cannot vary apart is rendered in one piece
and kept.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from icelos.jobs.logs.simulation.catalogue import (
    COUNTRY_POLICY,
    DEVICE_POLICY,
    ERRORS,
    MFA_POLICY,
    RESOURCES,
    Access,
    App,
    access,
)
from icelos.jobs.logs.simulation.events import Event, SignIn, identifier
from icelos.jobs.logs.simulation.organisation import Device, Organisation, Person, Service
from icelos.jobs.logs.simulation.places import Network
from icelos.jobs.logs.simulation.writing import agent, browser, members, stamp, text, today

_FACTORS = {
    "asked": "MFA required in Azure AD",
    "claim": "MFA requirement satisfied by claim in the token",
    "done": "MFA completed in Azure AD",
    "": None,
}
_NO_RISK = (
    '"riskDetail":"none","riskLevelAggregated":"none","riskLevelDuringSignIn":"none","riskState":"none",'
    '"riskEventTypes_v2":[]'
)
_UNFAMILIAR = (
    '"riskDetail":"none","riskLevelAggregated":"low","riskLevelDuringSignIn":"low","riskState":"atRisk",'
    '"riskEventTypes_v2":["unfamiliarFeatures"]'
)


class SignIns:
    """Writes the rows of one tenant."""

    def __init__(self, organisation: Organisation) -> None:
        self._seed = organisation.seed
        self._tenant = organisation.tenant
        self._policies = lru_cache(maxsize=256)(self._applied)
        self._policy_ids = organisation.policies

    def row(self, event: Event) -> bytes:
        """One row, without line end."""
        assert isinstance(event, SignIn) and event.app is not None  # noqa: S101, PT018 - by `kinds`
        id = identifier(self._seed, event)
        device, app, network = event.device, event.app, event.network
        decision = decided(event)
        required = event.second_factor or event.code in (500121, 50158)
        return (
            f'{{"id":"{id}","createdDateTime":"{stamp(event.time)}Z",{_who(event.actor)},{_app(app)},'
            f'"ipAddress":"{network.address}",{_client(device, device.release(today(event.time)), app)},'
            f'"correlationId":"{event.correlation or identifier(self._seed, event, "correlation")}",'
            f'"conditionalAccessStatus":"{decision.status}",{_kind(event)},'
            f'"sessionId":"{event.session}","uniqueTokenIdentifier":"{_token(id)}",'
            f'"processingTimeInMilliseconds":{60 + int(id[:4], 16) % 400},'
            f"{_UNFAMILIAR if event.unfamiliar else _NO_RISK},{_resource(event.resource, app)},"
            f'"authenticationRequirement":"{"multi" if required else "single"}FactorAuthentication",'
            f'"autonomousSystemNumber":{network.asn},"userType":"member","homeTenantId":"{self._tenant}",'
            f"{_status(event.code, event.second_factor)},"
            f"{_device(device, device.release(today(event.time)), event.compliant)},{_location(network)},"
            f'"appliedConditionalAccessPolicies":{self._policies(decision)}}}'
        ).encode()

    def _applied(self, decision: Access) -> str:
        """The policies that said something; real rows also list those that did not apply."""
        controls = (["Mfa"], ["RequireCompliantDevice"], ["Block"])
        names = (MFA_POLICY, DEVICE_POLICY, COUNTRY_POLICY)
        results = (decision.mfa, decision.device, decision.country)
        return text(
            [
                {"id": id, "displayName": name, "enforcedGrantControls": control,
                 "enforcedSessionControls": [], "result": result}
                for id, name, control, result in zip(self._policy_ids, names, controls, results, strict=True)
                if result != "notApplied"
            ]
        )  # fmt: skip


def decided(event: SignIn) -> Access:
    """What conditional access said of a sign-in. Machines, and the logon itself, are not asked."""
    app = event.app
    unasked = isinstance(event.actor, Service) or (app is not None and app.use == "logon")
    return access(
        event.code,
        trusted=unasked or event.network.kind in ("office", "vpn", "cloud"),
        sensitive=app is not None and app.sensitive,
        compliant=event.compliant,
    )


def _token(id: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(id.replace("-", ""))).decode().rstrip("=")


@lru_cache(maxsize=65_536)
def _who(actor: Person | Service) -> str:
    if isinstance(actor, Service):
        is_user = bool(actor.principal)
        return members(
            {
                "userDisplayName": actor.name if is_user else None, "userPrincipalName": actor.principal,
                "userId": actor.id if is_user else "", "servicePrincipalId": "" if is_user else actor.id,
                "servicePrincipalName": None if is_user else actor.name,
            }
        )  # fmt: skip
    return members(
        {
            "userDisplayName": actor.name, "userPrincipalName": actor.principal, "userId": actor.id,
            "servicePrincipalId": "", "servicePrincipalName": None,
        }
    )  # fmt: skip


@lru_cache(maxsize=65_536)
def _app(app: App) -> str:
    return members({"appId": app.id, "appDisplayName": app.name})


@lru_cache(maxsize=65_536)
def _resource(resource: str, app: App) -> str:
    return members({"resourceDisplayName": RESOURCES.get(resource, app.resource), "resourceId": resource})


def client_used(app: App) -> str:
    """`clientAppUsed`: all clients here are modern ones."""
    return "Browser" if app.browser else "Mobile Apps and Desktop clients"


@lru_cache(maxsize=65_536)
def _client(device: Device, release: int, app: App) -> str:
    return members({"clientAppUsed": client_used(app), "userAgent": agent(device, release)})


def _kind(event: SignIn) -> str:
    if event.interactive:
        return '"isInteractive":true,"signInEventTypes":["interactiveUser"],"incomingTokenType":"none"'
    if isinstance(event.actor, Service) and not event.actor.principal:
        return '"isInteractive":false,"signInEventTypes":["servicePrincipal"],"incomingTokenType":"none"'
    token = "none"
    if isinstance(event.actor, Person):
        token = "primaryRefreshToken" if "joined" in event.device.trust else "refreshToken"
    return f'"isInteractive":false,"signInEventTypes":["nonInteractiveUser"],"incomingTokenType":"{token}"'


@lru_cache(maxsize=4096)
def _status(code: int, factor: str) -> str:
    status = {"errorCode": code, "failureReason": ERRORS[code], "additionalDetails": _FACTORS[factor]}
    return members({"status": status})


@lru_cache(maxsize=65_536)
def _device(device: Device, release: int, compliant: bool) -> str:
    return members(
        {
            "deviceDetail": {
                "deviceId": device.id, "displayName": device.name, "operatingSystem": device.system,
                "browser": browser(device, release), "isCompliant": compliant, "isManaged": device.managed,
                "trustType": device.trust,
            }
        }
    )  # fmt: skip


@lru_cache(maxsize=65_536)
def _location(network: Network) -> str:
    place = network.place
    where = {"altitude": None, "latitude": place.latitude, "longitude": place.longitude}
    return members(
        {
            "location": {
                "city": place.city, "state": place.state, "countryOrRegion": place.country,
                "geoCoordinates": where,
            }
        }
    )  # fmt: skip
