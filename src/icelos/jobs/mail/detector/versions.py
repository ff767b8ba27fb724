"""The models of one workspace: each a file of its own, one of them in force, any of them a command away.

<home>/models/mail/VERSION.npz and in-force.json, which lists the versions that were in force, the last one
now. With none there, the model that the package brings is in force.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path

import msgspec

from icelos.data.atomic import atomic_write
from icelos.errors import InputError
from icelos.jobs.mail.detector.model import Card, MailModel, load_model, save_model

BUNDLED = "bundled"
LONGEST = 60
"""Characters of a version, which is the name of a file."""
_IN_FORCE = "in-force.json"


class Versions:
    """The models below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def history(self) -> list[str]:
        """Versions that were in force, oldest first; the last one is now. Raises InputError."""
        path = self.folder / _IN_FORCE
        try:
            return msgspec.json.decode(path.read_bytes(), type=list[str])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError) as error:
            raise InputError(
                f"cannot be read: {error}", source=str(path), hint="remove it to start anew"
            ) from error

    @property
    def in_force(self) -> str:
        """The version that judges now."""
        history = self.history
        return history[-1] if history else BUNDLED

    def load(self, version: str = "") -> MailModel:
        """A model, that in force if none is named. Raises InputError for one that is not there."""
        version = version or self.in_force
        if version == BUNDLED:
            return bundled()
        return load_model(self._there(version))

    def add(self, model: MailModel, *, put_in_force: bool = True) -> None:
        """Keep a model under the version of its card; the file is whole before it is in force."""
        save_model(model, self._path(model.card.version))
        if put_in_force:
            self._write([*self.history, model.card.version])

    def roll_back(self) -> str:
        """Put the version before in force again, and name it. Raises InputError where there is none."""
        history = self.history
        if not history:
            raise InputError("the model that the package brings is in force: there is none before it")
        self._write(history[:-1])
        return self.in_force

    def use(self, version: str) -> None:
        """Put a version in force. Raises InputError for one that is not there or cannot be read."""
        if version != BUNDLED:
            load_model(self._there(version))
        self._write([*self.history, version])

    def cards(self) -> tuple[list[Card], list[InputError]]:
        """The cards of all models, the bundled one first, then by name; and what is wrong with the others."""
        cards, wrong = [bundled().card], []
        for path in sorted(self.folder.glob("*.npz")) if self.folder.is_dir() else []:
            try:
                cards.append(load_model(path).card)
            except InputError as error:
                wrong.append(error)
        return cards, wrong

    def _there(self, version: str) -> Path:
        path = self._path(version)
        if not path.is_file():
            raise InputError(
                f"no model {version!r}", source=str(self.folder), hint="see `icelos mail models`"
            )
        return path

    def _path(self, version: str) -> Path:
        plain = all(c.isalnum() or c in "-._" for c in version) and not version.startswith(".")
        if not plain or not 0 < len(version) <= LONGEST or version == BUNDLED:
            raise InputError(f"{version!r} is no name of a model")
        return self.folder / f"{version}.npz"

    def _write(self, history: Sequence[str]) -> None:
        with atomic_write(self.folder / _IN_FORCE) as file:
            file.write(msgspec.json.encode(list(history)))


def bundled() -> MailModel:
    """The model that the package brings."""
    with as_file(files("icelos.jobs.mail.detector") / "bundled.npz") as path:
        return load_model(path)


def new_version(now: datetime | None = None) -> str:
    """A name for a model that is made now: "2026-11-29T17-05-33"."""
    return (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H-%M-%S")
