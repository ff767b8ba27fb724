from __future__ import annotations

import zipfile
from pathlib import Path

from icelos.data.feeds.archive import read_archive
from icelos.findings import Failure
from icelos.records import Document

RULE = """title: R{0}
id: 00000000-0000-4000-8000-00000000000{0}
logsource: {{product: x}}
detection: {{condition: s}}
"""


def pack(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def test_every_file_of_an_archive(tmp_path: Path) -> None:
    files = {
        "rules/a.yml": RULE.format(1),
        "rules/b.yml": RULE.format(2),
        "README.txt": "no",
        "c.yml": "title: [x",
    }
    found = list(read_archive(pack(tmp_path / ".part.rules.zip", files)))
    assert [d.id[-1] for d in found if isinstance(d, Document)] == ["1", "2"]
    (bad,) = (f for f in found if isinstance(f, Failure))
    assert bad.source == "rules.zip/c.yml"


def test_bombs_and_broken_archives_are_failures(tmp_path: Path) -> None:
    bomb = pack(tmp_path / "bomb.zip", {"a.json": "0" * (30 << 20)})
    (found,) = read_archive(bomb)
    assert isinstance(found, Failure)
    assert "unpacks to too much" in found.error
    data = bomb.read_bytes()
    (tmp_path / "cut.zip").write_bytes(data[: len(data) // 2])
    (found,) = read_archive(tmp_path / "cut.zip")
    assert isinstance(found, Failure)
    (tmp_path / "bits.zip").write_bytes(data[:60] + b"\xff" * 40 + data[100:])
    assert all(isinstance(item, Failure) for item in read_archive(tmp_path / "bits.zip"))


def test_a_plain_file_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(RULE.format(3))
    (found,) = read_archive(tmp_path / "r.yml")
    assert isinstance(found, Document)
