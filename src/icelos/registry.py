"""Names to things, resolved when first used: "mail" -> "icelos.jobs.mail.job:build".

Built-in names are listed here; plug-ins add theirs by entry points (groups `icelos.jobs`,
`icelos.tools`, `icelos.retention`, `icelos.sources`, `icelos.sinks`). Configuration may use registered
names only, never import paths.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from icelos.errors import SettingsError

BUILT_IN: Mapping[str, Mapping[str, str]] = {
    "jobs": {
        "copilot": "icelos.jobs.copilot.job:build",
        "vulns": "icelos.jobs.vulns.job:build",
        "logs": "icelos.jobs.logs.job:build",
        "mail": "icelos.jobs.mail.job:build",
    },
    "tools": {
        "search_knowledge": "icelos.jobs.copilot.tools.knowledge:build_search",
        "get_document": "icelos.jobs.copilot.tools.knowledge:build_document",
        "lookup": "icelos.jobs.copilot.tools.knowledge:build_lookup",
        "attack_graph": "icelos.jobs.copilot.tools.knowledge:build_graph",
        "query_findings": "icelos.jobs.copilot.tools.findings:build",
        "search_logs": "icelos.jobs.copilot.tools.logs:build",
        "timeline": "icelos.jobs.copilot.tools.timeline:build",
        "sources": "icelos.jobs.copilot.tools.sources:build",
        "analyze": "icelos.jobs.vulns.tool:build",
        "whatif": "icelos.jobs.logs.tool:build",
    },
    "retention": {
        "cache": "icelos.data.expiring:cache",
        "clear-findings": "icelos.data.expiring:clear_findings",
        "closed-findings": "icelos.data.expiring:closed_findings",
        "conversations": "icelos.jobs.copilot.expiring:conversations",
        "failures": "icelos.data.expiring:failures",
        "news": "icelos.knowledge.expiring:news",
        "quarantine": "icelos.jobs.mail.delivery.expiring:quarantine",
        "thumbs": "icelos.jobs.copilot.expiring:thumbs",
        "traces": "icelos.data.expiring:traces",
    },
    "upkeep": {
        "inventories": "icelos.jobs.vulns.kept:analyse_kept",
    },
    "sources": {
        "lines": "icelos.data.sources:LineSource",
        "questions": "icelos.data.sources:LineSource",
        "jsonl": "icelos.data.sources:JsonLinesSource",
        "sqlite": "icelos.data.sources:SqliteSource",
        "parquet": "icelos.data.sources:ParquetSource",
        "mail": "icelos.data.sources:MailSource",
        "imap": "icelos.data.imap:ImapSource",
        "components": "icelos.data.components:ComponentSource",
        "objects": "icelos.data.stores.object_source:ObjectSource",
        "postgres": "icelos.data.stores.postgres_source:PostgresSource",
        "syslog": "icelos.data.syslog.source:SyslogSource",
    },
    "sinks": {
        "jsonl": "icelos.data.sinks:JsonLinesSink",
        "sqlite": "icelos.data.sinks:SqliteSink",
        "parquet": "icelos.data.sinks:ParquetSink",
        "objects": "icelos.data.stores.object_sink:ObjectSink",
        "postgres": "icelos.data.stores.postgres_sink:PostgresSink",
        "kafka": "icelos.engine.kafka.sink:KafkaSink",
    },
}


@cache
def names(group: str) -> Mapping[str, str]:
    """Every name of a group ("jobs", "tools", "sources", "sinks") with its "module:attribute".

    Raises SettingsError where two distributions claim one name.
    """
    found = dict(BUILT_IN[group])
    for point in entry_points(group=f"icelos.{group}"):
        if point.name in found and found[point.name] != point.value:
            raise SettingsError(
                f"two {group} are called {point.name!r}: {found[point.name]} and {point.value}",
                hint="uninstall one of them",
            )
        found[point.name] = point.value
    return found


def resolve(group: str, name: str) -> Any:
    """What a registered name stands for. Raises SettingsError for an unknown name."""
    known = names(group)
    if name not in known:
        raise SettingsError(f"no {group[:-1]} called {name!r}", hint=f"one of: {', '.join(sorted(known))}")
    module, _, attribute = known[name].partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise SettingsError(
            f"{group[:-1]} {name!r} cannot be loaded: {error}", hint="is what brings it installed whole?"
        ) from error
