from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from icelos.findings import Verdict
from icelos.jobs.mail.delivery.lists import GTUBE, with_lists
from icelos.jobs.mail.delivery.policy import Policy
from icelos.jobs.mail.judge import Judgement

Made = Callable[..., Judgement]
PASS = b"Authentication-Results: mx.our.org; dmarc=pass (p=none) header.from=example.com\n"
OPEN = Policy(allow=("example.com",), allow_unauthenticated=True)
CHECKED = Policy(allow=("example.com",), trusted_servers=("mx.our.org",))


def mail(sender: bytes = b"Ann <ann@example.com>", before: bytes = b"") -> bytes:
    return before + b"From: " + sender + b"\nSubject: x\n\nx\n"


def names(judgement: Judgement) -> list[str]:
    return [one.name for one in judgement.symbols]


def test_without_a_hit_nothing_changes(made: Made) -> None:
    judgement = made(5.0)
    assert with_lists(judgement, mail(), Policy()) is judgement
    assert with_lists(judgement, mail(b"a@other.org"), OPEN) is judgement


def test_the_score_stays_the_sum(made: Made) -> None:
    found = with_lists(made(5.0), mail(), Policy(block=("ann@example.com",)))
    assert names(found) == ["block-list", "sign-0"]
    total = found.bias + sum(one.weight for one in found.symbols)
    assert found.score == pytest.approx(1 / (1 + math.exp(-total)))
    assert found.verdict is Verdict.ALERT
    assert found.sentence == "Ann@example.com is on the block list. It shows signs."


def test_allowed_mail_is_clear(made: Made) -> None:
    found = with_lists(made(9.0), mail(), OPEN)
    assert (found.verdict, names(found)[-1]) == (Verdict.CLEAR, "allow-list")


@pytest.mark.parametrize(
    ("sender", "entry", "hit"),
    [
        (b"ann@example.com", "ann@example.com", True),
        (b"ANN@Example.COM", "ann@example.com", True),
        (b"bob@example.com", "ann@example.com", False),
        (b"ann@mail.example.com", "example.com", True),
        (b"ann@mail.example.com", "@example.com", True),
        (b"ann@notexample.com", "example.com", False),
        (b"ann@example.com.evil.org", "example.com", False),
        (b"ann@example.com", " ", False),
        (b"", "example.com", False),
    ],
)
def test_entries_are_addresses_or_domains(made: Made, sender: bytes, entry: str, hit: bool) -> None:
    found = with_lists(made(), mail(sender), Policy(block=(entry,)))
    assert (names(found) == ["block-list"]) is hit


def test_a_sender_on_both_lists_is_blocked(made: Made) -> None:
    policy = Policy(allow=("example.com",), allow_unauthenticated=True, block=("ann@example.com",))
    assert with_lists(made(4.0), mail(), policy).verdict is Verdict.ALERT


def test_a_trusted_pass_of_the_same_domain_is_needed(made: Made) -> None:
    assert names(with_lists(made(), mail(before=PASS), CHECKED)) == ["allow-list"]


@pytest.mark.parametrize(
    "before",
    [
        b"",
        PASS.replace(b"mx.our.org", b"mx.evil.org"),
        PASS.replace(b"=pass", b"=fail"),
        PASS.replace(b"header.from=example.com", b"header.from=evil.org"),
        PASS.replace(b"dmarc=pass (p=none)", b"dkim=pass"),
        PASS.replace(b"dmarc=pass (p=none)", b"dmarc=none (dmarc=pass header.from=example.com)"),
        b"Authentication-Results: mx.our.org; dmarc=fail header.from=example.com\n" + PASS,
    ],
)
def test_anything_less_is_not_enough(made: Made, before: bytes) -> None:
    assert names(with_lists(made(), mail(before=before), CHECKED)) == []


def test_without_trusted_servers_no_header_counts(made: Made) -> None:
    assert names(with_lists(made(), mail(before=PASS), Policy(allow=("example.com",)))) == []


@pytest.mark.parametrize(
    "raw",
    [
        b"From: ann@example.com\nFrom: evil@evil.org\n\n",
        b'From: "ann@example.com" <evil@evil.org>\n\n',
        b"From: ann@example.com, evil@evil.org\n\n",
    ],
)
def test_several_senders_are_not_allowed_as_one(made: Made, raw: bytes) -> None:
    assert names(with_lists(made(), raw, OPEN)) == []


def test_the_text_that_tests_spam_filters(made: Made) -> None:
    found = with_lists(made(), mail() + GTUBE, OPEN)
    assert (names(found), found.verdict) == (["gtube", "allow-list"], Verdict.ALERT)
