"""Sigma's names of fields, and where they stand in each kind of row.

Rules name fields as their authors met them: in Log Analytics (`ResultType`), in diagnostic settings
(`properties.message`), in Windows' event data (`Image`). Letter case is not told apart, and a path within a
list (`target.displayName`) means each of its elements. Names: https://sigmahq.io/docs/basics/log-sources.html,
and the schemas named in `icelos.jobs.logs.roles`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from icelos.data.parse.flat import Value, text_of
from icelos.jobs.logs.roles import kind_of
from icelos.jobs.logs.sigma.logsources import (
    CLOUD,
    NOWHERE,
    Origin,
    folded,
    syslog_origin,
    windows_origin,
)

Fields = Mapping[str, Value]
Place = tuple[int, ...]
"""Which element of each list above a value is meant: () outside lists."""
Found = dict[str, list[tuple[Place, str]]]
"""The values of a row, in order, by their paths in small letters without indexes."""
Derive = Callable[[Found], Mapping[str, tuple[str, ...]]]


def _nothing(_: Found) -> Mapping[str, tuple[str, ...]]:
    return {}


class Layout(NamedTuple):
    """How rows of a kind are to be read: `aliases` are paths by Sigma's name, all in small letters; a name
    without any is a path itself, behind each of the `prefixes`. `derived` gives values that stand nowhere
    as rules write them; `nested` says that an object may be named as a whole, as its JSON."""

    name: str
    aliases: Mapping[str, tuple[str, ...]] = {}
    prefixes: tuple[str, ...] = ("",)
    derived: Derive = _nothing
    nested: bool = False

    def paths(self, field: str) -> tuple[str, ...]:
        """Where a field may stand, preferred places first; `field` in small letters."""
        return (*self.aliases.get(field, ()), *(prefix + field for prefix in self.prefixes))


def _sign_in(prefix: str) -> Derive:
    """`Status: Success` and `properties.message: Device Code`, as rules for sign-ins write them."""
    codes = (f"{prefix}status.errorcode", "resulttype")
    details = (f"{prefix}status.additionaldetails", "authenticationprocessingdetails")
    reasons = (f"{prefix}status.failurereason", "resultdescription")
    protocols = (f"{prefix}authenticationprotocol", f"{prefix}originaltransfermethod")

    def derived(found: Found) -> Mapping[str, tuple[str, ...]]:
        values: dict[str, tuple[str, ...]] = {}
        code, detail = _one(found, codes), _one(found, details)
        if code:
            values["status"] = ("Success" if code == "0" else "Failure", *((detail,) if detail else ()))
        methods = {_one(found, (path,)).lower() for path in protocols}
        message = [text for text in (_one(found, reasons),) if text]
        message += ["Device Code"] if methods & {"devicecode", "devicecodeflow"} else []
        message += ["ROPC"] if "ropc" in methods else []
        if message:
            values["properties.message"] = tuple(message)
        return values

    return derived


def _one(found: Found, paths: tuple[str, ...]) -> str:
    return next((found[path][0][1] for path in paths if path in found), "")


def _named(found: Found, list_path: str, name: str, value: str) -> dict[str, tuple[str, ...]]:
    """Elements of a list, a name and a value each, as fields of that name."""
    values = dict(found.get(f"{list_path}.{value}", ()))
    named: dict[str, tuple[str, ...]] = {}
    for place, called in found.get(f"{list_path}.{name}", ()):
        if place in values:
            key = folded(called)
            named[key] = (*named.get(key, ()), values[place].strip('"'))
    return named


def _audit(prefix: str) -> Derive:
    """Properties that were changed, by their names: `ConsentContext.IsAdminConsent: false`."""

    def derived(found: Found) -> Mapping[str, tuple[str, ...]]:
        changed = _named(found, f"{prefix}targetresources.modifiedproperties", "displayname", "newvalue")
        # Names with a dot alone: whoever changes a property called "Status" must not decide what Status is.
        return {name: values for name, values in changed.items() if "." in name}

    return derived


def _workspace(found: Found) -> Mapping[str, tuple[str, ...]]:
    """Reports say "admin" where Google Cloud's audit log says "admin.googleapis.com"; parameters by name."""
    values = _named(found, "events.parameters", "name", "value")
    application = _one(found, ("id.applicationname",))
    if application:
        named = (f"{application}.googleapis.com",)
        values |= {"eventservice": named, "protopayload.servicename": named}
    return values


_SIGN_IN: Mapping[str, tuple[str, ...]] = {
    "resulttype": ("status.errorcode",),
    "resultdescription": ("status.failurereason",),
    "clientapp": ("clientappused",),
    "username": ("userprincipalname",),
    "location": ("location.countryorregion",),
    "riskstate": ("riskstate",),
    "risklevel": ("risklevelaggregated", "risklevelduringsignin"),
}
_AUDIT: Mapping[str, tuple[str, ...]] = {
    "operationname": ("activitydisplayname", "operationname"),
    "activitytype": ("activitydisplayname", "operationname"),
    "activitydisplayname": ("activitydisplayname", "operationname"),
    "properties.message": ("activitydisplayname", "operationname"),
    "status": ("result",),
    "properties.result": ("result",),
    "properties.targetresources": ("targetresources",),
    "initiatedby": ("initiatedby.user.userprincipalname", "initiatedby.app.displayname"),
    "target": ("targetresources.userprincipalname", "targetresources.displayname"),
    "failure_status_reason": ("resultreason",),
    "additionaldetails.additionalinfo": ("additionaldetails.value", "resultreason"),
}
_OFFICE: Mapping[str, tuple[str, ...]] = {
    "eventsource": ("workload", "officeworkload"),
    "eventname": ("name", "operation"),
    "status": ("resultstatus",),
    "payload": ("data",),
    "clientip": ("clientip", "clientipaddress", "actoripaddress", "client_ipaddress"),
}
_GOOGLE: Mapping[str, tuple[str, ...]] = {
    "eventname": ("events.name",),
    "protopayload.metadata.event.eventname": ("events.name",),
}
_GOOGLE_CLOUD: Mapping[str, tuple[str, ...]] = {
    "gcp.audit.method_name": ("protopayload.methodname",),
    "eventservice": ("protopayload.servicename",),
    "eventname": ("protopayload.metadata.event.eventname",),
    "data.protopayload.methodname": ("protopayload.methodname",),
    "data.protopayload.servicename": ("protopayload.servicename",),
    "data.protopayload.resource.type": ("resource.type",),
    "data.protopayload.logname": ("logname",),
    "data.protopayload.authorizationinfo.permission": ("protopayload.authorizationinfo.permission",),
    "data.protopayload.authorizationinfo.granted": ("protopayload.authorizationinfo.granted",),
}
_WINDOWS: Mapping[str, tuple[str, ...]] = {
    "image": ("image", "newprocessname"),
    "parentimage": ("parentimage", "parentprocessname"),
    "commandline": ("commandline", "processcommandline"),
    "user": ("user", "subjectusername"),
    "logonid": ("logonid", "subjectlogonid"),
    "provider_name": ("provider_name", "providername", "sourcename"),
    "computer": ("computer", "hostname", "computername"),
    "data": ("data", "message"),
    "contextinfo": ("contextinfo", "message"),
    "hostapplication": ("hostapplication", "message"),
    "signature": ("signature", "threat name", "threatname"),
    "filename": ("filename", "path"),
}
_EVTX_NAMES: Mapping[str, tuple[str, ...]] = {
    "image": ("image", "newprocessname"),
    "parentimage": ("parentimage", "parentprocessname"),
    "user": ("user", "subjectusername"),
    "logonid": ("logonid", "subjectlogonid"),
    "signature": ("signature", "threat name"),
    "filename": ("filename", "path"),
}


def _behind(prefixes: tuple[str, ...], names: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(prefix + path for path in paths for prefix in prefixes) for name, paths in names.items()
    }


def _evtx(wrapper: str) -> Layout:
    """Events as tools write EVTX files in JSON; `wrapper` is what a collector has put around them."""
    root = f"{wrapper}event."
    aliases = {
        **_behind((f"{root}eventdata.",), _EVTX_NAMES),
        "provider_name": (f"{root}system.provider.#attributes.name", f"{root}system.provider_name"),
        "userid": (f"{root}system.security.#attributes.userid",),
    }
    return Layout("Windows events (EVTX)", aliases, (f"{root}eventdata.", f"{root}system.", ""))


def _winlogbeat() -> Layout:
    data = ("winlog.event_data.", "winlog.user_data.")
    aliases = {
        **_behind(data, _EVTX_NAMES),
        "eventid": ("winlog.event_id",),
        "channel": ("winlog.channel",),
        "provider_name": ("winlog.provider_name",),
        "computer": ("winlog.computer_name",),
    }
    return Layout("Windows events (Winlogbeat)", aliases, (*data, "winlog.", ""))


_LAYOUTS: Mapping[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout(
            "Entra ID sign-ins (diagnostic settings)",
            {**_behind(("properties.", ""), _SIGN_IN), "resulttype": ("properties.status.errorcode",)},
            ("", "properties."), _sign_in("properties."), nested=True,
        ),
        Layout("Entra ID sign-ins (Graph)", _SIGN_IN, ("",), _sign_in(""), nested=True),
        Layout("Entra ID sign-ins (Log Analytics)", _SIGN_IN, ("",), _sign_in(""), nested=True),
        Layout("Entra ID audit", _AUDIT, ("",), _audit(""), nested=True),
        Layout(
            "Entra ID audit (diagnostic settings)", _behind(("properties.", ""), _AUDIT),
            ("properties.", ""), _audit("properties."), nested=True,
        ),
        Layout("Entra ID audit (Log Analytics)", _AUDIT, ("",), _audit(""), nested=True),
        Layout("Entra ID risk detections", {}, ("", "properties."), nested=True),
        Layout(
            "Azure activity",
            {"operationnamevalue": ("operationname.value", "operationname", "operationnamevalue"),
             "operationname": ("operationname.value", "operationname", "operationnamevalue"),
             "categoryvalue": ("category.value", "category", "categoryvalue")},
            ("", "properties."), nested=True,
        ),
        Layout("AWS CloudTrail", {}, nested=True),
        Layout("Office 365 audit", _OFFICE, nested=True),
        Layout("Exchange admin audit", _OFFICE, nested=True),
        Layout("Okta system log", {}, ("", "debugcontext.debugdata."), nested=True),
        Layout("Google Workspace reports", _GOOGLE, derived=_workspace, nested=True),
        Layout("Google Cloud audit", _GOOGLE_CLOUD, nested=True),
        Layout("GitHub audit", {}, nested=True),
        Layout("Windows events", _WINDOWS),
        Layout("syslog"),
    )
}  # fmt: skip
_EVTX = {wrapper: _evtx(wrapper) for wrapper in ("", "event.")}
_WINLOGBEAT = _winlogbeat()
_EVENT_IDS = ("Event.System.EventID", "Event.System.EventID.#text")
UNKNOWN = Layout("other", nested=True)


def _first(fields: Fields, paths: tuple[str, ...]) -> str:
    return next((text_of(fields[path]) for path in paths if fields.get(path) is not None), "")


def layout_of(fields: Fields) -> tuple[Layout, Origin]:
    """How to read a row and where it comes from; `NOWHERE` for rows of which no rule speaks."""
    for wrapper, layout in _EVTX.items():
        event = _first(fields, tuple(wrapper + path for path in _EVENT_IDS))
        if event:
            return layout, windows_origin(_first(fields, (f"{wrapper}Event.System.Channel",)), event)
    if "winlog.event_id" in fields:
        channel = _first(fields, ("winlog.channel",))
        return _WINLOGBEAT, windows_origin(channel, _first(fields, ("winlog.event_id",)))
    kind = kind_of(fields)
    if kind == "Windows events":
        event = _first(fields, ("EventID",))
        return _LAYOUTS[kind], windows_origin(_first(fields, ("Channel",)), event)
    if kind == "syslog":
        return _LAYOUTS[kind], syslog_origin(_first(fields, ("app",)))
    kind = kind if kind in CLOUD else _other_kind(fields)
    return _LAYOUTS.get(kind, UNKNOWN), CLOUD.get(kind, NOWHERE)


def _other_kind(fields: Fields) -> str:
    """Kinds of which Sigma has rules, beside those whose roles are known."""
    if "protoPayload.methodName" in fields or "protoPayload.serviceName" in fields:
        return "Google Cloud audit"
    if "riskEventType" in fields or "properties.riskEventType" in fields:
        return "Entra ID risk detections"
    if "OperationName" in fields and "LoggedByService" in fields:
        return "Entra ID audit (Log Analytics)"
    azure = {"operationName", "OperationNameValue", "operationName.value"} & fields.keys()
    if azure and {"resourceId", "ResourceId", "_ResourceId", "subscriptionId"} & fields.keys():
        return "Azure activity"
    if (
        "action" in fields
        and "actor" in fields
        and {"org", "org_id", "business", "_document_id"} & fields.keys()
    ):
        return "GitHub audit"
    return ""
