"""What one release's archive changed against another's."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from icelos.errors import InputError
from icelos.jobs.vulns.fixes.releases import changes

OLD = {
    "kit/__init__.py": "def load(text):\n    return eval(text)\n\ndef dump(value):\n    return repr(value)\n",
    "kit/same.py": "X = 1\n",
    "kit/fast.pyx": "cdef int a = 1\n",
    "kit/fast.c": "int a = 1;\n",
    "kit/page.html": "<p>",
    "kit/tests/test_kit.py": "def test(): pass\n",
    "setup.py": "setup()\n",
    "kit-1.dist-info/METADATA": "Version: 1\n",
}
NEW = {name: text.replace("eval(text)", "int(text)").replace("1", "2") for name, text in OLD.items()}


def wheel(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def sdist(path: Path, files: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(f"{path.name.removesuffix('.tar.gz')}/src/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


def test_a_wheel_beside_its_fix(tmp_path: Path) -> None:
    found = changes(
        wheel(tmp_path / "a.whl", OLD), wheel(tmp_path / "b.whl", {**NEW, "kit/page.html": "<b>"})
    )
    assert found.symbols == ("kit.load", "kit.same.X")
    assert found.files == ("kit/fast.pyx", "kit/page.html")  # C that Cython wrote says nothing more


def test_a_source_archive_has_its_folders_before_the_names(tmp_path: Path) -> None:
    found = changes(sdist(tmp_path / "kit-1.tar.gz", OLD), sdist(tmp_path / "kit-2.tar.gz", NEW))
    assert found.symbols == ("src.kit.load", "src.kit.same.X")


def test_source_of_python_2_is_compared_by_its_text(tmp_path: Path) -> None:
    old = {"kit.py": "def load(t):\n    # old\n    print 'x'\n\ndef dump(t):\n    print 'y'\n"}
    new = {"kit.py": old["kit.py"].replace("'x'", "'z'").replace("# old", "# new")}
    found = changes(wheel(tmp_path / "a.whl", old), wheel(tmp_path / "b.whl", new))
    assert found.symbols == ("kit.load",)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut"])
def test_what_is_no_archive_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.whl").write_bytes(content)
    with pytest.raises(InputError, match="no archive"):
        changes(tmp_path / "a.whl", tmp_path / "a.whl")
    (tmp_path / "a.tar.gz").write_bytes(content)
    with pytest.raises(InputError, match="no archive"):
        changes(tmp_path / "a.tar.gz", tmp_path / "a.tar.gz")


def test_names_that_leave_the_archive_are_passed_over(tmp_path: Path) -> None:
    old, new = {"../kit.py": "X = 1\n"}, {"../kit.py": "X = 2\n"}
    assert changes(wheel(tmp_path / "a.whl", old), wheel(tmp_path / "b.whl", new)).symbols == ()
