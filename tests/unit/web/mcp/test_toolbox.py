"""Tools by rights; registered ones show up by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from icelos import registry
from icelos.contracts import Fact, Observation, Principal, Right, Tool
from icelos.errors import InputError
from icelos.knowledge.store import KnowledgeStore
from icelos.settings import Settings
from icelos.web.mcp.toolbox import Toolbox
from icelos.web.services import Services

ANN = Principal("ann", frozenset({"soc"}))


class Echo:
    tool = Tool(
        "lookup", "Says it again.",
        {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    )  # fmt: skip
    right = Right.RUN

    def call(self, arguments: Mapping[str, Any], *, principal: Principal) -> Observation:
        return Observation(facts=(Fact(ref="computed:1", text=f"{principal.name}: {arguments['text']}"),))


@pytest.fixture
def toolbox(settings: Settings, store: KnowledgeStore) -> Toolbox:
    return Toolbox(Services(settings))


@pytest.fixture
def registered(toolbox: Toolbox, monkeypatch: pytest.MonkeyPatch) -> Toolbox:
    monkeypatch.setattr(registry, "names", lambda group: {"echo": "somewhere:build"})
    monkeypatch.setattr(registry, "resolve", lambda group, name: lambda settings: Echo())
    return toolbox


def test_what_the_services_give_themselves(toolbox: Toolbox) -> None:
    assert {"search_knowledge", "get_document", "lookup"} <= {tool.tool.name for tool in toolbox.of(ANN)}
    found = toolbox.call("lookup", {"identifier": "T1110.003"}, principal=ANN)
    assert found.facts[0].values["document"] == "t1110-003"
    whole = toolbox.call("get_document", {"id": "runbooks/mailbox.md"}, principal=ANN)
    assert "Revoke the sessions" in whole.facts[0].text


def test_a_registered_tool_replaces_ours_by_its_name(registered: Toolbox) -> None:
    runner = Principal("bob", rights=frozenset({Right.RUN}))
    assert [tool.tool.description for tool in registered.of(runner)] == ["Says it again."]
    found = registered.call("lookup", {"text": "x"}, principal=runner)
    assert found.facts[0].text == "bob: x"


def test_a_tool_needs_its_right(registered: Toolbox) -> None:
    assert "lookup" not in {tool.tool.name for tool in registered.of(ANN)}
    with pytest.raises(InputError, match="'run'"):
        registered.call("lookup", {"text": "x"}, principal=ANN)
    assert registered.of(Principal("nobody", rights=frozenset())) == []


def test_arguments_must_fit(toolbox: Toolbox) -> None:
    for arguments in ({}, {"query": ""}, {"query": "x", "limit": 1000}, {"query": "x", "other": 1}):
        with pytest.raises(InputError, match="do not fit"):
            toolbox.call("search_knowledge", arguments, principal=ANN)


def test_other_groups_documents_are_not_there(toolbox: Toolbox) -> None:
    with pytest.raises(InputError, match="no document"):
        toolbox.call("get_document", {"id": "secret"}, principal=ANN)
    found = toolbox.call("search_knowledge", {"query": "merger"}, principal=ANN)
    assert "secret" not in [fact.values["document"] for fact in found.facts]
