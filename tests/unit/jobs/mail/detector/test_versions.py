from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from icelos.errors import InputError
from icelos.jobs.mail.detector import versions as module
from icelos.jobs.mail.detector.model import MailModel
from icelos.jobs.mail.detector.versions import BUNDLED, Versions, bundled, new_version


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path / "models" / "mail")


def _named(model: MailModel, version: str) -> MailModel:
    return model._replace(card=msgspec.structs.replace(model.card, version=version))


def test_without_any_the_packages_model_is_in_force(versions: Versions) -> None:
    assert versions.in_force == BUNDLED
    assert versions.history == []
    assert versions.load().card == bundled().card
    cards, wrong = versions.cards()
    assert [card.version for card in cards] == [BUNDLED]
    assert wrong == []
    with pytest.raises(InputError, match="there is none before it"):
        versions.roll_back()


def test_the_packages_model_says_what_it_was_made_from() -> None:
    card = bundled().card
    assert card.version == BUNDLED
    assert card.trained_on
    assert card.thresholds.keys() == card.mixtures.keys()


def test_add_use_and_roll_back(versions: Versions, small_model: MailModel) -> None:
    versions.add(_named(small_model, "one"))
    versions.add(_named(small_model, "two"))
    versions.add(_named(small_model, "three"), put_in_force=False)
    assert versions.in_force == "two"
    assert versions.load().card.version == "two"
    assert versions.load("three").card.version == "three"
    assert [card.version for card in versions.cards()[0]] == [BUNDLED, "one", "three", "two"]
    versions.use("three")
    assert [versions.roll_back() for _ in range(3)] == ["two", "one", BUNDLED]
    assert versions.load("two").card.version == "two", "a model that was rolled back is still there"


def test_the_packages_model_can_be_put_in_force_again(versions: Versions, small_model: MailModel) -> None:
    versions.add(_named(small_model, "one"))
    versions.use(BUNDLED)
    assert versions.in_force == BUNDLED
    assert versions.roll_back() == "one"


@pytest.mark.parametrize("name", ["none", "2026-01-01"])
def test_a_version_that_is_not_there(versions: Versions, name: str) -> None:
    for ask in (versions.load, versions.use):
        with pytest.raises(InputError, match=f"no model '{name}'"):
            ask(name)
    assert versions.in_force == BUNDLED


@pytest.mark.parametrize("name", ["../one", "a/b", ".hidden", "a b", "a\0b", "a\nb", "x" * 300])
def test_names_that_are_no_names(versions: Versions, small_model: MailModel, name: str) -> None:
    for ask in (versions.load, versions.use):
        with pytest.raises(InputError, match="is no name of a model"):
            ask(name)
    with pytest.raises(InputError, match="is no name of a model"):
        versions.add(_named(small_model, name))
    assert not versions.folder.exists()


def test_neither_nothing_nor_the_packages_name_can_be_taken(
    versions: Versions, small_model: MailModel
) -> None:
    for name in ("", BUNDLED):
        with pytest.raises(InputError, match="is no name of a model"):
            versions.add(_named(small_model, name))
    with pytest.raises(InputError, match="is no name of a model"):
        versions.use("")
    assert versions.load().card.version == BUNDLED


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[1]", b"\xff\xfe"])
def test_a_damaged_pointer_is_told_with_what_to_do(versions: Versions, content: bytes) -> None:
    versions.folder.mkdir(parents=True)
    (versions.folder / "in-force.json").write_bytes(content)
    for ask in (versions.load, versions.roll_back, lambda: versions.in_force):
        with pytest.raises(InputError, match="cannot be read") as caught:
            ask()
        assert caught.value.hint == "remove it to start anew"
        assert "in-force.json" in (caught.value.source or "")


def test_a_pointer_leads_nowhere_but_into_the_folder(versions: Versions) -> None:
    versions.folder.mkdir(parents=True)
    (versions.folder / "in-force.json").write_bytes(b'["../../evil"]')
    with pytest.raises(InputError, match="is no name of a model"):
        versions.load()


def test_a_model_in_force_whose_file_is_gone(versions: Versions, small_model: MailModel) -> None:
    versions.add(_named(small_model, "one"))
    (versions.folder / "one.npz").unlink()
    with pytest.raises(InputError, match="no model 'one'"):
        versions.load()
    assert versions.roll_back() == BUNDLED


def test_one_damaged_model_does_not_hide_the_others(versions: Versions, small_model: MailModel) -> None:
    versions.add(_named(small_model, "one"))
    (versions.folder / "bad.npz").write_bytes(b"no model")
    cards, (error,) = versions.cards()
    assert [card.version for card in cards] == [BUNDLED, "one"]
    assert "bad.npz" in (error.source or "")
    with pytest.raises(InputError):
        versions.use("bad")
    assert versions.in_force == "one"


class Killed(BaseException):
    """In place of the signal."""


@pytest.mark.parametrize("at", ["file", "pointer"])
def test_a_kill_between_file_and_pointer_leaves_the_old_model_in_force(
    versions: Versions, small_model: MailModel, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    versions.add(_named(small_model, "old"))

    def killed(self: Path, target: Path) -> Path:
        if target.name == ("new.npz" if at == "file" else "in-force.json"):
            raise Killed
        return replace(self, target)

    replace = Path.replace
    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(Killed):
        versions.add(_named(small_model, "new"))
    monkeypatch.undo()
    again = Versions(versions.folder)
    assert again.in_force == "old"
    assert again.load().card.version == "old"
    assert [card.version for card in again.cards()[0]] == [
        BUNDLED,
        *(["new"] if at == "pointer" else []),
        "old",
    ]
    assert again.cards()[1] == []


def test_new_versions_are_names_that_sort_by_time() -> None:
    name = new_version(datetime(2026, 11, 29, 17, 5, 33, tzinfo=UTC))
    assert name == "2026-11-29T17-05-33"
    assert module.Versions(Path("x"))._path(name).name == f"{name}.npz"
    assert new_version() > name
