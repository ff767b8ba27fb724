"""Many senders into one syslog source that is killed by kill -9 again and again: each message scored once."""

from __future__ import annotations

import itertools
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from icelos.data.sinks import SqliteSink
from icelos.data.syslog.source import SyslogSource
from icelos.records import LogLine

SENDERS = 4
KILLS = 5

# A receiver that scores into a sink and keeps a checkpoint behind what is durable, until it is killed.
RECEIVER = """
import sys
from pathlib import Path
from icelos.data.atomic import atomic_write
from icelos.data.sinks import SqliteSink
from icelos.data.syslog.source import SyslogSource
from icelos.findings import Failure, Finding, Verdict

port, folder = sys.argv[1], Path(sys.argv[2])
source = SyslogSource(f"syslog://127.0.0.1:{port}", spool=str(folder / "spool"), spool_mib="64")
sink = SqliteSink(folder / "findings.sqlite")
checkpoint = folder / "checkpoint"
if checkpoint.exists():
    source.resume(checkpoint.read_bytes())
source.start()
print("listening", flush=True)
batch = []

def store():
    sink.write(batch)
    batch.clear()
    position = source.position()
    with atomic_write(checkpoint) as file:
        file.write(position)
    source.confirm(position)

for item in source:
    if item is None:
        store()
        print("idle", flush=True)
    elif isinstance(item, Failure):
        batch.append(item)
    else:
        batch.append(
            Finding(record_id=item.id, job="j", verdict=Verdict.REVIEW, label="l", summary=item.text)
        )
    if len(batch) >= 200:
        store()
"""


class _Sender(threading.Thread):
    """Numbered lines over TCP, some thousand a second, until it is told to stop; the last one is told apart.

    Where the connection breaks, what went out on it may be lost, and is not sent again: syslog has no
    receipts. The rest goes over the next one.
    """

    def __init__(self, port: int, name: str) -> None:
        super().__init__(name=name)
        self.port = port
        self.number = 0
        self.connections = 0
        self.stop = threading.Event()

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=30) as client:
                    self.connections += 1
                    while not self.stop.is_set():
                        self._send(client, str(self.number))
                    self._send(client, "end")
            except OSError:
                time.sleep(0.02)

    def _send(self, client: socket.socket, what: str) -> None:
        data = f"<34>Oct 11 22:14:15 h app: {self.name} {what}".encode()
        self.number += 1
        if self.number % 20 == 0:
            time.sleep(0.002)
        client.sendall(b"%d %b" % (len(data), data) if self.number % 2 else data + b"\n")


def _started(port: int, folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", RECEIVER, str(port), str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "listening\n"
    return process


@pytest.mark.slow
def test_what_the_spool_has_is_scored_once_whenever_the_receiver_is_killed(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    receiver = _started(port, tmp_path)
    senders = [_Sender(port, f"tcp-{number}") for number in range(SENDERS)]
    for sender in senders:
        sender.start()
    chance = random.Random(7)
    datagrams = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", port))
        for _ in range(KILLS):
            until = time.monotonic() + chance.uniform(0.3, 1.0)
            while time.monotonic() < until:
                datagrams += _sent(client, f"<34>Oct 11 22:14:15 h app: udp {datagrams}")
                time.sleep(0.002)
            _kill(receiver)
            receiver = _started(port, tmp_path)
        while any(sender.connections <= KILLS for sender in senders):
            time.sleep(0.01)
        for sender in senders:
            sender.stop.set()
            sender.join()
        assert _sent(client, "<34>Oct 11 22:14:15 h app: udp end")
    stopped = time.monotonic()
    assert receiver.stdout is not None
    while receiver.stdout.readline() != "idle\n" or time.monotonic() < stopped + 1.5:
        pass  # it may have been idle before as well
    _kill(receiver)
    _check(tmp_path, senders, datagrams)


def _kill(receiver: subprocess.Popen[str]) -> None:
    receiver.send_signal(signal.SIGKILL)
    receiver.wait()
    assert receiver.stdout is not None
    receiver.stdout.close()


def _check(folder: Path, senders: list[_Sender], datagrams: int) -> None:
    with SqliteSink(folder / "findings.sqlite") as sink:
        findings, failures = sink.findings(limit=10**6), sink.failures(limit=10**6)
    scored = Counter(finding.summary.partition("app: ")[2] for finding in findings)
    assert scored.most_common(1)[0][1] == 1
    # Half a message is told as such, and never taken for a whole one.
    sent = {f"{sender.name} {number}" for sender in senders for number in [*range(sender.number), "end"]}
    sent |= {f"udp {number}" for number in [*range(datagrams), "end"]}
    assert scored.keys() <= sent
    assert {one for one in sent if one.endswith("end")} <= scored.keys()
    assert len(failures) <= KILLS * (SENDERS + 1)
    print(f"{len(scored)} of {len(sent)} messages scored; the others were in the kernel at a kill")
    assert len(scored) > 0.5 * len(sent)
    _nothing_left(folder, {finding.record_id for finding in findings})


def _sent(client: socket.socket, message: str) -> bool:
    try:
        client.send(message.encode())
    except OSError:  # nobody listens at this moment
        return False
    return True


def _nothing_left(folder: Path, known: set[str]) -> None:
    """Whatever is in the spool is in the sink under the same id, and nothing is behind the checkpoint."""
    location, spool = "syslog://127.0.0.1:0", str(folder / "spool")
    with SyslogSource(location, spool=spool) as replayed:
        items = list(itertools.takewhile(lambda item: item is not None, replayed))
    assert items
    assert all(item.id in known for item in items if isinstance(item, LogLine))
    resumed = SyslogSource(location, spool=spool)
    resumed.resume((folder / "checkpoint").read_bytes())
    with resumed:
        assert next(iter(resumed)) is None
