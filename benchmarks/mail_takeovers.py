"""Takeovers of mail accounts, measured on the public mailing list in $ICELOS_DATA/mail.

    ICELOS_DATA=../shared/data python benchmarks/mail_takeovers.py [--seeds 5] [--speed]

Mails are replayed in the order of Date. In the place of next mails of senders with at least 20 earlier ones,
takeovers are injected as messages, with the sender's own addresses, recipients, subject and thread:

    mailbox         another list sender's words, hour and layout, from the victim's own mail program, closed
                    as the victim closes: what an attacker who sits in the mailbox can do
    mailbox-signed  the same, closed as the other closes
    client          another's words, hour, zone and mail program; the program or the zone differs
    bec             text of a fraud corpus, at another sender's hour, from the victim's own mail program

Weights come from `calibrate`, which never sees an injected takeover: it swaps facts between senders, and
takes lures from the package's own phrases. Senders are split by a hash; those of one half are judged by
weights that were learnt without them. The threshold is the one at which the genuine mails of the whole
stream give no more than 10 alerts in 10,000. Each seed has its own salt, and so its own collisions of hashes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np

from icelos.jobs.mail.reading.message import Message, read_message
from icelos.jobs.mail.senders import route
from icelos.jobs.mail.senders.calibrate import calibrate, lures
from icelos.jobs.mail.senders.facts import Facts, facts_of
from icelos.jobs.mail.senders.hashing import Hasher
from icelos.jobs.mail.senders.memory import Memory
from icelos.jobs.mail.senders.store import SenderStore
from icelos.jobs.mail.senders.weights import DEFAULT, Weights
from icelos.jobs.mail.senders.writing import Writing, writing

KINDS = ("mailbox", "mailbox-signed", "client", "bec")
EACH = 12
"""Takeovers of each kind for each victim and seed, about."""


class Mail(msgspec.Struct):
    """One mail of the stream with what the injection needs of it."""

    message: Message
    sender: str
    when: float
    written: Writing
    facts: Facts


def facts(message: Message, hasher: Hasher) -> Facts:
    found = facts_of(message, hasher, clock=lambda: 4e9)
    assert found is not None
    return found


def mailing_list(folder: Path) -> Iterator[bytes]:
    raw = gzip.decompress((folder / "ham_usrp_users" / "usrp-users.mbox.gz").read_bytes())
    for piece in re.split(rb"(?m)^From [^\n]*\n", raw)[1:]:
        yield re.sub(rb"(?m)^>(>*From )", rb"\1", piece)


def read(raws: Iterator[bytes], hasher: Hasher) -> list[Mail]:
    mails = []
    for raw in raws:
        message = read_message(raw)
        when = date(message).timestamp()
        mails.append(
            Mail(message, route.sender_address(message)[0], when, writing(message), facts(message, hasher))
        )
    return sorted(mails, key=lambda mail: (mail.when, mail.message.first("message-id")))


def date(message: Message):  # type: ignore[no-untyped-def]
    found = parsedate_to_datetime(message.first("date"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def lines(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().splitlines()


def frauds(folder: Path) -> list[str]:
    """Texts of fraud corpora: BEC and spear mail."""
    found = []
    for line in lines(folder / "bec_text" / "bec2_dube.jsonl.gz"):
        row = json.loads(line)
        if row.get("Human") == "positive":
            found.append(row["body"])
    for line in lines(folder / "llm_text" / "greco_llm_phish.jsonl.gz"):
        found.append(json.loads(line)["Body"])
    return [text for text in found if 40 < len(text) < 4000]


class Injector:
    """Makes takeovers of the stream's mails."""

    def __init__(self, mails: list[Mail], texts: list[str], dice: random.Random) -> None:
        self.mails, self.texts, self.dice = mails, texts, dice
        self.clients = {
            id(mail): (route.program(mail.message), date(mail.message).utcoffset()) for mail in mails
        }
        self.pool = [mail for mail in mails if len(mail.written.prose) >= 40]

    def takeover(self, kind: str, victim: Mail, closing: str) -> Message:
        other = self._other(kind, victim)
        if kind == "client":
            return self._from_client(victim, other)
        if kind == "bec":
            text = self.dice.choice(self.texts)
        elif kind == "mailbox":
            parts = (other.written.greeting, other.written.prose, closing)
            text = "\n\n".join(part for part in parts if part)
        else:
            text = own_text(other)
        message = with_text(victim.message, quoting(victim, other, text))
        there, zone = date(other.message), date(victim.message).tzinfo
        hour = there.astimezone(zone)
        moved = date(victim.message).replace(hour=hour.hour, minute=hour.minute)
        set_headers(message, {"date": format_datetime(moved)})
        return message

    def _other(self, kind: str, victim: Mail) -> Mail:
        while True:
            other = self.dice.choice(self.pool)
            same = self.clients[id(other)] == self.clients[id(victim)]
            if other.sender != victim.sender and not (kind == "client" and same):
                return other

    def _from_client(self, victim: Mail, other: Mail) -> Message:
        """The other's message under the victim's addresses, thread, Message-ID host and signatures."""
        message = with_text(other.message, quoting(victim, other, own_text(other)))
        keep = ("from", "to", "cc", "subject", "in-reply-to", "references", "reply-to", "list-post")
        headers = {name: victim.message.first(name) for name in keep}
        left = other.message.first("message-id").strip("<>").rpartition("@")[0]
        right = victim.message.first("message-id").strip("<>").rpartition("@")[2]
        there, here = date(other.message), date(victim.message)
        moved = there.replace(year=here.year, month=here.month, day=min(here.day, 28))
        headers |= {"message-id": f"<{left}@{right}>", "date": format_datetime(moved)}
        set_headers(message, headers)
        route_names = {"dkim-signature", "received"}
        kept = [header for header in message.headers if header[0] not in route_names]
        message.headers = kept + [one for one in victim.message.headers if one[0] in route_names]
        return message


def own_text(mail: Mail) -> str:
    """All of a mail's own words with greeting and closing, without quotes."""
    parts = (mail.written.greeting, mail.written.prose, mail.written.sign_off)
    return "\n\n".join(part for part in parts if part)


def quoting(victim: Mail, other: Mail, text: str) -> str:
    """The victim's quoted lines with a text where its writer would put it."""
    lines = victim.message.text.split("\n")
    quoted = "\n".join(line for line in lines if line.lstrip().startswith(">"))
    if not quoted:
        return text
    if other.written.layout in {"below", "between"}:
        return f"On Mon, Jan 4, 2021 at 10:00 AM X <x@y.example> wrote:\n{quoted}\n\n{text}"
    return f"{text}\n\nOn Mon, Jan 4, 2021 at 10:00 AM X <x@y.example> wrote:\n{quoted}"


def with_text(message: Message, text: str) -> Message:
    """A copy that says something else in the same forms."""
    copy = msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=Message)
    plain, markup = bool(copy.text.strip()), bool(copy.html_text.strip())
    copy.text = f"{text}\n" if plain or not markup else ""
    copy.html_text = f"{text}\n" if markup else ""
    copy.links, copy.attachments = [], []
    return copy


def set_headers(message: Message, headers: dict[str, str]) -> None:
    kept = [header for header in message.headers if header[0] not in headers]
    message.headers = kept + [(name, value) for name, value in headers.items() if value]


class Scored(msgspec.Struct):
    """One mail's scores: by calibrated weights of the other half, and by those that ship."""

    kind: str
    sender: str
    half: int
    seed: int
    score: float
    shipped: float


def measure(mails: list[Mail], texts: list[str], hasher: Hasher, seed: int, least: int = 20) -> list[Scored]:
    """One replay with takeovers of one seed."""
    counts = Counter(mail.sender for mail in mails)
    half = {
        mail.facts.sender: sha256(mail.sender.encode()).digest()[-1] % 2
        for mail in mails
        if counts[mail.sender] > least
    }
    stream, ours = [mail.facts for mail in mails], lures(hasher)

    def learn_from(side: int) -> Weights:
        return calibrate(stream, ours, victims=lambda sender: half.get(sender, side) == side)

    learnt = [learn_from(0), learn_from(1)]
    injector, closings = Injector(mails, texts, random.Random(seed)), dict[str, str]()
    memory, rows = Memory(), list[Scored]()
    for mail in mails:
        known = memory.sketch(mail.facts).mails
        if mail.facts.sender in half and known >= least:
            side = half[mail.facts.sender]
            tries = [("genuine", mail.facts)]
            for kind in KINDS:
                if injector.dice.random() < EACH / (counts[mail.sender] - least):
                    message = injector.takeover(kind, mail, closings.get(mail.sender, ""))
                    tries.append((kind, facts(message, hasher)))
            for kind, found in tries:
                parts, weights = memory.parts(found), learnt[1 - side]
                score = weights.score(parts, found.words, known) - weights.alert
                shipped = DEFAULT.score(parts, found.words, known)
                rows.append(Scored(kind, mail.sender, side, seed, score, shipped))
        memory.observe(mail.facts)
        if mail.written.sign_off:
            closings[mail.sender] = mail.written.sign_off
    return rows


def report(runs: list[list[Scored]], stream: int, field: str) -> None:
    """Recall at 10 alerts in 10,000 mails of the stream: the mean of the seeds, and an interval."""
    alerts = int(stream * 10 / 10_000)
    genuine = sum(row.kind == "genuine" for row in runs[0])
    victims = len({row.sender for row in runs[0] if row.kind != "genuine"})
    print(f"{field}: {alerts} alerts in {stream} mails, {genuine} of known senders, {victims} victims")
    for kind in (*KINDS, "all"):
        seeds = [recall(rows, kind, alerts, field) for rows in runs]
        halves = [np.mean([recall(rows, kind, alerts, field, side) for rows in runs]) for side in (0, 1)]
        low, high = interval(runs, kind, alerts, field)
        number = sum(len(taken(rows, kind)) for rows in runs)
        print(
            f"  {kind:15s} n={number:5d} recall {np.mean(seeds):.3f} [{low:.3f}, {high:.3f}]"
            f" seeds {' '.join(f'{one:.3f}' for one in seeds)} halves {halves[0]:.3f} {halves[1]:.3f}"
        )


def taken(rows: list[Scored], kind: str) -> list[Scored]:
    return [row for row in rows if row.kind == kind or (kind == "all" and row.kind != "genuine")]


def recall(rows: list[Scored], kind: str, alerts: int, field: str, side: int | None = None) -> float:
    scores = sorted((getattr(row, field) for row in rows if row.kind == "genuine"), reverse=True)
    found = [row for row in taken(rows, kind) if side is None or row.half == side]
    return float(np.mean([getattr(row, field) > scores[alerts] for row in found]))


def interval(runs: list[list[Scored]], kind: str, alerts: int, field: str) -> tuple[float, float]:
    """95 % by resampling the senders; the thresholds move with them."""
    dice = np.random.default_rng(0)
    names = sorted({row.sender for row in runs[0]})
    groups = []
    for rows in runs:
        clean: dict[str, list[float]] = {name: [] for name in names}
        bad: dict[str, list[float]] = {name: [] for name in names}
        for row in rows:
            if row.kind == "genuine":
                clean[row.sender].append(getattr(row, field))
        for row in taken(rows, kind):
            bad[row.sender].append(getattr(row, field))
        groups.append((clean, bad, alerts / sum(map(len, clean.values()))))
    recalls = []
    for _ in range(500):
        drawn = [names[one] for one in dice.choice(len(names), len(names))]
        each = []
        for clean, bad, share in groups:
            genuine = np.sort(np.concatenate([clean[name] for name in drawn]))[::-1]
            each.append(
                (np.concatenate([bad[name] for name in drawn]) > genuine[int(share * len(genuine))]).mean()
            )
        recalls.append(float(np.mean(each)))
    return float(np.quantile(recalls, 0.025)), float(np.quantile(recalls, 0.975))


def speed(mails: list[Mail], hasher: Hasher) -> None:
    memory, start = Memory(), time.perf_counter()
    for mail in mails:
        memory.parts(mail.facts)
        memory.observe(mail.facts)
    print(f"in memory, compare and observe: {len(mails) / (time.perf_counter() - start):.0f} mails/s")
    with tempfile.TemporaryDirectory() as folder:
        store = SenderStore(Path(folder) / "senders.sqlite")
        start = time.perf_counter()
        for mail in mails[:2000]:
            store.compare(mail.facts)
            store.observe(mail.facts)
        print(f"shared store, one transaction a mail: {2000 / (time.perf_counter() - start):.0f} mails/s")
        store.close()
    start = time.perf_counter()
    for mail in mails[:1000]:
        facts(mail.message, hasher)
    print(f"facts of a read message: {1000 / (time.perf_counter() - start):.0f} mails/s")


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--speed", action="store_true")
    chosen = options.parse_args()
    folder = Path(os.environ["ICELOS_DATA"]) / "mail"
    texts, runs = frauds(folder), list[list[Scored]]()
    for seed in range(chosen.seeds):
        hasher = Hasher(f"a salt of its own for seed {seed:4d}".encode())
        mails = read(mailing_list(folder), hasher)
        if chosen.speed:
            speed(mails, hasher)
            return
        runs.append(measure(mails, texts, hasher, seed))
    for field in ("score", "shipped"):
        report(runs, len(mails), field)


if __name__ == "__main__":
    main()
