"""A mailbox over IMAP: its URL, and a real server where Dovecot is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from pathlib import Path

import pytest

from icelos.data import imap
from icelos.data.imap import PASSWORD, ImapSource, Place, place_of
from icelos.errors import IcelosError, InputError, SettingsError
from icelos.findings import Failure
from icelos.records import Mail

DOVECOT = Path("/usr/sbin/dovecot")
SECRET = "s3cret-of-the-test"


@pytest.mark.parametrize(
    ("location", "tls", "place"),
    [
        ("imaps://a@mail.example/Reported", "", Place("mail.example", 993, "a", "Reported", "tls")),
        ("imap://a@mail.example", "", Place("mail.example", 143, "a", "INBOX", "starttls")),
        ("imaps://a%40b.example@h:1993/x/y%20z", "", Place("h", 1993, "a@b.example", "x/y z", "tls")),
        ("imap://a@localhost:1143/", "none", Place("localhost", 1143, "a", "INBOX", "none")),
    ],
)
def test_places(location: str, tls: str, place: Place) -> None:
    assert place_of(location, tls) == place


@pytest.mark.parametrize(
    ("location", "tls", "error"),
    [
        ("https://a@h/", "", "not a mailbox's URL"),
        ("imaps://h/INBOX", "", "not a mailbox's URL"),
        ("imaps://a@h:99999/", "", "not a mailbox's URL"),
        ("imaps://a:pass@h/", "", "a password in a mailbox's URL"),
        ("imaps://a@h/x%0d%0aLOGOUT", "", "control characters"),
        ("imap://a@h/", "none", "needs TLS"),
        ("imap://a@h/", "ssl3", "tls is"),
    ],
)
def test_places_that_are_refused(location: str, tls: str, error: str) -> None:
    with pytest.raises(SettingsError, match=error) as caught:
        place_of(location, tls)
    assert ":pass" not in str(caught.value)


@pytest.mark.parametrize("option", [{"since_uid": "-1"}, {"attached": "perhaps"}, {"mark": "2"}])
def test_options_that_are_refused(option: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        ImapSource("imaps://a@h/", **option)


def test_no_password_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD, raising=False)
    with pytest.raises(SettingsError, match="no password"):
        list(ImapSource("imaps://a@localhost/"))


def test_no_server_is_said() -> None:
    with pytest.raises(InputError, match="mailbox"):
        list(ImapSource(f"imap://a@127.0.0.1:{_free_port()}/", tls="none", password=SECRET))


# ---- a server


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = {ssl}
{certificate}
disable_plaintext_auth = no
auth_failure_delay = 0
mail_location = maildir:{folder}/mail/%u
default_internal_user = {owner}
default_internal_group = {group}
default_login_user = {owner}
first_valid_uid = 0
passdb {{
  driver = static
  args = password={secret}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
"""


class Server:
    """A private Dovecot on this machine's own address."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.tls_port = folder, _free_port(), _free_port()
        self.certificate = folder / "cert.pem"
        self.mail = folder / "mail" / "phish"
        for name in ("cur", "new", "tmp"):
            (self.mail / name).mkdir(parents=True)

    def configured(self) -> Path:
        owner = pwd.getpwnam("mail" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name)
        path = self.folder / "dovecot.conf"
        has_tls = self._certified()
        names = f"ssl_cert = <{self.certificate}\nssl_key = <{self.folder}/key.pem" if has_tls else ""
        path.write_text(
            CONFIGURATION.format(
                folder=self.folder,
                ssl="yes" if has_tls else "no",
                certificate=names,
                owner=owner.pw_name,
                group=_group(owner.pw_gid),
                uid=owner.pw_uid,
                gid=owner.pw_gid,
                secret=SECRET,
                port=self.port,
                tls_port=self.tls_port,
            )
        )
        if os.getuid() == 0:
            self.folder.chmod(0o755)
            for found in [self.folder / "mail", *(self.folder / "mail").rglob("*")]:
                os.chown(found, owner.pw_uid, owner.pw_gid)
        return path

    def _certified(self) -> bool:
        if shutil.which("openssl") is None:
            return False
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        command += ["-keyout", str(self.folder / "key.pem"), "-out", str(self.certificate)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def deliver(self, number: int, raw: bytes) -> None:
        path = self.mail / "new" / f"{1_700_000_000 + number}.M{number}.host"
        path.write_bytes(raw)
        if os.getuid() == 0:
            owner = pwd.getpwnam("mail")
            os.chown(path, owner.pw_uid, owner.pw_gid)


def _group(number: int) -> str:
    import grp

    return grp.getgrgid(number).gr_name


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not DOVECOT.exists():
        pytest.skip("Dovecot is not installed (apt-get install dovecot-imapd)")
    pytest.importorskip("imap_tools")
    folder = Path(tmp_path_factory.mktemp("d", numbered=True))
    if os.getuid() == 0:  # its other users must reach it
        for above in list(folder.parents)[:3]:
            if above != Path("/tmp") and above.stat().st_uid == 0:
                above.chmod(above.stat().st_mode | 0o011)
    made = Server(folder)
    command = [str(DOVECOT), "-F", "-c", str(made.configured())]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    try:
        _wait_for(made, child)
        yield made
    finally:
        child.terminate()
        try:
            child.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate(timeout=5)


def _wait_for(server: Server, child: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        if child.poll() is not None:
            pytest.skip(
                f"Dovecot does not start here: {(child.stderr.read() if child.stderr else b'')[:300]!r}"
            )
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", server.port)) == 0:
                return
        time.sleep(0.05)
    pytest.skip("Dovecot does not answer")


def _mail(subject: str, body: str = "hello\n") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Message-ID"] = "a@b.example", subject, f"<{subject}@b.example>"
    mail.set_content(body)
    return mail


def _subjects(items: Sequence[object]) -> list[str]:
    return [
        item.raw.split(b"Subject: ")[1].split(b"\r\n")[0].decode() for item in items if isinstance(item, Mail)
    ]


def _source(server: Server, **options: str) -> ImapSource:
    return ImapSource(f"imap://phish@127.0.0.1:{server.port}/INBOX", tls="none", password=SECRET, **options)


def test_mail_comes_in_order_and_stays_as_it_was(server: Server) -> None:
    for number in range(3):
        server.deliver(number, _mail(f"m{number}").as_bytes())
    items = list(_source(server))
    assert _subjects(items) == ["m0", "m1", "m2"]
    assert items[0].source == "imap://127.0.0.1/INBOX;UID=1"
    assert not any(",S" in path.name or path.name.endswith("S") for path in server.mail.rglob("*.host*"))
    assert [item.id for item in items] == [item.id for item in _source(server)]


def test_what_was_read_is_not_read_again(server: Server, tmp_path: Path) -> None:
    state = str(tmp_path / "state.json")
    server.deliver(0, _mail("m0").as_bytes())
    assert _subjects(list(_source(server, state=state))) == ["m0"]
    assert list(_source(server, state=state)) == []
    server.deliver(1, _mail("m1").as_bytes())
    assert _subjects(list(_source(server, state=state))) == ["m1"]
    assert _subjects(list(_source(server, since_uid="1"))) == ["m1"]
    Path(state).write_bytes(Path(state).read_bytes().replace(b'"validity":', b'"validity":1'))
    assert _subjects(list(_source(server, state=state))) == ["m0", "m1"]
    Path(state).write_text("no state")
    with pytest.raises(InputError, match="state of the mailbox"):
        list(_source(server, state=state))


def test_a_reported_mail_comes_as_it_was_attached(server: Server) -> None:
    report = _mail("FW: look at this")
    original = _mail("Your account")
    report.add_attachment(original)
    server.deliver(0, report.as_bytes())
    server.deliver(1, _mail("no original in it").as_bytes())
    items = list(_source(server, attached="yes"))
    assert [item.source for item in items] == [
        "imap://127.0.0.1/INBOX;UID=1#1",
        "imap://127.0.0.1/INBOX;UID=2",
    ]
    assert isinstance(items[0], Mail)
    assert b"Your account" in items[0].raw
    assert b"look at this" not in items[0].raw


def test_mail_that_is_too_large_is_a_failure(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "MAIL_LIMIT", 1000)
    server.deliver(0, _mail("large", "x\n" * 1000).as_bytes())
    server.deliver(1, _mail("small").as_bytes())
    first, second = _source(server)
    assert isinstance(first, Failure)
    assert "larger than" in str(first.error)
    assert isinstance(second, Mail)


def test_what_was_read_is_marked_where_that_is_told(server: Server) -> None:
    server.deliver(0, _mail("m0").as_bytes())
    list(_source(server, mark="yes"))
    assert [path.name.rpartition(",")[2] for path in (server.mail / "cur").iterdir()] == ["S"]


def test_a_wrong_password_is_said_without_it(server: Server) -> None:
    source = ImapSource(f"imap://phish@127.0.0.1:{server.port}/", tls="none", password="wrong-" + SECRET)
    with pytest.raises(InputError) as caught:
        list(source)
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(source)


def test_no_such_folder(server: Server) -> None:
    with pytest.raises(InputError, match="mailbox"):
        list(ImapSource(f"imap://phish@127.0.0.1:{server.port}/Nowhere", tls="none", password=SECRET))


@pytest.mark.parametrize("scheme", ["imaps", "imap"])
def test_certificates_are_looked_at(server: Server, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not server.certificate.exists():
        pytest.skip("openssl is not installed")
    server.deliver(0, _mail("m0").as_bytes())
    port = server.tls_port if scheme == "imaps" else server.port
    source = ImapSource(f"{scheme}://phish@localhost:{port}/INBOX", password=SECRET)
    with pytest.raises(IcelosError, match="certificate"):
        list(source)
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
    assert _subjects(list(source)) == ["m0"]
