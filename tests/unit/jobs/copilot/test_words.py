from __future__ import annotations

import time

import pytest

from icelos.jobs.copilot.words import content_stems, normal, stem, stems, tokens, word_set


@pytest.mark.parametrize(
    ("text", "kind", "norm"),
    [
        ("CVE-2021-44228", "identifier", "cve-2021-44228"), ("T1110.003", "identifier", "t1110.003"),
        ("15 September 2025", "date", "2025-09-15"), ("September 5, 2025", "date", "2025-09-05"),
        ("2025-09-05T00:00Z", "date", "2025-09-05"), ("Sept 2025", "date", "2025-09"),
        ("9/5/2025", "date", "2025-09-05"), ("1,234", "number", "1234"), ("v1.2.3", "number", "1.2.3"),
        ("10.0.0.1", "ip", "10.0.0.1"), ("C:\\Windows\\cmd.exe", "path", "c:\\windows\\cmd.exe"),
        ("/etc/passwd", "path", "/etc/passwd"), ("https://a.example/x.", "url", "https://a.example/x"),
        ("ann@example.com", "email", "ann@example.com"), ("d41d8cd98f00b204e9800998ecf8427e", "hash", None),
        ("APT28's", "name", "apt28"), ("PowerShell", "name", "powershell"), ("njRAT", "name", "njrat"),
        ("encrypts", "word", "encrypts"),
    ],
)  # fmt: skip
def test_kinds_and_normal_forms(text: str, kind: str, norm: str | None) -> None:
    token = tokens(text)[0]
    assert (token.kind, token.norm) == (kind, norm or text)


def test_offsets_are_those_of_the_text() -> None:
    text = "See CVE-2021-44228, due 15 September 2025."
    assert all(text[t.start : t.start + len(t.text)] == t.text for t in tokens(text))


def test_stems_bring_inflexions_together() -> None:
    assert len({stem(w) for w in ("encrypts", "encrypted", "encryption", "encrypting")}) == 1
    assert len({stem(w) for w in ("mitigate", "mitigations", "mitigation")}) == 1
    assert stem("policy") == stem("policies") != stem("pole")
    assert stems("multi-factor") == ["multi", "fact"]


def test_content_stems_leave_function_words_out() -> None:
    assert content_stems("the of and T1110.003") == ["t1110.003"]


def test_normal_of_months_without_a_day() -> None:
    assert normal("March 2024", "date") == "2024-03"


def test_word_set() -> None:
    assert word_set("A b\n a") == {"a", "b"}


@pytest.mark.parametrize(
    "text", ["a" * 20_000, "a." * 8_000, "/a" * 8_000, "[" * 9_000, "1," * 8_000, "a-" * 8_000]
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    started = time.perf_counter()
    tokens(text)
    assert time.perf_counter() - started < 5
