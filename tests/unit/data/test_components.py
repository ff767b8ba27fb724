"""The source "components": one record for each component and advisory, and nothing passed over in silence."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from icelos.data.advisory_store import AdvisoryStore
from icelos.data.components import ComponentSource
from icelos.data.inventory import read_target
from icelos.data.parse import looking
from icelos.data.parse.osv_advisories import osv
from icelos.errors import InputError
from icelos.findings import Failure
from icelos.records import Component

FEED = [
    {
        "id": f"A-{number}", "aliases": [f"CVE-2020-{number}"], "modified": "2020",
        "affected": [{"package": {"ecosystem": "PyPI", "name": name}, "versions": ["1"]}],
    }
    for number, name in ((1, "a"), (2, "a"), (3, "b"))
]  # fmt: skip


@pytest.fixture
def feed(tmp_path: Path) -> str:
    path = tmp_path / "feed.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in FEED))
    return str(path)


def _bom(path: Path, *purls: str, **more: Any) -> Path:
    parts = [{"name": "x", "purl": purl} for purl in purls]
    path.write_text(json.dumps({"bomFormat": "CycloneDX", "components": parts, **more}))
    return path


def test_one_record_for_each_component_and_advisory(tmp_path: Path, feed: str) -> None:
    bom = _bom(
        tmp_path / "bom.json", "pkg:pypi/a@1", "pkg:pypi/b@1", "pkg:pypi/c@1", "pkg:pypi/a@1", "pkg:pypi/a@2"
    )
    records = [item for item in ComponentSource(bom, advisories=feed) if isinstance(item, Component)]
    assert [(r.name, r.version, r.advisory) for r in records] == [
        ("a", "1", "A-1"), ("a", "1", "A-2"), ("b", "1", "A-3"), ("a", "2", "A-1"), ("a", "2", "A-2"),
    ]  # fmt: skip
    assert len({record.id for record in records}) == 5
    assert records[0].location == "bom.json:components[0]"


def test_ids_go_by_the_document_and_not_by_its_name(tmp_path: Path, feed: str) -> None:
    def ids(path: Path, **more: Any) -> list[str]:
        source = ComponentSource(_bom(path, "pkg:pypi/b@1", **more), advisories=feed)
        return [item.id for item in source if isinstance(item, Component)]

    assert ids(tmp_path / "1.json") == ids(tmp_path / "2.json")
    assert ids(tmp_path / "1.json", serialNumber="1") == ids(tmp_path / "2.json", serialNumber="1", version=2)
    assert ids(tmp_path / "1.json", serialNumber="1") != ids(tmp_path / "1.json", serialNumber="2")


@pytest.mark.parametrize("cve", ["CVE-2020-2", "a-2", "CVE-2020-9, cve-2020-2"])
def test_restricted_to_an_advisory_by_any_of_its_ids(tmp_path: Path, feed: str, cve: str) -> None:
    source = ComponentSource(_bom(tmp_path / "bom.json", "pkg:pypi/a@1"), advisories=feed, cve=cve)
    assert [item.advisory for item in source if isinstance(item, Component)] == ["A-2"]


def test_what_no_advisory_covers_is_told(tmp_path: Path, feed: str) -> None:
    bom = _bom(
        tmp_path / "bom.json",
        "pkg:npm/a@1",
        "pkg:npm/b@1",
        "pkg:swid/a@1",
        "pkg:apk/alpine/a@1?distro=3.10.1",
    )
    items = list(ComponentSource(bom, advisories=feed))
    assert [item.error for item in items if isinstance(item, Failure)] == [
        "no advisories are loaded for Alpine:v3.10: 1 components are not judged",
        "no advisories are loaded for npm: 2 components are not judged",
        "no advisories are loaded for pkg:swid: 1 components are not judged",
    ]
    assert len({item.record_id for item in items if isinstance(item, Failure)}) == 3


def test_packages_of_an_image(tmp_path: Path, images: ModuleType) -> None:
    layer = images.tar(
        {
            "lib/apk/db/installed": b"P:libssl\nV:1-r0\no:openssl\n\nP:broken\n\nP:musl\nV:2-r0\n",
            "etc/os-release": b"ID=alpine\nVERSION_ID=3.10.4\n",
        }
    )
    (tmp_path / "image.tar").write_bytes(images.docker_archive(layer))
    (inventory,) = read_target(tmp_path / "image.tar")
    assert inventory.target == "app:1"
    assert [component.purl for component in inventory.components] == [
        "pkg:apk/alpine/libssl@1-r0?distro=alpine-3.10.4&upstream=openssl",
        "pkg:apk/alpine/musl@2-r0?distro=alpine-3.10.4",
    ]
    assert inventory.components[0].quote == "P:libssl V:1-r0"
    assert inventory.components[1].location == "lib/apk/db/installed:7"
    assert inventory.components[1].layer.startswith("sha256:")
    assert [problem.source for problem in inventory.problems] == ["lib/apk/db/installed:5"]


@pytest.mark.parametrize(
    ("started", "listens", "root"),
    [
        ({"ExposedPorts": {"8080/tcp": {}}, "User": "1000:1000"}, True, False),
        ({"User": "root"}, None, True),
        ({}, None, True),
    ],
)
def test_an_image_tells_who_can_get_at_it(
    tmp_path: Path, images: ModuleType, feed: str, started: dict[str, Any], listens: bool | None, root: bool
) -> None:
    layer = images.tar({"app/a-1.dist-info/METADATA": b"Metadata-Version: 2.1\nName: a\nVersion: 1\n"})
    (tmp_path / "image.tar").write_bytes(images.docker_archive(layer, started=started))
    records = list(ComponentSource(tmp_path / "image.tar", advisories=feed))
    assert [(r.listens, r.root) for r in records if isinstance(r, Component)] == [(listens, root)] * 2


def test_what_is_no_image_does_not_tell_who_can_get_at_it(
    tmp_path: Path, images: ModuleType, feed: str
) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "requirements.txt").write_text("a==1\n")
    (tmp_path / "root.tar").write_bytes(
        images.tar({"app/a-1.dist-info/METADATA": b"Metadata-Version: 2.1\nName: a\nVersion: 1\n"})
    )
    for target in (tmp_path / "app", tmp_path / "root.tar", _bom(tmp_path / "b.json", "pkg:pypi/a@1")):
        records = list(ComponentSource(target, advisories=feed))
        assert {(r.listens, r.root) for r in records if isinstance(r, Component)} == {(None, None)}


def test_a_broken_configuration_is_told(tmp_path: Path, images: ModuleType) -> None:
    layer = images.tar({"lib/apk/db/installed": b"P:musl\nV:1-r0\n"})
    manifest = [{"Config": "c.json", "RepoTags": ["app:1"], "Layers": ["1/layer.tar"]}]
    archive = {"1/layer.tar": layer, "c.json": b"[", "manifest.json": json.dumps(manifest).encode()}
    (tmp_path / "image.tar").write_bytes(images.tar(archive))
    (inventory,) = read_target(tmp_path / "image.tar")
    assert (inventory.listens, inventory.root) == (None, None)
    assert "how it is started is not known" in inventory.problems[0].message


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"bin/app": b"x"}, "no packages found in it"),
        ({"var/lib/rpm/Packages": b"x"}, "rpm's database in BerkeleyDB's or ndb's form"),
        ({"usr/lib/sysimage/rpm/Packages.db": b"x"}, "rpm's database in BerkeleyDB's or ndb's form"),
        (
            {"usr/lib/sysimage/rpm/rpmdb.sqlite": b"x"},
            "rpm's database has no table of packages",
        ),
    ],
)
def test_an_image_that_cannot_be_judged_says_so(
    tmp_path: Path, images: ModuleType, files: dict[str, bytes], says: str
) -> None:
    (tmp_path / "image.tar").write_bytes(images.docker_archive(images.tar(files)))
    (inventory,) = read_target(tmp_path / "image.tar")
    assert says in inventory.problems[0].message


def test_debian_and_distroless(tmp_path: Path, images: ModuleType) -> None:
    files = {
        "var/lib/dpkg/status": b"Package: libc6\nStatus: install ok installed\nSource: glibc\nVersion: 1\n",
        "var/lib/dpkg/status.d/tzdata": b"Package: tzdata\nVersion: 2\n",
        "usr/lib/os-release": b"ID=debian\nVERSION_ID=11\n",
    }
    (tmp_path / "image.tar").write_bytes(images.tar(files))
    (inventory,) = read_target(tmp_path / "image.tar")
    assert sorted(component.purl for component in inventory.components) == [
        "pkg:deb/debian/libc6@1?distro=debian-11&upstream=glibc",
        "pkg:deb/debian/tzdata@2?distro=debian-11",
    ]
    assert inventory.problems == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"no target", b"\x1f\x8bbad", b"\x28\xb5\x2f\xfdbad"])
def test_what_is_no_target(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(InputError):
        read_target(tmp_path / "x")
    with pytest.raises(InputError, match="no packages found"):
        read_target(tmp_path)


INSTALLED = {
    "etc/os-release": b"ID=debian\nVERSION_ID=11\n",
    "var/lib/dpkg/status": (
        b"Package: python3-yaml\nStatus: install ok installed\nSource: pyyaml\nVersion: 5.3.1-5\n"
    ),
    "var/lib/dpkg/info/python3-yaml.list": b"/.\n/usr/lib/python3/dist-packages/PyYAML-5.3.1.egg-info\n",
    "usr/lib/python3/dist-packages/PyYAML-5.3.1.egg-info": b"Name: PyYAML\nVersion: 5.3.1\n\nText",
    "app/lib/jinja2-2.11.3.dist-info/METADATA": b"Metadata-Version: 2.1\nName: Jinja2\nVersion: 2.11.3\n",
    "app/node_modules/@scope/thing/package.json": b'{"name": "@scope/thing", "version": "1.0.0"}',
    "app/node_modules/thing/lib/package.json": b'{"name": "inner", "version": "9"}',
    "app/thing.jar": b"PK" * 64,
}
PURLS = {
    "pkg:deb/debian/python3-yaml@5.3.1-5?distro=debian-11&upstream=pyyaml": "",
    "pkg:pypi/pyyaml@5.3.1": "deb:python3-yaml",
    "pkg:pypi/jinja2@2.11.3": "",
    "pkg:npm/%40scope/thing@1.0.0": "",
}


@pytest.mark.parametrize("kind", ["image", "folder"])
def test_packages_of_languages_and_who_owns_them(tmp_path: Path, images: ModuleType, kind: str) -> None:
    target = tmp_path / "target"
    if kind == "image":
        target.write_bytes(images.docker_archive(images.tar(INSTALLED)))
    else:
        for name, content in INSTALLED.items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(content)
    (inventory,) = read_target(target)
    assert {component.purl: component.owner for component in inventory.components} == PURLS
    assert [str(problem) for problem in inventory.problems] == [
        "app/thing.jar: broken Java archive: File is not a zip file"
    ]


def test_what_a_later_layer_removes_is_gone(tmp_path: Path, images: ModuleType) -> None:
    lower = images.tar({"lib/a-1.dist-info/METADATA": b"Name: a\nVersion: 1\n",
                        "lib/b-1.dist-info/METADATA": b"Name: b\nVersion: 1\n"})  # fmt: skip
    upper = images.tar({"lib/.wh.a-1.dist-info": b"", "lib/a-2.dist-info/METADATA": b"Name: a\nVersion: 2\n"})
    (tmp_path / "image.tar").write_bytes(images.docker_archive(lower, upper))
    (inventory,) = read_target(tmp_path / "image.tar")
    assert sorted(c.purl for c in inventory.components) == ["pkg:pypi/a@2", "pkg:pypi/b@1"]
    assert len({c.layer for c in inventory.components}) == 2


def test_a_source_tree_by_its_lock_files(tmp_path: Path) -> None:
    files = {
        "requirements.txt": b"# pinned\nDjango==3.2.0 ; python_version > '3'\nrequests>=2\n-r other.txt\n",
        "web/package-lock.json": b'{"packages": {"": {}, "node_modules/lodash": {"version": "4.17.20"}}}',
        "web/node_modules/lodash/package-lock.json": b'{"packages": {"node_modules/no": {"version": "1"}}}',
        "Cargo.lock": b'[[package]]\nname = "time"\nversion = "0.1.0"\nsource = "registry+x"\n',
        "broken/poetry.lock": b"[[package",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (inventory,) = read_target(tmp_path)
    assert {(c.purl, c.location) for c in inventory.components} == {
        ("pkg:pypi/django@3.2.0", "requirements.txt:2"),
        ("pkg:npm/lodash@4.17.20", "web/package-lock.json:1"),
        ("pkg:cargo/time@0.1.0", "Cargo.lock:3"),
    }
    assert sorted(f"{p.source}: {p.message}"[:40] for p in inventory.problems) == [
        "broken/poetry.lock: not TOML: Expected '",
        "requirements.txt:3: requests is not pinn",
    ]


def test_the_distribution_judges_what_it_owns(tmp_path: Path, images: ModuleType) -> None:
    """PyPI's advisory on PyYAML says nothing of Debian's package, whose fixes are Debian's own."""
    advisory = {
        "id": "PYSEC-1",
        "affected": [{"package": {"ecosystem": "PyPI", "name": "pyyaml"}, "versions": ["5.3.1"]}],
    }
    (tmp_path / "osv.json").write_text(json.dumps(advisory))
    (tmp_path / "image.tar").write_bytes(images.tar(INSTALLED))
    found = list(ComponentSource(tmp_path / "image.tar", advisories=str(tmp_path / "osv.json")))
    assert not [item for item in found if isinstance(item, Component)]
    assert any("Debian:11" in item.error for item in found if isinstance(item, Failure))


def test_an_oci_layout_as_a_folder(tmp_path: Path, images: ModuleType) -> None:
    layer = images.tar({"lib/apk/db/installed": b"P:musl\nV:1-r0\n"})
    data = images.oci_archive(layer)
    (tmp_path / "image.tar").write_bytes(data)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(tmp_path / "layout", filter="data")
    (packed,), (folder,) = read_target(tmp_path / "image.tar"), read_target(tmp_path / "layout")
    assert folder.identity == packed.identity
    assert [c.purl for c in folder.components] == [c.purl for c in packed.components] != []
    assert folder.components[0].layer == packed.components[0].layer


def test_an_oci_layout_with_links_is_not_followed(tmp_path: Path, images: ModuleType) -> None:
    layer = images.tar({"lib/apk/db/installed": b"P:musl\nV:1-r0\n"})
    with tarfile.open(fileobj=io.BytesIO(images.oci_archive(layer))) as archive:
        archive.extractall(tmp_path / "layout", filter="data")
    (tmp_path / "layout/blobs").rename(tmp_path / "outside")
    (tmp_path / "layout/blobs").symlink_to(tmp_path / "outside")
    with pytest.raises(InputError, match="is not in the archive"):
        read_target(tmp_path / "layout")


def test_without_advisories_those_of_the_workspace_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ICELOS_HOME", str(tmp_path))
    bom = _bom(tmp_path / "bom.json", "pkg:pypi/a@1")
    with pytest.raises(InputError, match=r"no advisories in the workspace.*icelos feeds update"):
        list(ComponentSource(bom))
    advisory = osv(json.dumps(FEED[0]).encode(), "x")
    with AdvisoryStore(tmp_path / "advisories.sqlite") as store:
        store.replace("osv/x", [advisory])
    assert [item.advisory for item in ComponentSource(bom) if isinstance(item, Component)] == ["A-1"]


def test_images_without_dpkg_have_sums_of_files(tmp_path: Path, images: ModuleType) -> None:
    metadata = "usr/lib/python3.11/dist-packages/six-1.16.egg-info/PKG-INFO"
    files = {
        "var/lib/dpkg/status.d/python3-six": b"Package: python3-six\nVersion: 1.16-4\n",
        "var/lib/dpkg/status.d/python3-six.md5sums": b"0" * 32 + b"  " + metadata.encode() + b"\n",
        metadata: b"Name: six\nVersion: 1.16\n",
    }
    (tmp_path / "image.tar").write_bytes(images.docker_archive(images.tar(files)))
    (inventory,) = read_target(tmp_path / "image.tar")
    assert {c.purl: c.owner for c in inventory.components} == {
        "pkg:deb/debian/python3-six@1.16-4": "",
        "pkg:pypi/six@1.16": "deb:python3-six",
    }
    assert inventory.problems == []


def test_what_rpm_owns_is_the_distribution_s(tmp_path: Path, images: ModuleType) -> None:
    sample = Path(__file__).parent / "parse/databases/rpmdb.sqlite.gz"
    files = {
        "etc/os-release": b'ID="rhel"\nVERSION_ID="9.4"\n',
        "var/lib/rpm/rpmdb.sqlite": gzip.decompress(sample.read_bytes()),
        "usr/lib/python3.9/site-packages/PyYAML-5.3.1.dist-info/METADATA": b"Name: PyYAML\nVersion: 5.3.1\n",
        "opt/venv/PyYAML-6.0.dist-info/METADATA": b"Name: PyYAML\nVersion: 6.0\n",
    }
    (tmp_path / "image.tar").write_bytes(images.docker_archive(images.tar(files)))
    (inventory,) = read_target(tmp_path / "image.tar")
    owners = {c.purl: c.owner for c in inventory.components if c.purl.startswith("pkg:pypi")}
    assert owners == {"pkg:pypi/pyyaml@5.3.1": "rpm:python3-yaml", "pkg:pypi/pyyaml@6.0": ""}
    assert len(inventory.components) == 6


def _jar() -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("META-INF/maven/g/a/pom.properties", "groupId=g\nartifactId=a\nversion=1\n")
    return raw.getvalue()


def test_archives_and_programs_are_looked_into_as_they_go_by(tmp_path: Path, images: ModuleType) -> None:
    below = images.tar({"app/a.jar": _jar(), "app/b.jar": _jar(), "app/c.jar": _jar()})
    above = images.tar({"app/.wh.a.jar": b"", "app/b.jar": b"no longer a jar"})
    (tmp_path / "image.tar").write_bytes(images.docker_archive(below, above))
    (inventory,) = read_target(tmp_path / "image.tar")
    assert [(c.purl, c.location) for c in inventory.components] == [
        ("pkg:maven/g/a@1", "app/c.jar!/META-INF/maven/g/a/pom.properties")
    ]


def test_an_archive_over_the_bound_is_a_problem(
    tmp_path: Path, images: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/a.jar").write_bytes(_jar())
    (tmp_path / "image.tar").write_bytes(images.docker_archive(images.tar({"a.jar": _jar()})))
    monkeypatch.setattr(looking, "MAX_INSPECTED", 100)
    for target in ("image.tar", "folder"):
        (inventory,) = read_target(tmp_path / target)
        assert "not looked into" in inventory.problems[0].message


def test_ids_of_a_scanner_s_report(tmp_path: Path) -> None:
    artifact = {"name": "a", "version": "1", "purl": "pkg:pypi/a@1"}
    matches = [{"vulnerability": {"id": f"CVE-{n}"}, "artifact": artifact} for n in (1, 2)]
    (tmp_path / "report.json").write_text(json.dumps({"matches": matches}))
    (inventory,) = read_target(tmp_path / "report.json")
    assert [c.purl for c in inventory.components] == ["pkg:pypi/a@1"]
    said = inventory.reported["pkg:pypi/a@1"]
    assert [(one.scanner, one.names) for one in said] == [("grype", ("CVE-1",)), ("grype", ("CVE-2",))]


def test_what_a_scanner_reported_beside_what_it_did_not(tmp_path: Path, feed: str) -> None:
    """CVE-2020-1 both, CVE-2020-2 the advisories alone, CVE-2020-7 and that of a wheel the scanner alone."""
    artifact = {"name": "a", "version": "1", "purl": "pkg:pypi/a@1"}
    wheel = {"name": "w", "version": "1", "purl": ""}
    matches = [
        {"vulnerability": {"id": name}, "artifact": item}
        for name, item in (("CVE-2020-1", artifact), ("CVE-2020-7", artifact), ("GHSA-w", wheel))
    ]
    (tmp_path / "report.json").write_text(json.dumps({"matches": matches}))
    items = list(ComponentSource(tmp_path / "report.json", advisories=feed))
    records = [item for item in items if isinstance(item, Component)]
    assert [(r.name, r.advisory, r.reported.names) for r in records if r.reported] == [
        ("a", "A-1", ("CVE-2020-1",)), ("a", "A-2", ()), ("a", "CVE-2020-7", ("CVE-2020-7",)),
        ("w", "GHSA-w", ("GHSA-w",)),
    ]  # fmt: skip
    assert len({record.id for record in records}) == 4
    one = ComponentSource(tmp_path / "report.json", advisories=feed, cve="CVE-2020-7")
    assert [item.advisory for item in one if isinstance(item, Component)] == ["CVE-2020-7"]


def test_an_egg(tmp_path: Path) -> None:
    (tmp_path / "x/six-1.16-py3.9.egg/EGG-INFO").mkdir(parents=True)
    (tmp_path / "x/six-1.16-py3.9.egg/EGG-INFO/PKG-INFO").write_text("Name: six\nVersion: 1.16\n")
    (inventory,) = read_target(tmp_path)
    assert [c.purl for c in inventory.components] == ["pkg:pypi/six@1.16"]
