"""The database of advisories: the same look-ups as in memory, whole replacements, and what breaks them."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.advisories import Advisories
from icelos.data.advisory_filling import Item
from icelos.data.advisory_schema import pack, unpack
from icelos.data.advisory_store import AdvisoryStore, open_advisories
from icelos.data.parse.intelligence import Facts
from icelos.data.parse.osv_advisories import Advisory, Affected, Range
from icelos.data.parse.purls import Place
from icelos.data.statement import Statement
from icelos.errors import InputError, StoreError

FLASK = Place("PyPI", "", "flask", "1.0")


def _advisory(number: int, *affected: Affected, **more: object) -> Advisory:
    fields = {"id": f"A-{number}", "source": f"x:{number}", "affected": affected or (_affected(),)} | more
    return Advisory(**fields)  # type: ignore[arg-type]


def _affected(name: str = "flask", ecosystem: str = "PyPI", release: str = "", fixed: str = "2") -> Affected:
    events = (("introduced", "0"), ("fixed", fixed))
    return Affected(ecosystem, release, name, (Range("ECOSYSTEM", events),), ())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AdvisoryStore]:
    with AdvisoryStore(tmp_path / "a.sqlite") as opened:
        yield opened


_NAMES = st.sampled_from(["a", "b", "c"])
_AFFECTED = st.builds(
    _affected, _NAMES, st.sampled_from(["PyPI", "Debian"]), st.sampled_from(["", "10", "11", "22.04:LTS"]),
    st.sampled_from(["1", "2" * 400]),
)  # fmt: skip
_ADVISORIES = st.lists(
    st.builds(
        lambda n, affected, withdrawn: _advisory(n, *affected, withdrawn="2021" * withdrawn),
        st.integers(0, 5), st.lists(_AFFECTED, min_size=1, max_size=4, unique=True), st.booleans(),
    ),
    min_size=1, max_size=12, unique_by=lambda a: a.id,
)  # fmt: skip


def _headed(found: Mapping[str, Sequence[Statement]]) -> dict[str, list[Statement]]:
    """The same without what an advisory says of other packages, which the database does not bring along."""
    return {
        name: [Statement(msgspec.structs.replace(a, affected=()), said) for a, said in statements]
        for name, statements in found.items()
    }


@given(_ADVISORIES)
def test_look_ups_are_those_in_memory(items: list[Advisory]) -> None:
    memory = Advisories()
    for item in items:
        memory.add(item)
    with AdvisoryStore(Path(":memory:")) as store:
        store.replace("x", items)
        assert store.count == memory.count
        for ecosystem, release in (("PyPI", ""), ("Debian", ""), ("Debian", "10"), ("Debian", "22.04")):
            for name in ("a", "b", "none"):
                place = Place(ecosystem, release, name, "1")
                assert store.covers(place) == memory.covers(place)
                assert store.about(place) == _headed(memory.about(place))
                assert list(store.about(place)) == list(memory.about(place))


def test_replacing_one_source_leaves_the_others(store: AdvisoryStore) -> None:
    store.replace("one", [_advisory(1), InputError("bad", source="x:9"), _advisory(3)])
    store.replace("two", [_advisory(2, _affected(ecosystem="Debian", release="10"))])
    assert list(store.about(FLASK)) == ["A-1", "A-3"]
    assert [f.source for f in store.failures] == ["x:9"]
    state = store.replace("one", [_advisory(4)], digest="d")
    assert (state.advisories, state.digest, state.failures) == (1, "d", 0)
    assert list(store.about(FLASK)) == ["A-4"], "what was held in memory is looked up again"
    assert store.failures == []
    assert store.count == 2
    store.remove("two")
    assert not store.covers(Place("Debian", "10", "flask", "1", True))
    assert [s.name for s in store.sources()] == ["one"]


def _breaks(items: list[Item], error: BaseException) -> Iterator[Item]:
    yield from items
    raise error


@pytest.mark.parametrize("error", [InputError("cut short"), OSError("gone"), KeyboardInterrupt()])
def test_what_breaks_leaves_the_old_data(store: AdvisoryStore, error: BaseException) -> None:
    store.replace("one", [_advisory(1)])
    with pytest.raises((InputError, StoreError, KeyboardInterrupt)):
        store.replace("one", _breaks([_advisory(n) for n in range(2, 3000)], error))
    assert list(store.about(FLASK)) == ["A-1"]
    assert store.count == 1


@pytest.mark.parametrize("items", [[], [InputError("x")], [_advisory(1), InputError("x")]])
def test_what_is_mostly_unreadable_is_refused(store: AdvisoryStore, items: list[Item]) -> None:
    store.replace("one", [_advisory(7)])
    with pytest.raises(InputError, match="cannot be read"):
        store.replace("one", items)
    assert list(store.about(FLASK)) == ["A-7"]


KILLED = """
import os, signal, sys
from pathlib import Path
from icelos.data.advisory_store import AdvisoryStore
from icelos.data.parse.osv_advisories import Advisory, Affected
def items():
    for number in range(20000):
        affected = Affected("PyPI", "", f"p{number}", (), ("1",) * 50)
        yield Advisory(id=f"B-{number}", source="s", affected=(affected,))
    os.kill(os.getpid(), signal.SIGKILL)
AdvisoryStore(Path(sys.argv[1])).replace("one", items())
"""


def test_a_kill_leaves_the_old_data(store: AdvisoryStore) -> None:
    store.replace("one", [_advisory(1)])
    done = subprocess.run([sys.executable, "-c", KILLED, str(store.path)], check=False, timeout=60)
    assert done.returncode == -9
    with AdvisoryStore(store.path) as again:
        assert list(again.about(FLASK)) == ["A-1"]
        assert again.count == 1
        again.replace("one", [_advisory(2)])
        assert list(again.about(FLASK)) == ["A-2"]


def test_readers_see_the_old_data_until_the_new_is_whole(store: AdvisoryStore) -> None:
    store.replace("one", [_advisory(1)])
    seen: list[list[str]] = []

    def items() -> Iterator[Item]:
        for number in range(2, 2000):
            yield _advisory(number)
        with AdvisoryStore(store.path) as other:
            seen.append(list(other.about(FLASK)))

    store.replace("one", items())
    assert seen == [["A-1"]]
    assert len(store.about(FLASK)) == 1998


def test_several_threads(store: AdvisoryStore) -> None:
    store.replace("one", [_advisory(n, _affected(f"p{n % 300}")) for n in range(1200)])
    wrong: list[str] = []

    def look(start: int) -> None:
        for number in range(300):
            name = f"p{(start + number) % 300}"
            if len(store.about(Place("PyPI", "", name, "1"))) != 4:
                wrong.append(name)

    threads = [threading.Thread(target=look, args=(n * 37,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_two_sources_in_the_same_words_are_one(store: AdvisoryStore) -> None:
    store.replace("one", [_advisory(1)])
    store.replace("two", [_advisory(1), _advisory(1, _affected(fixed="3"))])
    assert len(store.about(FLASK)["A-1"]) == 2


def test_a_database_of_another_version_starts_afresh(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with AdvisoryStore(path) as store:
        store.replace("one", [_advisory(1)])
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version=999")
    database.close()
    with pytest.raises(StoreError, match="of another version"):
        open_advisories(path)
    with AdvisoryStore(path) as store:
        assert store.count == 0
        store.replace("one", [_advisory(2)])
        assert store.count == 1


def test_the_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE dear (data)")
    database.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not a database of advisories"):
        open_advisories(path)
    assert path.read_bytes() == before


def test_what_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").write_bytes(b"SQLite format 3\0" + b"rubbish" * 1000)
    with pytest.raises(StoreError, match="cannot open the advisories"):
        AdvisoryStore(tmp_path / "a.sqlite")


@given(st.binary(max_size=300))
def test_packed_data_that_is_broken_is_told(data: bytes) -> None:
    try:
        unpack(data, Facts)
    except msgspec.MsgspecError:
        return
    assert msgspec.msgpack.decode(data)[0]


@given(st.text(max_size=2000), st.lists(st.text(max_size=20), max_size=50))
def test_packing_loses_nothing(text: str, versions: list[str]) -> None:
    advisory = _advisory(1, Affected("PyPI", "", text, (), tuple(versions)), summary=text)
    assert unpack(pack(advisory), Advisory) == advisory


def test_opening_by_location(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICELOS_HOME", str(tmp_path / "home"))
    with pytest.raises(InputError, match="no advisories in the workspace"):
        open_advisories()
    assert not (tmp_path / "home").exists(), "looking makes nothing"
    (tmp_path / "a.jsonl").write_text(json.dumps({"id": "A-1", "affected": []}) + "\n")
    assert isinstance(open_advisories(tmp_path / "a.jsonl"), Advisories)
    (tmp_path / "home").mkdir()
    with AdvisoryStore(tmp_path / "home" / "advisories.sqlite") as store:
        store.replace("one", [_advisory(1)])
    assert open_advisories().count == 1
    assert open_advisories(tmp_path / "home" / "advisories.sqlite").count == 1
