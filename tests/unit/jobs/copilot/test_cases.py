from __future__ import annotations

from pathlib import Path

import pytest

from icelos.errors import InputError
from icelos.jobs.copilot.cases import KINDS, answers, bare_title, documents, flat, questions
from icelos.jobs.copilot.retrieve import Reader
from icelos.knowledge.store import KnowledgeStore

KEV = (
    "cveID,vendorProject,product,vulnerabilityName,dateAdded,shortDescription,requiredAction,dueDate,"
    "knownRansomwareCampaignUse,notes,cwes\n"
    + "".join(
        f"CVE-2024-9{n:04},Acme{n},Gate,Acme Gate {n} Bypass,2024-06-{n % 28 + 1:02},Knock.,"
        "Fix it.,2024-07-15,Unknown,,CWE-287\n"
        for n in range(40)
    )
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "kev").mkdir()
    (tmp_path / "kev" / "kev.csv").write_text(KEV, "utf-8")
    return tmp_path


def test_wordings_of_the_halves_differ() -> None:
    for kind in KINDS:
        assert kind.tune
        assert kind.test
        assert not set(kind.tune) & set(kind.test)


def test_questions_are_the_same_every_time_and_halves_are_apart(root: Path) -> None:
    found = documents(root)
    tune, test = (questions(found, wanted, most=40) for wanted in ("tune", "test"))
    assert tune == questions(found, "tune", most=40)
    assert tune
    assert test
    assert not {q.names[0] for q in tune} & {q.names[0] for q in test}


def test_a_fact_is_found_in_an_answer(root: Path) -> None:
    found = documents(root)
    due = next(q for q in questions(found, "tune", most=40) if q.kind == "due-date")
    assert answers(due, "It is due on 2024-07-15.")
    assert not answers(due, "It is due on 2024-07-16.")


def test_no_documents_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no documents"):
        documents(tmp_path)


def test_titles_and_flat_text(store: KnowledgeStore, reader: Reader) -> None:
    stored = store.document("technique/T9001.002", principal=reader.principal)
    assert stored is not None
    assert bare_title(stored.document) == "Slow Rattling"
    assert flat("A  b,\nC!") == "a b c"
