"""The workspace: folders on demand, for their owner only, and one clear line where that fails."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest

from icelos.data.workspace import Workspace
from icelos.errors import StoreError
from icelos.settings import Settings
from icelos.settings import Workspace as WorkspaceSettings


def test_nothing_is_created_before_it_is_asked_for(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(Settings(), workspace=WorkspaceSettings(home=str(tmp_path / "home")))
    workspace = Workspace.of(settings)
    assert not (tmp_path / "home").exists()
    assert workspace.findings == tmp_path / "home" / "findings.sqlite"
    assert workspace.folder("feeds", "attack").is_dir()


def test_the_home_is_its_owners_only(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "home")
    assert workspace.knowledge.parent == workspace.history.parent == workspace.console.parent
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700


def test_a_file_in_the_way_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(StoreError, match="set ICELOS_HOME"):
        _ = Workspace(tmp_path / "home").findings
