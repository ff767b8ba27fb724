"""The copilot against its gate on the held-out half: figures may rise and never fall.

`copilot.json` holds the least values. Sentences paraphrased by hand in every run; a sample and the whole in
the slow one. To lift the gate: measure, then take `gates.raised`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from icelos.contracts import Principal
from icelos.evaluate import gates
from icelos.jobs.copilot import cases, verify
from icelos.jobs.copilot.measure import measure
from icelos.knowledge.store import KnowledgeStore

GATE = Path(__file__).with_name("copilot.json")
CORPORA = Path(os.environ.get("ICELOS_DATA", "")) / "copilot"

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(
        not os.environ.get("ICELOS_DATA") or not CORPORA.is_dir(), reason="ICELOS_DATA names no corpora"
    ),
]

PARAPHRASES = (
    ("T1110.003", "Attackers try one or a few common passwords against lots of accounts to get credentials."),
    (
        "T1110.003",
        "Spraying a password such as 'Password01' avoids the lockouts of brute forcing one account.",
    ),
    (
        "T1055.011",
        "Extra Window Memory injection lets code run in the address space of another live process.",
    ),
    ("T1055.011", "EWM allows up to 40 bytes to be appended to each instance of a window class."),
    ("S0002", "Mimikatz dumps credentials and can get plaintext Windows logins and passwords."),
    ("G0082", "APT38 is a North Korean state-sponsored group that focuses on financial operations."),
    ("G0082", "It stole $81 million from the Bank of Bangladesh in 2016."),
    ("S0061", "HDoor is malware customised and used by the Naikon group."),
    ("S0039", "Net belongs to Windows and controls users, groups, services and network connections."),
    ("CWE-1004", "A sensitive cookie is stored without the HttpOnly flag being set."),
    ("CWE-1004", "With HttpOnly, supporting browsers do not let client-side script read the cookie."),
    ("CAPEC-87", "Its likelihood of attack is High and so is its typical severity."),
    ("CVE-2025-48384", "Git mishandles carriage return characters in configuration files."),
    ("CVE-2025-48384", "Mitigations have to be applied by 15 September 2025."),
    (
        "CVE-2024-8068",
        "The attacker has to be an authenticated user in the same Windows Active Directory domain.",
    ),
    ("ICSA-22-006-01", "CX-One 4.60 and earlier are affected by a stack-based buffer overflow."),
    ("CVE-2022-21137", "CVE-2022-21137 scores 7.8 and is a CWE-121."),
    ("CVE-2022-21137", "Omron fixed it in CX-Server 5.0.29.2."),
    ("T1558.003", "Use service account passwords of ideally 25 or more characters and rotate them."),
    ("TA0006", "The adversary wants to steal account names and passwords."),
)
WRONG = (
    ("T1055.011", "EWM allows up to 80 bytes to be appended to each instance of a window class."),
    ("S0061", "HDoor is malware customised and used by the Turla group."),
    ("G0082", "It stole $81 million from the Bank of Pakistan in 2016."),
    ("G0082", "It stole $81 million from the Bank of Bangladesh in 2017."),
    ("CVE-2025-48384", "Mitigations have to be applied by 25 August 2025."),
    ("CVE-2022-21137", "CVE-2022-21137 scores 9.8 and is a CWE-121."),
    ("CVE-2022-21137", "CVE-2022-21137 scores 7.8 and is a CWE-122."),
    ("CVE-2022-21137", "Omron fixed it in CX-Server 5.0.30."),
    ("T1558.003", "Use service account passwords of ideally 14 or more characters and rotate them."),
    ("CWE-1004", "The HttpOnly flag directs browsers to let client-side script access cookies."),
)
NAMED_IN = ("attack", "capec", "cwe", "kev", "cisa-advisories")
"""The folders that hold what the sentences are about."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_sample() -> None:
    report = measure(CORPORA, number=100, honest=60, lies=60)
    least = {name: value - 0.05 for name, value in gates.load(GATE).items()}
    assert gates.check({n: v for n, v in report.figures().items() if n in least}, least) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_whole() -> None:
    report = measure(CORPORA)
    assert report.met
    least = gates.load(GATE)
    assert gates.check({n: v for n, v in report.figures().items() if n in least}, least) == []


@pytest.mark.timeout(300)
def test_paraphrases_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "FOLDERS", NAMED_IN)
    names = {name for name, _ in (*PARAPHRASES, *WRONG)}
    with KnowledgeStore(tmp_path / "knowledge.sqlite") as store:
        store.add(
            [one for one in cases.documents(CORPORA) if names & {*one.identifiers, *one.aliases, one.title}]
        )
        kept = [_stands(store, name, sentence) for name, sentence in PARAPHRASES]
        passed = [_stands(store, name, sentence) for name, sentence in WRONG]
    assert sum(kept) >= 0.95 * len(kept), [p for p, ok in zip(PARAPHRASES, kept, strict=True) if not ok]
    assert not any(passed), [w for w, ok in zip(WRONG, passed, strict=True) if ok]


def _stands(store: KnowledgeStore, name: str, sentence: str) -> bool:
    reader = Principal("evaluation")
    hits = [
        hit for found in store.lookup(name, principal=reader)
        for hit in store.passages(found.document_id, principal=reader)
    ]  # fmt: skip
    return any(verify.check(sentence, [verify.as_passage(hit)]).ok for hit in hits)
