"""The mail corpora that ICELOS_DATA names, as one list of samples in one neutral envelope.

Ham and phishing of these corpora come from different places, and headers, dates, footers and the shape of the
MIME tell the place. So each mail is written anew: subject, display name, sender's address, what is shown and
the links stay; everything else is the same for all. `cluster` joins near-duplicates, so that none is on both
sides of a split.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import sys
import tarfile
from collections.abc import Callable, Iterator
from functools import cache
from html import escape
from itertools import islice
from pathlib import Path
from typing import IO, cast

import msgspec

from icelos.data.parse.mail import split_mbox
from icelos.errors import InputError
from icelos.jobs.mail.reading.message import Message, read_message

SIZE_LIMIT = 4 << 20


class Sample(msgspec.Struct, kw_only=True):
    """One mail of a corpus. `label` is 1 for what a person would want stopped. `raw` is in the neutral
    envelope."""

    id: str
    corpus: str
    label: int
    raw: bytes
    original: bytes = b""
    year: int = 0
    language: str = ""
    cluster: str = ""


def root() -> Path:
    """The folder of the mail corpora. Exits where ICELOS_DATA is unset."""
    data = os.environ.get("ICELOS_DATA")
    if not data:
        sys.exit("set ICELOS_DATA to the folder of the corpora")
    return Path(data) / "mail"


# ---- the neutral envelope

_LIST_TAG = re.compile(r"^\s*(?:(?:re|fwd?|aw|wg)\s*:\s*)*\[[\w .:/+-]{2,30}\]\s*", re.IGNORECASE)
_LIST_FOOTER = re.compile(
    r"\n_{10,}\s*\n.{0,400}?(?:mailing list|unsubscribe).*\Z"
    r"|\n-{3,}\s*\n.{0,300}?(?:mailing list|Sponsored by).*\Z",
    re.DOTALL | re.IGNORECASE,
)
_MARKERS = re.compile(r"phishing@pot|[\w.]*jose@monkey\.org|[\w.+-]+@csmining\.org", re.IGNORECASE)
RECIPIENT = "robin.sample@example.org"


def neutral(
    *, subject: str, text: str, html: str = "", sender_name: str = "", sender: str = "", number: int = 0
) -> bytes:
    """A mail of one shape for all: multipart/alternative of text and HTML, both in UTF-8 and unencoded."""
    subject = _MARKERS.sub(RECIPIENT, _LIST_TAG.sub("", subject))
    text = _MARKERS.sub(RECIPIENT, _LIST_FOOTER.sub("\n", text))
    html = (
        _MARKERS.sub(RECIPIENT, html) if html.strip() else f"<p>{escape(text).replace(chr(10), '<br>')}</p>"
    )
    name = " ".join(sender_name.replace('"', "").split())[:200]
    head = (
        f'From: "{name}" <{sender or "office@example.com"}>\nTo: <{RECIPIENT}>\n'
        f"Subject: {' '.join(subject.split())[:900]}\nDate: Tue, 10 Sep 2024 09:00:00 +0000\n"
        f"Message-ID: <{number}@mail.example.org>\nMIME-Version: 1.0\n"
        'Content-Type: multipart/alternative; boundary="b0undary-of-parts"\n\n'
    )
    parts = "".join(
        f"--b0undary-of-parts\nContent-Type: text/{kind}; charset=utf-8\n"
        f"Content-Transfer-Encoding: 8bit\n\n{body}\n"
        for kind, body in (("plain", text), ("html", html))
    )
    return (head + parts + "--b0undary-of-parts--\n").encode("utf-8", "replace")


def neutral_of(raw: bytes, number: int) -> bytes:
    """A raw message in the neutral envelope: what is shown of it, and its own HTML. Raises InputError."""
    message = read_message(raw)
    name, address = _from(message)
    return neutral(
        subject=message.subject, text=message.text or message.html_text, html=_html_of(raw, message),
        sender_name=name, sender=address, number=number,
    )  # fmt: skip


def _from(message: Message) -> tuple[str, str]:
    value = message.first("from")
    found = re.search(r"[\w.+=&'-]{1,64}@[\w.-]{1,200}", value)
    name = re.sub(r"<[^>]*>?|\([^)]*\)", " ", value).replace(found.group() if found else "", " ")
    return name.strip(' "'), found.group() if found else ""


def _html_of(raw: bytes, message: Message) -> str:
    """The HTML as it came, decoded, which no reader of ours keeps."""
    import email
    import email.policy

    if not message.html_text.strip() and not message.links:
        return ""
    for part in email.message_from_bytes(raw[:SIZE_LIMIT], policy=email.policy.compat32).walk():
        if part.get_content_type() == "text/html":
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                charset = str(part.get_content_charset() or "utf-8")
                try:
                    return payload.decode(charset, "replace")
                except LookupError:
                    return payload.decode("utf-8", "replace")
    return ""


# ---- the corpora


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as tar:
        for member in tar:
            if (
                member.isfile()
                and member.size <= SIZE_LIMIT
                and (file := tar.extractfile(member)) is not None
            ):
                yield member.name, file.read()


def _rows(path: Path) -> Iterator[dict[str, object]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _raw_sample(name: str, corpus: str, label: int, raw: bytes, number: int) -> Iterator[Sample]:
    try:
        yield Sample(
            id=name, corpus=corpus, label=label, raw=neutral_of(raw, number), original=raw, cluster=name
        )
    except InputError:
        return


def phishing_pot() -> Iterator[Sample]:
    """Real phishing and scams by the year they were received; clusters are the publisher's."""
    manifest = {str(row["id"]): row for row in _rows(root() / "phishing_pot/manifest.jsonl.gz")}
    for number, (name, raw) in enumerate(_members(root() / "phishing_pot/phishing_pot.tar.gz")):
        row = manifest.get(Path(name).name)
        if row is None:
            continue
        year = str(row.get("year") or "")
        for sample in _raw_sample(Path(name).name, "phishing_pot", 1, raw, number):
            sample.year = int(year) if year.isdigit() else 0
            sample.language, sample.cluster = str(row.get("lang") or ""), f"pot{row['cluster']}"
            yield sample


def usrp() -> Iterator[Sample]:
    """Modern list mail of engineers."""
    with gzip.open(root() / "ham_usrp_users/usrp-users.mbox.gz") as stream:
        for number, raw in enumerate(split_mbox(cast(IO[bytes], stream), limit=SIZE_LIMIT)):
            if raw:
                yield from _raw_sample(f"usrp-{number}", "usrp", 0, raw, number)


def spamassassin(part: str, corpus: str, label: int) -> Iterator[Sample]:
    """One folder of the SpamAssassin public corpus of 2002-03."""
    for number, (name, raw) in enumerate(_members(root() / "spamassassin_public/spamassassin_public.tar.gz")):
        if f"/{part}" in f"/{name}" and raw.strip():
            yield from _raw_sample(name, corpus, label, raw, number)


def enron() -> Iterator[Sample]:
    """Business mail of 1998-2002."""
    for number, (name, raw) in enumerate(_members(root() / "enron_raw/enron_raw.tar.gz")):
        if raw.strip():
            yield from _raw_sample(name, "enron", 0, raw, number)


def csdmc(label: int) -> Iterator[Sample]:
    """Mail of 2009-10, less what the SpamAssassin corpus has."""
    folder = "spam/" if label else "ham/"
    for number, (name, raw) in enumerate(_members(root() / "csdmc2010/csdmc2010_nonSA.tar.gz")):
        if name.startswith(folder) and raw.strip():
            yield from _raw_sample(name, f"csdmc-{folder[:-1]}", label, raw, number)


def texts(
    path: str, corpus: str, label: int, keep: Callable[[dict[str, object]], bool] | None = None
) -> Iterator[Sample]:
    """Corpora of subject and body only."""
    for number, row in enumerate(_rows(root() / path)):
        if keep is not None and not keep(row):
            continue
        low = {key.lower(): str(value or "") for key, value in row.items()}
        subject = low.get("subject") or low.get("email_subject") or ""
        text = low.get("body") or low.get("email_body") or ""
        sender = low.get("sender") or low.get("from") or low.get("from_name") or ""
        found = re.search(r"[\w.+=&'-]{1,64}@[\w.-]{1,200}", sender)
        address = found.group() if found else ""
        name = re.sub(r"<[^>]*>?", " ", sender).replace(address, "").strip(' "')
        raw = neutral(subject=subject, text=text, number=number, sender=address, sender_name=name)
        year = re.search(r"\b(?:19|20)\d\d\b", low.get("date", ""))
        yield Sample(
            id=f"{corpus}-{number}", corpus=corpus, label=label, raw=raw,
            year=int(year.group()) if year else 0, cluster=f"{corpus}-{number}",
        )  # fmt: skip


_FILLED = {"name": "Robin Sample", "product": "Northwind", "company": "Northwind Ltd.", "email": RECIPIENT}
_PLACEHOLDER = re.compile(
    r"\{\{\{?\s*[#/^]?([\w.\- ]{1,60})\s*\}?\}\}|<%[^%]{0,200}%>|%recipient\.?\w*%|\*\|[\w:]+\|\*"
)


def _rendered(match: re.Match[str]) -> str:
    name = (match[1] or "").strip().lower()
    for key, value in _FILLED.items():
        if key in name:
            return value
    if "url" in name or "link" in name:
        return "https://app.northwind.example/go/8f3a"
    if "date" in name:
        return "12 September 2024"
    return "24.00" if any(word in name for word in ("amount", "total", "price")) else ""


def templates() -> Iterator[Sample]:
    """Transactional templates, rendered with made-up values."""
    for number, (name, raw) in enumerate(_members(root() / "ham_templates/transactional_templates.tar.gz")):
        if not name.endswith((".html", ".txt", ".hbs", ".mjml")) or "LICENSE" in name:
            continue
        text = _PLACEHOLDER.sub(_rendered, raw.decode("utf-8", "replace"))
        html = text if "<" in text[:2000] and not name.endswith(".txt") else ""
        body = (
            read_message(b"Content-Type: text/html; charset=utf-8\n\n" + text.encode()).html_text
            if html
            else text
        )
        subject = Path(name).parent.name if Path(name).stem in {"content", "index"} else Path(name).stem
        yield Sample(
            id=name, corpus="templates", label=0, cluster=name,
            raw=neutral(
                subject=subject.replace("-", " ").title(), text=body, html=html, number=number,
                sender_name="Northwind", sender="hello@northwind.example",
            ),
        )  # fmt: skip


CORPORA: dict[str, Callable[[], Iterator[Sample]]] = {
    "phishing_pot": phishing_pot,
    "usrp": usrp,
    "sa-easy": lambda: spamassassin("easy-ham", "sa-easy", 0),
    "sa-hard": lambda: spamassassin("hard-ham", "sa-hard", 0),
    "sa-spam": lambda: spamassassin("spam-", "sa-spam", 1),
    "enron": enron,
    "csdmc-ham": lambda: csdmc(0),
    "csdmc-spam": lambda: csdmc(1),
    "nazario-old": lambda: texts("nazario_text/nazario_2003_2007.jsonl.gz", "nazario-old", 1),
    "nazario-new": lambda: texts("nazario_text/nazario_2015_2022.jsonl.gz", "nazario-new", 1),
    "scambait": lambda: texts("scambait_text/scam_turns.jsonl.gz", "scambait", 1),
    "bec": lambda: texts("bec_text/bec2_dube.jsonl.gz", "bec", 1, lambda row: row.get("Human") == "positive"),
    "llm-phish": lambda: texts("llm_text/greco_llm_phish.jsonl.gz", "llm-phish", 1),
    "llm-benign": lambda: texts("llm_text/greco_llm_benign.jsonl.gz", "llm-benign", 0),
    "human-benign": lambda: texts("llm_text/greco_human_benign.jsonl.gz", "human-benign", 0),
    "llm-office": lambda: texts("llm_text/ephishllm_benign.jsonl.gz", "llm-office", 0),
    "pcv-enron": lambda: texts(
        "pcv_text/pcv.jsonl.gz", "pcv-enron", 0, lambda row: row.get("kind") == "enron_ham"
    ),
    "templates": templates,
}


@cache
def load(name: str, most: int = 1_000_000) -> tuple[Sample, ...]:
    """All samples of one corpus."""
    return tuple(islice(CORPORA[name](), most))


def shuffled(samples: list[Sample], seed: int) -> list[Sample]:
    """The same samples in another order."""
    mixed = list(samples)
    random.Random(seed).shuffle(mixed)
    return mixed


if __name__ == "__main__":
    for corpus in CORPORA:
        found = load(corpus)
        print(f"{corpus}\t{len(found)}\t{len({sample.cluster for sample in found})} clusters")
