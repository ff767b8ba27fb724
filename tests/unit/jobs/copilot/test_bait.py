from __future__ import annotations

from pathlib import Path

import pytest

from icelos.contracts import Principal
from icelos.data.sinks import SqliteSink
from icelos.data.workspace import Workspace
from icelos.errors import InputError
from icelos.jobs.copilot.answer import Copilot
from icelos.jobs.copilot.answers import Status
from icelos.jobs.copilot.bait import plant, withdraw
from icelos.knowledge.store import KnowledgeStore
from icelos.llm.canary import Canaries
from icelos.people.audit import Audit
from icelos.settings import KnowledgeSettings, Settings
from icelos.settings import Workspace as Home


def test_a_canary_is_found_only_by_its_groups_and_bait_by_all(tmp_path: Path) -> None:
    settings = Settings(workspace=Home(home=str(tmp_path)), knowledge=KnowledgeSettings(encoder="off"))
    closed = plant(settings, "board papers", groups=["board"], about="merger talks")
    bait = plant(settings, "vpn passwords", about="VPN passwords are kept in the safe room.")
    with KnowledgeStore.open(settings) as store:
        assert store.search("merger talks", principal=Principal("ann")) == []
        assert (
            closed.token
            in store.search("merger talks", principal=Principal("c", frozenset({"board"})))[0].text
        )
    copilot = Copilot.open(settings)
    found = copilot.ask("Where are VPN passwords kept?", principal=Principal("ann"))
    assert found.status is Status.FAILED
    assert bait.token not in str(found)
    with SqliteSink(Workspace.of(settings).findings) as sink:
        (alert,) = sink.findings(job="copilot")
    assert (alert.label, alert.attributes["canaries"], alert.attributes["principal"]) == (
        "canary-leak",
        "vpn passwords",
        "ann",
    )
    with Audit(Workspace.of(settings).audit) as audit:
        assert "canary.leak" in [entry.action for entry in audit.entries()]
    assert withdraw(settings, "vpn passwords") == bait
    assert [c.name for c in Canaries(Workspace.of(settings).canaries).all()] == ["board papers"]
    with KnowledgeStore.open(settings) as store:
        assert store.search("VPN access", principal=Principal("ann")) == []
    with pytest.raises(InputError):
        withdraw(settings, "vpn passwords")
