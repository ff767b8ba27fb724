from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from icelos.contracts import Hit, Principal, Where
from icelos.errors import StoreError
from icelos.knowledge.store import KnowledgeStore
from icelos.llm.encoder import Encoder
from icelos.records import Document, Section
from icelos.settings import Settings, Workspace
from icelos.testing import check_store

Make = Callable[..., Document]


def ids(hits: list[Hit]) -> list[str]:
    return [hit.document_id for hit in hits]


def with_text(document: Document, text: str) -> Document:
    return msgspec.structs.replace(document, sections=(Section("", text),))


def test_keeps_the_contract(
    tmp_path: Path, catalogue: list[Document], ann: Principal, bob: Principal
) -> None:
    with KnowledgeStore(tmp_path / "k.sqlite") as store:
        check_store(store, catalogue, principal=ann)
        check_store(store, catalogue, principal=bob)
        assert store.stats()["chunks"] == 0


def test_adds_only_what_has_changed(store: KnowledgeStore, catalogue: list[Document], ann: Principal) -> None:
    assert store.add(catalogue, collection="attack", path="catalogue.json") == 0
    assert store.add([with_text(catalogue[0], "Rewritten.")], collection="attack", path="catalogue.json") == 1
    (hit,) = store.lookup("T1110", principal=ann)[:1]
    assert (hit.version, hit.text) == (2, "Rewritten.")
    assert ids(store.search("rewritten", principal=ann)) == ["T1110"]


def test_lookup_is_exact_and_blind_to_case(store: KnowledgeStore, ann: Principal) -> None:
    assert ids(store.lookup("cve-2025-6216", principal=ann)) == ["cve-a"]
    assert ids(store.lookup("T1110", principal=ann)) == ["T1110"]
    assert ids(store.lookup("t1110.003", principal=ann)) == ["T1110.003"]
    assert ids(store.lookup("BRUTE  force", principal=ann)) == ["T1110"]
    assert store.lookup("CVE-2025-621", principal=ann) == []
    assert store.lookup("", principal=ann) == []


def test_an_identifier_in_a_question_comes_first(store: KnowledgeStore, ann: Principal) -> None:
    for question, first in (
        ("what is T1110.003?", "T1110.003"),
        ("and T1110, with one common password against many accounts", "T1110"),
        ("does cve-2025-6216 matter", "cve-a"),
    ):
        hits = store.search(question, principal=ann)
        assert hits[0].document_id == first, question
        assert hits[0].why["exact"] > 0


def test_older_versions_are_there_as_of_their_time(
    store: KnowledgeStore, catalogue: list[Document], ann: Principal
) -> None:
    before = datetime.now(UTC)
    old = store.lookup("T1110", principal=ann)[0]
    store.add([with_text(catalogue[0], "Rewritten about lockouts.")], collection="attack")
    now = Where()
    then = Where(as_of=before)
    assert store.search("brute force access", where=then, principal=ann)[0].version == 1
    assert store.search("lockouts", where=then, principal=ann) == []
    assert store.search("lockouts", where=now, principal=ann)[0].version == 2
    assert store.lookup("T1110", where=then, principal=ann)[0].text == old.text
    assert store.lookup("T1110", where=Where(as_of=datetime(2001, 1, 1, tzinfo=UTC)), principal=ann) == []
    first = store.document("T1110", version=1, principal=ann)
    assert first is not None
    assert first.valid_to is not None
    assert first.document.text == old.text
    passage = store.passage(old.chunk_id, principal=ann)
    assert passage is not None
    assert passage.text == old.text


def test_exactly_one_version_is_in_force_at_any_time(
    store: KnowledgeStore, catalogue: list[Document], ann: Principal
) -> None:
    for number in range(4):
        store.add([with_text(catalogue[0], f"Text {number}.")], collection="attack")
    database = sqlite3.connect(store.path)
    spans = database.execute(
        "SELECT valid_from, valid_to FROM versions v JOIN documents d ON d.doc = v.doc"
        " WHERE d.id = 'T1110' ORDER BY number"
    ).fetchall()
    database.close()
    assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]
    assert spans[-1][1] is None


def test_versions_are_bounded(store: KnowledgeStore, catalogue: list[Document], ann: Principal) -> None:
    for number in range(15):
        store.add([with_text(catalogue[0], f"Text {number} unlike the others.")], collection="attack")
    assert store.document("T1110", version=16, principal=ann) is not None
    assert store.document("T1110", version=6, principal=ann) is None
    assert store.stats()["versions"] == 4 + 10


def test_deleted_is_gone_with_all_versions(
    store: KnowledgeStore, catalogue: list[Document], ann: Principal
) -> None:
    chunk = store.lookup("T1110", principal=ann)[0].chunk_id
    before = datetime.now(UTC)
    store.add([with_text(catalogue[0], "Rewritten.")], collection="attack")
    assert store.delete(["T1110", "nobody knows"]) == 1
    assert store.lookup("T1110", principal=ann) == []
    assert store.passage(chunk, principal=ann) is None
    assert store.document("T1110", version=1, principal=ann) is None
    assert "T1110" not in ids(store.search("brute force", where=Where(as_of=before), principal=ann))
    store.delete([document.id for document in catalogue])
    assert store.search("password accounts overflow", principal=ann) == []


def test_filters(store: KnowledgeStore, make: Make, ann: Principal) -> None:
    dated = make("dated", "one password", modified=datetime(2024, 5, 1, tzinfo=UTC), kind="note")
    store.add([dated], collection="notes")
    question = "one password against accounts"

    def found(where: Where) -> set[str]:
        return set(ids(store.search(question, where=where, principal=ann)))

    assert found(Where(kinds=("rule",))) == {"rule-1"}
    assert found(Where(collections=("notes",))) == {"dated"}
    assert found(Where(tags=("credential-access",))) == {"T1110.003"}
    assert found(Where(identifiers=("t1110",))) == {"T1110"}
    assert found(Where(modified_after=datetime(2024, 1, 1, tzinfo=UTC))) == {"dated"}
    assert found(Where(modified_after=datetime(2025, 1, 1, tzinfo=UTC))) == set()
    assert found(Where(kinds=("rule", "note"))) == {"rule-1", "dated"}


def test_neighbours_in_both_directions(store: KnowledgeStore, ann: Principal, bob: Principal) -> None:
    found = store.related("t1110.003", principal=ann)
    assert [(r.relation, r.direction, r.hit.document_id, r.note) for r in found] == [
        ("subtechnique-of", "out", "T1110", ""),
        ("detects", "in", "rule-1", "failed logons"),
    ]
    assert [r.hit.document_id for r in store.related("T1110.003", principal=bob)] == ["T1110"]
    assert [r.relation for r in store.related("T1110.003", kinds=("rule",), principal=ann)] == ["detects"]
    assert store.related("T1110.003", relation="mitigates", principal=ann) == []


def test_sources_say_how_fresh_they_are(store: KnowledgeStore, ann: Principal, bob: Principal) -> None:
    (source,) = store.sources(principal=ann)
    assert (source.collection, source.path, source.documents) == ("attack", "catalogue.json", 5)
    assert source.kinds == ("rule", "technique", "vulnerability")
    assert store.sources(principal=bob)[0].documents == 4


def test_access_changes_are_in_force_in_the_next_query(
    store: KnowledgeStore, catalogue: list[Document], ann: Principal, bob: Principal
) -> None:
    store.set_groups(["soc"], document_id="T1110")
    assert store.lookup("T1110", principal=bob) == []
    assert store.lookup("T1110", principal=ann)
    store.add([with_text(catalogue[0], "Indexed again, without groups.")], collection="attack")
    assert store.lookup("T1110", principal=bob) == [], "what was set by hand must stay"
    store.set_groups([], document_id="T1110")
    assert store.lookup("T1110", principal=bob)
    store.set_groups(["admins"], collection="attack")
    assert store.search("password", principal=ann) == []
    assert store.sources(principal=ann) == []
    with pytest.raises(StoreError, match="no document"):
        store.set_groups([], document_id="nobody knows")


def test_what_was_secret_stays_so_when_a_document_moves(
    store: KnowledgeStore, make: Make, bob: Principal
) -> None:
    store.add([make("plan", "The secret merger.", groups=("board",))])
    before = datetime.now(UTC)
    store.add([make("plan", "The public announcement.")])
    assert ids(store.search("announcement", principal=bob)) == ["plan"]
    assert store.search("secret merger", where=Where(as_of=before), principal=bob) == []
    assert store.document("plan", version=1, principal=bob) is None


def test_there_is_no_search_without_a_principal(store: KnowledgeStore) -> None:
    nobody: Principal = None  # type: ignore[assignment]
    for ask in (
        lambda: store.search("password", principal=nobody),
        lambda: store.lookup("T1110", principal=nobody),
        lambda: store.related("T1110", principal=nobody),
        lambda: store.document("T1110", principal=nobody),
        lambda: store.passage("c1", principal=nobody),
        lambda: store.passages("T1110", principal=nobody),
        lambda: store.sources(principal=nobody),
    ):
        with pytest.raises(StoreError, match="no principal"):
            ask()


def test_vectors_find_what_words_do_not(tmp_path: Path, encoder: Encoder, make: Make, ann: Principal) -> None:
    with KnowledgeStore(tmp_path / "k.sqlite", encoder=encoder) as store:
        store.add([make("a", "ransacked drivers"), make("b", "gardens and flowers")])
        assert store.search("ransomed drills", principal=ann) == []
        assert store.embed_pending() == 2
        assert store.embed_pending() == 0
        (first, *_) = store.search("ransomed drills", principal=ann)
        assert first.document_id == "a"
        assert first.why["dense"] > 0
        assert store.stats()["dense"] is True


def test_vectors_are_made_piece_by_piece_and_kept_for_unchanged_passages(
    tmp_path: Path, encoder: Encoder, make: Make
) -> None:
    with KnowledgeStore(tmp_path / "k.sqlite", encoder=encoder) as store:
        sections = tuple(Section("Entry", f"text of entry {n}") for n in range(8))
        store.add([make("log", sections=sections)])
        assert store.embed_pending(limit=3) == 3
        assert store.embed_pending() == 5
        store.add([make("log", sections=(*sections[:7], Section("Entry", "something else")))])
        assert store.embed_pending() == 1


def test_vectors_of_new_text_come_first_and_within_the_time(
    tmp_path: Path, encoder: Encoder, make: Make, ann: Principal
) -> None:
    with KnowledgeStore(tmp_path / "k.sqlite", encoder=encoder) as store:
        store.add([make("old", "ransacked drivers")])
        store.add([make("new", "ransacked drills")])
        assert store.embed_pending(seconds=0) == 0
        assert store.embed_pending(limit=1) == 1
        assert [hit.document_id for hit in store.search("ransomed", principal=ann)] == ["new"]


def test_vectors_of_another_encoder_are_not_used(
    tmp_path: Path, encoder: Encoder, make: Make, ann: Principal
) -> None:
    class Other(type(encoder)):  # type: ignore[misc]
        name = "other"

    path = tmp_path / "k.sqlite"
    with KnowledgeStore(path, encoder=encoder) as store:
        store.add([make("a", "ransacked drivers")])
        store.embed_pending()
    with KnowledgeStore(path, encoder=Other()) as store:
        assert store.stats()["dense"] is False
        assert store.search("ransomed drills", principal=ann) == []
        assert store.embed_pending() == 1
        assert store.search("ransomed drills", principal=ann)


def test_readers_do_not_wait_for_the_writer(store: KnowledgeStore, make: Make, ann: Principal) -> None:
    inside, done = threading.Event(), threading.Event()

    def write() -> None:
        with store.batch():
            store.add([make("new", "unheard of words")])
            inside.set()
            done.wait(10)

    thread = threading.Thread(target=write)
    thread.start()
    assert inside.wait(10)
    assert ids(store.search("brute force", principal=ann))[0] == "T1110"
    assert store.search("unheard", principal=ann) == []
    done.set()
    thread.join()
    assert ids(store.search("unheard", principal=ann)) == ["new"]


def test_a_batch_is_all_or_nothing(store: KnowledgeStore, make: Make, ann: Principal) -> None:
    def write() -> None:
        with store.batch():
            store.add([make("new", "unheard of words")])
            store.delete(["T1110"])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert store.search("unheard", principal=ann) == []
    assert store.lookup("T1110", principal=ann)


KILLED = """
import sys
from pathlib import Path
from icelos.knowledge.store import KnowledgeStore
from icelos.records import Document, Section
store = KnowledgeStore(Path(sys.argv[1]))
def documents(batch):
    for n in range(200):
        text = f"batch {batch} document {n} " + "filler words " * 100
        yield Document(id=f"{batch}-{n}", source="x", title="t", sections=(Section("", text),))
        if batch == 3 and n == 150:
            print("half way", flush=True)
            sys.stdin.read()
for batch in range(1, 4):
    store.add(documents(batch))
    print(f"stored {batch}", flush=True)
"""


def test_kill_in_the_middle_leaves_the_last_good_state(tmp_path: Path, ann: Principal) -> None:
    path = tmp_path / "k.sqlite"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    with process, process.stdin, process.stdout:
        while "half way" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    with KnowledgeStore(path) as store:
        assert store.stats()["documents"] == 400
        assert len(store.search("document 17", k=500, principal=ann)) == 400
        assert store.document("3-0", principal=ann) is None
        store.add([Document(id="after", source="x", title="after", sections=())])
    database = sqlite3.connect(path)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


def test_full_disk_is_one_clear_line_and_loses_nothing(
    store: KnowledgeStore, make: Make, ann: Principal
) -> None:
    pages = store._writer.execute("PRAGMA page_count").fetchone()[0]
    store._writer.execute(f"PRAGMA max_page_count = {pages + 20}")
    large = [make(f"large-{n}", f"filling {n} " + "words of filling " * 500) for n in range(50)]
    with pytest.raises(StoreError, match="disk is full"):
        store.add(large)
    assert store.search("filling", principal=ann) == []
    assert store.lookup("T1110", principal=ann)
    store._writer.execute(f"PRAGMA max_page_count = {pages + 100_000}")
    assert store.add(large) == 50


def test_read_only_reads_and_says_so(store: KnowledgeStore, ann: Principal) -> None:
    with KnowledgeStore(store.path, read_only=True) as reader:
        assert reader.lookup("T1110", principal=ann)
        with pytest.raises(StoreError, match="reading only"):
            reader.delete(["T1110"])


def test_broken_or_foreign_files_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match=r"broken\.sqlite"):
        KnowledgeStore(broken)
    later = tmp_path / "later.sqlite"
    database = sqlite3.connect(later)
    database.execute("PRAGMA user_version = 999")
    database.close()
    with pytest.raises(StoreError, match="format 999"):
        KnowledgeStore(later)


def test_a_closed_store_says_so(tmp_path: Path, ann: Principal) -> None:
    store = KnowledgeStore(tmp_path / "k.sqlite")
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.search("x", principal=ann)
    with pytest.raises(StoreError, match="closed"):
        store.delete(["x"])


def test_opens_in_the_workspace(tmp_path: Path) -> None:
    settings = Settings(workspace=Workspace(home=str(tmp_path / "home")))
    with KnowledgeStore.open(settings) as store:
        assert store.path == tmp_path / "home" / "knowledge.sqlite"
    shutil.rmtree(tmp_path / "home")


def test_hostile_queries_are_only_words(store: KnowledgeStore, ann: Principal) -> None:
    for query in (
        '"',
        "a OR",
        "NEAR(",
        "* ^ -",
        "context:password",
        "'; DROP TABLE words; --",
        "\x00",
        "((((",
        "",
    ):
        store.search(query, principal=ann)
    assert ids(store.search('brute" AND NOT force*', principal=ann))[0] == "T1110"


def test_threads_share_a_store(store: KnowledgeStore, ann: Principal) -> None:
    wrong: list[object] = []

    def ask() -> None:
        for _ in range(20):
            if ids(store.search("brute force", principal=ann))[:1] != ["T1110"]:
                wrong.append(1)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
