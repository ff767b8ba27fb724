"""CSAF 2.0, read: VEX and security advisories with a product tree, ours or of others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from icelos.data.parse.fields import Object, dict_of, dicts_of, list_of, moment, text_of, texts_of
from icelos.errors import InputError
from icelos.jobs.vulns.documents import notes
from icelos.jobs.vulns.documents.csaf import NAMESPACE
from icelos.jobs.vulns.documents.model import Statement, VexDocument
from icelos.jobs.vulns.documents.products import parts_of
from icelos.jobs.vulns.verdicts import Status

MAX_PRODUCTS = 500_000
MAX_GROUPED = 5_000_000
"""Products of groups, wherever these are named, counted each time."""
MAX_DEPTH = 32
"""Branches in branches, and relationships of relationships."""
_STATUSES = {
    "first_affected": Status.AFFECTED, "known_affected": Status.AFFECTED, "last_affected": Status.AFFECTED,
    "fixed": Status.FIXED, "first_fixed": Status.FIXED, "known_not_affected": Status.NOT_AFFECTED,
    "under_investigation": Status.UNDER_INVESTIGATION,
}  # fmt: skip
"""What is "recommended" has no status."""


class _Product(NamedTuple):
    """A leaf of the tree; `others` are further identifiers of it."""

    identity: str
    others: tuple[str, ...] = ()
    version_range: str = ""


class _Tree:
    """Products, relationships and groups by their ids."""

    def __init__(self, row: Object) -> None:
        self.room = MAX_GROUPED
        self.products: dict[str, _Product] = {}
        self.related: dict[str, tuple[str, str]] = {}
        self.groups = {
            text_of(g, "group_id"): texts_of(g, "product_ids") for g in dicts_of(row, "product_groups")
        }
        for item in dicts_of(row, "full_product_names"):
            self._take(item, "")
        self._walk(row)
        for item in dicts_of(row, "relationships"):
            own = text_of(dict_of(item, "full_product_name"), "product_id")
            ends = text_of(item, "product_reference"), text_of(item, "relates_to_product_reference")
            self.related[own] = ends

    def _walk(self, row: Object) -> None:
        waiting = [(branch, 0) for branch in dicts_of(row, "branches")]
        while waiting and len(self.products) < MAX_PRODUCTS:
            branch, depth = waiting.pop()
            if depth < MAX_DEPTH:
                waiting.extend((inner, depth + 1) for inner in dicts_of(branch, "branches"))
            is_range = text_of(branch, "category") == "product_version_range"
            self._take(dict_of(branch, "product"), text_of(branch, "name") if is_range else "")

    def _take(self, item: Object, version_range: str) -> None:
        helper = dict_of(item, "product_identification_helper")
        identity = text_of(helper, "purl", "cpe") or text_of(item, "name")
        uris = [u for u in dicts_of(helper, "x_generic_uris") if text_of(u, "namespace") == NAMESPACE]
        span = version_range if version_range.startswith("vers:") else ""
        if identity:
            others = tuple(text_of(uri, "uri") for uri in uris)
            self.products.setdefault(text_of(item, "product_id"), _Product(identity, others, span))

    def resolved(self, product_id: str) -> tuple[_Product, tuple[str, ...]] | None:
        """The component that an id means, and the identifiers of the whole that it is part of."""
        whole: tuple[str, ...] = ()
        for _ in range(MAX_DEPTH):
            if product_id not in self.related:
                break
            product_id, related = self.related[product_id]
            outer = self.products.get(related)
            whole = whole or ((outer.identity, *outer.others) if outer else ())
        found = self.products.get(product_id)
        return (found, whole) if found else None

    def named(self, item: Object) -> list[str]:
        """The product ids of a flag, threat or remediation, groups written out. Raises InputError."""
        found = texts_of(item, "product_ids")
        for group in texts_of(item, "group_ids"):
            members = self.groups.get(group, [])
            self.room -= len(members)
            if self.room < 0:
                raise InputError(f"its product groups name more than {MAX_GROUPED:,} products")
            found += members
        return found


class _Told(NamedTuple):
    """One vulnerability, and what is said of its products by their ids."""

    name: str
    aliases: tuple[str, ...]
    description: str
    issued: datetime | None
    place: str
    flags: dict[str, str]
    impacts: dict[str, str]
    actions: dict[str, str]
    notes: dict[str, str]


def read(row: Object) -> VexDocument:
    """A document of anybody's; a product that the tree does not have is a problem."""
    head, tree = dict_of(row, "document"), _Tree(dict_of(row, "product_tree"))
    tracking = dict_of(head, "tracking")
    issued = moment(tracking.get("current_release_date"))
    found: list[Statement] = []
    problems: list[str] = []
    for number, item in enumerate(list_of(row, "vulnerabilities")):
        place = f"vulnerabilities[{number}]"
        try:
            found.extend(_read(item, tree, issued, place, problems))
        except InputError as error:
            problems.append(f"{place}: {error.message}")
    version = text_of(tracking, "version").partition(".")[0]
    return VexDocument(
        id=text_of(tracking, "id"), author=text_of(dict_of(head, "publisher"), "name"),
        version=max(1, int(version)) if version.isascii() and version.isdigit() and len(version) < 9 else 1,
        timestamp=issued or datetime.fromtimestamp(0, UTC), statements=tuple(found),
        problems=tuple(problems),
    )  # fmt: skip


def _read(
    item: object, tree: _Tree, issued: datetime | None, place: str, problems: list[str]
) -> Iterator[Statement]:
    if not isinstance(item, dict):
        raise InputError("not an object")
    told = _told(item, tree, issued, place)
    seen: dict[str, Status] = {}
    for group, status in _STATUSES.items():
        for product_id in texts_of(dict_of(item, "product_status"), group):
            if seen.setdefault(product_id, status) is not status:
                problems.append(f"{place}: {product_id[:200]!r} has two statuses; {seen[product_id]} stands")
                continue
            resolved = tree.resolved(product_id)
            if resolved is None:
                problems.append(f"{place}: no product {product_id[:200]!r} in the product tree")
                continue
            yield _statement(told, status, product_id, *resolved)


def _statement(
    told: _Told, status: Status, product_id: str, product: _Product, whole: tuple[str, ...]
) -> Statement:
    text = told.notes.get(product_id, "")
    said, lines = notes.read(text), notes.fields(text)
    flag = told.flags.get(product_id, "") if status is Status.NOT_AFFECTED else ""
    impact = told.impacts.get(product_id, "") if status is Status.NOT_AFFECTED else ""
    name, version = parts_of(product.identity)
    return Statement(
        vulnerability=told.name, aliases=told.aliases, subject=product.identity, products=whole,
        status=status, label=notes.label_for(status, said.label, flag), justification=flag,
        name=said.name or name, version=said.version or version, version_range=product.version_range,
        description=lines.get("about", "") if said.label else told.description,
        impact=said.impact or impact, fixes=said.fixes, evidence=said.evidence,
        severity=said.severity, cvss=said.cvss, cvss_score=said.cvss_score,
        action=told.actions.get(product_id, "") if status is Status.AFFECTED else "",
        timestamp=moment(lines.get("said")) or told.issued, updated=moment(lines.get("updated")),
        source=told.place,
    )  # fmt: skip


def _told(item: Object, tree: _Tree, issued: datetime | None, place: str) -> _Told:
    ids = [text for one in dicts_of(item, "ids") if (text := text_of(one, "text"))]
    name = text_of(item, "cve") or next(iter(ids), "")
    if not name:
        raise InputError("without an id")
    aliases = tuple(dict.fromkeys(one for one in ids if one != name))
    told = _Told(name, aliases, _description(item), issued, place, {}, {}, {}, {})
    for flag in dicts_of(item, "flags"):
        told.flags.update(dict.fromkeys(tree.named(flag), text_of(flag, "label")))
    for threat in dicts_of(item, "threats"):
        if text_of(threat, "category") == "impact":
            told.impacts.update(dict.fromkeys(tree.named(threat), text_of(threat, "details")))
    for remedy in _best_last(dicts_of(item, "remediations")):
        told.actions.update(dict.fromkeys(tree.named(remedy), text_of(remedy, "details")))
    told.notes.update((text_of(note, "title"), text_of(note, "text")) for note in dicts_of(item, "notes"))
    return told


def _best_last(remedies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A fix is worth more than a work-around, and that more than "none available"."""
    order = ["no_fix_planned", "none_available", "workaround", "mitigation", "vendor_fix"]
    worth = {category: number for number, category in enumerate(order)}
    return sorted(remedies, key=lambda one: worth.get(text_of(one, "category"), -1))


def _description(item: Object) -> str:
    told = (text_of(n, "text") for n in dicts_of(item, "notes") if text_of(n, "category") == "description")
    return next(told, "") or text_of(item, "title")
