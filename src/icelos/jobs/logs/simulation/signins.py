"""Sign-ins as JSON in the shape of Microsoft Graph's signIn.

Fields: https://learn.microsoft.com/graph/api/resources/signin (v1.0, and from beta `userAgent`,
`authenticationRequirement`, `autonomousSystemNumber`, `userType`, `signInEventTypes`, `incomingTokenType`,
`sessionId`, `uniqueTokenIdentifier`, `servicePrincipalId`). All of a row but its identifiers and time
is a template that is kept.
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
    WANTS_MFA,
    Access,
    App,
    access,
)
from icelos.jobs.logs.simulation.events import Event, SignIn, identifiers
from icelos.jobs.logs.simulation.organisation import Device, Organisation, Person, Service
from icelos.jobs.logs.simulation.places import Network
from icelos.jobs.logs.simulation.writing import members, signing_in, stamp, text, today

_FACTORS = {
    "asked": "MFA required in Azure AD",
    "claim": "MFA requirement satisfied by claim in the token",
    "done": "MFA completed in Azure AD",
    "": None,
}
_GAP = "\0"
"""Where an identifier or a time goes: JSON has no such character."""
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
        self._templates = lru_cache(maxsize=32_768)(self._template)

    def row(self, event: Event) -> bytes:
        """One row, without line end."""
        assert isinstance(event, SignIn)  # noqa: S101 - by `kinds`
        id, correlation = identifiers(self._seed, event)
        pieces = self._templates(
            event.actor, event.device, event.device.release(today(event.time)), event.app, event.resource,
            event.network, event.interactive, event.code, event.second_factor, event.compliant,
            event.unfamiliar,
        )  # fmt: skip
        head, at, correlated, session, token, took, tail = pieces
        return b"".join(
            (
                head, id.encode(), at, stamp(event.time).encode(), correlated,
                (event.correlation or correlation).encode(), session, event.session.encode(), token,
                _token(id), took, b"%d" % (60 + int(id[:4], 16) % 400), tail,
            )
        )  # fmt: skip

    def _template(
        self, actor: Person | Service, device: Device, release: int, app: App, resource: str,
        network: Network, interactive: bool, code: int, factor: str, compliant: bool, unfamiliar: bool,
    ) -> tuple[bytes, ...]:  # fmt: skip
        """The seven pieces of a row between its identifiers and times."""
        decision = decided(actor, app, network, code, compliant=compliant)
        multi = "multi" if factor or code in WANTS_MFA else "single"
        parts = (
            _who(actor), _app(app), f'"ipAddress":"{network.address}"', _client(device, release, app),
            f'"correlationId":"{_GAP}"', f'"conditionalAccessStatus":"{decision.status}"',
            _kind(actor, device, interactive=interactive),
            f'"sessionId":"{_GAP}","uniqueTokenIdentifier":"{_GAP}","processingTimeInMilliseconds":{_GAP}',
            _UNFAMILIAR if unfamiliar else _NO_RISK, _resource(resource, app),
            f'"authenticationRequirement":"{multi}FactorAuthentication"',
            f'"autonomousSystemNumber":{network.asn},"userType":"member","homeTenantId":"{self._tenant}"',
            _status(code, factor), _device(device, signing_in(device, release, app)[0], compliant),
            _location(network),
            f'"appliedConditionalAccessPolicies":{self._policies(decision)}',
        )  # fmt: skip
        row = f'{{"id":"{_GAP}","createdDateTime":"{_GAP}Z",{",".join(parts)}}}'
        return tuple(row.encode().split(_GAP.encode()))

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


def decided(actor: Person | Service, app: App, network: Network, code: int, *, compliant: bool) -> Access:
    """What conditional access said of a sign-in. Machines, and the logon itself, are not asked."""
    unasked = isinstance(actor, Service) or app.use == "logon"
    return access(
        code,
        trusted=unasked or network.kind in ("office", "vpn", "cloud"),
        sensitive=app.sensitive,
        compliant=compliant,
    )


def _token(id: str) -> bytes:
    return base64.urlsafe_b64encode(bytes.fromhex(id.replace("-", "")))[:22]


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
    return members({"clientAppUsed": client_used(app), "userAgent": signing_in(device, release, app)[1]})


def _kind(actor: Person | Service, device: Device, *, interactive: bool) -> str:
    if interactive:
        return '"isInteractive":true,"signInEventTypes":["interactiveUser"],"incomingTokenType":"none"'
    if isinstance(actor, Service) and not actor.principal:
        return '"isInteractive":false,"signInEventTypes":["servicePrincipal"],"incomingTokenType":"none"'
    joined = "joined" in device.trust
    incoming = "none" if isinstance(actor, Service) else "primaryRefreshToken" if joined else "refreshToken"
    return f'"isInteractive":false,"signInEventTypes":["nonInteractiveUser"],"incomingTokenType":"{incoming}"'


@lru_cache(maxsize=4096)
def _status(code: int, factor: str) -> str:
    status = {"errorCode": code, "failureReason": ERRORS[code], "additionalDetails": _FACTORS[factor]}
    return members({"status": status})


@lru_cache(maxsize=65_536)
def _device(device: Device, browser: str, compliant: bool) -> str:
    return members(
        {
            "deviceDetail": {
                "deviceId": device.id, "displayName": device.name, "operatingSystem": device.system,
                "browser": browser, "isCompliant": compliant, "isManaged": device.managed,
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
