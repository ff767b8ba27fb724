"""What a finding rests on, as digests by name in one attribute: "component=… advisory=… rules=… files=…".

Two runs are told apart by it without what they read: a decision of a person, or a verdict of an earlier run,
holds while the parts that it rests on are the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from icelos.data.parse.cpe import ECOSYSTEM
from icelos.data.parse.osv_advisories import Advisory
from icelos.data.statement import Statement
from icelos.jobs.vulns.fixes.fixes import Fix
from icelos.jobs.vulns.investigation.kept import rules
from icelos.jobs.vulns.investigation.proof import digest_of
from icelos.jobs.vulns.ranges import Reading
from icelos.records import Component

ATTRIBUTE = "basis"
_MEANT = {
    "component": "the component",
    "advisory": "the advisory",
    "fix": "what is known of the fix",
    "rules": "Icelos's own rules or the model",
    "files": "the files of the evidence",
    "code": "the application or its packages",
    "names": "the application, its packages or the files beside them",
    "all": "the target's files",
}


def basis_of(
    record: Component, statements: Sequence[Statement], reading: Reading, *, fixes: Sequence[Fix] = (),
    model: str = "", proof: tuple[str, str] | None = None,
) -> str:  # fmt: skip
    """The attribute's text. `proof` is the scope of what was looked at, and its digest."""
    said = [(_timeless(one), one.affected) for one in statements]
    parts = {
        "component": digest_of([record.purl, record.location, record.owner]),
        "advisory": digest_of([said, reading]),
        "fix": digest_of(list(fixes)) if fixes else "",
        "rules": digest_of([rules().hex(), model]),
        **dict([proof] if proof else ()),
    }
    return " ".join(f"{name}={value}" for name, value in parts.items() if value)


def _timeless(statement: Statement) -> Advisory:
    """Without its place, and without a date that moves where nothing else does."""
    advisory = msgspec.structs.replace(statement.advisory, source="")
    by_name = statement.affected.ecosystem == ECOSYSTEM
    return advisory if by_name else msgspec.structs.replace(advisory, modified="")


def parts_of(basis: str) -> dict[str, str]:
    """Digests by name; empty for a finding that has none, as those of older versions."""
    return {name: value for name, _, value in (part.partition("=") for part in basis.split()) if value}


def differences(before: str, after: str, *, but: Collection[str] = ()) -> list[str]:
    """What has changed, in words for people; parts named in `but` do not count."""
    old, new = parts_of(before), parts_of(after)
    names = [name for name in _MEANT if name not in but and old.get(name) != new.get(name)]
    return [_MEANT[name] for name in names]
