"""Real delivery: mail through a private Postfix and the scanner, killed in the middle; every mail is counted.

`python -m benchmarks.mail_delivery [MAILS [CONNECTIONS]]`, as root, with Debian's postfix, spamass-milter and
spamc. Two ways: Postfix with our SMTP filter as `content_filter`, and Postfix with spamass-milter, which asks
our spamd. The scanner is ended by kill -9 when a third of the mail is in, and started again. The instance of
Postfix has folders and ports of its own; the system's is left alone.
"""

from __future__ import annotations

import mailbox
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from email.message import EmailMessage
from pathlib import Path

import msgspec

from icelos.jobs.mail.delivery.lists import GTUBE

PROGRAMS = ("postfix", "spamc", "spamass-milter")
DAEMONS = "/usr/lib/postfix/sbin"
MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.org
mydestination =
alias_maps =
local_recipient_maps =
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = example.org, example.com
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:{user}
virtual_gid_maps = static:{group}
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtputf8_enable = yes
in_flow_delay = 0
queue_run_delay = 2s
minimal_backoff_time = 2s
maximal_backoff_time = 4s
default_destination_concurrency_limit = 20
{more}
"""
MASTER = """
127.0.0.1:{first} inet n - n - - smtpd
127.0.0.1:{second} inet n - n - - smtpd
  -o content_filter=
  -o smtpd_milters=
  -o receive_override_options=no_unknown_recipient_checks,no_header_body_checks
  -o smtpd_authorized_xforward_hosts=127.0.0.0/8
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
scan unix - - n - 20 smtp
  -o smtp_send_xforward_command=yes
  -o disable_mime_output_conversion=yes
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
SERVE = """
import logging, sys
from pathlib import Path
from icelos.jobs.mail.delivery.policy import Action
from icelos.jobs.mail.delivery.service import run, service_of
from icelos.settings import MailSettings
logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
kind, place, next_hop, folder = sys.argv[1:]
run(
    service_of(
        MailSettings(), Path(folder), remote=False, next_hop=next_hop, on_alert=Action.QUARANTINE,
        spamd=place if kind == "spamd" else "", smtp_filter=place if kind == "smtp" else "",
    ),
    lambda places: print(*places, flush=True),
)
"""


def missing() -> list[str]:
    """What this machine lacks for such a run."""
    lacking = [name for name in PROGRAMS if shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") is None]
    return lacking if os.geteuid() == 0 else [*lacking, "root"]


class Account(msgspec.Struct, kw_only=True):
    """Where the mails are at the end. `seconds` up to the last delivery; memory of all our processes then."""

    sent: int
    accepted: int
    delivered: int = 0
    quarantined: int = 0
    twice: int = 0
    judged: int = 0
    bounced: int = 0
    missing: int = 0
    kills: int = 0
    seconds: float = 0.0
    memory_mib: float = 0.0

    @property
    def accounted(self) -> int:
        """Mails that are in the mailbox or in quarantine, each counted once."""
        return self.accepted - self.missing


def free_ports(number: int) -> list[int]:
    """Ports that were free just now."""
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in taken]


def wait_for_port(port: int, seconds: float = 30.0) -> None:
    """Raises TimeoutError."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise TimeoutError(f"nothing listens on port {port}")


@contextmanager
def postfix(folder: Path, first: int, second: int, more: str) -> Iterator[Path]:
    """A private instance; the Maildir that it delivers to."""
    user = pwd.getpwnam("nobody")
    for name in ("queue", "data", "mail", "conf", "log"):
        (folder / name).mkdir(mode=0o755)
    shutil.chown(folder / "data", "postfix")
    shutil.chown(folder / "mail", user.pw_uid, user.pw_gid)
    conf = folder / "conf"
    values = {"folder": folder, "daemons": DAEMONS, "user": user.pw_uid, "group": user.pw_gid, "more": more}
    (conf / "main.cf").write_text(MAIN.format(**values))
    (conf / "master.cf").write_text(MASTER.format(first=first, second=second))
    command = ["/usr/sbin/postfix", "-c", str(conf)]
    subprocess.run([*command, "start"], check=True, capture_output=True)
    try:
        wait_for_port(first)
        yield folder / "mail" / "all"
    finally:
        subprocess.run([*command, "stop"], check=False, capture_output=True)


class Scanner:
    """Our servers in a process of their own, which can be killed and started again."""

    def __init__(self, kind: str, port: int, next_hop: int, folder: Path) -> None:
        self._command = [
            sys.executable, "-c", SERVE, kind, f"127.0.0.1:{port}", f"127.0.0.1:{next_hop}", str(folder),
        ]  # fmt: skip
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self.kills = 0

    def start(self) -> None:
        """Ready when this returns."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, env=environment)
        wait_for_port(self._port)

    def kill(self) -> None:
        """As the kernel would when there is no memory left."""
        self._end(signal.SIGKILL)
        self.kills += 1

    def stop(self) -> int:
        """As systemd does; the exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(number)
        code = self._process.wait(60)
        self._process = None
        return code

    def memory_mib(self) -> float:
        """Of its process and all below it: proportional share where pages are shared."""
        if self._process is None:
            return 0.0
        return sum(_share_kib(number) for number in _tree(self._process.pid)) / 1024


def _tree(top: int) -> list[int]:
    children = [
        one for path in Path(f"/proc/{top}/task").glob("*/children") for one in path.read_text().split()
    ]
    return [top, *(one for child in children for one in _tree(int(child)))]


def _share_kib(number: int) -> int:
    lines = Path(f"/proc/{number}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


@contextmanager
def milter(folder: Path, spamd: int) -> Iterator[str]:
    """Debian's spamass-milter, which asks our spamd; its address for Postfix."""
    path = folder / "milter.sock"
    process = subprocess.Popen(
        [
            "/usr/sbin/spamass-milter",
            "-p",
            str(path),
            "--",
            "-d",
            "127.0.0.1",
            "-p",
            str(spamd),
            "-s",
            "5000000",
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 10
        while not path.exists() and time.monotonic() < until:
            time.sleep(0.1)
        path.chmod(0o666)
        yield f"unix:{path}"
    finally:
        process.terminate()
        process.wait(10)


def letter(number: int) -> bytes:
    """A mail of ours with its number; every fifth holds the text that tests spam filters."""
    mail = EmailMessage()
    mail["From"], mail["To"] = f"Ann Example <ann{number}@example.com>", "team@example.org"
    mail["Message-ID"], mail["X-Account"] = f"<{number}@example.com>", str(number)
    mail["Subject"] = f"Minutes of meeting {number}"
    text = f"Hello all,\n\nhere are the minutes of meeting {number}.\n" + ".\nfrom here on\n" * 40
    mail.set_content(text + (GTUBE.decode("ascii") if number % 5 == 4 else ""))
    return mail.as_bytes()


def send(port: int, numbers: Sequence[int], accepted: set[int]) -> None:
    """Over one connection, one after the other; `accepted` gets those that the server took."""
    with smtplib.SMTP("127.0.0.1", port, timeout=120) as server:
        for number in numbers:
            server.sendmail(f"ann{number}@example.com", ["team@example.org"], letter(number))
            accepted.add(number)


def run(kind: str, mails: int, connections: int, *, kill: bool, patience_s: float = 300.0) -> Account:
    """One way, with `kind` "smtp" (content filter) or "spamd" (milter)."""
    folder = Path(tempfile.mkdtemp(prefix="icelos-mail-"))
    folder.chmod(0o755)
    first, second, port = free_ports(3)
    scanner = Scanner(kind, port, second, folder / "icelos")
    try:
        with ExitStack() as stack:
            stack.callback(scanner.stop)
            scanner.start()
            if kind == "smtp":
                more = f"content_filter = scan:[127.0.0.1]:{port}"
            else:
                address = stack.enter_context(milter(folder, port))
                more = f"smtpd_milters = {address}\nmilter_default_action = tempfail"
            box = stack.enter_context(postfix(folder, first, second, more))
            return _counted(scanner, first, box, folder / "icelos", mails, connections, kill, patience_s)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _counted(
    scanner: Scanner, first: int, box: Path, home: Path, mails: int, connections: int, kill: bool,
    patience_s: float,
) -> Account:  # fmt: skip
    start, accepted = time.monotonic(), set[int]()
    killing = threading.Thread(target=_kill_in_the_middle, args=(scanner, accepted, mails // 3))
    if kill:
        killing.start()
    with ThreadPoolExecutor(connections) as pool:
        for one in [
            pool.submit(send, first, range(n, mails, connections), accepted) for n in range(connections)
        ]:
            one.result()
    if kill:
        killing.join()
    account = Account(sent=mails, accepted=len(accepted), kills=scanner.kills)
    _wait(box, home, accepted, patience_s)
    account.seconds = time.monotonic() - start
    account.memory_mib = scanner.memory_mib()
    _count(account, box, home, accepted)
    return account


def _kill_in_the_middle(scanner: Scanner, accepted: set[int], enough: int) -> None:
    while len(accepted) < enough:
        time.sleep(0.02)
    scanner.kill()
    time.sleep(1.0)
    scanner.start()


def _wait(box: Path, home: Path, accepted: set[int], seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        files = sum(1 for _ in box.glob("new/*")) + sum(1 for _ in home.glob("quarantine/messages/*/*.eml"))
        if files >= len(accepted) and not accepted - _numbers(box, home).keys():
            return
        time.sleep(0.5)


def _numbers(box: Path, home: Path) -> Counter[int]:
    """How often each mail is there."""
    files = [*box.glob("new/*"), *home.glob("quarantine/messages/*/*.eml")]
    return Counter(number for path in files if (number := _number(path)) is not None)


def _number(path: Path) -> int | None:
    for line in path.read_bytes().split(b"\n", 60)[:60]:
        if line.lower().startswith(b"x-account:"):
            return int(line.partition(b":")[2])
    return None


def _count(account: Account, box: Path, home: Path, accepted: set[int]) -> None:
    there = _numbers(box, home)
    account.missing = len(accepted - there.keys())
    account.quarantined = sum(1 for _ in home.glob("quarantine/messages/*/*.eml"))
    for message in mailbox.Maildir(box, create=False) if box.exists() else ():
        if message["X-Account"] is None:
            account.bounced += 1
            continue
        account.delivered += 1
        account.judged += message["X-Spam-Status"] is not None
    account.twice = account.delivered + account.quarantined - len(there)


COLUMNS = ("in", "accounted", "mailbox", "held", "judged", "twice", "bounced", "seconds", "MiB")


def main(mails: int = 2000, connections: int = 20) -> None:
    """Print a line for each way, without and with a kill."""
    if lacking := missing():
        sys.exit(f"this needs {', '.join(lacking)}")
    print(f"{mails} mails over {connections} SMTP connections")
    print(f"{'way':24}", *(f"{name:>9}" for name in COLUMNS))
    for kind, name in (("smtp", "content_filter"), ("spamd", "spamass-milter")):
        for kill in (False, True):
            a = run(kind, mails, connections, kill=kill)
            shown = (
                a.accepted, a.accounted, a.delivered, a.quarantined, a.judged, a.twice, a.bounced,
                f"{a.seconds:.1f}", f"{a.memory_mib:.0f}",
            )  # fmt: skip
            title = f"{name}{', kill -9' if kill else ''}"
            print(f"{title:24}", *(f"{value:>9}" for value in shown), flush=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
