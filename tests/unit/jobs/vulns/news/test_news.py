from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from tests.unit.jobs.vulns.news.conftest import ANN, Organisation, advisory

from icelos.contracts import Principal
from icelos.data import visibility
from icelos.data.casework.desk import Desk
from icelos.data.casework.model import Reason
from icelos.data.databases import open_shared
from icelos.data.sinks import SqliteSink
from icelos.jobs.vulns.news.model import News
from icelos.jobs.vulns.news.news import news
from icelos.knowledge.store import KnowledgeStore
from icelos.records import Document, Relation, Section
from icelos.settings import VulnSettings

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
OLD, NEW = "2026-01-01T00:00:00Z", "2026-11-20T00:00:00Z"


def told(organisation: Organisation, principal: Principal = ANN) -> News:
    return news(organisation.settings, since=SINCE, principal=principal)


def entry(number: int, title: str, *names: str, groups: tuple[str, ...] = ()) -> Document:
    return Document(
        id=f"news/x/{number}", source="news:x", title=title, kind="news", url=f"https://n.example/{number}",
        sections=(Section("", title),), relations=tuple(Relation("mentions", n) for n in names),
        modified=datetime(2026, 11, 25, tzinfo=UTC), groups=groups,
    )  # fmt: skip


def test_an_exploited_vulnerability_of_a_version_that_we_have(organisation: Organisation) -> None:
    organisation.bring_advisories(advisory(1, "flask", "2.0", OLD), advisory(2, "django", "9.0", OLD))
    organisation.bring_kev(
        ("CVE-2026-0001", "2026-11-20", "Pallets Flask"), ("CVE-2026-7777", "2026-11-20", "X Y"),
        ("CVE-2026-0002", "2025-01-01", "Django Django"),
    )  # fmt: skip
    organisation.keep("shop", "flask@1.5", "django@4.0")
    organisation.keep("blog", "flask@2.1")
    organisation.analyse()
    found = told(organisation)
    assert [item.name for item in found.items] == ["CVE-2026-0001"]
    item = found.items[0]
    assert [(one.target, one.version, one.verdict, one.state) for one in item.concerns] == [
        ("shop", "1.5", "alert", "open")
    ]
    assert item.concerns[0].finding.startswith("finding:vulns/")
    assert item.concerns[0].fixed_in == "2.0"
    assert (
        item.changes[0].told == "exploited: in CISA's catalogue since 2026-11-20, to be mended by 2026-12-24"
    )
    assert "shop is affected" in item.why
    assert item.risk is not None
    assert item.risk > 0.3
    assert found.others == {"exploited": 1}
    assert (found.targets, found.ruled_out) == (2, 0)


def test_a_version_that_is_not_affected_is_ruled_out_and_counted(organisation: Organisation) -> None:
    organisation.bring_advisories(advisory(1, "flask", "2.0", NEW))
    organisation.keep("blog", "flask@2.1")
    organisation.analyse()
    found = told(organisation)
    assert found.items == ()
    assert found.ruled_out == 1
    assert told(organisation).items == found.items


def test_an_advisory_is_told_before_anybody_has_analysed_it(organisation: Organisation) -> None:
    organisation.bring_advisories(advisory(9, "other", "1.0", OLD))
    organisation.keep("shop", "flask@1.5")
    organisation.analyse()
    organisation.bring_advisories(advisory(9, "other", "1.0", NEW), advisory(1, "flask", "2.0", NEW))
    found = told(organisation)
    assert [(i.name, i.concerns[0].judged, i.concerns[0].finding) for i in found.items] == [
        ("CVE-2026-0001", "versions", "")
    ]
    assert found.others == {"advisory": 1}


def test_epss_that_rose_since_it_was_last_fetched(organisation: Organisation) -> None:
    organisation.bring_advisories(advisory(1, "flask", "2.0", OLD), advisory(2, "django", "9.0", OLD))
    organisation.keep("shop", "flask@1.5", "django@4.0")
    organisation.bring_epss(CVE_2026_0001=0.02, CVE_2026_0002=0.5, CVE_2026_9999=0.1)
    assert told(organisation).items == ()
    organisation.bring_epss(CVE_2026_0001=0.42, CVE_2026_0002=0.55, CVE_2026_9999=0.9)
    found = told(organisation)
    assert [(i.name, i.changes[0].told) for i in found.items] == [
        ("CVE-2026-0001", "EPSS rose from 0.020 to 0.420")
    ]
    assert found.others == {"likelier": 1}


def test_the_riskiest_first(organisation: Organisation) -> None:
    organisation.bring_advisories(
        *(advisory(n, name, "9.0", NEW) for n, name in enumerate(("a-a", "b-b", "c-c"), 1))
    )
    organisation.bring_epss(CVE_2026_0001=0.1, CVE_2026_0002=0.9, CVE_2026_0003=0.5)
    organisation.keep("shop", "a-a@1.0", "b-b@1.0", "c-c@1.0")
    assert [item.name for item in told(organisation).items] == [
        "CVE-2026-0002",
        "CVE-2026-0003",
        "CVE-2026-0001",
    ]


def test_news_that_name_a_vulnerability_or_a_component(organisation: Organisation) -> None:
    organisation.bring_advisories(advisory(1, "flask", "2.0", OLD))
    organisation.keep("shop", "flask@1.5", "requests@2.0")
    with KnowledgeStore.open(organisation.settings) as store:
        store.add([
            entry(1, "CVE-2026-0001 is used by a botnet", "CVE-2026-0001"),
            entry(2, "Malicious versions of requests were published"),
            entry(3, "CVE-2020-0001 revisited", "CVE-2020-0001"),
            entry(4, "Only for the board: flask", groups=("board",)),
            entry(5, "Acme Gateway exploited"),
        ])  # fmt: skip
    found = told(organisation)
    assert [item.name for item in found.items] == ["CVE-2026-0001", "news/x/2"]
    assert found.items[0].changes[0].source == "https://n.example/1"
    assert (found.items[1].risk, found.items[1].concerns[0].judged) == (None, "name")
    assert found.others == {"told": 2}
    settings = msgspec.structs.replace(organisation.settings, vulns=VulnSettings(watch=("acme gateway",)))
    watched = news(settings, since=SINCE, principal=ANN)
    assert "acme gateway, which you watch" in watched.items[-1].why


def test_what_the_settings_watch_is_looked_for_in_the_catalogue(organisation: Organisation) -> None:
    organisation.bring_advisories(advisory(1, "flask", "2.0", OLD))
    organisation.bring_kev(
        ("CVE-2026-0500", "2026-11-20", "Fortinet FortiOS"),
        ("CVE-2026-0501", "2024-01-01", "Fortinet FortiOS"),
    )
    settings = msgspec.structs.replace(organisation.settings, vulns=VulnSettings(watch=("Fortinet", "Net")))
    found = news(settings, since=SINCE, principal=ANN)
    assert [item.name for item in found.items] == ["CVE-2026-0500"]
    assert "Fortinet FortiOS is exploited, and you watch Fortinet;" in found.items[0].why


def test_what_people_decided_and_closed_is_shown(organisation: Organisation) -> None:
    organisation.bring_advisories(advisory(1, "flask", "2.0", NEW))
    organisation.keep("shop", "flask@1.5")
    organisation.analyse()
    with Desk.open(organisation.place) as desk:
        finding = desk.findings.findings(job="vulns")[0]
        desk.cases.close_case(finding, Reason.ACCEPTED_RISK, by="bob")
    assert [one.state for one in told(organisation).items[0].concerns] == ["closed: accepted_risk"]


def test_who_may_not_see_a_finding_is_not_told_of_it(organisation: Organisation) -> None:
    organisation.bring_advisories(advisory(1, "flask", "2.0", NEW))
    organisation.keep("shop", "flask@1.5")
    organisation.analyse()
    with SqliteSink(organisation.place.findings) as sink:
        finding = sink.findings(job="vulns")[0]
    database = open_shared(organisation.place.findings, "")
    visibility.set_finding_groups(database, finding.id, ["board"])
    assert told(organisation).items == ()
    assert told(organisation, Principal("eve", groups=frozenset({"board"}))).items != ()
    visibility.set_finding_groups(database, finding.id, [])
    visibility.set_job_groups(database, "vulns", ["board"])
    database.close()
    closed = told(organisation)
    assert (closed.items, closed.targets, closed.others) == ((), 0, {})
    assert closed.notices == ("you may not see what the job vulns finds",)


def test_targets_that_are_known_by_their_findings_alone(organisation: Organisation) -> None:
    organisation.bring_advisories(advisory(1, "flask", "2.0", OLD))
    organisation.keep("shop", "flask@1.5")
    organisation.analyse()
    from icelos.data.inventories import Inventories

    Inventories(organisation.place).drop("shop")
    organisation.bring_kev(("CVE-2026-0001", "2026-11-20", "Pallets Flask"))
    found = told(organisation)
    assert [(one.target, one.judged) for one in found.items[0].concerns] == [("shop", "finding")]


def test_nothing_is_known_of_an_empty_workspace(organisation: Organisation) -> None:
    found = told(organisation)
    assert (found.items, found.others, found.targets) == ((), {}, 0)
    assert "no advisories" in found.notices[0]
    assert not (organisation.place.home / "advisories.sqlite").exists()
    organisation.bring_advisories(advisory(1, "flask", "2.0", NEW))
    assert "no targets are known" in told(organisation).notices[0]
