"""Further questions to develop with: each needs several look-ups."""

from __future__ import annotations

from tests.quality.agent.asking import Asked, also, listed, number, users
from tests.quality.agent.expecting import Expect
from tests.quality.agent.looking import (
    Look,
    accounts_on,
    any_of,
    cves,
    day,
    distinct,
    exploitable,
    has,
    held_by,
    in_kev,
    of,
    since,
    starts,
    state,
    tally,
    to,
    top,
    wants,
)  # fmt: skip
from tests.quality.agent.messages import CEO
from tests.quality.agent.staff import HOSTS, TARGETS
from tests.quality.agent.techniques import mitigations


def _web_10(look: Look) -> Expect:
    named = cves(look, exploitable, in_kev, has(target="srv-web-10"))
    return also(listed(named, "cve"), users(accounts_on(look, "srv-web-10")), contains=("Lena Voss",))


def _forwarders(look: Look) -> Expect:
    people = distinct(look.pick(look.alerts, has(technique="T1114.003")), "entity")
    rows = look.pick(look.messages, has(verdict="alert"), lambda one: bool({*people} & {*one.recipients}))
    return listed(distinct(rows, "sender"), "sender")


def _team(look: Look) -> Expect:
    mine = [one.name for one in TARGETS if one.team == "Logistics Engineering"]
    counts = tally(look.pick(look.weaknesses, exploitable, any_of("target", *mine)), "target")
    return also(listed(counts, "host"), counts=dict(counts))


def _fatigue_hosts(look: Look) -> Expect:
    people = distinct(look.pick(look.alerts, has(technique="T1621"), since(day(11, 1))), "entity")
    rows = look.pick(look.events, any_of("user", *people), any_of("host", *HOSTS), has(outcome="success"))
    return listed(distinct(rows, "host"), "host")


def _worst_user(look: Look) -> Expect:
    (host, _), = top(tally(look.pick(look.weaknesses, exploitable, starts("target", "srv-")), "target"),
        1)  # fmt: skip
    return also(listed([host], "host"), users(accounts_on(look, host)))


def _on_dc(look: Look) -> Expect:
    people = accounts_on(look, "srv-dc-1", "srv-dc-2")
    rows = look.pick(look.alerts, has(technique="T1110.001"), any_of("entity", *people), since(day(11, 4)))
    return users(distinct(rows, "entity"))


def _both(look: Look) -> Expect:
    a, b = (set(cves(look, exploitable, has(target=one))) for one in ("srv-dc-1", "srv-db-1"))
    return listed(a & b, "cve")


def _ceo_alerts(look: Look) -> Expect:
    people = {who for one in look.pick(look.messages, has(sender=CEO)) for who in one.recipients}
    return number(len(look.pick(look.alerts, any_of("entity", *people))))


def _technique_of(look: Look) -> Expect:
    rows = look.pick(look.alerts, has(rule="local-account"))
    technique = rows[0].technique
    return also(listed([technique], "technique"), listed(mitigations(technique)), numbers=(len(rows),))


def _lanterns(look: Look) -> Expect:
    rows = look.pick(look.weaknesses, exploitable, has(vulnerability="CVE-2026-79622"))
    owners = tuple(sorted({one.owner for one in TARGETS if one.name in {row.target for row in rows}}))
    return also(listed(distinct(rows, "target"), "host"), contains=owners)


ASKED = (
    Asked("k01", "join", 3, "srv-web-10: exploitable KEV CVEs, its owner, and who logs in there?", _web_10),
    Asked(
        "k02",
        "join",
        2,
        "Which senders of alert mails reached people that had a forwarding-rule alert (T1114.003)?",
        _forwarders,
        loose=True,
    ),
    Asked(
        "k03",
        "join",
        2,
        "team Logistics Engineering: number of exploitable findings for each of its targets",
        _team,
    ),
    Asked(
        "k04",
        "join",
        2,
        "users with an MFA fatigue alert in November - to which hosts do these log in with success?",
        _fatigue_hosts,
    ),
    Asked(
        "k05",
        "join",
        2,
        "the server with most exploitable findings, and who has logged in there successfully",
        _worst_user,
        loose=True,
    ),
    Asked(
        "k06",
        "join",
        2,
        "Who can log in to a domain controller (srv-dc-1, srv-dc-2) and had a password guessing alert "
        "(T1110.001) since 4 November?",
        _on_dc,
        loose=True,
    ),
    Asked("k07", "comparison", 2, "which exploitable CVEs do srv-dc-1 and srv-db-1 have in common?", _both),
    Asked(
        "k08",
        "join",
        2,
        "how many log alerts had the recipients of ingrid.solheim@exec-mail.test altogether?",
        _ceo_alerts,
    ),
    Asked(
        "k09",
        "technique",
        2,
        "rule local-account - how often did it fire, which technique is that, and mitigations of it?",
        _technique_of,
    ),
    Asked("k10", "join", 2, "CVE-2026-79622: exploitable where? whom do these belong to?", _lanterns),
    Asked(
        "k11",
        "comparison",
        2,
        "flagged mails to Pavel Sorin and to Bruno Caldas with verdict alert: numbers for both",
        lambda o: Expect(
            counts={
                f"{n}|{n.lower().replace(' ', '.')}": len(o.pick(o.messages, to(n), has(verdict="alert")))
                for n in ("Pavel Sorin", "Bruno Caldas")
            }
        ),
    ),
    Asked(
        "k12",
        "two-part",
        2,
        "how many open log alerts does petra.holm have and how long does she need for one on average",
        lambda o: also(number(len(o.pick(o.alerts, held_by("petra.holm"), state("open")))), missing=True),
    ),
    Asked(
        "k13",
        "two-part",
        2,
        "extortion mails: how many flagged since 1 Nov, and what does our extortion runbook say?",
        lambda o: also(number(len(o.pick(o.messages, wants("extortion"), since(day(11, 1))))), missing=True),
        "there is no such runbook",
    ),
    Asked(
        "k14",
        "timeline",
        2,
        "techniques alerted for greta.aalto from 8 November on, each once, in the order in which they came "
        "first",
        lambda o: listed(
            distinct(o.pick(o.alerts, of("Greta Aalto"), since(day(11, 8))), "technique"),
            "technique",
            order=True,
        ),
    ),
)
