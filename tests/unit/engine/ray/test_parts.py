"""What of a source can be read apart, and where a piece ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from icelos import registry
from icelos.contracts import Needs, Scored
from icelos.data.sources import LineSource, MailSource
from icelos.engine.ray.parts import Group, PartReader, Piece, Readings, divisible, weight_of
from icelos.engine.workers import Host, JobSpec
from icelos.errors import InputError
from icelos.findings import Failure
from icelos.records import LogLine, Mail, Record
from icelos.settings import Settings


class Clear:
    name = "clear-job"
    needs = Needs()

    def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
        return [None for _ in batch]


def build(settings: Settings, options: Mapping[str, str]) -> Clear:
    return Clear()


def _reader(monkeypatch: pytest.MonkeyPatch, location: Path, **more: int) -> PartReader:
    known = {group: dict(registry.names(group)) for group in ("jobs", "sources", "sinks")}
    known["jobs"]["clear"] = f"{__name__}:build"
    monkeypatch.setattr(registry, "names", known.__getitem__)
    readings = Readings("clear", (str(location),), source_format="lines", **more)  # type: ignore[arg-type]
    return PartReader(Host(JobSpec("clear", Settings())), readings)


def _pieces(reader: PartReader, group: Group) -> list[Piece]:
    pieces = [reader.read(group)]
    while not pieces[-1].last:
        pieces.append(reader.more())
    return pieces


def test_the_parts_of_a_folder_are_its_iteration(tmp_path: Path) -> None:
    for name in ("b.log", "a/x.log", "a/b/c.log", "z"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"of {name}\nand more\n")
    source = divisible(LineSource(tmp_path))
    apart = [item for name in source.parts() if isinstance(name, str) for item in source.part(name)]
    assert apart == list(LineSource(tmp_path))
    assert len(apart) == 8


def test_a_maildir_has_its_mails_as_parts(tmp_path: Path) -> None:
    for folder in ("cur", "new", "tmp"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1").write_bytes(b"From: a@b.example\r\n\r\nhi\r\n")
    (tmp_path / "index").write_text("of the server")
    source = divisible(MailSource(tmp_path))
    names = [name for name in source.parts() if isinstance(name, str)]
    assert [Path(name).parent.name for name in names] == ["cur", "new"]
    assert [item for name in names for item in source.part(name)] == list(MailSource(tmp_path))


def test_pieces_end_where_the_limits_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.log"
    path.write_text("short\n" * 5 + "x" * 5000 + "\n" + "short\n" * 2)
    reader = _reader(monkeypatch, path, batch_size=4, batch_bytes=5000)
    pieces = _pieces(reader, Group(((0, str(path)),)))
    assert [len(piece.outcomes) for piece in pieces] == [4, 2, 2]
    assert [(piece.part, piece.within, piece.last) for piece in pieces] == [
        (0, 4, False), (0, 6, False), (0, 8, True),
    ]  # fmt: skip
    assert len({one for piece in pieces for one in piece.clear}) == 8
    assert reader.more() == Piece(0, 8, [], [], True)


def test_it_goes_on_within_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.log").write_text("1\n2\n3\n")
    (tmp_path / "b.log").write_text("4\n5\n")
    parts = ((0, str(tmp_path / "a.log")), (0, str(tmp_path / "b.log")))
    reader = _reader(monkeypatch, tmp_path, batch_size=100)
    whole = _pieces(reader, Group(parts))
    assert [(piece.part, piece.within) for piece in whole] == [(1, 2)]
    rest = _pieces(reader, Group(parts, skip=2))
    assert rest[0].clear == whole[0].clear[2:]
    assert _pieces(reader, Group(parts[1:], skip=2))[0].outcomes == []


def test_careful_is_one_by_one_and_fatal_is_not_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.log"
    path.write_text("1\n2\n3\n4\n5\n")
    reader = _reader(monkeypatch, path, batch_size=10)
    pieces = _pieces(reader, Group(((0, str(path)),), skip=1, careful=2, fatal=True))
    assert [len(piece.outcomes) for piece in pieces] == [1, 1, 2]
    failed = pieces[0].outcomes[0]
    assert isinstance(failed, Failure)
    assert (failed.source, failed.job, failed.raw) == ("a.log:2", "clear-job", "2")


def test_ids_of_clear_records_may_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.log"
    path.write_text("1\n2\n")
    reader = _reader(monkeypatch, path, clear_ids=False)
    assert [(piece.outcomes, piece.clear) for piece in _pieces(reader, Group(((0, str(path)),)))] == [
        ([None, None], []),
    ]  # fmt: skip


def test_what_cannot_be_read_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="standard input"):
        Readings("mail", ("-",)).sources()
    with pytest.raises(InputError, match="no such file"):
        Readings("mail", (str(tmp_path / "no"),)).sources()


def test_weight_is_about_bytes() -> None:
    assert weight_of(LogLine(id="a", source="s", text="x" * 1000)) == 1200
    assert weight_of(Mail(id="a", source="s", raw=b"x" * 1000)) == 1200
    assert weight_of(Failure(record_id="a", job="", error="e", source="s")) == 200
