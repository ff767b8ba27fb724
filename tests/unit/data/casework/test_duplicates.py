from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from icelos.data.casework.duplicates import KEY, repeated
from icelos.findings import Finding, Verdict

NOW = datetime(2026, 5, 4, tzinfo=UTC)


def found(record: str, *, job: str = "mail", **facts: str) -> Finding:
    return Finding(
        record_id=record, job=job, verdict=Verdict.ALERT, label="bec", summary=record, attributes=facts
    )


def groups(*each: Finding, written: datetime = NOW) -> list[list[str]]:
    pairs = [(one, written) for one in each]
    return [[group.first.record_id, *(o.record_id for o in group.others)] for group in repeated(pairs)]


def mail(record: str, day: int, *, sender: str = "boss@example.com", subject: str = "Payment") -> Finding:
    return found(record, sender=sender, subject=subject, time=(NOW + timedelta(days=day)).isoformat())


def test_one_mail_to_many() -> None:
    assert groups(mail("b", 1), mail("a", 0), mail("c", 2), mail("d", 1, subject="Lunch")) == [
        ["a", "b", "c"]
    ]


def test_the_same_mail_a_month_later_is_another() -> None:
    assert groups(mail("a", 0), mail("b", 30), mail("c", 31)) == [["b", "c"]]


def test_a_chain_of_near_ones_holds_together() -> None:
    assert groups(*(mail(f"m{day:02}", day) for day in range(0, 28, 7))) == [["m00", "m07", "m14", "m21"]]


def test_one_vulnerability_under_two_ids_but_not_on_two_hosts() -> None:
    facts = {"vulnerability": "CVE-2023-4863", "purl": "pkg:deb/debian/libwebp@1.2.4"}
    assert groups(
        found("a", job="vulns", target="web-01", **facts), found("b", job="vulns", target="web-01", **facts),
        found("c", job="vulns", target="web-02", **facts),
    ) == [["a", "b"]]  # fmt: skip


def test_rows_of_an_incident_and_rows_of_a_rule() -> None:
    assert groups(
        found("a", job="logs", incident="i1", entity="ann"),
        found("b", job="logs", incident="i1", entity="bob"),
        found("c", job="logs", entity="ann", rule="r1"), found("d", job="logs", entity="ann", rule="r1"),
        found("e", job="logs", entity="ann"),
    ) == [["a", "b"], ["c", "d"]]  # fmt: skip


def test_a_job_may_say_what_it_repeats() -> None:
    one, two = found("a", job="dns", **{KEY: "x"}), found("b", job="dns", **{KEY: "x"})
    assert groups(one, two, found("c", job="dns")) == [["a", "b"]]


def test_what_is_clear_or_lacks_a_part_of_the_key_is_alone() -> None:
    assert groups(mail("a", 0), found("b", sender="boss@example.com")) == []
    clear = msgspec.structs.replace(mail("b", 0), verdict=Verdict.CLEAR)
    assert groups(mail("a", 0), clear) == []
