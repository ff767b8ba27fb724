"""Icelos beside SpamAssassin, rspamd and bogofilter, on the same mails in the same run, offline.

ICELOS_DATA=../shared/data nice -n 10 .venv/bin/python -m benchmarks.mail_peers [--misses FILE] [--only A;B]

Seeded samples in the neutral envelope are written to a temporary folder, and each filter gets the files, one
after the other. The servers are private instances on ports of 127.0.0.1 that are stopped at the end. One
process each: a spamd child (local tests, no Bayes), a worker of rspamd (nothing that needs DNS, Redis or the
network), bogofilter in bulk mode, a judge with the bundled model in batches. Shares are told at each one's
own threshold. Rates are by processor time of the filter, as the machine may be shared, and by the clock.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import random
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from benchmarks.mail_corpora import Sample, load
from benchmarks.mail_delivery import free_ports, wait_for_port
from numpy.typing import NDArray

from icelos.data.parse.mail import mail_id
from icelos.engine.pipeline import Pipeline, run_pipeline
from icelos.errors import InputError
from icelos.evaluate.metrics import wilson
from icelos.findings import Finding, Outcome
from icelos.jobs.mail.detector.versions import bundled
from icelos.jobs.mail.judge import Judge
from icelos.jobs.mail.reading.message import read_message
from icelos.llm.encoder import Encoder
from icelos.settings import MailSettings, Settings, Workspace

BATCH = 64
CLIENTS = 4
NONE = float("nan")
SEED = 1


class Run(NamedTuple):
    """What one filter did: `scores` (mails, readings), NaN where it gave none; seconds by the clock and by
    the processor; the resident MiB of its largest process at the most.
    """

    scores: NDArray[np.float64]
    clock_s: float
    processor_s: float
    peak_mib: float


# ---- the mails


class Drawn(NamedTuple):
    """Mails of one set as files, with the ids of the corpus."""

    name: str
    ids: list[str]
    paths: list[Path]


EARLIER = "phishing_pot 2022-23"
SETS: tuple[tuple[str, str, int, Callable[[Sample], bool]], ...] = (
    ("phishing_pot 2024", "phishing_pot", 300, lambda sample: sample.year == 2024),
    (EARLIER, "phishing_pot", 400, lambda sample: 0 < sample.year < 2024),
    ("LLM-written phishing", "llm-phish", 300, lambda _: True),
    ("usrp", "usrp", 300, lambda _: True),
    ("csdmc-ham", "csdmc-ham", 300, lambda _: True),
    ("hard ham", "sa-hard", 300, lambda _: True),
    ("templates", "templates", 300, lambda _: True),
)
"""Name, corpus, most mails, and which of the corpus."""


def draw(folder: Path, name: str, corpus: str, most: int, keep: Callable[[Sample], bool]) -> Drawn:
    """A seeded sample of a corpus, written to files."""
    samples = [sample for sample in load(corpus) if keep(sample)]
    chosen = random.Random(SEED).sample(samples, min(most, len(samples)))
    place = folder / re.sub(r"\W+", "-", name)
    return Drawn(name, [one.id for one in chosen], written(place, [one.raw for one in chosen]))


def written(folder: Path, raws: Sequence[bytes]) -> list[Path]:
    """One file a mail."""
    folder.mkdir(parents=True)
    paths = [folder / f"{number:05}.eml" for number in range(len(raws))]
    for path, raw in zip(paths, raws, strict=True):
        path.write_bytes(raw)
    return paths


def originals(folder: Path, most: int = 500) -> list[Path]:
    """Mails as they came, with headers and attachments: half of them list mail, half phishing."""
    chosen = [
        sample.original
        for corpus in ("usrp", "phishing_pot")
        for sample in random.Random(SEED).sample(list(load(corpus)), most)
    ]
    return written(folder / "originals", chosen)


# ---- what a process and its children took


def tree(top: int) -> list[int]:
    """A process and all below it."""
    try:
        files = [path.read_text() for path in Path(f"/proc/{top}/task").glob("*/children")]
    except OSError:
        return []
    return [top, *(one for text in files for child in text.split() for one in tree(int(child)))]


def processor_seconds(top: int) -> float:
    """User and system time of a process and all below it, also of those that have ended."""
    ticks = 0
    for number in tree(top):
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def peak_mib(top: int) -> float:
    """Resident memory of the largest of them at the most."""
    texts = [Path(f"/proc/{number}/status").read_text() for number in tree(top)]
    return max(int(found[1]) / 1024 for text in texts if (found := re.search(r"VmHWM:\s+(\d+)", text)))


def settle(top: int) -> None:
    """Wait until a server has done what it does at its start."""
    before = -1.0
    while (now := processor_seconds(top)) - before > 0.05:
        before = now
        time.sleep(3)


def measured(top: int, ask: Callable[[bytes], Sequence[float]], paths: Sequence[Path]) -> Run:
    """Ask a server about each mail, when it is warm; some are always waiting, so that it never is."""
    raws = [path.read_bytes() for path in paths]
    for raw in raws[:20]:
        ask(raw)
    settle(top)
    clock, processor = time.perf_counter(), processor_seconds(top)
    with ThreadPoolExecutor(CLIENTS) as clients:
        scores = np.array(list(clients.map(ask, raws)))
    return Run(scores, time.perf_counter() - clock, processor_seconds(top) - processor, peak_mib(top))


@contextmanager
def server(command: Sequence[str], port: int, log: Path) -> Iterator[int]:
    """A server in the foreground, until the block ends; its process."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        wait_for_port(port, 120)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


# ---- the filters


def spamassassin(paths: Sequence[Path], folder: Path) -> Run:
    """Points by one child of a private spamd."""
    [port] = free_ports(1)
    command = [
        found("spamd"), "--local", "--nouser-config", "--max-children=1", "--max-conn-per-child=1000000",
        f"--listen=127.0.0.1:{port}", f"--pidfile={folder / 'spamd.pid'}", "--syslog=stderr",
        "--username=nobody", "--cf=use_bayes 0",
    ]  # fmt: skip
    with server(command, port, folder / "spamd.log") as process:
        return measured(process, lambda raw: _spamd_points(port, raw), paths)


def _spamd_points(port: int, raw: bytes) -> tuple[float]:
    with socket.create_connection(("127.0.0.1", port), timeout=300) as line:
        line.sendall(b"CHECK SPAMC/1.5\r\nContent-length: %d\r\n\r\n%b" % (len(raw), raw))
        line.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    points = re.search(rb"^Spam: \w+ ; (-?[\d.]+) /", answer, re.MULTILINE)
    return (float(points[1]) if points else NONE,)


RSPAMD = """
.include "$CONFDIR/common.conf"
options {{
    pidfile = "$RUNDIR/rspamd.pid";
    .include "$CONFDIR/options.inc"
    .include(priority=10) "$LOCAL_CONFDIR/override.d/options.inc"
}}
logging {{ type = "file"; filename = "$LOGDIR/rspamd.log"; level = "warning"; }}
worker "normal" {{ .include "$CONFDIR/worker-normal.inc"; bind_socket = "127.0.0.1:{port}"; count = 1; }}
"""
RSPAMD_OFF = (
    "antivirus", "arc", "asn", "aws_s3", "bimi", "clickhouse", "dcc", "dkim", "dkim_signing", "dmarc",
    "elastic", "external_services", "fuzzy_check", "greylist", "history_redis", "metadata_exporter",
    "mx_check", "neural", "p0f", "ratelimit", "rbl", "replies", "reputation", "rspamd_update", "spf", "surbl",
    "url_redirector",
)  # fmt: skip
"""Modules that need DNS, Redis or another server."""
NAMESERVER = 'dns {{ nameserver = ["127.0.0.1:{nobody}"]; timeout = 0.05s; retransmits = 1; }}\n'
ENVELOPE = ("DATE_IN_PAST", "HFILTER_HOSTNAME_UNKNOWN")
"""What rspamd counts against any mail of the neutral envelope: an old date, no server that it came from."""


def rspamd(paths: Sequence[Path], folder: Path) -> Run:
    """Points by one worker of a private rspamd; in a second reading without those of `ENVELOPE`."""
    port, nobody = free_ports(2)
    off = folder / "rspamd/override.d"
    off.mkdir(parents=True)
    for name in RSPAMD_OFF:
        (off / f"{name}.conf").write_text("enabled = false;\n")
    (off / "phishing.conf").write_text("phishtank_enabled = false;\n")
    (off / "options.inc").write_text(NAMESERVER.format(nobody=nobody))
    (folder / "rspamd.conf").write_text(RSPAMD.format(port=port))
    places = {"DBDIR": folder, "RUNDIR": folder, "LOGDIR": folder, "LOCAL_CONFDIR": folder / "rspamd"}
    command = [found("rspamd"), "--no-fork", "--insecure", f"--config={folder / 'rspamd.conf'}"]
    command += [f"--var={name}={place}" for name, place in places.items()]
    with server(command, port, folder / "rspamd.out") as process:
        return measured(process, lambda raw: _rspamd_points(port, raw), paths)


def _rspamd_points(port: int, raw: bytes) -> tuple[float, float]:
    """All, and less those of `ENVELOPE`."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    line.request("POST", "/checkv2", raw)
    answer = json.loads(line.getresponse().read())
    line.close()
    points, symbols = float(answer["score"]), answer.get("symbols", {})
    return points, points - sum(symbols[name]["score"] for name in ENVELOPE if name in symbols)


def bogofilter(paths: Sequence[Path], folder: Path) -> Run:
    """Spamicity after learning the SpamAssassin corpus, without its hard ham, in the neutral envelope."""
    command = [found("bogofilter"), "-C", "-d", str(folder)]
    for corpus, kind in (("sa-easy", "-n"), ("sa-spam", "-s")):
        taught = folder / corpus
        written(taught, [sample.raw for sample in load(corpus)])
        subprocess.run([*command, kind, "-B", str(taught)], check=True)
    names, answers = folder / "names", folder / "answers"
    names.write_text("".join(f"{path}\n" for path in paths))
    clock = time.perf_counter()
    with names.open("rb") as into, answers.open("wb") as out:
        process = subprocess.Popen([*command, "-b", "-T"], stdin=into, stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    told = dict(line.rsplit(" ", 2)[::2] for line in answers.read_text().splitlines())
    scores = np.array([[float(told.get(str(path), "nan"))] for path in paths])
    return Run(scores, time.perf_counter() - clock, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def icelos(paths: Sequence[Path], encoder: bool = False) -> Run:
    """Scores of the bundled model in a process of its own, reading included."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_judged, list(map(str, paths)), encoder).result()


def _judged(paths: list[str], with_encoder: bool) -> Run:
    judge = Judge(bundled(), encoder=Encoder(threads=1) if with_encoder else None)
    raws = [Path(path).read_bytes() for path in paths]
    _scores(judge, raws[:BATCH])
    clock, processor = time.perf_counter(), processor_seconds(os.getpid())
    scores = [score for at in range(0, len(raws), BATCH) for score in _scores(judge, raws[at : at + BATCH])]
    took = time.perf_counter() - clock, processor_seconds(os.getpid()) - processor
    return Run(np.array(scores), *took, peak_mib(os.getpid()))


def scanned(paths: Sequence[Path]) -> Run:
    """The same model by `icelos scan mail`: the job, the engine and a sink, in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_scanned, list(map(str, paths))).result()


class _Kept:
    """A sink in memory: scores by record; what is clear is not told of."""

    def __init__(self) -> None:
        self.scores: dict[str, float] = {}

    def write(self, outcomes: Sequence[Outcome]) -> None:
        for one in outcomes:
            self.scores[one.record_id] = one.score or 0.0 if isinstance(one, Finding) else float("nan")

    def close(self) -> None:
        """Nothing to close."""


def _scanned(paths: list[str]) -> Run:
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(workspace=Workspace(home=home), mail=MailSettings(senders=False))
        sink = _Kept()
        clock, processor = time.perf_counter(), processor_seconds(os.getpid())
        run_pipeline(Pipeline(job="mail", locations=tuple(paths)), sink, settings=settings)
        took = time.perf_counter() - clock, processor_seconds(os.getpid()) - processor
    scores = [(sink.scores.get(mail_id(Path(path).read_bytes()), 0.0),) for path in paths]
    return Run(np.array(scores), *took, peak_mib(os.getpid()))


def _scores(judge: Judge, raws: Sequence[bytes]) -> list[tuple[float]]:
    """Those of one batch."""
    messages = {}
    for place, raw in enumerate(raws):
        try:
            messages[place] = read_message(raw)
        except InputError:
            continue
    judged = judge.judge_messages(list(messages.values()), [raws[place] for place in messages])
    scores = dict(zip(messages, (one.score for one in judged), strict=True))
    return [(scores.get(place, NONE),) for place in range(len(raws))]


def found(program: str) -> str:
    """Its path. Raises FileNotFoundError where it is not installed."""
    path = shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if path is None:
        raise FileNotFoundError(f"{program} is not installed")
    return path


# ---- the table

FILTERS: dict[str, Callable[[Sequence[Path], Path], Run]] = {
    "SpamAssassin": spamassassin,
    "rspamd": rspamd,
    "bogofilter": bogofilter,
    "Icelos": lambda paths, _: icelos(paths),
    "Icelos, scan": lambda paths, _: scanned(paths),
    "Icelos, encoder": lambda paths, _: icelos(paths, encoder=True),
}
COLUMNS = (
    ("SpamAssassin >= 5", "SpamAssassin", 0, 5.0),
    ("rspamd >= 6", "rspamd", 0, 6.0),
    ("rspamd >= 6, less the envelope", "rspamd", 1, 6.0),
    ("bogofilter >= .5", "bogofilter", 0, 0.5),
    ("bogofilter >= .99", "bogofilter", 0, 0.99),
    ("Icelos >= .5", "Icelos", 0, 0.5),
    ("icelos scan mail >= .5", "Icelos, scan", 0, 0.5),
    ("Icelos with encoder >= .5", "Icelos, encoder", 0, 0.5),
)
"""Name, filter, which of its readings, threshold."""


def run_all(names: Sequence[str], paths: Sequence[Path], folder: Path) -> dict[str, Run]:
    """Each filter that this machine has."""
    runs = {}
    for name in names:
        if name == "Icelos, encoder" and (bundled().meaning is None or not Encoder.available()):
            print(f"skipped: {name}: the bundled model has no part for it", flush=True)
            continue
        place = folder / re.sub(r"\W+", "-", name)
        place.mkdir()
        try:
            runs[name] = FILTERS[name](paths, place)
        except FileNotFoundError as error:
            print(f"skipped: {name}: {error}", flush=True)
    return runs


def table(drawn: Sequence[Drawn], runs: dict[str, Run]) -> Iterator[str]:
    """Rows of Markdown: a set each, then what it took."""
    columns = [column for column in COLUMNS if column[1] in runs]
    yield "| | " + " | ".join(name for name, *_ in columns) + " |"
    yield "|---" * (len(columns) + 1) + "|"
    at = 0
    for one in drawn:
        part = slice(at, at := at + len(one.paths))
        cells = [share(runs[key].scores[part, reading] >= least) for _, key, reading, least in columns]
        yield f"| {one.name}, {len(one.paths)} | " + " | ".join(cells) + " |"
    figures: dict[str, Callable[[Run], float]] = {
        "mails/s of processor time": lambda run: len(run.scores) / run.processor_s,
        "mails/s by the clock": lambda run: len(run.scores) / run.clock_s,
        "resident MiB at the most": lambda run: run.peak_mib,
        "mails without an answer": lambda run: float(np.isnan(run.scores[:, 0]).sum()),
    }
    for name, figure in figures.items():
        yield f"| {name} | " + " | ".join(f"{figure(runs[key]):.0f}" for _, key, *_ in columns) + " |"


def share(hits: NDArray[np.bool_]) -> str:
    """A share with its 95 % interval."""
    low, high = wilson(int(hits.sum()), len(hits))
    return f"{hits.mean():.3f} ({low:.3f}-{high:.3f})"


def misses(drawn: Sequence[Drawn], runs: dict[str, Run]) -> dict[str, list[str]]:
    """Ids of the earlier phishing mails: those that were asked about, and what each filter let through."""
    at = 0
    for one in drawn:
        part = slice(at, at := at + len(one.paths))
        if one.name == EARLIER:
            chosen = {"asked": one.ids}
            for name, key, reading, least in COLUMNS:
                if key in runs:
                    missed = ~(runs[key].scores[part, reading] >= least)
                    chosen[name] = [mail for mail, gone in zip(one.ids, missed, strict=True) if gone]
            return chosen
    return {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", type=Path, help="a file for the ids of what each lets through of 2022-23")
    parser.add_argument("--only", default=";".join(FILTERS), help="names of filters, between semicolons")
    chosen = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    folder = Path(tempfile.mkdtemp(prefix="icelos-peers-"))
    folder.chmod(0o755)
    try:
        drawn = [draw(folder / "mails", *one) for one in SETS]
        kept = originals(folder)
        load.cache_clear()
        runs = run_all(chosen.only.split(";"), [path for one in drawn for path in one.paths], folder)
        print(*table(drawn, runs), sep="\n", flush=True)
        if chosen.misses is not None:
            chosen.misses.write_text(json.dumps(misses(drawn, runs), indent=1))
        run = icelos(kept)
        print(
            f"Icelos, {len(kept)} mails as they came: {len(kept) / run.processor_s:.0f} mails/s of "
            f"processor time, {len(kept) / run.clock_s:.0f} by the clock, {run.peak_mib:.0f} MiB"
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
