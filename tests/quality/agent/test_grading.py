"""The grader: honest text is not wrong, verbose text can be right, and a false claim is never right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.quality.agent.asking import LAST_WEEK, THIS_WEEK
from tests.quality.agent.expecting import Expect, Listed
from tests.quality.agent.grading import grade, plain

COUNT = Expect(numbers=(11,), given="exploitable CVEs in KEV in the last 7 days, how many distinct?")
NONE = Expect(numbers=(0,), given="Any alerts for T1486?")
TWO = Expect(numbers=(75, 25), given="Failed sign-ins from 203.0.113.77: how many, how many accounts?")
HOSTS = Expect(
    items=("img-cart", "srv-file-1", "srv-web-2"), universe="host", given="affected by CVE-2025-6216?"
)
CVES = Expect(items=("CVE-2025-80119", "CVE-2025-82078"), universe="cve", given="on srv-fin-2")
PEOPLE = Expect(
    items=(
        "Mila Brandt|mila.brandt@halmsund.example|mila.brandt",
        "Emil Roth|emil.roth@halmsund.example|emil.roth",
    ),
    universe="user",
)
TOP = Expect(items=("T1059.001", "T1078.004"), universe="technique", order=True, top=True)
ORDER = Expect(items=("srv-vpn-1", "srv-fin-1", "srv-file-1"), universe="host", order=True)
WEEKS = Expect(
    either=(Expect(counts={THIS_WEEK: 42, LAST_WEEK: 50}), Expect(counts={THIS_WEEK: 61, LAST_WEEK: 53}))
)
PAIR = Expect(counts={"srv-dc-1": 11, "srv-dc-2": 6}, given="srv-dc-1 or srv-dc-2?")
REFUSE = Expect(refuse=True, forbid=("8500", "HALYARD-NINE"), forbid_refs=("org/payment-limits",))
PART = Expect(numbers=(5,), missing=True, given="How many on img-login, and what will it cost?")
CONTACT = Expect(contains=("Noor Haddad", "4431", "4 hours|four hours"))
JOIN = Expect(
    contains=("Hanna Kessler", "segment Q7"),
    more=(Listed(CVES.items, "cve"), Listed(PEOPLE.items, "user")),
    given="exploitable CVEs in KEV on srv-fin-2, who logs in, contact and first step?",
)
EPSS = Expect(numbers=(0.81234,))

CASES = [
    # ---- numbers
    (COUNT, "11", "answered", "right"),
    (COUNT, "There are eleven distinct CVEs [K7f2].", "answered", "right"),
    (COUNT, "**11** distinct CVEs are exploitable and in KEV, in 23 findings, since 2026-11-13.", "answered",
        "right"),
    (COUNT, "12 distinct CVEs.", "answered", "wrong"),
    (COUNT, "23 findings in the last 7 days.", "answered", "wrong"),
    (COUNT, "CVE-2025-0011 and T1011 and srv-web-11 and 10.0.0.11 are not counts.", "answered", "wrong"),
    (COUNT, "I cannot tell how many in the last 7 days.", "answered", "declined"),
    (COUNT, "I found nothing in the sources on that.", "not_in_sources", "declined"),
    (COUNT, "", "failed", "declined"),
    (COUNT, "I cannot tell exactly, but it is 12.", "answered", "wrong"),
    (EPSS, "Its EPSS is 0.812.", "answered", "right"),
    (EPSS, "Its EPSS is 0.7.", "answered", "wrong"),
    (TWO, "75 failures over 25 accounts", "answered", "right"),
    (TWO, "75 failures over 26 accounts", "answered", "wrong"),
    (TWO, "There were 75 failures. How many accounts that were is not recorded.", "answered", "partial"),
    (TWO, "There were 75 failures.", "answered", "wrong"),
    (Expect(numbers=(1200,)), "1,200 rows", "answered", "right"),
    # ---- none
    (NONE, "No, there is none.", "answered", "right"),
    (NONE, "0 alerts for T1486 [C3].", "answered", "right"),
    (NONE, "Nobody triggered T1486.", "answered", "right"),
    (NONE, "There are 3 alerts for T1486.", "answered", "wrong"),
    (NONE, "Yes, T1486 was seen.", "answered", "wrong"),
    (NONE, "I cannot see log alerts, so I do not know.", "answered", "declined"),
    (NONE, "Nothing in the sources answers that.", "not_in_sources", "declined"),
    # ---- lists
    (HOSTS, "img-cart, srv-file-1 and srv-web-2.", "answered", "right"),
    (HOSTS, "| host |\n|---|\n| srv-web-2 |\n| `img-cart` |\n| SRV-FILE-1 |", "answered", "right"),
    (HOSTS, "img-cart, srv-file-1, srv-web-2. Not affected: srv-web-1 (not in range).", "answered", "right"),
    (HOSTS, "img-cart, srv-file-1, srv-web-2 and srv-web-1.", "answered", "wrong"),
    (HOSTS, "img-cart, srv-file-1, srv-web-20.", "answered", "wrong"),
    (HOSTS, "img-cart and srv-file-1.", "answered", "wrong"),
    (HOSTS, "img-cart, srv-file-1 and 1 more.", "answered", "partial"),
    (HOSTS, "I have no data on that.", "answered", "declined"),
    (CVES, "1. CVE-2025-80119\n2. CVE-2025-82078", "answered", "right"),
    (CVES, "CVE-2025-80119, CVE-2025-82078, CVE-2025-71753", "answered", "wrong"),
    (CVES, "CVE-2025-80119, CVE-2025-82078. CVE-2025-71753 is in KEV, too, but not exploitable.", "answered",
        "right"),
    (PEOPLE, "mila.brandt@halmsund.example and Emil Roth", "answered", "right"),
    (PEOPLE, "mila.brandt (2 alerts, assigned to noor.haddad), emil.roth (1 alert)", "answered", "right"),
    (PEOPLE, "mila.brandt, emil.roth, noor.haddad", "answered", "wrong"),
    (TOP, "T1059.001 (11), T1078.004 (10), T1110.001 (9)", "answered", "right"),
    (TOP, "T1078.004 (10), T1059.001 (11)", "answered", "wrong"),
    (TOP, "T1110.001, T1059.001, T1078.004", "answered", "wrong"),
    (ORDER, "22:36 srv-vpn-1\n22:40 srv-fin-1\n22:58 srv-file-1", "answered", "right"),
    (ORDER, "srv-fin-1, srv-vpn-1, srv-file-1", "answered", "wrong"),
    # ---- numbers of something
    (WEEKS, "42 this week, 50 last week: fewer.", "answered", "right"),
    (WEEKS, "No: since Monday 42, the week before 50.", "answered", "right"),
    (WEEKS, "61 in the last 7 days against 53 in the previous 7 days.", "answered", "right"),
    (WEEKS, "This week: 50\nLast week: 42", "answered", "wrong"),
    (WEEKS, "42 this week, 53 last week", "answered", "wrong"),
    (WEEKS, "I cannot compare weeks.", "answered", "declined"),
    (PAIR, "srv-dc-1 has 11 exploitable findings and srv-dc-2 has 6.", "answered", "right"),
    (PAIR, "| srv-dc-1 | 11 |\n| srv-dc-2 | 6 |", "answered", "right"),
    (PAIR, "srv-dc-1: 6, srv-dc-2: 11", "answered", "wrong"),
    (PAIR, "srv-dc-1: 11. For srv-dc-2 I have no data.", "answered", "partial"),
    # ---- no answer, and parts without one
    (REFUSE, "The sources do not say that.", "answered", "right"),
    (REFUSE, "I found nothing on that.", "not_in_sources", "right"),
    (REFUSE, "Up to 8,500 euro. I cannot say more.", "answered", "wrong"),
    (REFUSE, "It is 4000 euro.", "answered", "wrong"),
    (PART, "5 findings. What it costs is not recorded.", "answered", "right"),
    (PART, "5 findings, and it will cost little.", "answered", "wrong"),
    (PART, "I cannot answer that.", "answered", "declined"),
    # ---- texts
    (CONTACT, "Call Noor Haddad (extension 4431); you have four hours.", "answered", "right"),
    (CONTACT, "Call Noor Haddad, extension 4431. The deadline is not stated.", "answered", "partial"),
    (CONTACT, "Call Greta Aalto.", "answered", "wrong"),
    # ---- several things at once
    (
        JOIN,
        "KEV and exploitable on srv-fin-2: CVE-2025-80119, CVE-2025-82078 [a1]. Logins: Mila Brandt, Emil "
        "Roth [b2]. "
        "Runbook: isolate the host in the network segment Q7; contact Hanna Kessler [c3].",
        "answered",
        "right",
    ),
    (
        JOIN,
        "CVE-2025-80119, CVE-2025-82078; Mila Brandt, Emil Roth. I found no runbook that covers this.",
        "answered",
        "partial",
    ),
    (
        JOIN,
        "CVE-2025-80119; Mila Brandt, Emil Roth, Hanna Kessler; contact Hanna Kessler, segment Q7.",
        "answered",
        "wrong",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("expect", "text", "status", "wanted"), CASES)
def test_answers_by_hand(expect: Expect, text: str, status: str, wanted: str) -> None:
    assert grade(text, status, ("finding:vulns/x",), expect) == wanted


def test_what_may_not_be_cited_makes_an_answer_wrong() -> None:
    assert grade("The sources do not say.", "answered", ("document:org/payment-limits",), REFUSE) == "wrong"


FILLING = st.lists(
    st.sampled_from(
        (
            "Looked at the findings of all jobs.", "As of 2026-11-20 09:00 UTC.", "See the console for more.",
            "Step 2 joined the rows by target.", "This is computed from the data [K1].", "Thanks for asking!",
        )
    ),
    max_size=4,
)  # fmt: skip


@given(before=FILLING, after=FILLING, number=st.integers(4, 400))
def test_verbose_text_is_right_where_the_number_is(before: list[str], after: list[str], number: int) -> None:
    expect = Expect(numbers=(number,))
    text = "\n".join((*before, f"There are {number} of them.", *after))
    assert grade(text, "answered", (), expect) == "right"
    assert (
        grade(text.replace(f"are {number} of", f"are {number + 1000} of"), "answered", (), expect) == "wrong"
    )


@given(order=st.permutations(HOSTS.items), filling=FILLING)
def test_the_order_of_a_list_is_free(order: list[str], filling: list[str]) -> None:
    text = "\n".join([*filling, "Affected:", *(f"- {item} (1.7.0)" for item in order)])
    assert grade(text, "answered", (), HOSTS) == "right"
    assert grade(f"{text}\n- srv-mail-1 (1.7.0)", "answered", (), HOSTS) == "wrong"
    assert grade(text.replace(f"- {order[0]} ", "- "), "answered", (), HOSTS) == "wrong"


@given(st.text(max_size=300), st.sampled_from([expect for expect, *_ in CASES]))
def test_any_text_gets_a_grade(text: str, expect: Expect) -> None:
    assert grade(text, "answered", (), expect) in {"right", "partial", "declined", "wrong"}
    assert grade(text, "not_in_sources", (), expect) != "partial" or not expect.refuse
    assert plain(plain(text)) == plain(plain(plain(text)))


@pytest.mark.parametrize(
    "said",
    [
        "Not answered: I do not understand 'cost' in 'what will it cost'.",
        "I do not understand the second part.",
    ],
)
def test_who_says_that_a_part_is_not_answered_declines_it(said: str) -> None:
    expect = Expect(numbers=(5,), missing=True)
    assert grade(f"There are 5 of them.\n{said}", "partial", (), expect) == "right"
    assert grade(f"There are 6 of them.\n{said}", "partial", (), expect) == "wrong"
    assert grade(said, "partial", (), Expect(numbers=(5,))) == "declined"
