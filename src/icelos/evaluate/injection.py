"""The classifier of injections: trained, and measured on attacks of a source that it has not seen.

    report = measure(root)              # leave one source out at a time
    model = train(root)                 # all sources; what ships

`root` holds the folders bipia, cyberseceval, bastioncorpus and notinject, and the catalogues attack,
cisa-advisories, sigma, ir-playbooks, cwe and capec, as far as they are there. Attacks of three more
sources are written by hand (`injection_families`). Of the benign sources half the documents are held out,
by a hash of their id; the threshold is chosen by cross-validation on the other half. Nothing of the test
half is looked at before.
"""

from __future__ import annotations

import email
import gzip
import json
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from email import policy
from pathlib import Path

import msgspec
import numpy as np

from icelos import __version__
from icelos.data.parse.documents import read_documents
from icelos.errors import InputError
from icelos.evaluate.injection_families import FAMILIES
from icelos.evaluate.metrics import Estimate, estimate
from icelos.evaluate.report import Report, Row, row
from icelos.llm.injection.model import Model, logistic
from icelos.llm.injection.training import DEFAULT, Bag, Benign, Fitted, Tuning, bag, fit, threshold, worst
from icelos.records import Document

Progress = Callable[[str], None]
RECALL, POOLED, EACH = 0.4, 0.01, 0.03
"""Bars: share of a source's attacks that is caught; of benign documents that are flagged, in all and of any
source."""
AIMED_POOLED = 0.006
AIMED = {"attack": 0.01, "cisa-advisories": 0.01, "ir-playbooks": 0.02, "sigma": 0.01, "notinject": 0.02}
"""What the threshold aims at on the training half: below the bars, because a half is a sample."""
WEIGHTS = {
    "notinject": 6.0,
    "ir-playbooks": 8.0,
    "prompts": 2.0,
    "benign twins": 6.0,
}
"""Small sources count more, or large ones would drown them."""
CATALOGUES = {
    "attack": "attack/*.jsonl", "cisa-advisories": "cisa-advisories/*.jsonl", "sigma": "sigma/*.yml",
    "ir-playbooks": "ir-playbooks/**/*.md", "cwe": "cwe/*.jsonl", "capec": "capec/*.jsonl",
}  # fmt: skip
_TO_A_MODEL = re.compile(
    r"\b(?:your|the) (?:\w+ )?(?:responses?|answers?|reply|replies|outputs?)\b"
    r"|\bas an? (?:ai|language|assistant)"
    r"|\byou(?:'re| are| must| will| should| have| need)\b|\bact as\b|\bpretend\b"
    r"|\b(?:ai|assistant|chatbot|gpt)\b"
    r"|\blanguage model\b|\bignor|\bdisregard|\bforget\b|\bunrestrict|\brole.?play|\bimagine\b|\bhypothe"
    r"|\bsuppose\b"
    r"|guidelines|instructions",
    re.IGNORECASE,
)
"""Prompts that tell a model how to answer are no benign text of a document."""


class Corpora(msgspec.Struct, frozen=True):
    """Attacks by source; benign documents by source as (id, sentences): `held` are measured on."""

    attacks: Mapping[str, list[Bag]]
    held: Mapping[str, list[tuple[str, Bag]]]
    other: Mapping[str, list[Bag]]


def corpora(root: Path, *, progress: Progress = lambda _: None) -> Corpora:
    """Everything below `root`, as numbers. Raises InputError where attacks or benign texts are missing."""
    attacks: dict[str, list[Bag]] = {
        name: [bag(text) for text in texts] for name, texts in _attacks(root).items()
    }
    held: dict[str, list[tuple[str, Bag]]] = {}
    other: dict[str, list[Bag]] = {}
    for name, pattern in CATALOGUES.items():
        progress(f"reading {name}")
        found: list[tuple[str, Bag]] = [
            (d.id, bag(_whole(d))) for path in sorted(root.glob(pattern)) for d in _documents(path)
        ]
        if found and name in AIMED:
            held[name] = found
        elif found:
            other[name] = [one for _, one in found]
    prompts: list[tuple[str, Bag]] = [(str(n), bag(text)) for n, text in enumerate(_notinject(root))]
    if prompts:
        held["notinject"] = prompts
    other |= {name: [bag(text) for text in texts] for name, texts in _others(root).items() if texts}
    if len(attacks) == len(FAMILIES) or not held:
        raise InputError(
            "no attacks or no benign texts", source=str(root), hint="give the folder of the corpora"
        )
    return Corpora(attacks, held, other)


def measure(
    root: Path, *, tuning: Tuning = DEFAULT, folds: int = 4, progress: Progress = lambda _: None,
    found: Corpora | None = None,
) -> Report:  # fmt: skip
    """Leave one source of attacks out at a time; every figure is of texts that were not trained on."""
    found = found or corpora(root, progress=progress)
    rows: list[Row] = []
    for left in found.attacks:
        progress(f"training without {left}")
        attacks = [
            one
            for name, bags in found.attacks.items()
            if name.split(" ")[0] != left.split(" ")[0]
            for one in bags
        ]
        fitted, limit = _fitted(found, attacks, tuning, folds, progress)
        if left == "cyberseceval direct":
            continue
        caught = worst(found.attacks[left], fitted) >= limit
        rows.append(row(left, "attacks caught", _of(caught), bar=RECALL))
        rows += _false(left, found, fitted, limit)
    about = {
        "icelos": __version__,
        "attacks left out": "one source at a time",
        "benign": "the half not trained on",
    }
    return Report(name="Injection classifier", rows=tuple(rows), about=about)


def train(root: Path, *, folds: int = 4, progress: Progress = lambda _: None) -> Model:
    """The model that ships: all sources of attacks and all benign documents, the threshold by folds."""
    found = corpora(root, progress=progress)
    attacks = [one for bags in found.attacks.values() for one in bags]
    held = {name: [b for _, b in documents] for name, documents in found.held.items()}
    benign = [Benign(bags, WEIGHTS.get(name, 1.0)) for name, bags in found.other.items()]
    limit = threshold(
        attacks,
        held,
        benign,
        pooled=AIMED_POOLED,
        each=AIMED,
        weights=WEIGHTS,
        folds=folds,
        progress=progress,
    )
    progress("training on all")
    fitted = fit(attacks, [*(Benign(b, WEIGHTS.get(n, 1.0)) for n, b in held.items()), *benign])
    return Model(
        fitted.weights.astype(np.float32), fitted.bias, logistic(limit), f"injection-1 {__version__}"
    )


def _fitted(
    found: Corpora, attacks: Sequence[Bag], tuning: Tuning, folds: int, progress: Progress
) -> tuple[Fitted, float]:  # fmt: skip
    held = {name: [b for one, b in documents if not _tested(one)] for name, documents in found.held.items()}
    benign = [Benign(bags, WEIGHTS.get(name, 1.0)) for name, bags in found.other.items()]
    limit = threshold(
        attacks, held, benign, pooled=AIMED_POOLED, each=AIMED, weights=WEIGHTS, folds=folds, tuning=tuning,
        progress=progress,
    )  # fmt: skip
    return fit(
        attacks, [*(Benign(b, WEIGHTS.get(n, 1.0)) for n, b in held.items()), *benign], tuning=tuning
    ), limit


def _tested(name: str) -> bool:
    return zlib.crc32(f"held out: {name}".encode()) % 2 == 1


def _false(left: str, found: Corpora, fitted: Fitted, limit: float) -> Iterator[Row]:
    """Rows of benign documents that are left alone: pooled, and of each source."""
    flagged = {
        name: worst([b for one, b in documents if _tested(one)], fitted) >= limit
        for name, documents in found.held.items()
    }
    pooled = np.concatenate(list(flagged.values()))
    yield row(left, "benign documents left alone", _of(~pooled), bar=1 - POOLED)
    for name, values in flagged.items():
        yield row(left, f"  {name}", _of(~values), bar=1 - EACH)


def _of(values: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Estimate:
    return estimate([float(value) for value in values])


# ---- corpora


def _whole(document: Document) -> str:
    return "\n".join((document.title, *(f"{s.heading}\n{s.text}" for s in document.sections)))


def _documents(path: Path) -> Iterator[Document]:
    return (item for item in read_documents(path) if isinstance(item, Document))


def _attacks(root: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if (path := root / "bipia/benchmark/text_attack_train.json").is_file():
        found["bipia"] = [text for texts in json.loads(path.read_text("utf-8")).values() for text in texts]
    if (path := root / "cyberseceval/prompt_injection-prompt_injection.json").is_file():
        cases = json.loads(path.read_text("utf-8"))
        for kind, name in (("indirect", "cyberseceval"), ("direct", "cyberseceval direct")):
            found[name] = [str(c["user_input"]) for c in cases if c.get("injection_type") == kind]
    if (path := root / "bastioncorpus/injections.jsonl").is_file():
        found["bastioncorpus"] = [str(c["text"]) for c in _lines(path) if c.get("label") == "malicious"]
    return found | {name: list(texts) for name, texts in FAMILIES.items()}


def _notinject(root: Path) -> list[str]:
    return [
        str(case["prompt"])
        for path in sorted((root / "notinject").glob("NotInject_*.json"))
        for case in json.loads(path.read_text("utf-8"))
    ]


def _others(root: Path) -> dict[str, list[str]]:
    """Prompts of people that do not tell a model how to answer, benign twins, and mails."""
    found: dict[str, list[str]] = {}
    prompts: list[str] = []
    if (path := root / "notinject/wildguard.json").is_file():
        prompts += [str(case["prompt"]) for case in json.loads(path.read_text("utf-8"))]
    found["prompts"] = [text for text in prompts if not _TO_A_MODEL.search(text)]
    if (path := root / "bastioncorpus/injections.jsonl").is_file():
        found["benign twins"] = [str(c["text"]) for c in _lines(path) if c.get("label") != "malicious"]
    found["mails"] = [
        str(case["context"]).replace("|", "\n")
        for path in sorted((root / "bipia/benchmark/email").glob("*.jsonl"))
        for case in _lines(path)
    ]
    mail = root.parent / "mail"
    found["ham"] = list(_list_mail(mail / "ham_usrp_users/usrp-users.mbox.gz"))
    found["ham and spam"] = list(_archived_mail(mail / "spamassassin_public/spamassassin_public.tar.gz"))
    found["phishing"] = list(_phishing(mail / "nazario_text/nazario_2015_2022.jsonl.gz"))
    return found


LONGEST_MAIL = 6_000


def _list_mail(path: Path, *, most: int = 900) -> Iterator[str]:
    """Real mails of a list, where they are there."""
    if path.is_file():
        with gzip.open(path) as stream:
            for raw in stream.read(12_000_000).split(b"\nFrom ")[:most]:
                yield from _body(raw.partition(b"\n")[2])


def _archived_mail(path: Path, *, step: int = 3) -> Iterator[str]:
    """Every third mail of an archive: ham and spam, which tells people what they must do."""
    if path.is_file():
        with tarfile.open(path) as archive:
            for number, member in enumerate(archive):
                stream = archive.extractfile(member) if member.isfile() and number % step == 0 else None
                if stream is not None:
                    yield from _body(stream.read(200_000))


def _phishing(path: Path) -> Iterator[str]:
    """Phishing speaks to people: it is no injection."""
    if path.is_file():
        with gzip.open(path, "rt", encoding="utf-8", errors="replace") as stream:
            for line in stream:
                row = {name.lower(): value for name, value in json.loads(line).items()}
                yield f"{row.get('subject', '')}\n{str(row.get('body', ''))[:LONGEST_MAIL]}"


def _body(raw: bytes) -> Iterator[str]:
    try:
        message = email.message_from_bytes(raw, policy=policy.default)
        body = message.get_body(("plain",))
        yield f"{message['subject']}\n{body.get_content()[:LONGEST_MAIL] if body else ''}"
    except (LookupError, ValueError, AttributeError, TypeError):
        return


def _lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
