from __future__ import annotations

import pytest
from tests.unit.jobs.copilot.learning.conftest import ANN, BEN, EVE, person

from icelos.contracts import Right
from icelos.errors import InputError
from icelos.jobs.copilot.answer import Copilot
from icelos.jobs.copilot.learning.notes import LONGEST, Notes
from icelos.knowledge.store import KnowledgeStore
from icelos.settings import Settings

TEXT = "Knocking from 10.2.0.0/16 is the janitor with the bump key."


@pytest.fixture
def notes(store: KnowledgeStore) -> Notes:
    return Notes(store)


def test_a_note_is_found_and_cited_at_once_as_its_authors(
    notes: Notes, store: KnowledgeStore, settings: Settings
) -> None:
    note = notes.add(TEXT, principal=ANN, related=["T9001"])
    answer = Copilot(store, settings=settings).ask("what is the knocking from 10.2.0.0/16?", principal=BEN)
    assert answer.citations[0].document_id == note.id
    assert answer.text.startswith("Note by ann, ")
    assert answer.citations[0].kind == "note"
    assert answer.citations[0].source.startswith("note by ann, ")
    assert store.search("T9001", principal=BEN)[0].document_id == note.id


def test_others_do_not_see_it(notes: Notes, store: KnowledgeStore) -> None:
    note = notes.add(TEXT, principal=ANN)
    assert notes.listed(principal=EVE) == []
    assert note.id not in {hit.document_id for hit in store.search(TEXT, principal=EVE)}
    with pytest.raises(InputError, match="no note"):
        notes.get(note.id, principal=EVE)
    with pytest.raises(InputError, match="not in the group"):
        notes.add(TEXT, principal=person("dan", "soc", rights=frozenset({Right.WRITE})), groups=["board"])
    everyone = notes.add(TEXT, principal=ANN, groups=[])
    assert [one.id for one in notes.listed(principal=EVE)] == [everyone.id]


def test_an_edit_is_a_version_and_the_old_one_can_still_be_cited(notes: Notes, store: KnowledgeStore) -> None:
    note = notes.add(TEXT, principal=ANN, title="Janitor", related=["T9001"])
    changed = notes.edit(note.id, "The janitor has left.", principal=ANN)
    assert (changed.version, changed.title, changed.related) == (2, "Janitor", ("T9001",))
    old = store.document(note.id, principal=BEN, version=1)
    assert old is not None
    assert old.document.sections[0].text == TEXT
    assert notes.listed(principal=BEN, author="ann")[0].text == "The janitor has left."


def test_only_its_author_or_an_admin_changes_it(notes: Notes) -> None:
    note = notes.add(TEXT, principal=ANN)
    plain = person("ben", "soc", rights=frozenset({Right.WRITE}))
    for action in (
        lambda: notes.edit(note.id, "no", principal=plain),
        lambda: notes.remove(note.id, principal=plain),
    ):
        with pytest.raises(InputError, match="is ann's"):
            action()
    with pytest.raises(InputError, match="may not write"):
        notes.add(TEXT, principal=person("rea", "soc", rights=frozenset({Right.ASK})))
    notes.remove(note.id, principal=BEN)  # who may administer
    assert notes.listed(principal=ANN) == []


@pytest.mark.parametrize("text", ["", "  \n", "!?", "x" * (LONGEST + 1)])
def test_what_is_no_note_is_refused(notes: Notes, text: str) -> None:
    with pytest.raises(InputError):
        notes.add(text, principal=ANN)


def test_other_documents_are_no_notes(notes: Notes) -> None:
    for name in ("doc/LOCK-1", "note:none", ""):
        with pytest.raises(InputError, match="no note"):
            notes.get(name, principal=ANN)
