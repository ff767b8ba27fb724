"""Fixed releases learned from a package index, kept, and read again."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from packaging.version import Version
from tests.unit.jobs.vulns.fixes.test_releases import NEW, OLD, wheel

from icelos.data.advisories import load_advisories
from icelos.errors import IcelosError, InputError, RunError
from icelos.jobs.vulns.fixes.fixes import Fix, Fixes, bundled_fixes, common, read_fixes, write_fixes
from icelos.jobs.vulns.fixes.learning import learn, learn_all, ranges_of
from icelos.jobs.vulns.fixes.package_index import PackageIndex


class Index(BaseHTTPRequestHandler):
    """A package index over the wheels of a folder."""

    folder: Path
    spoilt = False

    def do_GET(self) -> None:
        """The list of files, or a file."""
        if self.path == "/simple/kit/":
            files = [self.entry(path) for path in sorted(self.folder.glob("*.whl"))]
            return self.answer(json.dumps({"files": files}).encode())
        path = self.folder / self.path.rpartition("/")[2]
        return self.answer(path.read_bytes()) if path.is_file() else self.send_error(404)

    def entry(self, path: Path) -> dict[str, object]:
        digest = "0" * 64 if self.spoilt else hashlib.sha256(path.read_bytes()).hexdigest()
        return {"filename": path.name, "url": f"/files/{path.name}", "hashes": {"sha256": digest}, "size": 1}

    def answer(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing: tests are silent."""


@pytest.fixture
def handler(tmp_path: Path) -> type[Index]:
    for version, files in (("1.0", OLD), ("1.1", OLD), ("1.2", NEW), ("2.0", NEW)):
        wheel(tmp_path / f"kit-{version}-py3-none-any.whl", files)
    return type("Served", (Index,), {"folder": tmp_path})


@pytest.fixture
def index(handler: type[Index]) -> Iterator[PackageIndex]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with PackageIndex(f"http://127.0.0.1:{server.server_port}/simple") as found:
        yield found
    server.shutdown()
    server.server_close()


def test_a_fixed_release_is_compared_with_the_last_before_it(index: PackageIndex) -> None:
    (found,) = learn(index, "Kit", [("0", "1.2")])
    assert (found.package, found.before, found.after) == ("kit", "1.1", "1.2")
    assert found.symbols == ("kit.load", "kit.same.X")


@pytest.mark.parametrize("events", [("0", "0.5"), ("0", "9.0"), ("0", "no version")])
def test_what_the_index_does_not_have_is_left_out(index: PackageIndex, events: tuple[str, str]) -> None:
    assert learn(index, "kit", [events]) == []


def test_a_file_with_another_checksum_is_refused(index: PackageIndex, handler: type[Index]) -> None:
    handler.spoilt = True
    with pytest.raises(InputError, match="checksum"):
        learn(index, "kit", [("0", "1.2")])


def test_a_package_that_is_not_there_is_said_and_the_rest_goes_on(
    index: PackageIndex, tmp_path: Path
) -> None:
    rows = [
        {"id": f"A-{name}", "modified": "2024-01-01T00:00:00Z", "affected": [{
            "package": {"ecosystem": "PyPI", "name": name},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2"}]}]}]}
        for name in ("absent", "kit")
    ]  # fmt: skip
    (tmp_path / "osv.jsonl").write_text("\n".join(map(json.dumps, rows)))
    known = load_advisories(tmp_path / "osv.jsonl")
    assert ranges_of("Kit", known) == [("0", "1.2")]
    found = dict(learn_all(known.packages("PyPI"), known, index, Fixes(())))
    assert isinstance(found["absent"], RunError)
    learned = found["kit"]
    assert not isinstance(learned, IcelosError)
    assert [one.after for one in learned] == ["1.2"]
    assert dict(learn_all(["kit"], known, index, Fixes(learned)))["kit"] == []


def test_fixes_are_kept_and_read_again(tmp_path: Path) -> None:
    fixes = [Fix("kit", "1.2", "1.1", 1, ("kit.load",)), Fix("kit", "1.10", "1.9", 400)]
    for name in ("fixes.jsonl", "fixes.jsonl.gz"):
        write_fixes(tmp_path / name, fixes)
        known = Fixes(read_fixes(tmp_path / name))
        assert known.of("Kit", "1.2.0") == fixes[0]
        assert known.of("kit", "3") is None
        assert known.of("kit", "no version") is None
    (tmp_path / "fixes.jsonl").write_text('{"package":')
    with pytest.raises(InputError, match="no list of fixes"):
        list(read_fixes(tmp_path / "fixes.jsonl"))


def test_a_fix_is_what_all_branches_changed() -> None:
    one = Fix("kit", "1.2", "1.1", 3, ("lib.kit.load", "lib.kit.dump", "lib.kit.x"), ("a.c",))
    other = Fix("kit", "2.2", "2.1", 2, ("src.kit.load", "src.kit.y"))
    assert common([one, other], one) == (("lib.kit.load",), ())
    assert common([one, Fix("kit", "3", "2", 1, ("kit.z",))], one)[0] == one.symbols


def test_the_bundled_fixes_know_a_famous_one() -> None:
    """requests 2.31.0 changed one method: https://github.com/advisories/GHSA-j8r2-6x86-q33q."""
    found = Fixes(bundled_fixes()).of("requests", "2.31.0")
    assert found is not None
    assert found.symbols == ("requests.sessions.SessionRedirectMixin.rebuild_proxies",)
    assert all(Version(one.before) < Version(one.after) for one in bundled_fixes())
