"""`icelos feeds update attack` against a web server on loopback, that does well and badly.

Whatever it does: the old data stays in force, with one clear line.
"""

from __future__ import annotations

import json
from base64 import b64encode
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from icelos.cli.main import run
from icelos.data.atomic import open_alone
from icelos.data.feeds.feeds import LOCK, STATE, feed_documents, read_state
from icelos.data.feeds.fetch import fetch
from icelos.data.workspace import Workspace
from icelos.records import Document
from icelos.settings import load

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.data.feeds.conftest import Served

DOMAINS = ("enterprise-attack", "ics-attack", "mobile-attack")
ENTERPRISE, ICS, MOBILE = (f"/attack/{domain}.json" for domain in DOMAINS)


def bundle(*identities: str) -> bytes:
    """Techniques as MITRE publishes them, with text enough to be cut in two."""
    objects = [
        {
            "type": "attack-pattern",
            "id": f"attack-pattern--11111111-2222-4333-8444-{int(identity[1:]):012d}",
            "name": f"Technique {identity}",
            "description": "Something that adversaries do. " * 200,
            "modified": "2026-11-01T00:00:00.000Z",
            "x_mitre_domains": ["enterprise-attack"],
            "external_references": [{"source_name": "mitre-attack", "external_id": identity}],
        }
        for identity in identities
    ]
    return json.dumps({"type": "bundle", "id": "bundle--1", "objects": objects}).encode()


class Site:
    """A mirror of ATT&CK that has been fetched once, with what a test asks of both ends."""

    def __init__(self, server: Served, workspace: Workspace, capture: pytest.CaptureFixture[str]) -> None:
        self.server, self.workspace, self._capture = server, workspace, capture
        self.naps: list[float] = []
        for path, identity in ((ENTERPRISE, "T0001"), (ICS, "T0002"), (MOBILE, "T0003")):
            self.publish(path, '"one"', identity)

    def publish(self, path: str, etag: str, *identities: str) -> None:
        self.server.files[path], self.server.etags[path] = bundle(*identities), etag

    def update(self, *options: str, address: str = "") -> tuple[int, list[str]]:
        """Exit code, and the lines that were printed."""
        mirror = address or self.server.address
        code = run(["feeds", "update", "attack", "--mirror", mirror, "--no-index", *options])
        printed = self._capture.readouterr()
        assert "Traceback" not in printed.err
        return code, (printed.out + printed.err).splitlines()

    @property
    def held(self) -> set[str]:
        found = feed_documents("attack", self.workspace)
        return {item.id.removeprefix("attack/") for item in found if isinstance(item, Document)}

    @property
    def folder(self) -> Path:
        return self.workspace.home / "feeds" / "attack"


@pytest.fixture
def site(
    server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Site:
    monkeypatch.setenv("ICELOS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    made = Site(server, Workspace.of(load().settings), capfd)
    impatient = partial(fetch, sleep=made.naps.append)
    monkeypatch.setattr("icelos.data.feeds.feeds._fetcher", lambda: impatient)
    code, printed = made.update()
    assert (code, printed) == (
        0, ["attack: fetched enterprise-attack.json, ics-attack.json, mobile-attack.json; 3 documents"]
    )  # fmt: skip
    assert made.held == {"T0001", "T0002", "T0003"}
    server.asked.clear()
    return made


def test_what_has_not_changed_is_asked_for_and_not_sent(site: Site) -> None:
    assert site.update() == (0, ["attack: nothing new; 3 documents"])
    assert [h.get("if-none-match") for path, h in site.server.asked if not path.endswith(STATE)] == [
        '"one"'
    ] * 3


def test_what_has_changed_is_fetched_alone(site: Site) -> None:
    site.publish(ICS, '"two"', "T0002", "T0004")
    assert site.update() == (0, ["attack: fetched ics-attack.json; 4 documents"])
    assert site.held == {"T0001", "T0002", "T0003", "T0004"}


def test_a_download_that_breaks_off_is_resumed(site: Site) -> None:
    site.publish(ENTERPRISE, '"two"', "T0005", "T0006")
    site.server.script[ENTERPRISE] = ["cut", "429 3"]
    assert site.update("--part", "enterprise") == (0, ["attack: fetched enterprise-attack.json; 4 documents"])
    rest = f"bytes={len(site.server.files[ENTERPRISE]) // 2}-"
    assert [h.get("range") for path, h in site.server.asked if path == ENTERPRISE] == [None, rest, rest]
    assert site.naps[1] == 3


BROKEN = {
    "breaks off, always": (["cut"] * 9, 3, "cannot fetch: peer closed connection"),
    "429, always": (["429 1"] * 9, 3, "cannot fetch: the server answers 429"),
    "500, always": (["500"] * 9, 3, "cannot fetch: the server answers 500"),
    "a page for JSON": (["html"], 2, "attack/ics-attack.json: what was fetched cannot be read: not JSON"),
    "slices, always": (["slice"] * 9, 3, "cannot fetch: the server answered with another range"),
    "redirects in a circle": (
        [f"redirect {ICS}"] * 99,
        3,
        "cannot fetch: Exceeded maximum allowed redirects",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_the_old_data_stays_in_force(site: Site, kind: str) -> None:
    script, exit_code, message = BROKEN[kind]
    before = {path.name: path.read_bytes() for path in site.folder.glob("*.json")}
    site.server.files[ICS], site.server.etags[ICS] = bundle("T0007", "T0008"), ""
    site.server.script[ICS] = list(script)
    code, (line, *more) = site.update("--part", "ics")
    assert (code, more) == (exit_code, [])
    assert message in line
    assert {path.name: path.read_bytes() for path in site.folder.glob("*.json")} == before, "no rubbish left"
    assert site.held == {"T0001", "T0002", "T0003"}
    site.server.script[ICS] = []  # and when the server is well again, so are we
    assert site.update() == (0, ["attack: fetched ics-attack.json; 4 documents"])


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"type": "bundle", "objects": []}', bundle("T0009")[:-1], b"\x00\xff" * 999]
)
def test_what_is_no_bundle_is_refused(site: Site, data: bytes) -> None:
    site.server.files[ENTERPRISE], site.server.etags[ENTERPRISE] = data, '"two"'
    code, lines = site.update()
    assert code in (2, 3)
    assert len(lines) == 1
    assert site.held == {"T0001", "T0002", "T0003"}
    assert next(site.folder.glob(".part.*"), None) is None


def test_what_came_before_an_error_counts(site: Site) -> None:
    site.publish(ENTERPRISE, '"two"', "T0001", "T0010")
    site.server.script[ICS] = ["500"] * 9
    assert site.update()[0] == 3
    assert site.held == {"T0001", "T0010", "T0002", "T0003"}
    state = read_state(site.folder)
    assert state is not None
    assert (state.documents, state.files["enterprise-attack.json"].etag) == (4, '"two"')
    site.server.script[ICS] = []
    assert site.update() == (0, ["attack: nothing new; 4 documents"])


def test_a_checksum_that_the_server_gives_must_be_right(site: Site) -> None:
    site.publish(ICS, '"two"', "T0011")
    site.server.digests[ICS] = f"sha-256=:{b64encode(sha256(b'other').digest()).decode()}:"
    code, lines = site.update()
    assert (code, len(lines)) == (3, 1)
    assert "has not the checksum that the server gives" in lines[0]
    assert site.held == {"T0001", "T0002", "T0003"}


def test_a_checksum_in_the_mirrors_metadata_must_be_right(site: Site, tmp_path: Path) -> None:
    """By address and by folder; the folder of one machine is the mirror of another."""
    metadata = (site.folder / STATE).read_bytes()
    site.server.files[f"/attack/{STATE}"] = metadata
    assert site.update() == (0, ["attack: nothing new; 3 documents"])
    site.publish(ICS, '"two"', "T0012")
    mirror = tmp_path / "mirror" / "attack"
    mirror.mkdir(parents=True)
    (mirror / STATE).write_bytes(metadata)
    for path in (ENTERPRISE, ICS, MOBILE):
        (mirror / path.rpartition("/")[2]).write_bytes(site.server.files[path])
    for address in ("", str(tmp_path / "mirror")):
        code, lines = site.update(address=address)
        assert (code, len(lines)) == (2, 1)
        assert (
            "ics-attack.json: what was fetched has not the checksum in the mirror's metadata.json" in lines[0]
        )
        assert site.held == {"T0001", "T0002", "T0003"}
    (mirror / "ics-attack.json").write_bytes(bundle("T0002"))
    assert site.update(address=str(tmp_path / "mirror"))[0] == 0


def test_a_mirror_that_answers_everything_with_a_page_has_no_metadata(site: Site) -> None:
    site.server.files[f"/attack/{STATE}"] = b"<!doctype html>"
    assert site.update()[0] == 0


def test_a_file_that_was_damaged_here_is_fetched_again(site: Site) -> None:
    (site.folder / "ics-attack.json").write_bytes(b"{")
    assert site.update()[0] == 0
    assert site.held == {"T0001", "T0002", "T0003"}


def test_two_updates_at_once_do_not_write_into_each_other(site: Site) -> None:
    with open_alone(site.folder / LOCK):
        code, lines = site.update()
    assert (code, len(lines)) == (3, 1)
    assert "is being updated by another run" in lines[0]
    assert site.server.asked == []
    assert site.update()[0] == 0


def test_nobody_there(site: Site) -> None:
    code, lines = site.update(address="http://127.0.0.1:9")
    assert (code, len(lines)) == (3, 1)
    assert "cannot fetch" in lines[0]
    assert len(site.naps) == 1
    assert site.held == {"T0001", "T0002", "T0003"}
