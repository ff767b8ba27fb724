"""The mails labelled with intents: the file's form, and that its mails are still those of the corpora.

`mail_intents.json` holds ids, hashes and intents, no text. docs/mail-intents.md says how they were labelled.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tarfile
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, cast

import msgspec
import pytest

from icelos.data.parse.mail import split_mbox
from icelos.jobs.mail.intents.taxonomy import ALL, MALICIOUS, is_malicious

LABELS = Path(__file__).with_name("mail_intents.json")
MAIL = Path(os.environ.get("ICELOS_DATA", "")) / "mail"
LARGEST = 4 << 20

NEVER_SEEN = {"gift-cards", "payroll-diversion"}
ARCHIVES = {
    "phishing_pot": "phishing_pot/phishing_pot.tar.gz",
    "sa-spam": "spamassassin_public/spamassassin_public.tar.gz",
    "sa-hard": "spamassassin_public/spamassassin_public.tar.gz",
    "sa-easy": "spamassassin_public/spamassassin_public.tar.gz",
    "enron": "enron_raw/enron_raw.tar.gz",
    "csdmc-ham": "csdmc2010/csdmc2010_nonSA.tar.gz",
    "templates": "ham_templates/transactional_templates.tar.gz",
}
TEXTS = {
    "nazario-new": "nazario_text/nazario_2015_2022.jsonl.gz",
    "scambait": "scambait_text/scam_turns.jsonl.gz",
    "bec": "bec_text/bec2_dube.jsonl.gz",
    "llm-phish": "llm_text/greco_llm_phish.jsonl.gz",
    "llm-office": "llm_text/ephishllm_benign.jsonl.gz",
    "human-benign": "llm_text/greco_human_benign.jsonl.gz",
}
MBOXES = {"usrp": "ham_usrp_users/usrp-users.mbox.gz"}


class Labelled(msgspec.Struct, forbid_unknown_fields=True):
    """One mail that was read. `sha256` is that of the record as it lies in the corpus."""

    id: str
    corpus: str
    sha256: str
    intents: list[str]


def labelled() -> list[Labelled]:
    return msgspec.json.decode(LABELS.read_bytes(), type=list[Labelled])


def test_no_mail_is_labelled_twice() -> None:
    mails = labelled()
    assert len(mails) >= 300
    assert len({(mail.corpus, mail.id) for mail in mails}) == len(mails)
    assert len({mail.sha256 for mail in mails}) == len(mails)


def test_each_mail_is_of_a_known_corpus() -> None:
    assert {mail.corpus for mail in labelled()} == {*ARCHIVES, *TEXTS, *MBOXES}
    assert all(len(bytes.fromhex(mail.sha256)) == 32 for mail in labelled())


def test_intents_are_of_the_taxonomy_and_never_mixed() -> None:
    for mail in labelled():
        assert 1 <= len(mail.intents) <= 3, mail.id
        assert len(set(mail.intents)) == len(mail.intents), mail.id
        assert set(mail.intents) <= set(ALL), mail.id
        assert len({is_malicious(intent) for intent in mail.intents}) == 1, mail.id


def test_how_many_mails_each_malicious_intent_has() -> None:
    """What the figures of the detector rest on: an intent with one or two mails is measured by nobody."""
    counts = Counter(intent for mail in labelled() for intent in mail.intents)
    assert {intent for intent in MALICIOUS if not counts[intent]} == NEVER_SEEN
    often = {intent for intent in MALICIOUS if counts[intent] >= 5}
    assert often == set(MALICIOUS) - NEVER_SEEN - {"reconnaissance"}
    assert sum(counts[intent] for intent in MALICIOUS) >= 400


# ---- the mails in the corpora


def sha256(record: bytes) -> str:
    return hashlib.sha256(record).hexdigest()


def in_archive(path: Path, wanted: Collection[str]) -> Iterator[tuple[str, str]]:
    """Id and hash of the members whose name, or whose name without folders, is wanted."""
    with tarfile.open(path) as archive:
        for member in archive:
            name = member.name if member.name in wanted else Path(member.name).name
            if name in wanted and member.isfile() and (file := archive.extractfile(member)) is not None:
                yield name, sha256(file.read())


def in_texts(path: Path, corpus: str) -> Iterator[tuple[str, str]]:
    """Id and hash of each row: subject, line feed and body."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            row = {key.lower(): str(value or "") for key, value in json.loads(line).items()}
            subject = row.get("subject") or row.get("email_subject") or ""
            body = row.get("body") or row.get("email_body") or ""
            yield f"{corpus}-{number}", sha256(f"{subject}\n{body}".encode("utf-8", "surrogatepass"))


def in_mbox(path: Path, corpus: str) -> Iterator[tuple[str, str]]:
    with gzip.open(path) as stream:
        for number, message in enumerate(split_mbox(cast(IO[bytes], stream), limit=LARGEST)):
            yield f"{corpus}-{number}", sha256(message or b"")


def in_corpora() -> Iterator[tuple[str, str]]:
    """Id and hash of what lies in the corpora; each archive is read once."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for mail in labelled():
        if mail.corpus in ARCHIVES:
            wanted[ARCHIVES[mail.corpus]].add(mail.id)
    for path, ids in wanted.items():
        yield from in_archive(MAIL / path, ids)
    for corpus, path in TEXTS.items():
        yield from in_texts(MAIL / path, corpus)
    for corpus, path in MBOXES.items():
        yield from in_mbox(MAIL / path, corpus)


@pytest.mark.data
@pytest.mark.skipif(
    not os.environ.get("ICELOS_DATA") or not MAIL.is_dir(), reason="ICELOS_DATA names no corpora of mail"
)
def test_labelled_mails_are_those_of_the_corpora() -> None:
    found = dict(in_corpora())
    assert [mail.id for mail in labelled() if found.get(mail.id) != mail.sha256] == []
