"""Which rows a rule's logsource means: product, category and service, after Sigma's taxonomy.

Sources: https://sigmahq.io/docs/basics/log-sources.html and, for Windows' channels and the events of Sysmon,
pySigma's pipelines for Windows and Sysmon (github.com/SigmaHQ/pySigma-pipeline-windows, -sysmon).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

_UPPER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def folded(text: str) -> str:
    """Small letters for A to Z alone, as SQLite compares."""
    return text.lower() if text.isascii() else text.translate(_UPPER)


class LogSource(NamedTuple):
    """What a rule says of its rows, "" where it says nothing."""

    product: str
    category: str
    service: str

    def means(self, origin: Origin) -> bool:
        """Whether rows of this origin are meant."""
        return (
            (not self.product or self.product in origin.products)
            and (not self.category or self.category in origin.categories)
            and (not self.service or self.service in origin.services)
        )


class Origin(NamedTuple):
    """Where a row comes from, in the words of Sigma's logsources."""

    products: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


def logsource_of(said: Mapping[str, object]) -> LogSource:
    """The logsource of a rule as it is written."""
    product, category, service = (folded(str(said.get(name) or "")) for name in LogSource._fields)
    return LogSource(product, category, service)


NOWHERE = Origin()
CLOUD: Mapping[str, Origin] = {
    "Entra ID sign-ins (diagnostic settings)": Origin(("azure",), (), ("signinlogs",)),
    "Entra ID sign-ins (Graph)": Origin(("azure",), (), ("signinlogs",)),
    "Entra ID sign-ins (Log Analytics)": Origin(("azure",), (), ("signinlogs",)),
    "Entra ID audit": Origin(("azure",), (), ("auditlogs",)),
    "Entra ID audit (diagnostic settings)": Origin(("azure",), (), ("auditlogs",)),
    "Entra ID audit (Log Analytics)": Origin(("azure",), (), ("auditlogs",)),
    "Entra ID risk detections": Origin(("azure",), (), ("riskdetection", "pim")),
    "Azure activity": Origin(("azure",), (), ("activitylogs",)),
    "AWS CloudTrail": Origin(("aws",), (), ("cloudtrail",)),
    "Office 365 audit": Origin(("m365",), (), ("audit", "exchange", "threat_management", "threat_detection")),
    "Exchange admin audit": Origin(("m365",), (), ("audit", "exchange")),
    "Okta system log": Origin(("okta",), (), ("okta",)),
    "Google Workspace reports": Origin(("gcp",), (), ("google_workspace.admin", "google_workspace.login")),
    "Google Cloud audit": Origin(
        ("gcp",), (), ("gcp.audit", "google_workspace.admin", "google_workspace.login")
    ),
    "GitHub audit": Origin(("github",), (), ("audit",)),
}
"""Origins by kind of row: those of `roles.KINDS`, and those that `taxonomy.layout_of` knows beside them."""

_SYSMON = "microsoft-windows-sysmon/operational"
_POWERSHELL = ("microsoft-windows-powershell/operational", "powershellcore/operational")
_CHANNELS: Mapping[str, tuple[str, ...]] = {
    "security": ("security",),
    "system": ("system",),
    "application": ("application",),
    "sysmon": (_SYSMON,),
    "powershell": _POWERSHELL,
    "powershell-classic": ("windows powershell",),
    "windefend": ("microsoft-windows-windows defender/operational",),
    "taskscheduler": ("microsoft-windows-taskscheduler/operational",),
    "wmi": ("microsoft-windows-wmi-activity/operational",),
    "ntlm": ("microsoft-windows-ntlm/operational",),
    "dns-server": ("dns server",),
    "dns-server-audit": ("microsoft-windows-dns-server/audit", "microsoft-windows-dnsserver/audit"),
    "dns-server-analytic": ("microsoft-windows-dns-server/analytical",),
    "dns-client": ("microsoft-windows-dns client events/operational",),
    "driver-framework": ("microsoft-windows-driverframeworks-usermode/operational",),
    "msexchange-management": ("msexchange management",),
    "printservice-admin": ("microsoft-windows-printservice/admin",),
    "printservice-operational": ("microsoft-windows-printservice/operational",),
    "terminalservices-localsessionmanager": (
        "microsoft-windows-terminalservices-localsessionmanager/operational",
    ),
    "smbclient-security": ("microsoft-windows-smbclient/security",),
    "smbclient-connectivity": ("microsoft-windows-smbclient/connectivity",),
    "smbserver-connectivity": ("microsoft-windows-smbserver/connectivity",),
    "bits-client": ("microsoft-windows-bits-client/operational",),
    "firewall-as": ("microsoft-windows-windows firewall with advanced security/firewall",),
    "codeintegrity-operational": ("microsoft-windows-codeintegrity/operational",),
    "applocker": (
        "microsoft-windows-applocker/exe and dll",
        "microsoft-windows-applocker/msi and script",
        "microsoft-windows-applocker/packaged app-deployment",
        "microsoft-windows-applocker/packaged app-execution",
    ),
    "appxdeployment-server": ("microsoft-windows-appxdeploymentserver/operational",),
    "appxpackaging-om": ("microsoft-windows-appxpackaging/operational",),
    "appmodel-runtime": ("microsoft-windows-appmodel-runtime/admin",),
    "lsa-server": ("microsoft-windows-lsa/operational",),
    "openssh": ("openssh/operational",),
    "ldap": ("microsoft-windows-ldap-client/debug",),
    "security-mitigations": (
        "microsoft-windows-security-mitigations/kernel mode",
        "microsoft-windows-security-mitigations/user mode",
    ),
    "diagnosis-scripted": ("microsoft-windows-diagnosis-scripted/operational",),
    "shell-core": ("microsoft-windows-shell-core/operational",),
    "vhdmp": ("microsoft-windows-vhdmp/operational",),
    "capi2": ("microsoft-windows-capi2/operational",),
    "certificateservicesclient-lifecycle-system": (
        "microsoft-windows-certificateservicesclient-lifecycle-system/operational",
    ),
    "iis-configuration": ("microsoft-iis-configuration/operational",),
    "microsoft-servicebus-client": (
        "microsoft-servicebus-client/admin",
        "microsoft-servicebus-client/operational",
    ),
}
_SERVICES: dict[str, tuple[str, ...]] = {}
for _service, _names in _CHANNELS.items():
    for _name in _names:
        _SERVICES[_name] = (*_SERVICES.get(_name, ()), _service)

_SYSMON_EVENTS: Mapping[str, tuple[str, ...]] = {
    "1": ("process_creation",),
    "2": ("file_change",),
    "3": ("network_connection",),
    "4": ("sysmon_status",),
    "5": ("process_termination",),
    "6": ("driver_load",),
    "7": ("image_load",),
    "8": ("create_remote_thread",),
    "9": ("raw_access_thread",),
    "10": ("process_access",),
    "11": ("file_event",),
    "12": ("registry_add", "registry_delete", "registry_event"),
    "13": ("registry_set", "registry_event"),
    "14": ("registry_rename", "registry_event"),
    "15": ("create_stream_hash",),
    "16": ("sysmon_status",),
    "17": ("pipe_created",),
    "18": ("pipe_created",),
    "19": ("wmi_event",),
    "20": ("wmi_event",),
    "21": ("wmi_event",),
    "22": ("dns_query",),
    "23": ("file_delete",),
    "24": ("clipboard_capture",),
    "25": ("process_tampering",),
    "26": ("file_delete",),
    "27": ("file_block_executable",),
    "28": ("file_block_shredding",),
    "29": ("file_executable_detected",),
    "255": ("sysmon_error",),
}
_DEFENDER = ("1006", "1007", "1008", "1009", "1010", "1011", "1012", "1017", "1018", "1019", "1115", "1116",
             "1117", "1118", "1119")  # fmt: skip
_EVENTS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("security", "4688"): ("process_creation",),
    **{(channel, "4103"): ("ps_module",) for channel in _POWERSHELL},
    **{(channel, "4104"): ("ps_script",) for channel in _POWERSHELL},
    ("windows powershell", "400"): ("ps_classic_start",),
    ("windows powershell", "600"): ("ps_classic_provider_start",),
    ("windows powershell", "800"): ("ps_classic_script",),
    **{(_SYSMON, event): names for event, names in _SYSMON_EVENTS.items()},
    **{("microsoft-windows-windows defender/operational", event): ("antivirus",) for event in _DEFENDER},
}


def windows_origin(channel: str, event: str) -> Origin:
    """Of a Windows event, by its channel and number."""
    name = folded(channel)
    return Origin(("windows",), _EVENTS.get((name, event), ()), _SERVICES.get(name, ()))


_LINUX = {
    "sshd": "sshd", "sudo": "sudo", "su": "auth", "login": "auth", "cron": "cron", "crond": "cron",
    "auditd": "auditd", "audit": "auditd", "audispd": "auditd", "clamd": "clamav", "clamav": "clamav",
    "freshclam": "clamav", "vsftpd": "vsftpd", "guacd": "guacamole",
}  # fmt: skip


def syslog_origin(application: str) -> Origin:
    """Of a row of syslog, by the name of the program that wrote it."""
    name = folded(application)
    service = _LINUX.get(name)
    auth = ("auth",) if service in ("sshd", "sudo") else ()
    return Origin(("linux",), (), ("syslog", *((service,) if service else ()), *auth))
