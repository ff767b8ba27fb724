"""Advisories that are about the same vulnerability of one package, by their aliases.

In OSV aliases are symmetric and transitive (https://ossf.github.io/osv-schema/#aliases-field), but publishers
also list several CVEs of one update there: those that name different CVEs are never put together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from icelos.data.statement import Statement

_CVE = re.compile(r"(?:^|-)(CVE-\d{4}-\d{4,})$")


def merged(found: Mapping[str, Sequence[Statement]]) -> dict[str, list[Statement]]:
    """The statements by vulnerability: the least id of its advisories -> what all of them say, in order.

    One vulnerability is what has the same CVEs ("DEBIAN-CVE-2021-3449" counts as that CVE); an advisory
    without any joins the first that it shares a name with.
    """
    groups: dict[str, list[str]] = {}
    group_of: dict[str, str] = {}
    for identity in sorted(found, key=lambda i: (not _cves(found[i]), i)):
        cves, names = _cves(found[identity]), _names(found[identity])
        known = next((group_of[name] for name in names if name in group_of), "")
        key = " ".join(cves) or known or identity
        groups.setdefault(key, []).append(identity)
        for name in names:
            group_of.setdefault(name, key)
    order = {identity: number for number, identity in enumerate(found)}
    together = sorted(
        (sorted(ids, key=order.__getitem__) for ids in groups.values()), key=lambda i: order[i[0]]
    )
    return {min(ids): [statement for identity in ids for statement in found[identity]] for ids in together}


def _names(statements: Sequence[Statement]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for advisory, _ in statements for name in advisory.names))


def _cves(statements: Sequence[Statement]) -> tuple[str, ...]:
    found = (_CVE.search(name) for name in _names(statements))
    return tuple(sorted({match[1] for match in found if match}))
