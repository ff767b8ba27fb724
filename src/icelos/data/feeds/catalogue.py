"""The public feeds by name: what they hold, under which licence, and how they are read.

Feeds of knowledge become documents of the copilot; vulnerability feeds fill the advisory database. KEV does
both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from icelos.data.advisory_filling import Item
from icelos.data.feeds import attack, layout, nvd
from icelos.data.feeds.archive import read_archive
from icelos.data.feeds.files import LIMIT, Provenance
from icelos.data.feeds.records import advisories_of, facts_in, products_of
from icelos.data.parse.fields import Parsed
from icelos.errors import SettingsError

LARGE = 8 * 1024 * 1024 * 1024


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """A feed: which files it has, and what they become.

    `documents` gives documents whose ids begin with the feed's name; `items` gives what goes into the
    advisory database out of one file, told with its name there ("osv/PyPI/all.zip"). `verify` checks a file
    by what its publisher says elsewhere; `modified` fetches what has changed since a time. `limit` is a
    file's, in bytes.
    """

    name: str
    title: str
    licence: str
    files: layout.Layout
    documents: Callable[[Sequence[Path]], Iterator[Parsed]] | None = None
    items: Callable[[Path, str], Iterator[Item]] | None = None
    bundled: Callable[[], Iterator[Parsed]] | None = None
    bundled_as: Callable[[], str] = lambda: ""
    verify: Callable[[str, Path, nvd.Fetcher], None] | None = None
    modified: Callable[..., Provenance | None] | None = None
    limit: int = LIMIT


def _read_all(paths: Sequence[Path]) -> Iterator[Parsed]:
    for path in paths:
        yield from read_archive(path, max_bytes=LIMIT)


def _fixed(name: str, *addresses: str) -> layout.Layout:
    return layout.fixed(name, {address.rpartition("/")[2]: address for address in addresses})


_STIX = "https://raw.githubusercontent.com/mitre-attack/attack-stix-data/master"
_GITHUB = "https://github.com"
FEEDS: Mapping[str, Feed] = {
    feed.name: feed
    for feed in (
        Feed(
            name="alpine",
            title="Alpine's security fixes by release",
            licence="none stated; facts published by Alpine Linux",
            files=layout.alpine,
            items=advisories_of,
        ),
        Feed(
            name="attack",
            title="MITRE ATT&CK: enterprise, ICS, mobile",
            licence=attack.LICENCE,
            files=_fixed("attack", *(f"{_STIX}/{d}/{d}.json" for d in (
                "enterprise-attack", "ics-attack", "mobile-attack"))),
            documents=attack.stix_file_documents,
            bundled=attack.bundled_documents,
            bundled_as=lambda: f"{attack.DISTRIBUTION} {attack.bundled_version()}",
        ),
        Feed(
            name="capec",
            title="MITRE CAPEC attack patterns",
            licence="CAPEC Terms of Use",
            files=_fixed("capec", "https://raw.githubusercontent.com/mitre/cti/master/capec/2.1/stix-capec.json"),
            documents=_read_all,
        ),
        Feed(
            name="csaf",
            title="CISA's advisories (CSAF), for industrial and other systems",
            licence="CC0-1.0",
            files=layout.fixed("csaf", {
                "csaf.zip": f"{_GITHUB}/cisagov/CSAF/archive/refs/heads/develop.zip"}),
            documents=_read_all,
        ),
        Feed(
            name="cwe",
            title="MITRE CWE weaknesses",
            licence="CWE Terms of Use",
            files=_fixed("cwe", "https://cwe.mitre.org/data/xml/cwec_latest.xml.zip"),
            documents=_read_all,
        ),
        Feed(
            name="epss",
            title="FIRST EPSS: how likely exploitation is",
            licence="free to use; see EPSS at https://www.first.org/epss",
            files=_fixed("epss", "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"),
            items=facts_in,
        ),
        Feed(
            name="ghsa",
            title="GitHub's reviewed advisories",
            licence="CC-BY-4.0",
            files=layout.fixed("ghsa", {
                "advisory-database.zip": f"{_GITHUB}/github/advisory-database/archive/refs/heads/main.zip"}),
            items=partial(advisories_of, members=r"(?<!un)reviewed/.*GHSA-[0-9a-z-]+\.json$"),
            limit=LARGE,
        ),
        Feed(
            name="kev",
            title="CISA known exploited vulnerabilities",
            licence="CC0-1.0",
            files=_fixed("kev", "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"),
            documents=_read_all,
            items=facts_in,
        ),
        Feed(
            name="nvd",
            title="NVD: severity, weaknesses and products of every CVE",
            licence="public domain (NIST)",
            files=layout.nvd,
            items=products_of,
            verify=nvd.verify,
            modified=nvd.modified,
        ),
        Feed(
            name="osv",
            title="OSV: advisories of ecosystems and distributions",
            licence="by source, mostly CC-BY-4.0 and CC0-1.0 (https://google.github.io/osv.dev/data/)",
            files=layout.osv,
            items=advisories_of,
            limit=LARGE,
        ),
        Feed(
            name="sigma",
            title="SigmaHQ detection rules",
            licence="DRL-1.1",
            files=_fixed("sigma", f"{_GITHUB}/SigmaHQ/sigma/releases/latest/download/sigma_all_rules.zip"),
            documents=_read_all,
        ),
        Feed(
            name="vulnrichment",
            title="CISA Vulnrichment: decision points for SSVC",
            licence="CC0-1.0",
            files=layout.fixed("vulnrichment", {
                "vulnrichment.zip": f"{_GITHUB}/cisagov/vulnrichment/archive/refs/heads/develop.zip"}),
            items=partial(facts_in, members=r"(^|/)CVE-\d{4}-\d+\.json$"),
            limit=LARGE,
        ),
    )
}  # fmt: skip


def feed_named(name: str) -> Feed:
    """Raises SettingsError for an unknown name."""
    if name not in FEEDS:
        raise SettingsError(f"no feed called {name!r}", hint=f"one of: {', '.join(FEEDS)}")
    return FEEDS[name]
