"""What people sign in to, and what can go wrong: applications, error codes, policies.

The ids of Microsoft's own applications are public facts, the same in every tenant:
https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in.
The others are made up. Error codes and their texts:
https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class App:
    """An application and the resource that it asks for.

    `on` is laptop, phone or both; `use` is how its tokens come about: background (while a device is awake),
    browser (when someone goes there) or logon (the device itself). `sensitive` needs a compliant device.
    """

    id: str
    name: str
    resource_id: str
    resource: str
    on: str
    use: str
    sensitive: bool
    weight: float

    @property
    def browser(self) -> bool:
        """Whether it runs in a browser."""
        return self.use == "browser"

    def runs_on(self, phone: bool) -> bool:
        """Whether people have it on such a device."""
        return self.on in ("both", "phone" if phone else "laptop")


GRAPH = "00000003-0000-0000-c000-000000000000"
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
SHAREPOINT = "00000003-0000-0ff1-ce00-000000000000"
DIRECTORY = "00000002-0000-0000-c000-000000000000"
MANAGEMENT = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
_TEAMS = "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe"
_NEW_TAB = "d7b530a4-7680-4c23-a8bf-c52c121d2e87"

RESOURCES: Mapping[str, str] = {
    GRAPH: "Microsoft Graph",
    EXCHANGE: "Office 365 Exchange Online",
    SHAREPOINT: "Office 365 SharePoint Online",
    DIRECTORY: "Windows Azure Active Directory",
    MANAGEMENT: "Windows Azure Service Management API",
    _TEAMS: "Microsoft Teams Services",
    _NEW_TAB: "Microsoft Edge Enterprise New Tab Page",
}

FIRST_PARTY = (
    # name, id, resource, on, use, weight
    ("Windows Sign In", "38aa3b87-a06d-4817-b275-7a316988d93b", DIRECTORY, "laptop", "logon", 1.0),
    ("Microsoft Teams", "1fec8e78-bce4-4aaf-ab1b-5451cc387264", _TEAMS, "both", "background", 9.0),
    ("Microsoft Office", "d3590ed6-52b3-4102-aeff-aad2292ab01c", GRAPH, "laptop", "background", 8.0),
    ("Outlook Mobile", "27922004-5251-4030-b22d-91ecd9a37ea4", EXCHANGE, "phone", "background", 8.0),
    ("OneDrive SyncEngine", "ab9b8c07-8f02-4f72-87fa-80105867a763", SHAREPOINT, "laptop", "background", 6.0),
    ("Microsoft Edge", "ecd6b820-32c2-49b6-98a6-444530e5a77a", _NEW_TAB, "both", "background", 4.0),
    ("Microsoft Authentication Broker", "29d9ed98-a469-4536-ade2-f981bc1d605e", DIRECTORY, "phone",
     "background", 3.0),
    ("Office 365 Exchange Online", EXCHANGE, EXCHANGE, "laptop", "browser", 6.0),
    ("OfficeHome", "4765445b-32c6-49b0-83e6-1d93765276ca", GRAPH, "laptop", "browser", 4.0),
    ("SharePoint Online Web Client Extensibility", "08e18876-6177-487e-b8b5-cf950c1e598c", SHAREPOINT,
     "laptop", "browser", 5.0),
    ("Azure Portal", "c44b4083-3bb0-49c1-b47d-974e53cbdf3c", MANAGEMENT, "laptop", "browser", 0.6),
)  # fmt: skip
OWN = (
    # name, sensitive, weight
    ("Atlassian Cloud", False, 3.0),
    ("Travel and Expenses", False, 0.7),
    ("Payroll Portal", True, 0.5),
    ("Code Repository", False, 1.5),
    ("Customer Relations", False, 1.5),
    ("Learning Hub", False, 0.4),
)


def catalogue(own_ids: list[str]) -> list[App]:
    """All applications; `own_ids` are the ids of the organisation's own, each its own resource."""
    ours = [
        App(id, name, id, name, "laptop", "browser", sensitive, weight)
        for id, (name, sensitive, weight) in zip(own_ids, OWN, strict=True)
    ]
    theirs = [
        App(id, name, resource, RESOURCES[resource], on, use, resource == MANAGEMENT, weight)
        for name, id, resource, on, use, weight in FIRST_PARTY
    ]
    return theirs[:-1] + ours[:1] + theirs[-1:] + ours[1:]


ALSO: Mapping[str, tuple[str, ...]] = {
    "1fec8e78-bce4-4aaf-ab1b-5451cc387264": (GRAPH, EXCHANGE, SHAREPOINT),
    "d3590ed6-52b3-4102-aeff-aad2292ab01c": (EXCHANGE, SHAREPOINT),
    "ab9b8c07-8f02-4f72-87fa-80105867a763": (GRAPH,),
}
"""Further resources that an application asks for in one go."""

EVERYBODYS = 11
"""The first applications are everybody's; of the rest each person has some."""

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
    7000215: "Invalid client secret provided.",
    7000222: "The provided client secret keys are expired.",
}
STUCK = (50158, 50158, 50158, 700082, 700082, 50173, 70043, 65001, 50097)
"""Errors that a client repeats with its token until someone signs in anew."""

MFA_POLICY = "Require MFA outside trusted locations"
DEVICE_POLICY = "Require compliant device for sensitive applications"
COUNTRY_POLICY = "Block unmanaged devices abroad"
WANTS_MFA = frozenset({50074, 50076, 500121, 50158})
"""Codes of sign-ins that the policy on a second factor stopped."""


@dataclass(frozen=True, slots=True)
class Access:
    """What conditional access says of one sign-in: overall, and each policy's result in the order above."""

    status: str
    mfa: str
    device: str
    country: str


def access(code: int, *, trusted: bool, sensitive: bool, compliant: bool) -> Access:
    """Policies as they must stand beside a code. Errors from before the policies leave them not applied."""
    if code == 53003:
        return Access("failure", "notApplied", "notApplied", "failure")
    if code == 53000:
        return Access("failure", "notApplied" if trusted else "success", "failure", "notApplied")
    device = "notApplied" if not sensitive else "success" if compliant else "failure"
    if code in WANTS_MFA or code == 70043:
        return Access("failure", "failure", "notApplied", "notApplied")
    if code:
        return Access("notApplied", "notApplied", "notApplied", "notApplied")
    mfa = "notApplied" if trusted else "success"
    return Access("success" if "success" in (mfa, device) else "notApplied", mfa, device, "notApplied")
