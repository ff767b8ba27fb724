"""Work on files and mail as JSON in the shape of the Office 365 Management Activity API.

Fields: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema
(common, SharePoint base, SharePoint file operations, Exchange mailbox).
"""

from __future__ import annotations

import msgspec

from icelos.jobs.logs.simulation.events import Action, Event, identifier, identifiers
from icelos.jobs.logs.simulation.files import File
from icelos.jobs.logs.simulation.organisation import DOMAIN, Organisation, Person, guid, stream
from icelos.jobs.logs.simulation.writing import agent, browser, stamp, today

_MAIL, _FILE, _SHARING = 2, 6, 14
"""AuditLogRecordType: ExchangeItem, SharePointFileOperation, SharePointSharingOperation."""
_PLATFORMS = {"Windows10": "WinDesktop", "Windows11": "WinDesktop", "MacOs": "MacOSDesktop"}
_SUBJECTS = ("Weekly status", "Re: Invoice", "Minutes", "Re: Planning", "Question", "Fwd: Contract", "Agenda")


class Office365:
    """Writes the rows of one tenant."""

    def __init__(self, organisation: Organisation) -> None:
        self._seed = organisation.seed
        self._tenant = organisation.tenant

    def row(self, event: Event) -> bytes:
        """One row, without line end."""
        assert isinstance(event, Action)  # noqa: S101 - by `kinds`
        if isinstance(event.target, File):
            return msgspec.json.encode(self._common(event) | self._on_file(event, event.target))
        return msgspec.json.encode(self._common(event) | self._on_mail(event))

    def _common(self, event: Action) -> dict[str, object]:
        file = event.target if isinstance(event.target, File) else None
        kind = _MAIL if file is None else _SHARING if event.operation == "SharingSet" else _FILE
        actor = event.actor
        return {
            "CreationTime": stamp(event.time),
            "Id": identifiers(self._seed, event)[0],
            "Operation": event.operation,
            "OrganizationId": self._tenant,
            "RecordType": kind,
            "UserKey": f"i:0h.f|membership|{actor.puid if isinstance(actor, Person) else actor.id}@live.com",
            "UserType": 0,
            "Version": 1,
            "Workload": "Exchange" if file is None else "OneDrive" if file.own else "SharePoint",
            "ClientIP": event.network.address,
            "UserId": actor.principal,
        }

    def _on_file(self, event: Action, file: File) -> dict[str, object]:
        device = event.device
        release = device.release(today(event.time))
        correlation = identifiers(self._seed, event)[1]
        row: dict[str, object] = {
            "ObjectId": f"{file.root}/{file.folder}/{file.name}",
            "AppAccessContext": {
                "AADSessionId": event.session,
                "CorrelationId": correlation,
                "UniqueTokenId": identifier(self._seed, event, "token"),
            },
            "AuthenticationType": "OAuth",
            "BrowserName": device.family,
            "BrowserVersion": browser(device, release).rpartition(" ")[2],
            "CorrelationId": correlation,
            "DeviceDisplayName": device.name,
            "EventSource": "SharePoint",
            "IsManagedDevice": device.managed,
            "ItemType": "File",
            "ListId": file.list_id,
            "ListItemUniqueId": file.id,
            "Platform": _PLATFORMS.get(device.system, "Mobile"),
            "Site": file.site_id,
            "UserAgent": agent(device, release),
            "WebId": file.web_id,
            "SiteUrl": f"{file.root}/",
            "SourceFileExtension": file.extension,
            "SourceFileName": file.name,
            "SourceRelativeUrl": file.folder,
        }
        if event.operation in ("FileRenamed", "FileMoved"):
            stem = file.name.rpartition(".")[0]
            renamed = f"{stem} (1).{file.extension}" if event.operation == "FileRenamed" else file.name
            row |= {
                "DestinationFileExtension": file.extension,
                "DestinationFileName": renamed,
                "DestinationRelativeUrl": file.folder if renamed != file.name else f"{file.folder}/Moved",
            }
        return row

    def _on_mail(self, event: Action) -> dict[str, object]:
        actor, id = event.actor, identifier(self._seed, event, "item")
        device = event.device
        folder = "\\Sent Items" if event.operation == "Send" else "\\Inbox"
        return {
            "ClientIPAddress": event.network.address,
            "ClientInfoString": f"Client=OWA;{agent(device, device.release(today(event.time)))}",
            "ExternalAccess": False,
            "InternalLogonType": 0,
            "LogonType": 0,
            "LogonUserSid": actor.id,
            "MailboxGuid": guid(stream(self._seed, "mailbox", actor.id)),
            "MailboxOwnerUPN": actor.principal,
            "OrganizationName": DOMAIN,
            "SessionId": event.session,
            "Item": {
                "Id": id,
                "InternetMessageId": f"<{id}@{DOMAIN}>",
                "ParentFolder": {"Path": folder},
                "Subject": _SUBJECTS[int(id[:4], 16) % len(_SUBJECTS)],
            },
        }
