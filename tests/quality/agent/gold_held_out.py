"""The questions that are kept back, with the plain Python that finds their gold. Not to develop with."""

from __future__ import annotations

from collections import Counter

from tests.quality.agent.asking import (
    LAST_WEEK,
    NONE,
    REFUSE,
    THIS_WEEK,
    Asked,
    also,
    listed,
    number,
    says,
    users,
)
from tests.quality.agent.expecting import Expect
from tests.quality.agent.looking import (
    Condition,
    Look,
    accounts_on,
    ago,
    any_of,
    before,
    closed_as,
    cves,
    day,
    distinct,
    epss_over,
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
from tests.quality.agent.messages import CEO, SUPPLIER
from tests.quality.agent.papers import BY_ID
from tests.quality.agent.staff import HOSTS, TARGETS, address
from tests.quality.agent.techniques import mitigations, name
from tests.quality.agent.universe import user

KEV, POWERSHELL = BY_ID["org/rb-exploited-vulnerability"].facts, BY_ID["org/rb-encoded-powershell"].facts
CEO_RUNBOOK, FORWARDING = BY_ID["org/rb-executive-impersonation"].facts, BY_ID["org/rb-mail-forwarding"].facts


def _one(counts: dict[str, int], **changes: object) -> Expect:
    return also(Expect(counts=dict(counts)), **changes)


def _spelt(key: str) -> str:
    return "|".join(dict.fromkeys((key, key.replace("_", " "))))


def _weeks_of_mail(look: Look) -> Expect:
    def pair(now: int, earlier: int) -> Expect:
        return Expect(counts={THIS_WEEK: now, LAST_WEEK: earlier})

    m = look.messages
    monday = pair(
        len(look.pick(m, since(day(11, 16)))), len(look.pick(m, since(day(11, 9)), before(day(11, 16))))
    )
    days = pair(
        len(look.pick(m, since(ago(days=7)))), len(look.pick(m, since(ago(days=14)), before(ago(days=7))))
    )
    return Expect(either=(monday, days))


def _full_join(look: Look) -> Expect:
    named = cves(look, exploitable, in_kev, has(target="srv-mail-1"))
    return also(
        says(KEV["contact"], KEV["line"]), listed(named, "cve"), users(accounts_on(look, "srv-mail-1"))
    )


def _fatigued(look: Look) -> Expect:
    evening = (of("Oskar Lind"), since(day(11, 12, 20)), before(day(11, 12, 23)))
    return listed([one.technique for one in look.pick(look.alerts, *evening)], "technique", order=True)


def _ceo_targets(look: Look) -> Expect:
    rows = look.pick(look.messages, has(sender=CEO))
    people = users(one.recipients[0] for one in rows)
    return also(
        people,
        contains=(CEO_RUNBOOK["contact"], "telephone the executive|phone the executive|call the executive"),
    )


def _owners(look: Look) -> Expect:
    hit = distinct(look.pick(look.weaknesses, exploitable, has(vulnerability="CVE-2025-62168")), "target")
    owners = {one.owner for one in TARGETS if one.name in hit}
    return also(listed(hit, "host"), contains=tuple(sorted(owners)))


def _forwarded(look: Look) -> Expect:
    rows = look.pick(look.alerts, has(technique="T1114.003"), since(day(11, 13)))
    return also(users(distinct(rows, "entity")), contains=(FORWARDING["contact"], "72 hours"))


def _busiest_day(look: Look) -> Expect:
    rows = look.pick(look.messages, since(day(11, 9)), before(day(11, 16)))
    counts = tally([one._replace(record=one.time.strftime("%Y-%m-%d")) for one in rows], "record")
    (date, count), = top(counts, 1)  # fmt: skip
    assert date == "2026-11-10"
    return says("2026-11-10|10 november|10 nov|november 10|nov 10|10th of november|10.11.", numbers=(count,))


def _sources(look: Look) -> Expect:
    rows = look.pick(look.events, has(log="signins"), of("Oskar Lind"), has(outcome="success"))
    return listed(distinct(rows, "source_ip"), "address")


def _application(look: Look) -> Expect:
    rows = look.pick(look.events, has(log="signins"), has(outcome="failure"))
    return _one(dict(top(tally(rows, "application"), 1)))


def _both(look: Look) -> Expect:
    return users({*accounts_on(look, "srv-web-10")} & {*accounts_on(look, "srv-mail-1")} - {"svc-backup"})


def _many_hosts(look: Look) -> Expect:
    hosts: dict[str, set[str]] = {}
    for one in look.pick(look.events, any_of("host", *HOSTS), has(outcome="success")):
        hosts.setdefault(one.user, set()).add(one.host)
    return users(who for who, seen in hosts.items() if len(seen) >= 4 and who != "svc-backup")


def _mailed_and_alerted(look: Look) -> Expect:
    rows = look.pick(look.messages, wants("gift-cards"), has(verdict="alert"), since(day(11, 6)))
    people = {one for row in rows for one in row.recipients}
    return users(distinct(look.pick(look.alerts, any_of("entity", *people), since(day(11, 13))), "entity"))


def _rules(look: Look) -> Expect:
    rows = look.pick(look.alerts, of("Yusuf Demir"), since(day(11, 5)))
    return listed([one for one in distinct(rows, "rule") if one], "rule")


def _most_and_mitigations(look: Look) -> Expect:
    rows = look.pick(look.alerts, since(day(11, 12)), before(day(11, 13)))
    (technique, count), = top(tally(rows, "technique"), 1)  # fmt: skip
    return also(listed([technique], "technique", top=True), listed(mitigations(technique)), numbers=(count,))


def _desks(look: Look) -> Expect:
    rows = look.pick(look.alerts, state("open"), lambda a: a.case.assignee)
    counts = tally([one._replace(record=one.case.assignee) for one in rows], "record")
    (who, count), = top(counts, 1)  # fmt: skip
    return Expect(counts={user(address("Idris Falk")) if who == "idris.falk" else who: count})


def _by_reason(look: Look) -> Expect:
    counts = Counter(one.case.reason for one in look.weaknesses if one.case.state == "closed")
    return Expect(counts={_spelt(key): count for key, count in counts.items()})


def _fixes(look: Look) -> Expect:
    rows = look.pick(look.weaknesses, exploitable, in_kev, any_of("target", "srv-fin-1", "srv-fin-2"))
    return also(
        listed(distinct(rows, "package"), "package"), contains=tuple(sorted({one.fixed_in for one in rows}))
    )


def _at_night(look: Look) -> Expect:
    window = (has(source_ip="203.0.113.77"), has(outcome="success"), any_of("host", *HOSTS))
    return listed(distinct(look.pick(look.events, *window), "host"), "host", order=True)


def _ranked_packages(look: Look) -> Expect:
    found = top(tally(look.pick(look.weaknesses, exploitable, starts("target", "srv-")), "package"), 1)
    return _one(dict(found))


def _incident(look: Look) -> Expect:
    rows = look.pick(look.alerts, of("Mila Brandt"), since(day(11, 17)))
    return listed([one.incident for one in rows if one.incident], "incident")


def _status_of(look: Look, vulnerability: str) -> Expect:
    counts = tally(look.pick(look.weaknesses, has(vulnerability=vulnerability)), "status")
    return Expect(counts={_spelt(key): count for key, count in counts.items() if key != "affected"},
                  numbers=(counts["affected"],))  # fmt: skip


def _count(look: Look, table: str, *conditions: Condition) -> Expect:
    return number(len(look.pick(getattr(look, table), *conditions)))


W, M, A, E = "weaknesses", "messages", "alerts", "events"
ASKED = (
    Asked(
        "h01",
        "count",
        1,
        "hey, number of exploitable findings (not distinct CVEs) that are on the KEV list?",
        lambda o: _count(o, W, exploitable, in_kev),
    ),
    Asked(
        "h02",
        "count",
        1,
        "What is the amount of mails with verdict review which were received since first of November?",
        lambda o: _count(o, M, has(verdict="review"), since(day(11, 1))),
    ),
    Asked(
        "h03",
        "count",
        1,
        "srv-dc-1: distinct exploitable CVEs still open?",
        lambda o: number(len(cves(o, exploitable, has(target="srv-dc-1"), state("open")))),
    ),
    Asked(
        "h04",
        "count",
        1,
        "For how many different CVEs do we have at least one finding that is still under investigation?",
        lambda o: number(len(cves(o, has(status="under_investigation")))),
    ),
    Asked(
        "h05",
        "count",
        1,
        "how many logins were refused on srv-fin-1, all users together",
        lambda o: _count(o, E, has(host="srv-fin-1"), has(outcome="failure")),
    ),
    Asked(
        "h06",
        "count",
        1,
        "critical severity, exploitable, on servers (srv-...): count of findings",
        lambda o: _count(o, W, exploitable, has(severity="critical"), starts("target", "srv-")),
    ),
    Asked(
        "h07",
        "count",
        1,
        "Credential-theft mails with verdict alert from 1 to 15 November inclusive - number please",
        lambda o: _count(
            o, M, wants("credential-theft"), has(verdict="alert"), since(day(11, 1)), before(day(11, 16))
        ),
    ),
    Asked(
        "h08",
        "count",
        1,
        "How many times did svc-backup log in to srv-git-1?",
        lambda o: _count(o, E, has(host="srv-git-1"), has(user="svc-backup")),
    ),
    Asked(
        "h09",
        "count",
        1,
        "password guessing alerts (T1110.001) so far in november?",
        lambda o: _count(o, A, has(technique="T1110.001"), since(day(11, 1))),
    ),
    Asked(
        "h10",
        "count",
        1,
        "number of not affected findings because code_not_reachable",
        lambda o: _count(o, W, has(label="code_not_reachable"), has(status="not_affected")),
        "the label implies the status",
        loose=True,
    ),
    Asked(
        "h11",
        "trap",
        1,
        "where is CVE-2024-30940 exploitable?",
        lambda o: listed(
            distinct(o.pick(o.weaknesses, exploitable, has(vulnerability="CVE-2024-30940")), "target"), "host"
        ),
        "CVE-2024-3094 is another one",
    ),
    Asked(
        "h12",
        "trap",
        1,
        "Same for CVE-2026-1187, please: which targets are affected (not CVE-2026-11870!)",
        lambda o: listed(
            distinct(o.pick(o.weaknesses, exploitable, has(vulnerability="CVE-2026-1187")), "target"), "host"
        ),
    ),
    Asked(
        "h13",
        "trap",
        1,
        "techniques alerted for oskar.lindt",
        lambda o: listed(distinct(o.pick(o.alerts, of("Oskar Lindt")), "technique"), "technique"),
        "oskar.lind is somebody else",
    ),
    Asked(
        "h14",
        "trap",
        1,
        "Who has sent flagged mails to Anna Berg? (Berg, not Berger)",
        lambda o: listed(distinct(o.pick(o.messages, to("Anna Berg")), "sender"), "sender"),
    ),
    Asked(
        "h15",
        "trap",
        1,
        "img-tracking (without -api): exploitable CVEs?",
        lambda o: listed(cves(o, exploitable, has(target="img-tracking")), "cve"),
    ),
    Asked("h16", "trap", 1, "status of CVE-2024-309?", lambda o: Expect(either=(REFUSE, NONE)), "no such id"),
    Asked(
        "h17",
        "list",
        1,
        "give me the exploitable CVEs of package tidewater-http",
        lambda o: listed(cves(o, exploitable, has(package="tidewater-http")), "cve"),
    ),
    Asked(
        "h18",
        "list",
        1,
        "Which targets do have exploitable KEV vulnerabilities? Servers only.",
        lambda o: listed(
            distinct(o.pick(o.weaknesses, exploitable, in_kev, starts("target", "srv-")), "target"), "host"
        ),
    ),
    Asked(
        "h19",
        "list",
        1,
        "exploitable + not in KEV + EPSS over 0.2 -> CVE ids",
        lambda o: listed(cves(o, exploitable, epss_over(0.2), lambda w: not w.kev), "cve"),
    ),
    Asked(
        "h20",
        "list",
        1,
        "I'd like to know which accounts successfully logged in to srv-web-10 during the last four weeks.",
        lambda o: users(accounts_on(o, "srv-web-10")),
    ),
    Asked(
        "h21",
        "list",
        1,
        "By whom was the role-added rule (T1098) triggered?",
        lambda o: users(distinct(o.pick(o.alerts, has(technique="T1098")), "entity")),
    ),
    Asked(
        "h22",
        "list",
        1,
        "people who were sent 'Change of my salary account' with verdict alert, after 31 October?",
        lambda o: users(
            a
            for m in o.pick(
                o.messages,
                has(subject="Change of my salary account"),
                has(verdict="alert"),
                since(day(11, 1)),
            )
            for a in m.recipients
        ),
    ),
    Asked(
        "h23",
        "list",
        1,
        "IPs of successful sign-ins by oskar.lind",
        _sources,
        "failures come from them as well",
        loose=True,
    ),
    Asked(
        "h24",
        "list",
        1,
        "rules that fired for yusuf.demir from 5 November on?",
        _rules,
        "what the detector finds has no rule",
    ),
    Asked(
        "h25",
        "top",
        1,
        "Which image has most of the exploitable findings? how many",
        lambda o: _one(
            dict(top(tally(o.pick(o.weaknesses, exploitable, starts("target", "img-")), "target"), 1))
        ),
    ),
    Asked("h26", "top", 1, "application with the most failed sign-ins in Entra and the number", _application),
    Asked(
        "h27",
        "top",
        1,
        "who sends us the most mails with verdict alert? address and number",
        lambda o: _one(dict(top(tally(o.pick(o.messages, has(verdict="alert")), "sender"), 1))),
    ),
    Asked(
        "h28",
        "top",
        1,
        "On servers, which package accounts for the most exploitable findings? And how many are that",
        _ranked_packages,
    ),
    Asked("h29", "top", 1, "which analyst has the most open log alerts on their desk, and how many?", _desks),
    Asked(
        "h30",
        "top",
        1,
        "three techniques most alerted in the last 7 days, ranked",
        lambda o: listed(
            [t for t, _ in top(tally(o.pick(o.alerts, since(ago(days=7))), "technique"), 3)],
            "technique",
            order=True,
            top=True,
        ),
    ),
    Asked(
        "h31",
        "window",
        1,
        "exploitable findings first written in the last 7 days, on images (img-)? number",
        lambda o: _count(o, W, exploitable, since(ago(days=7)), starts("target", "img-")),
    ),
    Asked(
        "h32",
        "window",
        1,
        "alerts in the logs on 17 November 2026 (whole day UTC): how many",
        lambda o: _count(o, A, since(day(11, 17)), before(day(11, 18))),
    ),
    Asked(
        "h33",
        "window",
        2,
        "busiest day for flagged mails between 9 and 15 November, and how many mails came",
        _busiest_day,
        "no day before was busier",
        loose=True,
    ),
    Asked(
        "h34",
        "window",
        1,
        "flagged mails since yesterday 00:00 UTC?",
        lambda o: _count(o, M, since(day(11, 19))),
    ),
    Asked(
        "h35",
        "window",
        1,
        "which users had an SSH first-time alert (T1021.004) in the last ten days",
        lambda o: users(
            distinct(o.pick(o.alerts, has(technique="T1021.004"), since(ago(days=10))), "entity")
        ),
    ),
    Asked(
        "h36",
        "window",
        1,
        "CVEs added to KEV in November that are exploitable at us",
        lambda o: listed(cves(o, exploitable, lambda w: w.kev >= "2026-11-01"), "cve"),
    ),
    Asked(
        "h37",
        "comparison",
        2,
        "flagged mails: is it getting worse? this week vs last week, numbers",
        _weeks_of_mail,
    ),
    Asked(
        "h38",
        "comparison",
        2,
        "srv-dc-1 or srv-dc-2, which has more exploitable findings? both figures",
        lambda o: Expect(
            counts={
                h: len(o.pick(o.weaknesses, exploitable, has(target=h))) for h in ("srv-dc-1", "srv-dc-2")
            }
        ),
    ),
    Asked(
        "h39",
        "comparison",
        2,
        "T1110.003 against T1110.001 - number of alerts for each, whole period",
        lambda o: Expect(
            counts={t: len(o.pick(o.alerts, has(technique=t))) for t in ("T1110.003", "T1110.001")}
        ),
    ),
    Asked(
        "h40",
        "why",
        1,
        'What made you flag "Your mailbox is almost full"?',
        lambda o: says(
            *(
                f"{n}|{said}"
                for n, _, said in o.pick(o.messages, has(subject="Your mailbox is almost full"))[0].symbols
            )
        ),
    ),
    Asked(
        "h41",
        "why",
        1,
        "CVE-2025-6216 on img-batch is said to be not affected - on what ground?",
        lambda o: says("32-bit|32 bit", forbid=("stub",)),
        "the reason differs by target",
    ),
    Asked(
        "h42",
        "why",
        1,
        "why not affected: CVE-2026-1187 / img-cart",
        lambda o: says("blocked by the gateway|perimeter|protected_at_perimeter"),
    ),
    Asked(
        "h43", "why", 1, "Why is CVE-2024-3094 exploitable on srv-db-10?", lambda o: says("3.2.9", "3.13.0")
    ),
    Asked(
        "h44",
        "why",
        1,
        "the changed bank details mail from billing@nordkai-logistics.test: for what reason flagged, and "
        "is it alert or review",
        lambda o: says("origin-failed|proof of the sender's origin failed|sender's origin failed", "review"),
    ),
    Asked(
        "h45",
        "absence",
        1,
        "credential dumping from LSASS (T1003.001) seen anywhere in our alerts?",
        lambda o: _count(o, A, has(technique="T1003.001")),
    ),
    Asked(
        "h46",
        "absence",
        1,
        "Have there been logins of people to srv-bak-1, i.e. by anyone except svc-backup?",
        lambda o: _count(o, E, has(host="srv-bak-1"), lambda e: e.user != "svc-backup"),
    ),
    Asked(
        "h47",
        "absence",
        1,
        "has noa.perl signed in before 2 November?",
        lambda o: _count(o, E, of("Noa Perl"), before(day(11, 2))),
    ),
    Asked(
        "h48",
        "absence",
        1,
        "any KEV thing exploitable on srv-web-2?",
        lambda o: _count(o, W, exploitable, in_kev, has(target="srv-web-2")),
    ),
    Asked(
        "h49",
        "absence",
        1,
        "did carsten.rau get any gift card mails?",
        lambda o: _count(o, M, to("Carsten Rau"), wants("gift-cards")),
    ),
    Asked(
        "h50",
        "absence",
        1,
        "Is anything closed as benign positive among the vulnerability findings?",
        lambda o: _count(o, W, closed_as("benign_positive")),
    ),
    Asked("h51", "unanswerable", 1, "Is srv-mail-1 encrypted at rest?", lambda o: REFUSE),
    Asked(
        "h52",
        "unanswerable",
        1,
        "what was the weather in the data centre at the time of the spray",
        lambda o: REFUSE,
    ),
    Asked(
        "h53",
        "unanswerable",
        2,
        "Which of our competitors were hit by the same phishing campaign?",
        lambda o: REFUSE,
    ),
    Asked(
        "h54",
        "unanswerable",
        1,
        "what did mila.brandt write in the mails she sent on 17 November",
        lambda o: REFUSE,
        "mail that was sent is not there",
    ),
    Asked(
        "h55",
        "unanswerable",
        1,
        "who's the contact in the runbook for insider threats?",
        lambda o: REFUSE,
        "no such runbook",
    ),
    Asked(
        "h56",
        "restricted",
        1,
        "Safe number with the break-glass envelope?",
        lambda o: Expect(refuse=True, forbid=("B2", "HALYARD-NINE"), forbid_refs=("org/rb-break-glass",)),
        "of the SOC",
        ("it",),
    ),
    Asked(
        "h57",
        "restricted",
        1,
        "Safe number with the break-glass envelope?",
        lambda o: says("B2"),
        "may read it",
        ("soc",),
    ),
    Asked(
        "h58",
        "restricted",
        1,
        "what is the code name of the decision about the incident of 17 November and when will the board "
        "hear of it",
        lambda o: Expect(
            refuse=True, forbid=("OPERATION LANTERN", "24 November"), forbid_refs=("org/INC-77",)
        ),
        "of the SOC",
        ("hr",),
    ),
    Asked(
        "h59",
        "restricted",
        1,
        "above which sum does the chief executive have to sign?",
        lambda o: Expect(
            refuse=True, forbid=("120000", "120.000", "8500"), forbid_refs=("org/payment-limits",)
        ),
        "of finance",
        ("soc",),
    ),
    Asked(
        "h60",
        "restricted",
        1,
        "leavers: at what time is the account locked on the last day?",
        lambda o: Expect(refuse=True, forbid=("17:00", "Luca Ferri"), forbid_refs=("org/rb-leavers",)),
        "of HR",
        ("it",),
    ),
    Asked(
        "h61",
        "restricted",
        1,
        "mails of malicious-file intent with verdict alert: how many can you see?",
        lambda o: _count(o, M, wants("malicious-file"), has(verdict="alert")),
        "four are for soc and hr alone",
        ("finance",),
    ),
    Asked(
        "h62",
        "timeline",
        2,
        "What happened with oskar.lind on the evening of 12 November after 20:00? Techniques in order.",
        _fatigued,
        "nobody else had another technique that evening",
        loose=True,
    ),
    Asked(
        "h63",
        "timeline",
        1,
        "the address 203.0.113.77: which hosts were logged in to from it with success, in sequence?",
        _at_night,
    ),
    Asked(
        "h64",
        "timeline",
        1,
        "when exactly did the sign-in from 203.0.113.77 succeed, and for whom?",
        lambda o: (lambda e: also(users([e.user]), contains=(e.time.strftime("%H:%M|%Y-%m-%dT%H:%M"),)))(
            o.pick(o.events, has(source_ip="203.0.113.77"), has(outcome="success"))[0]
        ),
    ),
    Asked(
        "h65",
        "timeline",
        2,
        "oskar.lind and 198.51.100.23 - how many failed prompts before it worked, at what time did it work",
        lambda o: also(
            _count(o, E, has(source_ip="198.51.100.23"), has(outcome="failure")),
            contains=("20:32|2026-11-12T20:32",),
        ),
    ),
    Asked(
        "h66",
        "technique",
        2,
        "On 12 November, which technique was alerted most, how often, and what are ATT&CK's mitigations?",
        _most_and_mitigations,
    ),
    Asked(
        "h67",
        "technique",
        2,
        "What does T1558.003 mean and who triggered it here?",
        lambda o: also(
            users(distinct(o.pick(o.alerts, has(technique="T1558.003")), "entity")),
            contains=(name("T1558.003"),),
        ),
    ),
    Asked(
        "h68",
        "technique",
        2,
        "rule defences-off: which ATT&CK technique and which users",
        lambda o: also(
            users(distinct(r := o.pick(o.alerts, has(rule="defences-off")), "entity")),
            listed(distinct(r, "technique"), "technique"),
        ),
    ),
    Asked("h69", "state", 2, "closed vulnerability findings broken down by reason", _by_reason),
    Asked(
        "h70",
        "state",
        1,
        "How many of the log alerts have been closed as true positives?",
        lambda o: _count(o, A, closed_as("true_positive")),
    ),
    Asked(
        "h71",
        "state",
        1,
        "which exploitable CVEs does petra.holm still have open?",
        lambda o: listed(cves(o, held_by("petra.holm"), state("open")), "cve"),
    ),
    Asked(
        "h72",
        "state",
        1,
        "ticket HSD-2033: who has it and until when is it on hold",
        lambda o: says("Jonas Ekberg", "27 november|2026-11-27|27 nov"),
    ),
    Asked(
        "h73",
        "join",
        3,
        "For srv-mail-1: exploitable CVEs in KEV, accounts that log in there, and the contact of the "
        "runbook with extension",
        _full_join,
    ),
    Asked(
        "h74",
        "join",
        2,
        "everyone the fake Ingrid Solheim wrote to, plus first step + contact of the runbook",
        _ceo_targets,
    ),
    Asked("h75", "join", 2, "CVE-2025-62168: where exploitable and who owns these machines?", _owners),
    Asked(
        "h76",
        "join",
        2,
        "forwarding rules (T1114.003) since 13 Nov: which users, whom do I ask, what is the deadline",
        _forwarded,
    ),
    Asked(
        "h77",
        "join",
        3,
        "Which people who were sent a gift-card alert mail since 6 November also had log alerts since 13 "
        "November?",
        _mailed_and_alerted,
    ),
    Asked(
        "h78",
        "join",
        2,
        "which persons had successful logins on both of srv-web-10 and srv-mail-1 (ignore svc-backup)?",
        _both,
        "who only failed on srv-mail-1 has nothing on the other",
        loose=True,
    ),
    Asked(
        "h79",
        "join",
        2,
        "What packages need an update on the finance servers srv-fin-1 and srv-fin-2 due to KEV, with the "
        "fixed versions?",
        _fixes,
    ),
    Asked(
        "h80",
        "join",
        2,
        "encoded PowerShell alerts since Monday the 16th: how many? and what's the first step then + "
        "extension of the contact",
        lambda o: also(
            _count(o, A, has(technique="T1059.001"), since(day(11, 16))),
            contains=("decode", POWERSHELL["line"]),
        ),
    ),
    Asked(
        "h81",
        "join",
        2,
        "which people logged in successfully on four or more different hosts? not counting svc-backup",
        _many_hosts,
    ),
    Asked(
        "h82",
        "join",
        2,
        "mails from billing@nordkai-logistics.test: how many, and on which number must one call them",
        lambda o: also(_count(o, M, has(sender=SUPPLIER)), contains=("0118|555 0118|contract",)),
    ),
    Asked(
        "h83",
        "two-part",
        2,
        "how many exploitable CVEs on img-checkout and when was the image built?",
        lambda o: Expect(numbers=(len(cves(o, exploitable, has(target="img-checkout"))),), missing=True),
    ),
    Asked(
        "h84",
        "two-part",
        2,
        "CVE-2026-11870: for how many targets is it affected, fixed, not affected, under investigation?",
        lambda o: _status_of(o, "CVE-2026-11870"),
    ),
    Asked(
        "h85",
        "two-part",
        2,
        "Who is on call for the SOC this week? And next week?",
        lambda o: says("Idris Falk", "Noor Haddad"),
    ),
    Asked(
        "h86",
        "two-part",
        2,
        "To which incident belongs the unusual sign-in of mila.brandt on 17 Nov, and has it been told to "
        "the insurance?",
        lambda o: also(_incident(o), missing=True),
    ),
    Asked(
        "h87",
        "two-part",
        2,
        "mfa fatigue: number of alerts (T1621) for oskar.lind and what has to be done first",
        lambda o: also(
            _count(o, A, has(technique="T1621"), of("Oskar Lind")), contains=("revoke all sessions|revoke",)
        ),
    ),
)
