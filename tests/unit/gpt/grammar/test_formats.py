from __future__ import annotations

import base64
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.gpt.grammar.automaton import Automaton
from icelos.gpt.grammar.compile import compiled
from icelos.gpt.grammar.formats import Formats
from icelos.gpt.grammar.learned import Characters, Grammar, Node, Style, Values


def automaton(values: list[str], *, escapes: bool = False) -> tuple[list[str], Automaton]:
    formats = Formats(escapes=escapes)
    for value in values:
        formats.add(value)
    learned = tuple(formats.learned())
    node = Node(values=Values(formats=learned))
    return [one.name for one in learned], Automaton(compiled(Grammar(kind="cef", style=Style(), root=node)))


@pytest.mark.parametrize(
    ("values", "names", "others", "never"),
    [
        (
            ["0a1b2c3d-0000-4000-8000-0123456789ab"],
            ["uuid"],
            ["ffffffff-ffff-ffff-ffff-ffffffffffff"],
            ["0A1b2c3d-0000-4000-8000-0123456789ab", "0a1b2c3d", ""],
        ),
        (
            ["2024-02-28T23:00:00Z", "2024-03-01T01:00:00Z"],
            ["time"],
            ["2024-02-29T12:59:59Z", "2024-02-28T23:00:01Z"],
            ["2024-02-30T00:00:00Z", "2024-02-28T22:59:59Z", "2024-03-01T01:00:01Z", "2024-02-29T24:00:00Z"],
        ),
        (
            ["2024-02-28 23:00:00.12", "2024-02-28 23:10:00.15"],
            ["time"],
            ["2024-02-28 23:05:09.99"],
            ["2024-02-28 23:10:00.16", "2024-02-28 23:05:09", "2024-02-28T23:05:09.99"],
        ),
        (["10.0.0.1", "255.1.1.1"], ["ipv4"], ["0.0.0.0"], ["256.0.0.1", "1.2.3", "01.2.3.4"]),
        (["2001:db8::1", "fe80::a:b"], ["ipv6", "ipv6"], ["1:2::f"], ["1::2::3", "12345::1", "::"]),
        (["17", "4099"], ["number"], ["18", "999", "4098"], ["16", "4100", "017", ""]),
        (["-1.5", "-3.25"], ["number"], ["-2.75"], ["1.5", "-4.0", "-2."]),
        (["0x1f", "0x3e7"], ["hexadecimal"], ["0xab"], ["0x1", "1f", "0xABC"]),
        (["00042", "00977"], ["hexadecimal"], ["00000"], ["42", "0000a"]),
        (["role/ab", "role/b"], ["text"], ["role/ba", "role/a"], ["role/", "roles/a", "role/bab", "role/c"]),
    ],
)
def test_formats(values: list[str], names: list[str], others: list[str], never: list[str]) -> None:
    found, made = automaton(values)
    assert found == names
    assert all(made.accepts(value.encode()) for value in (*values, *others))
    assert not [value for value in never if made.accepts(value.encode())]


@settings(max_examples=100, deadline=None)
@given(values=st.lists(st.text(max_size=20), min_size=1, max_size=8))
def test_all_values_are_among_what_was_learned(values: list[str]) -> None:
    _, made = automaton(values)
    assert all(made.accepts(value.encode()) for value in values)


def test_escapes_are_whole_and_never_half_a_pair() -> None:
    _, made = automaton(["a\\n\\u00e9", 'b\\"'], escapes=True)
    assert made.accepts(b'a\\"')
    assert made.accepts(b"\\u0041b")
    assert not made.accepts(b"a\\")
    assert not made.accepts(b"\\ud800")
    assert not made.accepts(b"a\\t")
    assert not made.accepts(b'a"')


@given(least=st.integers(0, 300), more=st.integers(0, 3000), value=st.integers(0, 5000))
@settings(max_examples=200, deadline=None)
def test_numbers_within_bounds(least: int, more: int, value: int) -> None:
    _, made = automaton([str(least), str(least + more)])
    assert made.accepts(str(value).encode()) is (least <= value <= least + more)


def of_identifiers(count: int) -> tuple[Formats, list[str]]:
    rng, formats = random.Random(3), Formats(escapes=False)
    values = [base64.urlsafe_b64encode(rng.randbytes(16))[:22].decode() for _ in range(count)]
    for value in values:
        formats.add(value)
    return formats, values


def test_identifiers_that_are_noise_have_a_set_of_characters_for_each_place() -> None:
    formats, _ = of_identifiers(400)
    (found,) = formats.learned()
    assert found.name == "identifier"
    assert all(isinstance(part, Characters) and part.noise for part in found.parts)
    assert isinstance(found.parts[-1], Characters)
    assert found.parts[-1].chars == "AQgw"  # 128 bits are 21 digits of base64, and 2 bits


@pytest.mark.parametrize("times", [1, 80])
def test_identifiers_that_are_no_noise_are_a_text_with_all_others(times: int) -> None:
    names, made = automaton(["a/room", *(["sensor-000017-north", "sensor-000412-south"] * times)])
    assert names == ["text"]
    assert made.accepts(b"sensor/000412")
    assert not made.accepts(b"sensor/9")


def test_a_noise_that_stands_in_two_fields_is_not_drawn() -> None:
    formats, values = of_identifiers(200)
    assert [one.name for one in formats.learned({values[7]})] == ["text"]
