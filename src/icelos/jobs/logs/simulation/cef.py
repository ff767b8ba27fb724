"""Sign-ins and work on files as CEF behind a syslog header (RFC 3164), as collectors hand them on.

Format and keys: Common Event Format, version 0 (ArcSight CEF implementation standard): `|` and `\\` are
escaped in the header, `=` and `\\` in the extension.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from icelos.jobs.logs.simulation.catalogue import ERRORS
from icelos.jobs.logs.simulation.events import SECOND, Action, Event, SignIn, identifiers
from icelos.jobs.logs.simulation.files import File
from icelos.jobs.logs.simulation.organisation import Organisation, Service
from icelos.jobs.logs.simulation.signins import client_used
from icelos.jobs.logs.simulation.writing import agent, signing_in, today

_HOST = "collector01"


class Cef:
    """Writes the rows of one tenant."""

    def __init__(self, organisation: Organisation) -> None:
        self._seed = organisation.seed

    def row(self, event: Event) -> bytes:
        """One row, without line end."""
        if isinstance(event, SignIn):
            failed, fields = event.code != 0, _sign_in(event)
            header = _header(
                "Entra ID", str(event.code), "Sign-in failed" if failed else "Sign-in", 5 if failed else 2
            )
        else:
            fields = _on_file(event)
            header = _header("SharePoint Online", event.operation, event.operation, 2)
        fields = {
            "rt": str(event.time // 1000),
            "externalId": identifiers(self._seed, event)[0],
            "suser": event.actor.principal or event.actor.name,
            "suid": event.actor.id,
            **_source(event),
            **fields,
        }
        body = " ".join(f"{key}={_escaped(value)}" for key, value in fields.items() if value)
        return f"<134>{_when(event.time)} {_HOST} {header}{body}".encode()


def _when(time: int) -> str:
    at = datetime.fromtimestamp(time // SECOND, UTC)
    return f"{at:%b} {at.day:2d} {at:%H:%M:%S}"


@lru_cache(maxsize=1024)
def _header(product: str, id: str, name: str, severity: int) -> str:
    parts = ("Microsoft", product, "1.0", id, name, str(severity))
    return "CEF:0|" + "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts) + "|"


@lru_cache(maxsize=65_536)
def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("=", "\\=").replace("\n", "\\n")


def _source(event: Event) -> dict[str, str]:
    address, device = event.network.address, event.device
    where = {"c6a2": address, "c6a2Label": "Source IPv6 Address"} if ":" in address else {"src": address}
    return {
        **where,
        "shost": device.name,
        "deviceExternalId": device.id,
        "requestClientApplication": _agent(event),
    }


def _agent(event: Event) -> str:
    release = event.device.release(today(event.time))
    if isinstance(event, SignIn):
        return signing_in(event.device, release, event.app)[1]
    return agent(event.device, release)


def _sign_in(event: SignIn) -> dict[str, str]:
    app = event.app
    return {
        "act": "interactive" if event.interactive else "non-interactive",
        "app": client_used(app),
        "outcome": "failure" if event.code else "success",
        "reason": ERRORS[event.code] if event.code else "",
        "cs1Label": "Application", "cs1": app.name,
        "cs2Label": "SessionId", "cs2": event.session,
        "cs3Label": "Country", "cs3": event.network.place.country,
        "cn1Label": "ErrorCode", "cn1": str(event.code),
        "cn2Label": "ASN", "cn2": str(event.network.asn),
        "spriv": "service" if isinstance(event.actor, Service) else "",
    }  # fmt: skip


def _on_file(event: Action) -> dict[str, str]:
    file = event.target
    assert isinstance(file, File)  # noqa: S101 - by `kinds`
    return {
        "act": event.operation, "outcome": "success", "fname": file.name,
        "filePath": f"{file.folder}/{file.name}", "fileId": file.id,
        "request": f"{file.root}/{file.folder}/{file.name}",
        "cs2Label": "SessionId", "cs2": event.session,
    }  # fmt: skip
