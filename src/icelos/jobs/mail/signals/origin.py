"""What authentication says of a sender: failures, what it did not cover, and what it proves."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from icelos.jobs.mail.signals.authentication import Origin, told
from icelos.jobs.mail.signals.brands import owners
from icelos.jobs.mail.signals.domains import organisation
from icelos.jobs.mail.signals.facts import Facts, is_provider
from icelos.jobs.mail.signals.symbols import Signal, hit

_WEIGHTS = {"dmarc": 2.0, "compauth": 1.5, "spf": 1.0, "dkim": 0.3}
_FAILED = {"fail": 1.0, "softfail": 0.5, "permerror": 0.5}
_WHERE = "Authentication-Results"


def origin(facts: Facts, checked: Origin | None = None) -> Iterator[Signal]:
    """By what was checked here, else by what the receiving server told."""
    found = checked or told(facts.message.headers, facts.known.servers)
    if not found.results:
        return
    failed = list(_failures(found))
    yield from failed
    if failed and facts.is_ours(facts.sender.host) and found.results.get("dmarc") != "pass":
        why = f"it claims our domain {facts.sender.host}, and its origin failed the checks"
        yield hit("own-domain-forged", why, _WHERE, found.quote)
    if not failed:
        yield from _coverage(facts, found)


def _failures(found: Origin) -> Iterator[Signal]:
    """The checks build on each other: the heaviest failure counts, once. A sealed chain halves it."""
    if found.results.get("dmarc") == "pass":
        return
    results = found.results
    failed = {m: weight * _FAILED[results[m]] for m, weight in _WEIGHTS.items() if results.get(m) in _FAILED}
    if failed:
        said = ", ".join(f"{method.upper()} {results[method]}" for method in failed)
        by = "the checks here" if found.trusted and not found.quote else "the receiving server"
        weight = max(failed.values()) * (0.5 if results.get("arc") == "pass" else 1.0)
        signal = hit("origin-failed", f"{by} found {said}", _WHERE, found.quote)
        yield msgspec.structs.replace(signal, weight=weight)


def _coverage(facts: Facts, found: Origin) -> Iterator[Signal]:
    """What passed may speak for another organisation than that in From; a known one that is proven is
    evidence for the mail, where a trusted server or the checks here say so."""
    host = facts.sender.host
    if not organisation(host):
        return
    aligned = found.is_aligned(host) or _is_own_list(facts, host)
    if found.results.get("dmarc") == "pass":
        if found.trusted and aligned and _is_known(facts, host):
            why = f"it was proven to come from {organisation(host)}"
            yield hit("origin-proven", why, _WHERE, found.quote)
    elif found.domains and not aligned and found.results.get("arc") != "pass":
        why = f"what was proven is {', '.join(sorted(found.domains)[:3])}, not {organisation(host)}"
        yield hit("origin-unaligned", why, _WHERE, found.quote)
    elif not found.domains and found.results.keys() & {"spf", "dkim"}:
        yield hit("origin-unknown", "nothing of its origin was authenticated", _WHERE, found.quote)


def _is_own_list(facts: Facts, host: str) -> bool:
    """A mailing list that put itself into From signs with what its members signed with."""
    return organisation(facts.message.first("list-id").rpartition("<")[2].strip("<> ")) == organisation(host)


def _is_known(facts: Facts, host: str) -> bool:
    """A brand's, a partner's or our own host; never one where anyone gets an address or web space."""
    if is_provider(host) or facts.sender.is_everyone:
        return False
    watched = facts.known.names.own
    return bool(owners(host)) or organisation(host) in watched
