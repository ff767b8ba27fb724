"""Addresses of documents and findings, as their reader may see them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from icelos.contracts import Principal, Right
from icelos.errors import InputError
from icelos.findings import Evidence, Finding, How, Verdict
from icelos.knowledge.store import KnowledgeStore
from icelos.settings import Settings
from icelos.web.mcp import resources, shown
from icelos.web.services import Services

ANN = Principal("ann", frozenset({"soc"}))
FOUND = Finding(
    record_id="a/b?c", job="mail", verdict=Verdict.REVIEW, label="phishing", source="m:1",
    summary="odd", evidence=(Evidence("pay", "m:1", How.RULE),),
)  # fmt: skip


@pytest.fixture
def here(settings: Settings, store: KnowledgeStore) -> Iterator[Services]:
    services = Services(settings)
    services.findings.write([FOUND])
    yield services
    services.close()


def test_ids_with_any_characters_come_back(here: Services) -> None:
    document = resources.read(shown.document_uri("runbooks/mailbox.md"), here, ANN)
    assert "Revoke the sessions" in document.text
    finding = resources.read(shown.finding_uri("mail", "a/b?c"), here, ANN)
    assert '"pay"' in finding.text
    assert [fact.ref for fact in resources.newest(here, ANN)] == ["finding:mail/a/b?c"]


@pytest.mark.parametrize(
    "uri",
    ["", "icelos://document/", "icelos://document/secret", "icelos://finding/mail", "file:///etc/passwd",
     "icelos://finding/mail/none", "icelos://document/%00", "http://127.0.0.1/"],
)  # fmt: skip
def test_what_is_not_there_and_what_is_not_for_them_are_the_same(here: Services, uri: str) -> None:
    with pytest.raises(InputError, match="nothing at"):
        resources.read(uri, here, ANN)


def test_what_only_others_see_is_not_listed(here: Services) -> None:
    here.findings.share_finding(FOUND.id, ["board"])
    assert resources.newest(here, ANN) == []
    with pytest.raises(InputError):
        resources.read(shown.finding_uri("mail", "a/b?c"), here, ANN)


def test_reading_needs_its_right(here: Services) -> None:
    nobody = Principal("bob", rights=frozenset({Right.ASK}))
    assert resources.newest(here, nobody) == []
    with pytest.raises(InputError, match="'read'"):
        resources.read(shown.document_uri("runbooks/mailbox.md"), here, nobody)
