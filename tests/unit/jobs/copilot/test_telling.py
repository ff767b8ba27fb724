from __future__ import annotations

from icelos.jobs.copilot.retrieve import Reader
from icelos.jobs.copilot.telling import about, shortened, stopped


def test_about_names_what_a_sentence_does_not_name(reader: Reader) -> None:
    hit = reader.lookup("S9055")[0]
    assert about(hit, "It is slow.") == "S9055 LockSnail: It is slow."
    assert about(hit, "S9055 is slow") == "S9055 is slow."


def test_long_lists_end_after_an_item() -> None:
    cut = shortened("alpha, beta, gamma, delta", most=18)
    assert cut == "alpha, beta …"
    assert shortened("short") == "short"
    assert stopped("ends,") == "ends."
