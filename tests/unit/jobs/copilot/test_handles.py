from __future__ import annotations

import re
import time

from icelos.jobs.copilot.handles import HANDLE, Handles, cited


def test_handles_are_opaque_unique_and_stable() -> None:
    handles = Handles()
    names = [handles.of(f"key{n}") for n in range(300)]
    assert len(set(names)) == 300
    assert all(HANDLE.fullmatch(name) for name in names)
    assert handles.of("key7") == names[7]
    assert handles.key(names[7]) == "key7"
    assert handles.key("K7f2") is None or "K7f2" in names


def test_two_answers_do_not_share_handles() -> None:
    asked = [Handles(f"question {number}").of("a") for number in range(8)]
    assert len(set(asked)) > 1
    assert asked == [Handles(f"question {number}").of("a") for number in range(8)]


def test_cited_takes_known_handles_and_removes_unknown_ones() -> None:
    handles = Handles()
    one = handles.of("one")
    text, found = cited(f"It is so [{one}, Z9z9] [1].", handles)
    assert text == "It is so."
    assert found == (one,)


def test_other_brackets_stay() -> None:
    text, found = cited("Otter (G9007) uses [sic] a .png file.", Handles())
    assert text == "Otter (G9007) uses [sic] a .png file."
    assert found == ()


def test_hostile_brackets_take_no_time() -> None:
    started = time.perf_counter()
    cited("[" + "abcdefgh " * 3000, Handles())
    assert time.perf_counter() - started < 2
    assert not re.search(r"\[", cited("x [1,2,3]", Handles())[0])
