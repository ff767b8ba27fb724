"""Tools about what surrounds the code: settings, how it is started, the operating system."""

from __future__ import annotations

from icelos.findings import Evidence, How
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.observations import Observation
from icelos.jobs.vulns.investigation.settings import settings_of

MAX_VALUES = 8


def setting(case: Case, name: str) -> Observation:
    """The values that own files, and the image's environment, give a setting."""
    found: list[Evidence] = list(settings_of(case.target.application, name))
    if name in case.target.tree.config.env:
        found.append(
            Evidence(f"{name}={case.target.tree.config.env[name]}", "image configuration: Env", How.TOOL)
        )
    says = f"{name} is set in {len(found)} places" if found else f"nothing in the target sets {name}"
    return Observation("setting", {"name": name}, says, tuple(found[:MAX_VALUES]))


def runtime(case: Case) -> Observation:
    """The commands that start something, the environment, ports, user and operating system."""
    config = case.target.tree.config
    found = [
        Evidence(one.command[:300], one.place, How.TOOL)
        for one in case.target.application.starts[:MAX_VALUES]
    ]
    for what, value in (
        ("User", config.user),
        ("ExposedPorts", " ".join(config.exposed_ports)),
        ("WorkingDir", config.working_dir),
        ("Env", " ".join(sorted(config.env))),
    ):
        if value:
            found.append(Evidence(f"{what}: {value}"[:300], "image configuration", How.TOOL))
    system = case.target.system
    if system:
        found.append(Evidence(system.quote, system.source, system.how))
    name = case.target.system_name or "an unknown system"
    says = f"runs on {name}; {len(case.target.application.starts)} start commands"
    return Observation("runtime", {}, says, tuple(found))
