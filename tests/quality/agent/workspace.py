"""The organisation in a workspace, ready to be asked at its own time."""

from __future__ import annotations

from pathlib import Path

from tests.quality.agent.organisation import seed
from tests.quality.agent.rows import NOW

from icelos.jobs.copilot.answer import Copilot
from icelos.jobs.logs.keep import keep
from icelos.settings import CopilotSettings, KnowledgeSettings, Settings, Workspace


def prepared(home: Path, *, attack: bool) -> Copilot:
    """The organisation in a workspace, its logs kept, ready to be asked at its own time."""
    written = seed(home, attack=attack)
    for name, path in written.logs.items():
        keep([str(path)], home / "logs", name, days=0)
    settings = Settings(
        workspace=Workspace(home=str(home)),
        copilot=CopilotSettings(),
        knowledge=KnowledgeSettings(encoder="off"),
    )
    copilot = Copilot.open(settings)
    copilot.history = None
    copilot.now = lambda: NOW
    return copilot
