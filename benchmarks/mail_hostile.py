"""Hostile mail through the job: every fixture, floods and seeded mutations, in processes with limits.

ICELOS_DATA=../shared/data .venv/bin/python benchmarks/mail_hostile.py [--mutations 10000] [--what reading]

Each process may take `ADDRESSES` bytes of address space, and each mail `SECONDS`. A verdict or a Failure
counts as an outcome; anything else raised, a mail that takes longer or a process that dies is a fault, is
named, and ends the command with 1. Children that read PDFs and images are counted with their parents.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import random
import resource
import signal
import sys
import tarfile
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple, overload

SECONDS = 5
PEAK_MIB = 300
ADDRESSES = 2 << 30
"""Libraries map far more than they touch; what is touched is measured against `PEAK_MIB`."""
LARGEST = 2 << 20
"""Bytes of a mutation, but for those that make it large on purpose."""


class Outcome(NamedTuple):
    """What became of one mail: "verdict", "refused" or "fault", with its seconds and why."""

    kind: str
    seconds: float
    why: str = ""


# ---- mutations


def mutated(seed: int, mails: Sequence[bytes]) -> bytes:
    """A mutation of one of the mails, the same for the same seed."""
    chance = random.Random(seed)
    raw = chance.choice(mails)[:LARGEST]
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        raw = chance.choice(MUTATIONS)(raw, chance, mails)
    return raw[: 4 * LARGEST]


def _flipped(raw: bytes, chance: random.Random, _mails: Sequence[bytes]) -> bytes:
    data = bytearray(raw or b"\0")
    for _ in range(chance.choice((1, 8, 64, 512))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def _cut(raw: bytes, chance: random.Random, _mails: Sequence[bytes]) -> bytes:
    return raw[: chance.randrange(len(raw) + 1)]


def _taken_out(raw: bytes, chance: random.Random, _mails: Sequence[bytes]) -> bytes:
    place = chance.randrange(len(raw) + 1)
    return raw[:place] + raw[place + chance.choice((1, 10, 1000, 100_000)) :]


def _spliced(raw: bytes, chance: random.Random, mails: Sequence[bytes]) -> bytes:
    other = chance.choice(mails)[:LARGEST]
    return raw[: chance.randrange(len(raw) + 1)] + other[chance.randrange(len(other) + 1) :]


def _lines_repeated(raw: bytes, chance: random.Random, _mails: Sequence[bytes]) -> bytes:
    """Boundary lines above all."""
    lines = raw.splitlines(keepends=True)
    marks = [n for n, line in enumerate(lines) if line.startswith(b"--")] or list(range(len(lines)))
    if not marks:
        return raw
    place = chance.choice(marks)
    return b"".join([*lines[:place], lines[place][:400] * chance.choice((2, 50, 5000)), *lines[place:]])[
        :LARGEST
    ]


def _header_put_in(raw: bytes, chance: random.Random, _mails: Sequence[bytes]) -> bytes:
    header = chance.choice(HEADERS)
    head, gap, body = raw.partition(b"\n\n")
    if chance.random() < 0.5:
        return header + b"\n" + raw
    return head + b"\n" + header + gap + body


def _nested(raw: bytes, chance: random.Random, _mails: Sequence[bytes]) -> bytes:
    depth = chance.choice((5, 50, 500))
    if chance.random() < 0.5:
        return b"Content-Type: message/rfc822\n\n" * depth + raw
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth)
    )
    return b"From: a@b.example\n" + opened + raw


def _inserted(raw: bytes, chance: random.Random, _mails: Sequence[bytes]) -> bytes:
    place = chance.randrange(len(raw) + 1)
    piece = chance.choice(PIECES)
    return raw[:place] + piece * chance.choice((1, 100, (256 << 10) // len(piece))) + raw[place:]


def _wrapped(raw: bytes, chance: random.Random, _mails: Sequence[bytes]) -> bytes:
    """The bytes of a mail as a file of some type."""
    kind, magic = chance.choice(FILES)
    head = b"From: a@b.example\nSubject: file\nContent-Type: %s\nContent-Disposition: attachment\n\n" % kind
    return head + magic + raw


MUTATIONS: tuple[Callable[[bytes, random.Random, Sequence[bytes]], bytes], ...] = (
    _flipped, _cut, _taken_out, _spliced, _lines_repeated, _header_put_in, _nested, _inserted, _wrapped,
)  # fmt: skip
HEADERS = (
    b"Content-Type: multipart/mixed; boundary=",
    b'Content-Type: multipart/alternative; boundary="--"',
    b"Content-Type: text/html; charset=utf-7",
    b"Content-Type: text/html; charset=utf-16",
    b"Content-Transfer-Encoding: base64",
    b"Content-Transfer-Encoding: x-uuencode",
    b"Content-Type: text/calendar",
    b"Content-Type: message/rfc822",
    b"Content-Disposition: attachment; filename*0*=utf-8''%ff; filename*1*=%00; filename*9999999=x",
    b"Subject: " + b"=?utf-8?Q?=C3?= " * 400,
    b"From: " + b"<" * 2000 + b"a@b",
    b"Received: " + b"(" * 4000,
    b"Authentication-Results: " + b"x; spf=fail " * 300,
    b"DKIM-Signature: " + b"a=b; " * 1000,
)
PIECES = (
    b"<div>", b"<a href='http://a.example/'>", b"<table><tr><td>", b"</p>", b"<b></p>", b"<!--", b"&#x41;",
    b"<p style='color:#fff;background:#fff'>", b"<style>a{b:c}", b"<img src=data:image/png;base64,", b"\0",
    b"\xe2\x80\x8b", b"\xef\xb7\xba", "раураl ".encode(), b"a ", b"a1", b"begin 644 x\n", b"--\n",
    b"{", b"\\'41",
    b"http://a.example/?u=", b"<form><input type=password>", b"=?", b"\r", b"\n", b"\x1b$B", b"%PDF-1.4\n",
)  # fmt: skip
FILES = (
    (b"application/pdf", b"%PDF-1.7\n"), (b"image/png", b"\x89PNG\r\n\x1a\n"),
    (b"image/jpeg", b"\xff\xd8\xff\xe0"),
    (b"image/gif", b"GIF89a"), (b"application/zip", b"PK\x03\x04"), (b"application/gzip", b"\x1f\x8b\x08\0"),
    (b"application/ms-tnef", b"\x78\x9f\x3e\x22\0\0"), (b"text/html", b""),
    (b"text/calendar", b"BEGIN:VCALENDAR\n"),
    (b"application/octet-stream; name=a.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    (b"application/x-tar", b"a" * 100),
)  # fmt: skip


# ---- floods: mails as large as are taken in, of what costs most

HUGE = (48 << 20) - 4096
_HEAD = b"From: a@b.example\nSubject: x\nContent-Type: "
_LEVELS = b"".join(b"multipart/mixed; boundary=b%d\n\n--b%d\nContent-Type: " % (n, n) for n in range(16))
_PACKED = b"\nContent-Transfer-Encoding: base64\n\n"
FLOODS: tuple[tuple[bytes, bytes], ...] = (
    (_HEAD + b"application/x; name=a.bin" + _PACKED, b"QUJD" * 19 + b"\n"),
    (_HEAD + b"application/pdf; name=a.pdf" + _PACKED + b"JVBERi0xLjQK", b"W1s8" * 19 + b"\n"),
    (_HEAD + b"application/x; name=a\nContent-Transfer-Encoding: quoted-printable\n\n", b"=41=42\n"),
    (_HEAD + b"text/html\n\n", b"<p style='color:#fff'>a</p>"),
    (_HEAD + b"text/html; name=a.html\n\n", b"<a href='http://a.example/'>a</a>"),
    (_HEAD + b"text/plain\n\n", "раураl a1b ".encode()),
    (_HEAD + b"text/calendar\n\n", b"SUMMARY:a\n b\n"),
    (_HEAD + b"multipart/mixed; boundary=B\n\n", b"--B\n\nx\n"),
    (_HEAD + b"message/rfc822\n\n" + b"Content-Type: message/rfc822\n\n" * 15, b"x\n"),
    (_HEAD + _LEVELS + b"text/plain\n\n", b"x\n"),
    (_HEAD + b"application/zip; name=a.zip\n\nPK\x03\x04", b"PK\x01\x02"),
    (_HEAD + b"image/png; name=a.png\n\n\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x40\0\0\0\x40\0\x08\6\0\0\0", b"a"),
    (_HEAD + b"text/plain\n", b"X-A: b\n"),
    (_HEAD + b"text/plain\nX: ", b"y"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\1\0\0\0"),
    (b"", b"\n"),
)


def raw_of(number: int, mails: Sequence[bytes]) -> bytes:
    """The mail of a number: a flood below nought, then the mails themselves, then their mutations."""
    if number < 0:
        head, piece = FLOODS[-number - 1]
        return head + piece * ((HUGE - len(head)) // len(piece))
    return mails[number] if number < len(mails) else mutated(number, mails)


# ---- processes with limits


class _TooLong(BaseException):
    """No Exception, so that nobody takes it for a fault of the mail."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raises _TooLong in the block after so many seconds by the clock."""

    def over(_number: int, _frame: object) -> None:
        raise _TooLong

    signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def work(place: Connection, mails: Sequence[bytes], what: str) -> None:
    """A process: numbers come in, outcomes go out; `raw_of` tells which mail is meant."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    judge = READERS[what]()
    base = _peak()
    while (number := place.recv()) is not None:
        raw = raw_of(number, mails)
        Path("/proc/self/clear_refs").write_text("5")  # what making it took does not count
        began = time.perf_counter()
        why = ""
        try:
            with limited(SECONDS):
                kind = judge(raw)
        except _TooLong:
            kind, why = "fault", "takes longer: " + traceback.format_exc(limit=-3)
        except BaseException:  # noqa: BLE001 - what is raised is what is looked for
            kind, why = "fault", traceback.format_exc(limit=-3)
        place.send((Outcome(kind, time.perf_counter() - began, why), base, _peak()))


def _job() -> Callable[[bytes], str]:
    """The whole job, as `icelos scan mail` runs it."""
    from icelos.findings import Failure
    from icelos.jobs.mail.job import build
    from icelos.records import Mail
    from icelos.settings import Settings

    job = build(Settings(), {})

    def judge(raw: bytes) -> str:
        [outcome] = job.score([Mail(id="0", source="", raw=raw)])
        return "refused" if isinstance(outcome, Failure) else "verdict"

    return judge


def _reading() -> Callable[[bytes], str]:
    """Reading alone."""
    from icelos.errors import InputError
    from icelos.jobs.mail.reading.message import read_message

    def judge(raw: bytes) -> str:
        try:
            message = read_message(raw)
        except InputError:
            return "refused"
        return "verdict" if message.seen is not None and message.shape else "fault"

    return judge


READERS = {"job": _job, "reading": _reading}


def _peak() -> float:
    """Resident MiB at the most, of this process and of the children it has now, together.

    The system's own count for ended children holds what they shared with this one before they began.
    """
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return _resident("self") + sum(map(_resident, children))


def _resident(process: str) -> float:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    return next(
        (int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0.0
    )


class Worker:
    """A process that judges, begun anew when one dies."""

    def __init__(self, mails: Sequence[bytes], what: str) -> None:
        self._mails, self._what = mails, what
        self.base = self.peak = 0.0
        self._start()

    def _start(self) -> None:
        self._line, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.Process(
            target=work, args=(theirs, self._mails, self._what), daemon=True
        )
        self._process.start()
        theirs.close()

    def judge(self, number: int) -> Outcome:
        """What became of a mail; a process that dies or hangs is the mail's fault."""
        self._line.send(number)
        try:
            if not self._line.poll(4 * SECONDS):
                raise EOFError("it hangs")
            answer: tuple[Outcome, float, float] = self._line.recv()
            outcome, self.base, peak = answer
            self.peak = max(self.peak, peak)
            return outcome
        except (EOFError, OSError) as error:
            self._process.kill()
            self._process.join()
            code = self._process.exitcode
            self._start()
            return Outcome("fault", float(SECONDS), f"the process died with {code} ({error})")

    def end(self) -> None:
        self._line.send(None)
        self._process.join(10)
        self._process.kill()


class Fixtures(Sequence[bytes]):
    """Every file of the fixtures, read from disk when asked for: what is held counts as the job's."""

    def __init__(self, folder: Path) -> None:
        self._files: list[Path] = []
        with tarfile.open(Path(os.environ["ICELOS_DATA"]) / "mail/mime_fixtures/mime_fixtures.tar.gz") as tar:
            for member in tar:
                file = tar.extractfile(member) if member.isfile() else None
                if file is not None:
                    self._files.append(folder / str(len(self._files)))
                    self._files[-1].write_bytes(file.read())

    def __len__(self) -> int:
        return len(self._files)

    @overload
    def __getitem__(self, place: int) -> bytes: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[bytes]: ...

    def __getitem__(self, place: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(place, slice):
            return [file.read_bytes() for file in self._files[place]]
        return self._files[place].read_bytes()


def main() -> int:
    """Prints counts, the slowest and the largest; 1 where there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--what", choices=sorted(READERS), default="job")
    parser.add_argument("--keep", type=Path, help="a folder for the mails with faults")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return _all(Fixtures(Path(folder)), options)


def _all(mails: Sequence[bytes], options: argparse.Namespace) -> int:
    first = len(mails) + options.seed * 1_000_000
    worker = Worker(mails, options.what)
    faults = told("fixtures", worker, list(range(len(mails))), mails, options.keep)
    faults += told("floods", worker, [-n - 1 for n in range(len(FLOODS))], mails, options.keep)
    faults += told("mutations", worker, list(range(first, first + options.mutations)), mails, options.keep)
    worker.end()
    print(f"memory: {worker.base:.0f} MiB before the first mail, {worker.peak:.0f} MiB at the most")
    return 1 if faults or worker.peak > PEAK_MIB else 0


def told(name: str, worker: Worker, numbers: list[int], mails: Sequence[bytes], keep: Path | None) -> int:
    """Judges, prints, and gives the number of faults."""
    counts: Counter[str] = Counter()
    seconds: list[tuple[float, int]] = []
    for number in numbers:
        outcome = worker.judge(number)
        counts[outcome.kind] += 1
        seconds.append((outcome.seconds, number))
        if outcome.kind == "fault":
            print(f"FAULT {name} {number}: {outcome.why}", file=sys.stderr)
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                raw = raw_of(number, mails)
                (keep / f"{number}-{hashlib.sha256(raw).hexdigest()[:8]}.eml").write_bytes(raw)
    times = sorted(seconds)
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    middle, most, worst = times[len(times) // 2][0], times[len(times) * 99 // 100][0], times[-1]
    print(f"{name}: {len(numbers)} mails, {kinds}; median {1000 * middle:.1f} ms, 99 % below {most:.2f} s,")
    print(f"  the slowest {worst[0]:.2f} s (number {worst[1]})")
    return counts["fault"]


if __name__ == "__main__":
    sys.exit(main())
